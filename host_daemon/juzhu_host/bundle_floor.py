"""The highest bundle version that this user saw under each set of roots: an older bundle is an attack or a mistake.

One file for each set below the data folder, so that a copy of the roots file elsewhere has the same floor.
"""

from hashlib import sha256
from pathlib import Path

from juzhu_protocol.hostside.private_file import write_private
from juzhu_protocol.trust.bundle import Roots

from .development_authority import data_folder
from .errors import ConfigError

MAX_FLOOR = 32


def read_floor(roots: Roots) -> int:
    """Return the lowest bundle version to believe, 0 when none was seen; ConfigError for a file that is no floor."""
    path = _path(roots)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FLOOR)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    if not raw.strip().isdigit():
        raise ConfigError(f"{path} holds no bundle version; remove it when nobody can have changed it")
    return int(raw)


def raise_floor(roots: Roots, version: int) -> None:
    """Remember a bundle version; ConfigError when that cannot be done."""
    path = _path(roots)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, f"{version}\n".encode())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


def _path(roots: Roots) -> Path:
    name = sha256(b"".join(sorted(roots.public_keys)) + bytes([roots.threshold])).hexdigest()
    return data_folder().parent / "bundle-floors" / name[:32]
