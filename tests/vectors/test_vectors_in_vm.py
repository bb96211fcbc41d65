"""Every vector judged by the same decide() inside the real MicroPython VM, and by the same script on CPython."""

import importlib
import json
import struct

import pytest

from parts import needs
from test_portable_in_vm import run_in_vm
from vectors import packing, portable_vectors
from vectors.portable_vectors import FORMAT, SIZE
from vectors.table import FOLDER, judged

SCRIPT = FOLDER / "portable_vectors.py"
EXPECTED_FIELDS = range(25, 32)
ARTICLE = 32


@pytest.fixture(scope="module")
def packed():
    return packing.pack(judged())


def in_vm(path):
    return run_in_vm(SCRIPT, data=path)


def on_cpython(path, monkeypatch):
    """Run the script as the VM's runner does."""
    monkeypatch.setenv("JUZHU_PORTABLE_ENV", json.dumps({"data": str(path)}))
    script = importlib.reload(portable_vectors)
    name, count = script.STEPS["test_every_packed_vector"]
    for index in range(count):
        getattr(script, name)(index)
    return count


def with_one_change(packed, index, field):
    """The vectors with one expected value of one of them changed."""
    fields = list(struct.unpack_from(FORMAT, packed, index * SIZE))
    fields[field] = b"3" if field == ARTICLE else fields[field] + 1
    return packed[: index * SIZE] + struct.pack(FORMAT, *fields) + packed[(index + 1) * SIZE :]


@needs("node", "vm")
def test_every_vector_has_the_oracles_verdict_in_the_vm(packed, tmp_path):
    path = tmp_path / "vectors.bin"
    path.write_bytes(packed)
    code, results, summary = in_vm(path)
    assert not [result["error"] for result in results if not result["ok"]]
    assert (code, summary["passed"]) == (0, 1)
    # Each batch is a call of its own.
    assert (results[0]["calls"] - 1) * portable_vectors.BATCH < len(judged())
    assert results[0]["calls"] * portable_vectors.BATCH >= len(judged()) > 7000


@needs("node", "vm")
def test_one_wrong_expectation_in_the_last_vector_fails_in_the_vm(packed, tmp_path):
    path = tmp_path / "vectors.bin"
    path.write_bytes(with_one_change(packed, len(judged()) - 1, EXPECTED_FIELDS[1]))
    code, results, _ = in_vm(path)
    assert code == 1
    assert f"line {judged()[-1][0]}: got" in results[0]["error"]


@needs("node", "vm")
def test_vm_without_vectors_is_a_failure(tmp_path):
    code, results, _ = run_in_vm(SCRIPT)
    assert code == 1
    assert "names no step" in results[0]["error"]


def test_every_vector_has_the_oracles_verdict_on_cpython(packed, tmp_path, monkeypatch):
    path = tmp_path / "vectors.bin"
    path.write_bytes(packed)
    assert on_cpython(path, monkeypatch) * portable_vectors.BATCH >= len(judged()) > 7000


@pytest.mark.parametrize("field", [*EXPECTED_FIELDS, ARTICLE])
def test_one_wrong_expectation_fails_on_cpython(packed, tmp_path, monkeypatch, field):
    path = tmp_path / "vectors.bin"
    line = judged()[4321][0]
    path.write_bytes(with_one_change(packed, 4321, field))
    with pytest.raises(AssertionError, match=f"line {line}: got"):
        on_cpython(path, monkeypatch)
