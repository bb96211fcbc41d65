"""The MicroPython VM under Node: the portable tests' runner, and a virtual reader as a process of its own."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
OLDEST_NODE = 18


def reader_command(config: Path, link: str, hardware: str, flash: Path) -> list[str] | None:
    """Return the command line of a reader in the VM, or None while missing() says why there is none.

    config, link (HOST:PORT), hardware (HOST:PORT) and flash as `juzhu reader` takes them; it has no pty.
    """
    node = shutil.which("node")
    if missing() or node is None:
        return None
    options = {"config": str(config), "link": link, "hardware": hardware, "flash": str(flash)}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [node, str(FOLDER / "reader.mjs"), *words]


@cache
def missing() -> str:
    """Return what a reader in the VM lacks on this machine, in words, or "" when it can run."""
    node = shutil.which("node")
    if node is None:
        return f"Node {OLDEST_NODE} or newer is missing"
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    said = asked.stdout.strip()
    major = said.removeprefix("v").split(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        return f"Node {OLDEST_NODE} or newer is missing: {node} is {said or 'no Node'}"
    if not (FOLDER / "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs").exists():
        return f"the MicroPython VM is missing: run `npm ci` in {FOLDER}"
    return ""
