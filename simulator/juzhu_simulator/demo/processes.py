"""The demo's processes: real ones, each with a log of its own, ended by their ids."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

from ..errors import ProcessError

STOP_LIMIT_S = 10.0


def juzhu() -> list[str]:
    """Return how to start the command `juzhu` of this very installation."""
    beside = Path(sys.executable).parent / "juzhu"
    found = str(beside) if beside.exists() else shutil.which("juzhu")
    if not found:
        raise ProcessError("the command juzhu is not installed: pip install it, then try again")
    return [found]


def free_port() -> int:
    """Return a TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """One process, which can be killed and started again with the same command."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; output goes to its log."""
        with self._log.open("ab") as log:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # A terminal's Ctrl-C is for the demo, which then ends its children in order.
                    start_new_session=True,
                )
            except OSError as error:
                raise ProcessError(f"{self.name} does not start: {error}") from error

    @property
    def running(self) -> bool:
        """Whether it runs at this moment."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id; ProcessError when it was not started."""
        if self._process is None:
            raise ProcessError(f"{self.name} was not started")
        return self._process.pid

    async def kill(self) -> None:
        """SIGKILL, as a power cut would be, and wait for the end."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int | None:
        """SIGTERM, then SIGKILL if that is not enough; return its exit code, None when it never ran."""
        await self._end(signal.SIGTERM)
        return self._process.returncode if self._process else None

    async def wait(self) -> int:
        """Wait until it ends; return its exit code."""
        if self._process is None:
            raise ProcessError(f"{self.name} was not started")
        return await self._process.wait()

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of its log."""
        if not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        # It may have ended by itself a moment ago, before anybody told us.
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, how)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
