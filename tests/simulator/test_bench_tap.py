"""`juzhu bench tap`: its figures come from real taps, and are the same kind on both runtimes."""

import argparse
import json

import pytest

from juzhu_simulator.bench import tap, tap_rig
from juzhu_simulator.bench.rigs import run_here, run_in_vm
from juzhu_simulator.bench.unit import clock_us, median, multiply
from juzhu_simulator.errors import ProcessError
from parts import needs

P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Bursts of one tap: what is measured here is not looked at."""
    monkeypatch.setattr(tap, "BURST_US", 1)


def judge_runtime(found):
    assert found["unit_us"] > 0
    for suite in ("ES256", "SM2-SM3"):
        cold, warm = found[suite]["cold"], found[suite]["warm"]
        assert list(found[suite]) == ["cold", "warm"]
        for one in (cold, warm):
            assert one["ms"] > 0
            assert one["units"] > 0
            assert one["hashing"]["sha256_blocks"] > 20
        # Only a signature that is verified is hashed in its suite: a card seen before costs the cache's own hash.
        assert warm["hashing"]["sm3_blocks"] == 0
        assert cold["hashing"]["sm3_blocks"] == (2 if suite == "SM2-SM3" else 0)


@needs("node", "vm")
async def test_tap_is_measured_on_both_runtimes_with_its_air_code_and_heap():
    found = await tap.run(argparse.Namespace(count=1))
    judge_runtime(found["cpython"])
    judge_runtime(found["micropython"])
    for air in found["air"].values():
        assert air["apdus"] <= 8
        assert air["bytes"] < air["bytes_with_framing"] <= 450
        assert air["ms"] < 60
    assert "heap_bytes" not in found["cpython"]
    for suite in ("ES256", "SM2-SM3"):
        allocated = {how: one["allocated_bytes"] for how, one in found["micropython"][suite].items()}
        assert allocated["cold"] > allocated["warm"] > 1000
    heap = found["micropython"]["heap_bytes"]
    assert heap["total"] == sum(grown for stage, grown in heap.items() if stage != "total")
    assert heap["code"] > heap["tables"] > 4096
    code = found["mpy_bytes"]
    assert code["total"] == sum(code["packages"].values()) > 50_000
    assert {"juzhu_device", "juzhu_protocol.crypto", "juzhu_protocol.card"} < set(code["packages"])
    assert json.dumps(found)


@needs("node", "vm")
async def test_without_mpy_cross_the_vm_compiles_and_no_size_is_told(monkeypatch):
    monkeypatch.setattr(tap.code_size, "compiler", lambda: None)
    found = await tap.run(argparse.Namespace(count=1))
    assert found["mpy_bytes"] is None
    judge_runtime(found["micropython"])


def wrong_inputs(folder):
    """Inputs whose SM2 card is of another SAM: its answers do not prove it."""
    inputs, _ = tap.make_inputs(folder, 1)
    inputs["bus_masters"] = {"1": "00" * 32}
    return inputs


def test_rig_measures_no_tap_that_was_refused(tmp_path):
    with pytest.raises(ValueError, match="was refused"):
        run_here(tap_rig, wrong_inputs(tmp_path))


@needs("node", "vm")
async def test_rig_that_fails_in_the_vm_says_what_broke(tmp_path):
    with pytest.raises(ProcessError, match="was refused"):
        await run_in_vm("tap_rig", wrong_inputs(tmp_path))


def test_unit_multiplies_modulo_the_prime_of_p256():
    base, factor = multiply(0), multiply(1)
    step = factor * pow(base, -1, P256) % P256
    assert multiply(3) == base * pow(step, 3, P256) % P256
    assert base > 2**250
    assert step > 2**250
    assert clock_us() <= clock_us()


def test_figures_take_hashing_apart_and_count_in_units():
    hashing = {"us": 200.0, "units": 99.6, "sha256_blocks": 5, "sm3_blocks": 2}
    one = {"tap": {"us": 1200.0, "units": 601.2}, "hashing": hashing}
    both = {"cold": one, "warm": one}
    heap = [["before", 100], ["code", 400], ["reader", 350]]
    found = tap.figures({"unit_us": 2.0, "taps": {"ES256": both, "SM2-SM3": both}, "heap": heap})
    assert found["ES256"]["cold"] == {
        "ms": 1.2,
        "units": 601,
        "without_hashing": {"ms": 1.0, "units": 502},
        "hashing": {"ms": 0.2, "units": 100, "sha256_blocks": 5, "sm3_blocks": 2},
    }
    assert found["heap_bytes"] == {"code": 300, "reader": -50, "total": 250}


@pytest.mark.parametrize(
    ("values", "middle"), [([3.0, 1.0, 2.0], 2.0), ([4.0, 1.0, 3.0, 2.0], 2.5), ([7.0], 7.0)]
)
def test_median(values, middle):
    assert median(values) == middle
