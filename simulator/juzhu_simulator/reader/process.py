"""`juzhu reader`: one virtual reader on CPython as a process of its own.

Its link is a TCP listener or a pty, exactly where a serial reader would be; its hardware is the field's socket.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import time
import tty
from pathlib import Path
from typing import Any

from ..errors import SetupError
from .board import REGIONS, VirtualBoard
from .config import ReaderConfig

TICK_S = 0.02
MAX_LINE = 65536


class FileFlash:
    """Flash regions as files of fixed size in one folder.

    A write survives the process's death, not the machine's: it does not wait for the disk.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, int] = {}
        for region, size in REGIONS.items():
            file = os.open(folder / region, os.O_RDWR | os.O_CREAT, 0o644)
            # Whoever made the file may have been killed over it: what was not written yet is blank.
            there = os.fstat(file).st_size
            if there < size:
                os.pwrite(file, b"\xff" * (size - there), there)
            self._files[region] = file

    def size(self, region: str) -> int:
        """Return the size of a region in bytes."""
        return REGIONS[region]

    def read(self, region: str, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes; OSError past the region's end."""
        data = os.pread(self._files[region], size, offset)
        if len(data) != size:
            raise OSError(f"{region} ends before {offset + size}")
        return data

    def write(self, region: str, offset: int, data: bytes) -> None:
        """Replace the bytes from `offset` on; OSError past the region's end."""
        if offset + len(data) > REGIONS[region]:
            raise OSError(f"{region} ends before {offset + len(data)}")
        os.pwrite(self._files[region], data, offset)


class ReaderProcess:
    """Carries bytes between the board, the link and the field."""

    def __init__(self, board: VirtualBoard, hardware: asyncio.StreamWriter) -> None:
        self._board = board
        self._hardware = hardware
        self._link: asyncio.StreamWriter | int | None = None
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def until_broken(self) -> None:
        """Raise what the board raised over bytes from the link: a bug of ours, and the reader ends."""
        await self._broken

    def _receive(self, data: bytes) -> None:
        # Where the link is read, asyncio would log the exception and go on with a board in an unknown state.
        try:
            self._board.link(data, *now())
            self.pump()
        except Exception as error:  # noqa: BLE001  # until_broken raises it
            if not self._broken.done():
                self._broken.set_exception(error)

    def pump(self) -> None:
        """Send what the board has to say."""
        for target, content in self._board.take_output():
            if target == "hardware":
                self._hardware.write(json.dumps(content, ensure_ascii=False).encode() + b"\n")
            elif isinstance(self._link, int):
                # A pty nobody reads is full: the bytes are lost, as on a serial line.
                with contextlib.suppress(BlockingIOError):
                    os.write(self._link, content)
            elif self._link is not None:
                self._link.write(content)

    async def tick_for_ever(self) -> None:
        """Let the board's time pass."""
        while True:
            self._board.tick(*now())
            self.pump()
            await asyncio.sleep(TICK_S)

    async def serve_tcp(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One host at a time; a new connection takes the place of the last, as a replugged cable would."""
        if isinstance(self._link, asyncio.StreamWriter):
            self._link.close()
            self._board.link_lost()
        self._link = writer
        try:
            while data := await stream.read(4096):
                if self._link is not writer:
                    return
                self._receive(data)
        except OSError:
            pass
        finally:
            if self._link is writer:
                self._link = None
                self._board.link_lost()
            writer.close()

    def serve_pty(self, link_name: Path) -> None:
        """Open a pty and name its far end `link_name`."""
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        link_name.unlink(missing_ok=True)
        link_name.symlink_to(os.ttyname(slave))
        self._link = master

        def receive() -> None:
            with contextlib.suppress(BlockingIOError):
                self._receive(os.read(master, 4096))

        asyncio.get_running_loop().add_reader(master, receive)

    async def read_hardware(self, stream: asyncio.StreamReader) -> None:
        """Hand the field's messages to the board until the field is gone."""
        async for line in stream:
            self._board.hardware(json.loads(line), *now())
            self.pump()


def now() -> tuple[int, int]:
    """Return (milliseconds that never go back, Unix seconds)."""
    return time.monotonic_ns() // 1_000_000, int(time.time())


async def run(config: ReaderConfig, link: str, hardware: str, flash: Path) -> None:
    """Run one reader until its field goes away."""
    host, _, port = hardware.rpartition(":")
    try:
        stream, writer = await asyncio.open_connection(host, int(port), limit=MAX_LINE)
    except (OSError, ValueError) as error:
        raise SetupError(f"--hardware {hardware}: no field answers there: {error}") from error
    board = VirtualBoard(config, FileFlash(flash), secrets.token_bytes)
    process = ReaderProcess(board, writer)
    if link.startswith("pty:"):
        process.serve_pty(Path(link[4:]))
    else:
        host, _, port = link.rpartition(":")
        await asyncio.start_server(process.serve_tcp, host, int(port))
    process.pump()
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(process.tick_for_ever()), group.create_task(process.until_broken())]
        await process.read_hardware(stream)
        for task in running:
            task.cancel()


def command(arguments: argparse.Namespace) -> int:
    """Run `juzhu reader`."""
    config = _read_config(Path(arguments.config))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    asyncio.run(run(config, arguments.link, arguments.hardware, Path(arguments.flash)))
    return 0


def _read_config(path: Path) -> ReaderConfig:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SetupError(f"--config {path}: cannot be read as JSON: {error}") from None
    try:
        return ReaderConfig(content)
    except ValueError as error:
        raise SetupError(f"--config {path}: {error}") from None


def register(subparsers: Any) -> None:
    """Add `juzhu reader`."""
    parser = subparsers.add_parser("reader", help="run a virtual reader (real core, virtual hardware)")
    parser.add_argument("--config", required=True, help="JSON: reader_id, reader_key, roots, bus_masters")
    parser.add_argument("--link", required=True, help="HOST:PORT to listen on, or pty:NAME")
    parser.add_argument("--hardware", required=True, help="HOST:PORT of the field to join")
    parser.add_argument("--flash", required=True, help="folder that holds the reader's flash")
    parser.set_defaults(run=command)
