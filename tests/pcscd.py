"""A real pcscd with vpcd's virtual readers, in namespaces of its own, for the tests marked needs(*PCSC_PARTS)."""

import atexit
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

from parts import SEARCH_PATH, VPCD_DRIVER, find

PCSC_PARTS = ("pcscd", "vpcd", "unshare", "ip", "pyscard")
READERS = ("Juzhu Virtual 00 00", "Juzhu Virtual 00 01")
PORTS = (35963, 35964)
START_TIMEOUT_S = 20.0
INIT = Path(__file__).with_name("namespace_init.py")


@functools.cache
def socket_folder() -> Path:
    """The one folder of this process for pcscd's socket: libpcsclite reads the socket's name once and keeps it."""
    # Short, since a socket's path holds 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="juzhu-pcscd-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["PCSCLITE_CSOCK_NAME"] = str(folder / "pcscd.comm")
    return folder


class Pcscd:
    """One pcscd and the cards on its two readers; one at a time in a process.

    Everything runs in mount, network and process namespaces that end with this object or with this process,
    so that neither another pcscd nor another vpcd is met, and nothing outlives the test. This process and the
    ones it starts reach it through PCSCLITE_CSOCK_NAME.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.log = folder / "pcscd.log"
        self.card_log = folder / "card.log"
        self._socket = socket_folder() / "pcscd.comm"
        self._init: subprocess.Popen[str] | None = None
        self._pcscd = 0

    @property
    def namespace_pid(self) -> int:
        """The process, as seen here, whose end says that the namespaces are empty."""
        assert self._init is not None
        return self._init.pid

    def __enter__(self) -> Self:
        for stale in self._socket.parent.iterdir():
            stale.unlink()
        (self._folder / "reader.conf").write_text(
            'FRIENDLYNAME "Juzhu Virtual"\n'
            f"DEVICENAME /dev/null:{PORTS[0]:#x}\nLIBPATH {VPCD_DRIVER}\nCHANNELID {PORTS[0]:#x}\n"
        )
        unshare = find("unshare")
        assert unshare is not None
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        namespaces = [
            unshare,
            *as_root,
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
        ]
        self._init = subprocess.Popen(
            [*namespaces, sys.executable, str(INIT), str(self._socket.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PATH": SEARCH_PATH},
        )
        try:
            self._answer()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._init is not None:
            assert self._init.stdin is not None
            assert self._init.stdout is not None
            # unshare waits for its child, and the kernel ends a process namespace before its first process.
            self._init.stdin.close()
            try:
                self._init.wait(START_TIMEOUT_S)
            finally:
                self._init.kill()
                self._init.wait()
                self._init.stdout.close()
                self._init = None

    def start(self) -> None:
        """Start pcscd and wait until it answers."""
        program = find("pcscd")
        assert program is not None
        config = str(self._folder / "reader.conf")
        argv = [program, "--foreground", "--debug", "--apdu", "--config", config]
        self._pcscd = self._ask(start=argv, log=str(self.log))["pid"]
        give_up = time.monotonic() + START_TIMEOUT_S
        with socket.socket(socket.AF_UNIX) as probe:
            while True:
                try:
                    probe.connect(str(self._socket))
                    return
                except OSError:
                    assert time.monotonic() < give_up, f"pcscd did not listen: {self.log.read_text()}"
                    time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL pcscd; the cards stay where they are."""
        self.end(self._pcscd, signal.SIGKILL)

    def lay(self, image: Path, port: int = PORTS[0], kbit_s: float = 106.0) -> int:
        """Lay a card on the reader of that port with `juzhu card vpcd`; return its process's number."""
        argv = [sys.executable, "-m", "juzhu_host.cli", "card", "vpcd"]
        argv += ["--image", str(image), "--port", str(port), "--kbit", str(kbit_s)]
        return int(self._ask(start=argv, log=str(self.card_log))["pid"])

    def end(self, process: int, number: int = signal.SIGTERM) -> int:
        """End a process that lay() started and return its exit code, negative for a signal."""
        return int(self._ask(end=process, signal=int(number))["exit"])

    def _ask(self, **told: Any) -> dict[str, Any]:
        assert self._init is not None
        assert self._init.stdin is not None
        self._init.stdin.write(json.dumps(told) + "\n")
        self._init.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._init is not None
        assert self._init.stdout is not None
        line = self._init.stdout.readline()
        assert line, "the namespaces ended; standard error says why"
        answer: dict[str, Any] = json.loads(line)
        return answer
