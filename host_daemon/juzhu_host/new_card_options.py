"""`--photo FILE` and `--suite NAME`: what a new card is made with beside its permit."""

import argparse
from pathlib import Path

from juzhu_protocol.card.conversation import MAX_PHOTO
from juzhu_protocol.crypto.signature import SUITES

from .errors import ConfigError

MAX_READ = 1 << 20
"""Bytes of a portrait that are read, so that its size can be told."""


def add_new_card(parser: argparse.ArgumentParser, *, otherwise: str = "") -> None:
    """Add the options; otherwise: what card the photo and the suite are taken from when they are not given."""
    is_new = not otherwise
    parser.add_argument(
        "--photo",
        type=Path,
        metavar="FILE",
        help=f"the portrait, a JPEG of at most {MAX_PHOTO} bytes (default: {otherwise or 'none'})",
    )
    parser.add_argument(
        "--suite",
        choices=SUITES,
        default="ES256" if is_new else None,
        help=f"of the card's signatures and hashes (default: {otherwise or 'ES256'})",
    )


def suite_of(args: argparse.Namespace) -> "int | None":
    """Return the suite of an option, None when another card's is to be taken."""
    return None if args.suite is None else SUITES[args.suite]


def photo_of(args: argparse.Namespace) -> "bytes | None":
    """Return the portrait of an option, None without one; ConfigError, ApplicationError when no card can hold it."""
    from juzhu_protocol.authority.photo import check_photo
    from juzhu_protocol.hostside.regular_file import read_regular

    if args.photo is None:
        return None
    try:
        raw = read_regular(args.photo, MAX_READ)
    except OSError as error:
        raise ConfigError(f"{args.photo}: {error.strerror}; give a JPEG's file") from None
    if not raw:
        raise ConfigError(f"{args.photo} is empty; give a JPEG's file, or leave --photo out")
    check_photo(raw)
    return raw
