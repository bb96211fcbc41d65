"""`juzhu bench verify`: its figures come from real checks, and are the same kind on both runtimes."""

import argparse
import json

import pytest

from juzhu_host.cli import main
from juzhu_simulator import bench
from juzhu_simulator.bench import verify, verify_rig
from juzhu_simulator.bench.rigs import run_here, run_in_vm
from juzhu_simulator.errors import ProcessError
from parts import needs


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Bursts of one check, and few rounds: what is measured here is not looked at."""
    monkeypatch.setattr(verify, "BURST_US", 1)
    monkeypatch.setattr(verify, "PIECE", 500)
    monkeypatch.setattr(verify, "LOOPS", 1000)


def judge_runtime(found):
    assert found["unit_us"] >= 0
    # What is signed with ES256 is one block of SHA-256; Z_A makes it two of SM3.
    assert [found[suite]["hash_blocks"] for suite in verify.SUITES] == [1, 2]
    for suite in verify.SUITES:
        # One check may be over before the VM's clock steps.
        assert min(found[suite]["curve"], found[suite]["hash"], found[suite]["cold"]) >= 0
        assert 4096 < found[suite]["table_bytes"] <= 12 * 1024
    assert found["SM2-SM3"]["hash_of_one_block"] >= 0
    assert "hash_of_one_block" not in found["ES256"]


@needs("node", "vm")
async def test_checks_are_measured_on_both_runtimes():
    found = await verify.run(argparse.Namespace(count=1))
    assert list(found) == ["inputs", "cpython", "micropython"]
    assert found["inputs"]["rounds"] == 2
    judge_runtime(found["cpython"])
    judge_runtime(found["micropython"])
    assert found["cpython"]["ES256"]["table_ram_bytes"] is None
    for suite in verify.SUITES:
        assert 4096 < found["micropython"][suite]["table_ram_bytes"] < 16 * 1024
    assert json.loads(json.dumps(found)) == found


def test_record_that_does_not_verify_is_not_measured():
    inputs = verify.make_inputs(1)
    text = inputs["services"]["SM2-SM3"]
    inputs["services"]["SM2-SM3"] = text[:-2] + format(int(text[-2:], 16) ^ 1, "02x")
    with pytest.raises(ValueError, match="refused"):
        run_here(verify_rig, inputs)


@needs("node", "vm")
async def test_fault_in_the_vm_is_told_with_its_traceback():
    inputs = verify.make_inputs(1)
    text = inputs["services"]["ES256"]
    inputs["services"]["ES256"] = text[:-2] + format(int(text[-2:], 16) ^ 1, "02x")
    with pytest.raises(ProcessError, match="refused"):
        await run_in_vm("verify_rig", inputs)


def test_hashing_stands_apart_and_the_cache_is_a_part_of_a_cold_check():
    values = {
        "curve": 1000.0,
        "hash": 40.0,
        "cold": 1100.0,
        "cached": 30.0,
        "cached hash": 8.0,
        "table from flash": 60.0,
    }
    found = {
        "unit_us": 2.0,
        "values": {f"{suite} {what}": value for suite in verify.SUITES for what, value in values.items()}
        | {"SM2-SM3 sm3 blocks": 800.0},
        "about": {
            suite: {"hash_blocks": 2, "table_bytes": 4352, "ram_bytes": 7488} for suite in verify.SUITES
        },
    }
    told = verify.figures(found)["SM2-SM3"]
    assert (told["cold"], told["cached"], told["cached_percent"]) == (1060, 22.0, 2.08)
    assert told["hash_of_one_block"] == 200


def within_limits():
    one = {"curve": verify.CURVE_LIMIT, "cached_percent": verify.CACHED_LIMIT_PERCENT}
    return {runtime: {name: dict(one) for name in verify.SUITES} for runtime in ("cpython", "micropython")}


def bench_that_finds(found, monkeypatch, capsys):
    """Exit code, standard output and standard error of `juzhu bench verify --json` with these figures."""

    async def run(arguments):
        return found

    monkeypatch.setitem(bench.BENCHES, "verify", ("", run))
    code = bench.command(argparse.Namespace(name="verify", json=True, count=1))
    said = capsys.readouterr()
    assert {name: json.loads(said.out)[name] for name in found} == found
    return code, said.err


def test_figures_at_their_limits_pass(monkeypatch, capsys):
    assert bench_that_finds(within_limits(), monkeypatch, capsys) == (0, "")


@pytest.mark.parametrize("suite", verify.SUITES)
@pytest.mark.parametrize(
    ("runtime", "name", "value", "said"),
    [
        ("micropython", "curve", verify.CURVE_LIMIT + 1, "1751 units, the limit is 1750"),
        ("micropython", "cached_percent", 3.01, "3.01 % of a cold one, the limit is 3 %"),
        ("micropython", "cached_percent", None, "None % of a cold one"),
        ("cpython", "cached_percent", 3.01, "3.01 % of a cold one"),
    ],
)
def test_figure_beyond_its_limit_ends_the_bench_as_refused(
    suite, runtime, name, value, said, monkeypatch, capsys
):
    found = within_limits()
    found[runtime][suite][name] = value
    code, err = bench_that_finds(found, monkeypatch, capsys)
    assert code == 1
    assert err.startswith(f"juzhu: {runtime}, {suite}: ")
    assert said in err
    assert err.count("\n") == 1


def test_figures_of_one_runtime_are_judged_alone():
    found = within_limits()
    del found["micropython"]
    found["cpython"]["ES256"]["curve"] = 10 * verify.CURVE_LIMIT
    assert verify.missed_limits(found) == []


@pytest.mark.parametrize("count", ["0", "-1", "", "x", "1.5", "\u0663", "1000000", "9" * 30])
@pytest.mark.parametrize("name", bench.BENCHES)
def test_count_that_measures_nothing_is_wrong_usage(name, count, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", name, "--json", f"--count={count}"])
    assert ended.value.code == 64
    assert "a count is 1 to" in capsys.readouterr().err
