"""`juzhu bench`: measures the running system and prints figures with their inputs and the machine."""

import argparse
import asyncio
import json
import os
import platform
from collections.abc import Awaitable, Callable
from typing import Any

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


def machine() -> dict[str, Any]:
    """Return what a figure was measured on."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def command(arguments: argparse.Namespace) -> int:
    """Run one bench; its last line is one JSON object."""
    _, run = BENCHES[arguments.name]
    result = {"bench": arguments.name, "machine": machine(), **asyncio.run(_awaited(run(arguments)))}
    print(json.dumps(result, ensure_ascii=False, indent=None if arguments.json else 2))
    return 0


async def _awaited(result: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await result


def register(subparsers: Any) -> None:
    """Add `juzhu bench`."""
    what = "; ".join(f"{name}: {about}" for name, (about, _) in BENCHES.items())
    parser = subparsers.add_parser("bench", help="measure and print figures", description=what)
    parser.add_argument("name", choices=sorted(BENCHES))
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of an indented object")
    parser.add_argument("--count", type=int, default=50, help="how often each thing is measured (default 50)")
    parser.set_defaults(run=command)
