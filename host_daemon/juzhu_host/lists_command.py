"""`juzhu lists make`: a folder of lists for `juzhu verify`, signed by a development authority.

Sequences of a real list come from the publisher's journal alone; these count up in their folder, and so this is for
trying things out.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

from juzhu_protocol.errors import RecordError
from juzhu_protocol.lists.plain import build_list
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.calendar import day_of, start_of
from juzhu_protocol.rules.decide import STATUS_REVOKED, STATUS_SUSPENDED
from juzhu_protocol.rules.kaifeng import KAIFENG

from .card_command import option_day, option_serial
from .errors import ConfigError
from .permit import NOON, whole_division

HIGHEST_SERIAL = 99_999_999


def register(subparsers: Any) -> None:
    """Add the command `lists`."""
    parser = subparsers.add_parser("lists", help="make lists for juzhu verify")
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    text = "make a folder with a division's list, for juzhu verify --lists"
    make = acts.add_parser(
        "make",
        help=text,
        description=f"{text}; signed by a development authority. A second time, the next sequence takes its place.",
    )
    make.add_argument("folder", type=Path, metavar="DIR")
    make.add_argument(
        "--division", type=whole_division, default=KAIFENG.list_division, help="default: %(default)s"
    )
    for name, text in (("suspended", "suspended (19)"), ("revoked", "revoked (20)")):
        make.add_argument(
            f"--{name}", type=option_serial, action="append", default=[], metavar="SERIAL", help=text
        )
    make.add_argument(
        "--highest",
        type=option_serial,
        default=HIGHEST_SERIAL,
        metavar="SERIAL",
        help="the newest that it knows",
    )
    make.add_argument(
        "--registry", type=Path, metavar="FILE", help="list what this registry does, and no other"
    )
    make.add_argument("--on", type=option_day, metavar="DAY", help="signed at noon of that day; default: now")
    make.add_argument("--keys", type=Path, metavar="DIR", help="a keys folder (default: the user's own)")
    make.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.list_signing import sign_manifest

    from .development_authority import open_or_make

    now = int(time.time()) if args.on is None else start_of(args.on) + NOON
    ring = open_or_make(args.keys)
    key = ring.list_key(args.division, day_of(now))
    content = build_list(args.division, *_exceptions(args))
    path = args.folder / f"{args.division}.manifest"
    try:
        args.folder.mkdir(parents=True, exist_ok=True)
        manifest = sign_manifest(key, args.division, _next_sequence(path), now, content)
        # The manifest last: what it names is there already.
        for name, data in (
            ("bundle.bin", ring.bundle),
            (f"{args.division}.list", content),
            (path.name, manifest),
        ):
            new = args.folder / f".{name}.{os.getpid()}"
            new.write_bytes(data)
            new.replace(args.folder / name)
    except OSError as error:
        raise ConfigError(f"{args.folder}: {error.strerror}; the list was not made") from None
    return 0


def _exceptions(args: argparse.Namespace) -> tuple[int, dict[int, int]]:
    if args.registry is not None:
        from juzhu_protocol.authority.registry import Registry

        if args.suspended or args.revoked:
            raise ConfigError("a registry says itself who is listed: leave --suspended and --revoked out")
        with Registry(args.registry) as registry:
            return registry.exceptions(args.division)
    listed = dict.fromkeys(args.suspended, STATUS_SUSPENDED) | dict.fromkeys(args.revoked, STATUS_REVOKED)
    if any(serial > args.highest for serial in listed):
        raise ConfigError(f"--highest {args.highest} is below a listed serial; raise it")
    return args.highest, listed


def _next_sequence(path: Path) -> int:
    if not path.exists():
        return 1
    try:
        return Manifest.from_bytes(path.read_bytes()).sequence + 1
    except RecordError as error:
        raise ConfigError(f"{path} is no manifest ({error}); move it aside") from None
