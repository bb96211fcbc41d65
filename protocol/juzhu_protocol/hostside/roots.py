"""The root's public keys as a file: what an authority gives out and every host and reader is installed with."""

import tomllib
from pathlib import Path

from ..errors import JuzhuError, RootsFileError
from ..trust.bundle import Roots


def load_roots(path: Path) -> Roots:
    """Read roots.toml: `threshold`, and `keys` as hex of X||Y; RootsFileError for anything else."""
    try:
        content = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise RootsFileError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RootsFileError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise RootsFileError(f"{path} is not TOML of ours: it is nested too deep") from None
    keys, threshold = content.get("keys"), content.get("threshold")
    try:
        if type(threshold) is not int:
            raise ValueError("threshold is no whole number")
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ValueError("keys is no list of texts")
        return Roots([bytes.fromhex(key) for key in keys], threshold)
    except (TypeError, ValueError, JuzhuError) as error:
        raise RootsFileError(f"{path}: {error}; it holds threshold, and keys as hex of X||Y") from None
