"""Commands that other packages bring, and what stands in for one that is broken."""

import argparse
import sys
from collections.abc import Callable, Collection, Iterable
from importlib.metadata import entry_points
from typing import Any

from juzhu_protocol.hostside.exit_codes import EXIT_UNAVAILABLE

Register = Callable[[Any], None]
"""Adds one command to argparse's subparsers."""


class Unavailable:
    """Stands in for a command that could not be loaded."""

    def __init__(self, name: str, why: str) -> None:
        self._name = name
        self._why = why

    def __call__(self, args: argparse.Namespace) -> int:
        print(f"juzhu: {self._name} is not available here: {self._why}", file=sys.stderr)
        return EXIT_UNAVAILABLE


def plugins(group: str, taken: Collection[str]) -> "Iterable[tuple[str, Callable[[], Register]]]":
    """Yield (name, load) of an entry-point group's commands, but for names that are taken."""
    seen = set(taken)
    for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
        if entry.name not in seen:
            seen.add(entry.name)
            yield entry.name, entry.load


def add_command(subparsers: Any, name: str, load: "Callable[[], Register]") -> None:
    """Load a command and add it; a broken part takes its own command down and no other."""
    try:
        load()(subparsers)
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way
        why = f"{type(error).__name__}: {error}"
        help_line = f"not available ({why})".replace("%", "%%")
        parser = subparsers.choices.get(name) or subparsers.add_parser(name, help=help_line)
        parser.set_defaults(run=Unavailable(name, why))
