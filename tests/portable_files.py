"""The one list of portable files: what runs unchanged on CPython and on MicroPython."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOCOL = ROOT / "protocol" / "juzhu_protocol"
DEVICE = ROOT / "device" / "juzhu_device"
PORTABLE_TESTS = ROOT / "tests" / "portable"
HOST_ONLY = tuple(PROTOCOL / name for name in ("schema", "authority", "profiles", "hostside"))
BOARDS = DEVICE / "boards"


def _below(path: Path, *folders: Path) -> bool:
    return any(folder == path or folder in path.parents for folder in folders)


def portable_sources() -> list[Path]:
    """Portable package files, boards/ left out: they run on a chip alone."""
    found = [path for package in (PROTOCOL, DEVICE) for path in package.rglob("*.py")]
    return sorted(path for path in found if not _below(path, *HOST_ONLY, BOARDS))


def portable_tests() -> list[Path]:
    """The plain-assert tests that run on both runtimes."""
    return sorted(PORTABLE_TESTS.glob("*.py"))


def board_sources() -> list[Path]:
    """Modules that import the chip's own modules; they compile here and run there."""
    return sorted(BOARDS.rglob("*.py"))


if __name__ == "__main__":
    names = [*portable_sources(), *portable_tests()]
    sys.stdout.write("".join(f"{path.relative_to(ROOT)}\n" for path in names))
