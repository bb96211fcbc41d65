"""Every portable test again, inside the real MicroPython VM: one Node process a file."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from parts import VM_DIR, find, needs, nightly
from portable_files import ROOT, portable_tests

pytestmark = needs("node", "vm")
RUNNER = VM_DIR / "run_portable.mjs"
TIME_LIMIT_S = 3600 if nightly() else 200
FILES = [path for path in portable_tests() if path.name.startswith("test_")]


def run_in_vm(
    path: Path, env: dict[str, object] | None = None, data: Path | None = None
) -> tuple[int, list[dict], dict]:
    """Exit code, one result a test, and the summary; `data` is a file that the test reads."""
    told = {**json.loads(os.environ.get("JUZHU_PORTABLE_ENV", "{}")), "runtime": "micropython", **(env or {})}
    command = [find("node"), str(RUNNER), str(path), "--env", json.dumps(told), "--root", str(ROOT)]
    if data is not None:
        command += ["--data", str(data)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, f"the runner said nothing: {done.stderr[-2000:]}"
    return done.returncode, lines[:-1], lines[-1]


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_portable_file_passes_in_the_vm(path):
    code, results, summary = run_in_vm(path)
    broken = [f"{r['test']}:\n{r['error']}\n{r['output']}" for r in results if not r["ok"]]
    assert not broken, "\n\n".join(broken)
    assert code == 0, summary
    assert summary["passed"] == len(results) > 0


def test_failing_portable_test_is_reported_with_the_vms_traceback(tmp_path):
    bad = tmp_path / "test_bad.py"
    bad.write_text(
        "def test_good():\n    pass\n\n\ndef test_bad():\n    print('seen')\n    assert 1 == 2, 'no'\n"
    )
    code, results, summary = run_in_vm(bad)
    assert code == 1
    assert (summary["passed"], summary["failed"]) == (1, 1)
    assert [r["test"] for r in results] == ["test_good", "test_bad"]
    assert "line 7, in test_bad" in results[1]["error"]
    assert "AssertionError: no" in results[1]["error"]
    assert results[1]["output"] == "seen"


def test_file_that_does_not_import_is_a_failure(tmp_path):
    bad = tmp_path / "test_bad.py"
    bad.write_text("import dataclasses_that_are_not_there\n\n\ndef test_x():\n    pass\n")
    code, results, _ = run_in_vm(bad)
    assert code == 1
    assert "ImportError" in results[0]["error"]


def test_file_without_tests_is_a_failure(tmp_path):
    empty = tmp_path / "test_empty.py"
    empty.write_text("X = 1\n")
    code, results, _ = run_in_vm(empty)
    assert code == 1
    assert "no function named test_*" in results[0]["error"]


def test_environment_and_steps_reach_the_vm(tmp_path):
    long = tmp_path / "test_long.py"
    long.write_text(
        "import portable_env\n"
        "COUNT = portable_env.value('mutants', 1)\n"
        "STEPS = {'test_all': ('step_all', COUNT)}\n"
        "def step_all(index):\n    assert index < 4, index\n"
        "def test_all():\n    raise AssertionError('the steps stand for this')\n"
    )
    code, results, _ = run_in_vm(long, {"mutants": 4})
    assert (code, results[0]["calls"]) == (0, 4)
    code, results, _ = run_in_vm(long, {"mutants": 6})
    assert code == 1
    assert "AssertionError: 4" in results[0]["error"]


def test_data_file_reaches_the_vm_byte_for_byte(tmp_path):
    data = tmp_path / "given.bin"
    data.write_bytes(bytes(range(256)))
    reads = tmp_path / "test_reads.py"
    reads.write_text(
        "import portable_env\n"
        "def test_it():\n"
        "    with open(portable_env.value('data', ''), 'rb') as file:\n"
        "        assert file.read() == bytes(range(256))\n"
    )
    assert run_in_vm(reads, data=data)[0] == 0
    data.write_bytes(bytes(255))
    assert run_in_vm(reads, data=data)[0] == 1
    assert run_in_vm(reads)[0] == 1
