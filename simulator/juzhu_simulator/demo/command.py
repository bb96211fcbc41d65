"""`juzhu demo`: the whole chain, small and real."""

import argparse
import asyncio
import contextlib
import logging
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

from ..errors import SetupError
from ..micropython import missing
from ..reader.sabotage import PARTS
from .script import Script
from .stage import RUNTIMES, Stage
from .table import JsonLines, Printer, Table

EXIT_OK, EXIT_UNEXPECTED = 0, 1
VOLUNTEER = "66, in force"
WATCH_EVERY_S = 0.5


def register(subparsers: Any) -> None:
    """Add `juzhu demo`."""
    parser = subparsers.add_parser("demo", help="run the whole chain and tap every kind of card on it")
    parser.add_argument("--once", action="store_true", help="end after the last tap instead of staying up")
    parser.add_argument("--json", action="store_true", help="one JSON object a tap and one with the totals")
    parser.add_argument("--broker", metavar="URL", help="use this MQTT broker instead of starting one")
    parser.add_argument("--reader", choices=RUNTIMES, help="one kind of reader only (default: both)")
    parser.add_argument("--sabotage", choices=PARTS, help="break this part on purpose; the demo must notice")
    parser.add_argument("--kbit", type=speed, default=106.0, help="the card's speed in kbit/s (default 106)")
    parser.add_argument("--keep", metavar="DIR", help="keep registry, keys and logs in this new folder")
    parser.set_defaults(run=command)


def speed(text: str) -> float:
    """Read a card's speed in kbit/s; ValueError for one that no card has."""
    value = float(text)
    if not 1 <= value <= 100_000:
        raise ValueError(text)
    return value


def command(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 only when every verdict was the expected one."""
    # The processes log to files of their own; what the demo itself has to say stands in its table.
    logging.getLogger().setLevel(logging.WARNING)
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    printer: Printer = JsonLines() if arguments.json else Table()
    runtimes = _runtimes(arguments.reader, printer)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    with _folder(arguments.keep) as folder:
        async with Stage(folder, runtimes, arguments.broker, arguments.sabotage, arguments.kbit) as stage:
            playing = asyncio.ensure_future(_play(stage, printer))
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait([playing, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                playing.cancel()
                return EXIT_UNEXPECTED
            script = playing.result()
            if not arguments.once:
                await _stay(stage, printer, script, stop)
            stopping.cancel()
    return EXIT_OK if script.unexpected == 0 and script.suspend_to_refusal_ms is not None else EXIT_UNEXPECTED


async def _play(stage: Stage, printer: Printer) -> Script:
    await stage.ready()
    script = Script(stage, printer)
    await script.play()
    printer.end(script.summary())
    return script


async def _stay(stage: Stage, printer: Printer, script: Script, stop: asyncio.Event) -> None:
    serial = stage.cast.permits[VOLUNTEER].serial
    printer.note(
        f"\nEverything stays up until Ctrl-C; the card '{VOLUNTEER}' lies on a reader again and again.\n"
        "In another terminal, change its permit and watch the answer follow:\n"
        f"  juzhu permit suspend --serial {serial} --ground 2 --registry {stage.cast.registry}\n"
        f"  juzhu permit restore --serial {serial} --registry {stage.cast.registry}\n"
        f"Logs and settings are in {stage.folder}."
    )
    reader = next(iter(stage.readers))
    while not stop.is_set():
        await script.watch(reader, VOLUNTEER)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), WATCH_EVERY_S)


def _runtimes(wanted: "str | None", printer: Printer) -> list[str]:
    if wanted:
        return [wanted]
    if missing():
        printer.note(f"only the CPython reader runs here: {missing()}")
        return ["cpython"]
    return list(RUNTIMES)


@contextlib.contextmanager
def _folder(keep: "str | None") -> Any:
    if keep:
        folder = Path(keep).absolute()
        if folder.exists() and not folder.is_dir():
            raise SetupError(f"--keep {keep}: is not a folder; name a new one")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken = any(folder.iterdir())
        except OSError as error:
            raise SetupError(f"--keep {keep}: no folder can be made there: {error.strerror}") from error
        if taken:
            raise SetupError(f"--keep {keep}: the folder is not empty; name a new one")
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="juzhu-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
