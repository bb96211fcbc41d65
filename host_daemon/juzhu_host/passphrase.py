"""The passphrase of a keys folder: asked for on the terminal, or read from a file; never on the command line."""

import argparse
import getpass
import stat
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ConfigError

if TYPE_CHECKING:
    from juzhu_protocol.authority.private_files import PrivateFiles


def add_passphrase(parser: argparse.ArgumentParser, name: str = "--passphrase-file") -> None:
    """Add the option that a service needs, which has no terminal."""
    parser.add_argument(
        name,
        type=Path,
        metavar="FILE",
        help="the keys folder's passphrase; default: asked for on the terminal",
    )


def given_files(passphrase_file: "Path | None", what: str) -> "PrivateFiles":
    """Return what opens `what`: the passphrase from the file, or asked for once; ConfigError without either."""
    from juzhu_protocol.authority.private_files import PrivateFiles

    return PrivateFiles(
        _read(passphrase_file) if passphrase_file is not None else _ask(f"Passphrase of {what}: ")
    )


def new_files(passphrase_file: "Path | None", what: str) -> "PrivateFiles":
    """Return what seals `what` from now on: a passphrase that is long enough, asked for twice."""
    from juzhu_protocol.authority.private_files import MIN_PASSPHRASE, PrivateFiles

    if passphrase_file is not None:
        passphrase = _read(passphrase_file)
    else:
        passphrase = _ask(f"New passphrase of {what}: ")
        if passphrase != _ask("The same again: "):
            raise ConfigError("the two were not the same; nothing was made")
    if len(passphrase.decode()) < MIN_PASSPHRASE:
        raise ConfigError(
            f"a passphrase has at least {MIN_PASSPHRASE} characters: five words are easy to keep"
        )
    return PrivateFiles(passphrase)


def _ask(prompt: str) -> bytes:
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask for the passphrase: give --passphrase-file FILE")
    try:
        return _checked(getpass.getpass(prompt), "the passphrase")
    except EOFError:
        raise ConfigError("no passphrase was given") from None


def _read(path: Path) -> bytes:
    from juzhu_protocol.authority.private_files import MAX_PASSPHRASE

    try:
        mode = path.stat().st_mode
        # A pipe or a service manager's credential has an owner of its own.
        if stat.S_ISREG(mode) and mode & 0o077:
            raise ConfigError(f"{path} can be read by others: chmod 600 {path}")
        with path.open("rb") as file:
            raw = file.read(MAX_PASSPHRASE + 3)
        text = raw.decode()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} holds no text in UTF-8") from None
    return _checked(text.removesuffix("\n").removesuffix("\r"), str(path))


def _checked(text: str, where: str) -> bytes:
    from juzhu_protocol.authority.private_files import MAX_PASSPHRASE, passphrase_bytes

    passphrase = passphrase_bytes(text)
    if not text.strip() or len(passphrase) > MAX_PASSPHRASE or "\n" in text:
        raise ConfigError(f"{where}: a passphrase is one line of 1 to {MAX_PASSPHRASE} bytes")
    # Such as a mark that an editor puts first: nobody could type it again.
    if any(unicodedata.category(letter) in ("Cc", "Cf") for letter in text):
        raise ConfigError(f"{where}: a passphrase has no characters that cannot be typed")
    return passphrase
