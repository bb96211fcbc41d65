"""A real Mosquitto on a free loopback port, for the tests marked needs("mosquitto")."""

import getpass
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from parts import find

START_TIMEOUT_S = 20.0


def free_port() -> int:
    """A loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One broker process; start and stop it as often as the test likes, it keeps its port and no messages."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.port = free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._log = folder / f"mosquitto-{self.port}.log"
        lines = [f"listener {self.port} 127.0.0.1", "set_tcp_nodelay true", "persistence false", *settings]
        # Started as root, it would become another user, who may not read the test's files.
        lines.append(f"user {getpass.getuser()}")
        if not any(line.startswith(("allow_anonymous", "password_file")) for line in settings):
            lines.append("allow_anonymous true")
        self._config.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        program = find("mosquitto")
        assert program is not None
        with self._log.open("ab") as out:
            self._process = subprocess.Popen([program, "-c", str(self._config)], stdout=out, stderr=out)
        give_up = time.monotonic() + START_TIMEOUT_S
        while True:
            assert self._process.poll() is None, self._log.read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < give_up, f"mosquitto did not listen: {self._log.read_text()}"
                time.sleep(0.01)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=20)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)
