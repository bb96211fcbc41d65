"""`juzhu bench`: measures the running system and prints figures with their inputs and the machine."""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from juzhu_protocol.hostside.exit_codes import EXIT_OK, EXIT_REFUSED

from . import chain, lists, tap, verify

BENCHES: dict[str, tuple[str, Callable[[argparse.Namespace], Awaitable[dict[str, Any]]]]] = {
    "chain": ("card in the field to the answer, and suspension to refusal, on the whole chain", chain.run),
    "lists": (
        "the list container's bytes beside the bound and its peers, building it, and look-ups",
        lists.run,
    ),
    "tap": (
        "a reader's whole work from card found to verdict, cold and warm, its code and its heap",
        tap.run,
    ),
    "verify": ("a signature's check in either suite, cold and from the cache, and its tables", verify.run),
}
"""Name of each bench: what it measures, and what runs it."""

LIMITS: dict[str, Callable[[dict[str, Any]], list[str]]] = {"verify": verify.missed_limits}
"""Name of a bench with stated limits: what tells the limits that its figures miss."""


def machine() -> dict[str, Any]:
    """Return what a figure was measured on."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def command(arguments: argparse.Namespace) -> int:
    """Run one bench; its last line is one JSON object. EXIT_REFUSED when its figures miss a stated limit."""
    _, run = BENCHES[arguments.name]
    result = {"bench": arguments.name, "machine": machine(), **asyncio.run(_awaited(run(arguments)))}
    print(json.dumps(result, ensure_ascii=False, indent=None if arguments.json else 2))
    missed = LIMITS[arguments.name](result) if arguments.name in LIMITS else []
    for line in missed:
        print(f"juzhu: {line}", file=sys.stderr)
    return EXIT_REFUSED if missed else EXIT_OK


async def _awaited(result: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await result


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= len(text) <= 6 or not int(text):
        raise argparse.ArgumentTypeError("a count is 1 to 999999")
    return int(text)


def register(subparsers: Any) -> None:
    """Add `juzhu bench`."""
    what = "; ".join(f"{name}: {about}" for name, (about, _) in BENCHES.items())
    parser = subparsers.add_parser("bench", help="measure and print figures", description=what)
    parser.add_argument("name", choices=sorted(BENCHES))
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of an indented object")
    parser.add_argument(
        "--count", type=_count, default=50, help="how often each thing is measured (default 50)"
    )
    parser.set_defaults(run=command)
