"""Runs a rig, a module with begin(inputs) and step(), in this process or inside the MicroPython VM."""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ProcessError
from ..micropython import FOLDER

VM_LIMIT_S = 1800


def run_here(rig: ModuleType, inputs: dict[str, Any]) -> dict[str, Any]:
    """Run it in this process."""
    rig.begin(json.dumps(inputs))
    while not (result := rig.step()):
        pass
    return dict(json.loads(result))


async def run_in_vm(rig: str, inputs: dict[str, Any], lib: Path | None = None) -> dict[str, Any]:
    """Run the rig of this name in the VM; ProcessError with what it said when it fails.

    lib is a folder of compiled packages that stands for their sources.
    """
    with tempfile.TemporaryDirectory(prefix="juzhu-bench-") as folder:
        given = Path(folder) / "inputs.json"
        given.touch(mode=0o600)
        given.write_text(json.dumps(inputs), encoding="utf-8")
        command = [shutil.which("node") or "node", str(FOLDER / "bench.mjs"), rig, "--input", str(given)]
        if lib is not None:
            command += ["--lib", str(lib)]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), VM_LIMIT_S)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise ProcessError(f"the rig in the MicroPython VM failed: {err.decode(errors='replace').strip()}")
    return dict(json.loads(out))
