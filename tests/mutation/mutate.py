"""Break the code a little, one mutant after the other, and count how many the tests notice.

`python tests/mutation/mutate.py rules` prints one JSON object: mutants, killed, ratio, and what survived with its
change. mutmut stumbles over nested packages, so it works on a flat copy in a folder of its own.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {"juzhu_protocol": ROOT / "protocol" / "juzhu_protocol"}

TARGETS = {
    "rules": (
        [
            "juzhu_protocol/rules/decide.py",
            "juzhu_protocol/rules/lifecycle.py",
            "juzhu_protocol/rules/calendar.py",
        ],
        [
            "tests/portable/test_decide.py",
            "tests/portable/test_calendar.py",
            "tests/portable/test_lifecycle.py",
            "tests/protocol/rules/test_decide_properties.py",
        ],
    ),
}
"""Name -> (files to mutate, tests that must notice)."""

MUTMUT = str(Path(sys.executable).parent / "mutmut")


def prepare(folder: Path, mutated: list[str], tests: list[str]) -> None:
    """Lay the package and the tests flat into `folder`."""
    for name, source in SOURCES.items():
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests").mkdir()
    for test in tests:
        shutil.copy(ROOT / test, folder / "tests")
    (folder / "pyproject.toml").write_text(
        "[tool.mutmut]\n"
        f"paths_to_mutate = {json.dumps(mutated)}\n"
        f"also_copy = {json.dumps(list(SOURCES))}\n"
        'tests_dir = ["tests/"]\n'
        "[tool.pytest.ini_options]\n"
        'pythonpath = [".", "tests"]\n'
    )


def mutmut(folder: Path, *words: str) -> str:
    """What one mutmut command prints."""
    done = subprocess.run([MUTMUT, *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout


def measure(target: str) -> dict[str, object]:
    """Run one target whole."""
    mutated, tests = TARGETS[target]
    with tempfile.TemporaryDirectory(prefix="juzhu-mutants-") as place:
        folder = Path(place)
        prepare(folder, mutated, tests)
        ran = mutmut(folder, "run")
        total = max((int(found) for found in re.findall(r"/(\d+) ", ran)), default=0)
        if not total:
            raise SystemExit(f"no mutant ran:\n{ran[-2000:]}")
        lines = [line.strip() for line in mutmut(folder, "results").splitlines() if ":" in line]
        survived = {}
        for line in lines:
            name, _, outcome = line.rpartition(": ")
            # A mutant that never ends is noticed by whoever waits for it.
            if outcome == "timeout":
                continue
            diff = [part for part in mutmut(folder, "show", name).splitlines() if re.match(r"[-+] ", part)]
            survived[name] = diff
    killed = total - len(survived)
    return {
        "target": target,
        "files": mutated,
        "mutants": total,
        "killed": killed,
        "ratio": round(killed / total, 4),
        "survived": survived,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1]), indent=2))
