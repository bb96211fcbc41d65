"""`juzhu bench lists`: its figures come from real containers, bounds and look-ups, and a wrong answer is counted."""

import argparse
import json
import math

import pytest

from juzhu_protocol.authority.list_builder import build_base, open_list
from juzhu_protocol.lists.container import LayeredList
from juzhu_simulator.bench import list_build, list_data, list_peers, lists, lists_rig
from juzhu_simulator.bench.rigs import run_here
from juzhu_simulator.errors import ProcessError
from parts import needs


@pytest.fixture
def small(monkeypatch):
    """Lists of some thousand serials: their size is not looked at here."""
    monkeypatch.setattr(lists, "MILLION", 20_000)
    monkeypatch.setattr(lists, "TEN_MILLION", 60_000)
    monkeypatch.setattr(
        lists, "ROWS", ((20_000, 0.02, "uniform"), (60_000, 0.02, "uniform"), (20_000, 0.02, "clustered"))
    )
    monkeypatch.setattr(lists, "RANDOM_LOOKUPS", 5000)
    monkeypatch.setattr(lists, "IN_PLACE", 1000)
    monkeypatch.setattr(lists, "VM_SERIALS", 30)
    monkeypatch.setattr(lists, "PIECE", 20)
    monkeypatch.setattr(list_data, "CHANGES", 60)


@needs("node", "vm")
async def test_every_figure_is_there_and_no_answer_is_wrong(small):
    found = await lists.run(argparse.Namespace(count=1))
    assert json.dumps(found)
    assert [(row["n"], row["data"]) for row in found["rows"]] == [row[::2] for row in lists.ROWS]
    for row in found["rows"]:
        assert {"n", "p", "data", "bytes", "bound", "ratio"} < set(row)
        assert row["ratio"] == pytest.approx(row["bytes"] / row["bound"], rel=0.01)
        assert 0.9 < row["ratio"] < row["token_status_list_4_bit_xz_9e"] < row["uint32_uint8"]
        assert 0.9 < row["readers"]["ratio"] < 1.3
    assert found["overlay"]["changes"] == 60
    assert found["overlay"]["merged_is_the_new_base"] is True
    assert found["build"]["rows"] == found["build"]["n"] == 60_000
    assert found["build"]["same_bytes_without_valid_rows"] is True
    assert found["build"]["seconds"] >= 0
    assert 10_000_000 < found["build"]["peak_bytes"] < 300_000_000
    assert set(found["lookup"]["wrong"].values()) == {0}
    for runtime in ("cpython", "micropython"):
        assert {"unit_us", "base_units", "base_and_overlay_units"} <= set(found["lookup"][runtime])
    heap = found["lookup"]["micropython"]["heap_bytes"]
    assert heap["code"] > heap["base"] > 100
    assert heap["base"] + heap["overlay"] < 6144


def test_wrong_answers_are_counted():
    rows = list_data.uniform(5000, 100)
    content = build_base(rows, 410200, 5000)
    found = LayeredList(open_list(content))
    assert lists.wrong_answers(found, rows)[0] == 0
    assert lists.wrong_random(found, rows, 2000)[0] == 0
    other = [(serial, 0x21 if status != 0x21 else 0x22) for serial, status in rows]
    assert lists.wrong_answers(found, other)[0] == 100
    assert lists.wrong_answers(found, rows[:-1])[0] == 1
    assert lists.wrong_random(found, other, 100_000)[0] > 100


def test_bound_is_the_logarithm_of_the_number_of_lists():
    assert list_data.bound(10, 3, {1: 1.0}) == pytest.approx(math.log2(math.comb(10, 3)) / 8)
    half = {1: 0.5, 2: 0.5}
    assert list_data.bound(1000, 20, half) == pytest.approx((math.log2(math.comb(1000, 20)) + 20) / 8)
    assert sum(list_data.MIX.values()) == pytest.approx(1)
    assert sum(list_data.CHANGE_MIX.values()) == pytest.approx(1)
    assert 2.7 < list_data.entropy(list_data.MIX) < 2.9


@pytest.mark.parametrize("draw", [list_data.uniform, list_data.clustered])
def test_rows_are_the_same_every_time_and_as_many_as_asked(draw):
    rows = draw(40_000, 900)
    assert rows == draw(40_000, 900)
    assert len(rows) == 900 == len(dict(rows))
    assert [serial for serial, _ in rows] == sorted(serial for serial, _ in rows)
    assert {status for _, status in rows} == set(list_data.MIX)


def test_fifth_of_the_batches_holds_four_fifths():
    rows = list_data.clustered(200_000, 10_000)
    batches = [0] * 100
    for serial, _ in rows:
        batches[(serial - 1) // list_data.BATCH] += 1
    assert 0.75 < sum(sorted(batches)[-20:]) / 10_000 < 0.85


def test_week_changes_as_many_serials_as_it_says(monkeypatch):
    monkeypatch.setattr(list_data, "CHANGES", 200)
    rows = list_data.uniform(30_000, 600)
    before, now = dict(rows), dict(list_data.week(30_000, rows))
    changed = [serial for serial in before.keys() | now.keys() if before.get(serial) != now.get(serial)]
    assert len(changed) == 200
    assert sum(serial not in now for serial in changed) == 80


def test_peers_hold_every_status():
    rows = list_data.uniform(3000, 80)
    halves = list_peers.status_list(3000, rows)
    assert len(halves) == 1500
    numbers = [halves[i >> 1] >> 4 * (i & 1) & 15 for i in range(3000)]
    assert [i + 1 for i, number in enumerate(numbers) if number] == [serial for serial, _ in rows]
    assert list_peers.sizes(3000, rows)["uint32_uint8"] == 400


def test_peer_that_is_not_installed_has_no_figure(monkeypatch):
    rows = list_data.uniform(3000, 80)
    assert list_peers.roaring(rows) > 0
    monkeypatch.setitem(__import__("sys").modules, "pyroaring", None)
    assert list_peers.roaring(rows) is None


def test_builder_of_its_own_gets_a_row_for_every_serial(tmp_path):
    path = tmp_path / "rows.bin"
    path.write_bytes(b"".join(serial.to_bytes(4, "big") + b"\x11" for serial in (2, 5)))
    rows = list(list_build.every(6, list_build.listed(path)))
    assert rows == [(1, 0), (2, 0x11), (3, 0), (4, 0), (5, 0x11), (6, 0)]


async def test_builder_that_fails_says_why(tmp_path, small):
    with pytest.raises(ProcessError, match="rising order"):
        await lists.measure_build(tmp_path, 3, [(5, 0x11)])


def test_rig_measures_no_list_that_answers_wrong(small):
    inputs = lists.rig_inputs(lists.Pair(lists.make(20_000, 0.02, "uniform")), 1)
    inputs["statuses"][0] = 0x21 - inputs["statuses"][0]
    with pytest.raises(ValueError, match="wrong answer"):
        run_here(lists_rig, inputs)
