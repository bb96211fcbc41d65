"""The command `juzhu`: its subcommands, its exit codes and its one-line errors.

Exit codes: 0 ok, 1 refused, 64 usage, 69 unavailable, 75 temporary, 78 configuration; 130 after Ctrl-C.
"""

import argparse
import contextlib
import errno
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

from juzhu_protocol.errors import JuzhuError
from juzhu_protocol.hostside.exit_codes import (
    EXIT_INTERRUPTED,
    EXIT_IO,
    EXIT_PIPE,
    EXIT_REFUSED,
    EXIT_USAGE,
)

from .plugins import Register, Unavailable, add_command, plugins

PLUGIN_GROUP = "juzhu.commands"
OWN_COMMANDS = (
    ("card", "card_command"),
    ("decide", "decide_command"),
    ("host", "daemon"),
    ("keys", "keys_command"),
    ("lists", "lists_command"),
    ("permit", "permit"),
    ("publish", "publish"),
    ("verify", "verify_command"),
)
"""A command and the module of this package whose register() brings it."""


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a write to a full or failing device ends with."""


class Parser(argparse.ArgumentParser):
    """argparse with the exit code that sysexits has for wrong usage, and without shortened options.

    A shortened one could be meant for another: --passphrase, with the passphrase itself, for --passphrase-file.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; SystemExit for --help, --version and wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    commands = dict([*_plugins(), *_own_commands()])
    # Loading every command takes longer than most of them run; the one that is named is enough.
    named = next((word for word in words if not word.startswith("-")), None)
    if named in commands:
        commands = {named: commands[named]}
    parser = _build_parser(commands)
    args, unknown = parser.parse_known_args(words)
    # A command that could not be loaded knows none of its options.
    if unknown and not isinstance(args.run, Unavailable):
        # The options alone, where there are any: what follows one may be a secret.
        options = [word.split("=")[0] for word in unknown if word.startswith("-")]
        parser.error(f"unrecognized arguments: {' '.join(options or unknown)}")
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    try:
        run: Callable[[argparse.Namespace], int] = args.run
        code = run(args)
        # There is none when whoever started us closed it.
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except JuzhuError as error:
        print(f"juzhu: {error}", file=sys.stderr)
        return int(getattr(error, "exit_code", EXIT_REFUSED))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone.
        _close_output()
        return EXIT_PIPE
    except OSError as error:
        # A command tells of its own files by name.
        if error.filename is not None or error.errno not in _FULL:
            raise
        _close_output()
        print(
            f"juzhu: the output could not be written: {error.strerror}; what was done stands", file=sys.stderr
        )
        return EXIT_IO


def _close_output() -> None:
    # The interpreter's last flush must not complain once more.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _build_parser(commands: "dict[str, Callable[[], Register]]") -> Parser:
    parser = Parser(
        prog="juzhu",
        description="Verifies the chip residence permit at the point of service, offline.",
        epilog="Examples: juzhu demo --once; juzhu permit show --registry permits.db --serial 7; "
        "juzhu publish --help",
    )
    parser.add_argument("--version", action="version", version=f"juzhu {_version()}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log every step")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in sorted(commands):
        add_command(subparsers, name, commands[name])
    return parser


def _own_commands() -> "Iterable[tuple[str, Callable[[], Register]]]":
    for name, module in OWN_COMMANDS:
        yield name, _Own(module)


class _Own:
    def __init__(self, module: str) -> None:
        self._module = module

    def __call__(self) -> Register:
        register: Register = import_module(f".{self._module}", __package__).register
        return register


def _plugins() -> "Iterable[tuple[str, Callable[[], Register]]]":
    return plugins(PLUGIN_GROUP, [name for name, _ in OWN_COMMANDS])


def _version() -> str:
    try:
        return version("juzhu")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
