"""The root's public keys as a file: what an authority gives out and every host and reader is installed with."""

import tomllib
from pathlib import Path

from ..crypto.signature import SUITES
from ..errors import JuzhuError, RootsFileError
from ..trust.bundle import Roots
from .regular_file import read_regular


def load_roots(path: Path) -> Roots:
    """Read roots.toml; RootsFileError for anything else than it may hold.

    `threshold`; `keys` as hex of X||Y; `suite` of them all, one of SUITES.
    """
    try:
        return parse_roots(read_regular(path), path)
    except OSError as error:
        raise RootsFileError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise RootsFileError(f"{str(path)!r} is no file's name") from None


def parse_roots(data: bytes, path: Path) -> Roots:
    """Read the content of a roots.toml; `path` is for the message of RootsFileError."""
    try:
        content = tomllib.loads(data.decode())
    # A number of thousands of digits is a ValueError of its own.
    except ValueError as error:
        raise RootsFileError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise RootsFileError(f"{path} is not TOML of ours: it is nested too deep") from None
    keys, threshold = content.get("keys"), content.get("threshold")
    suite = content.get("suite")
    try:
        if type(threshold) is not int:
            raise ValueError("threshold is no whole number")
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ValueError("keys is no list of texts")
        if not isinstance(suite, str) or suite not in SUITES:
            raise ValueError('suite is neither "ES256" nor "SM2-SM3"')
        return Roots([bytes.fromhex(key) for key in keys], threshold, SUITES[suite])
    except (TypeError, ValueError, JuzhuError) as error:
        raise RootsFileError(f"{path}: {error}; it holds threshold, suite, and keys as hex of X||Y") from None
