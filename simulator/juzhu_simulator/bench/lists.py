"""Bench `lists`: bytes of the list container beside the bound and its peers, building, and look-ups."""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from juzhu_protocol.authority.list_builder import (
    base_id,
    build_base,
    build_overlay,
    merge,
    open_list,
    readers_base,
    readers_overlay,
)
from juzhu_protocol.hostside.loaded_list import LoadedList
from juzhu_protocol.lists.container import LayeredList

from ..errors import ProcessError
from ..micropython import missing
from . import list_data, list_peers, lists_rig
from .list_build import DIVISION, ROW_SIZE
from .rigs import run_here, run_in_vm
from .unit import PIECE

MILLION, TEN_MILLION = 10**6, 10**7
ROWS = (
    (10**5, 0.005, "uniform"),
    (10**5, 0.02, "uniform"),
    (10**5, 0.05, "uniform"),
    (MILLION, 0.005, "uniform"),
    (MILLION, 0.02, "uniform"),
    (MILLION, 0.05, "uniform"),
    (TEN_MILLION, 0.02, "uniform"),
    (MILLION, 0.005, "clustered"),
    (MILLION, 0.02, "clustered"),
    (MILLION, 0.05, "clustered"),
)
BASE_P = 0.02
RANDOM_LOOKUPS = 10**7
IN_PLACE = 100_000
"""So many of them also as a reader makes them, two reads each."""

VM_SERIALS = 1000
"""Look-ups of one burst: the VM's clock steps by whole milliseconds."""

BUILD_LIMIT_S = 600
LIMITS = {
    "ratio": {"n = 1e6 and 1e7": 1.10, "n = 1e5": 1.15, "clustered": 1.0, "overlay": 1.12},
    "build": {"seconds": 20, "bytes": 300_000_000},
    "host_lookups_a_second": 300_000,
    "vm_units": 60,
    "vm_object_bytes": 6144,
}


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run it and return the figures."""
    lists = {(n, p, data): make(n, p, data) for n, p, data in ROWS}
    rows = [measure(n, p, data, lists[n, p, data]) for n, p, data in ROWS]
    base_rows = lists[MILLION, BASE_P, "uniform"]
    pair = Pair(base_rows)
    big = lists[TEN_MILLION, BASE_P, "uniform"]
    with tempfile.TemporaryDirectory(prefix="juzhu-bench-") as folder:
        build = await measure_build(Path(folder), TEN_MILLION, big)
    return {
        "inputs": {
            "seed": list_data.SEED,
            "mix": {f"{status:#04x}": round(share, 4) for status, share in list_data.MIX.items()},
            "status_bits": round(list_data.entropy(list_data.MIX), 4),
            "clustered": f"batches of {list_data.BATCH}, 20 % of them hold 80 % of the listed",
            "week": {"changes": list_data.CHANGES, "valid again, suspended, revoked": [0.40, 0.45, 0.15]},
            "view": "hosts, unless readers are named",
            "limits": LIMITS,
        },
        "rows": rows,
        "overlay": pair.figures(),
        "build": build,
        "lookup": await measure_lookups(pair, big, arguments.count),
    }


def make(serials: int, part: float, data: str) -> list_data.Rows:
    """Return the rows of one measurement."""
    return (list_data.uniform if data == "uniform" else list_data.clustered)(serials, round(serials * part))


def measure(serials: int, part: float, data: str, rows: list_data.Rows) -> dict[str, Any]:
    """Return one row of the table: bytes, bound and ratio of the container, and the peers' ratios."""
    content = build_base(rows, DIVISION, serials)
    bound = list_data.bound(serials, len(rows), list_data.MIX)
    readers = len(readers_base(content))
    readers_bound = list_data.bound(serials, len(rows), list_data.readers_mix())
    found: dict[str, Any] = {
        "n": serials,
        "p": part,
        "data": data,
        "bytes": len(content),
        "bound": round(bound),
        "ratio": round(len(content) / bound, 4),
    }
    for peer, size in list_peers.sizes(serials, rows).items():
        found[peer] = None if size is None else round(size / bound, 4)
    found["readers"] = {
        "bytes": readers,
        "bound": round(readers_bound),
        "ratio": round(readers / readers_bound, 4),
    }
    return found


class Pair:
    """A base of a million and the overlay of a week over it."""

    def __init__(self, rows: list_data.Rows) -> None:
        self.rows = rows
        self.now = list_data.week(MILLION, rows)
        self.base = build_base(rows, DIVISION, MILLION)
        self.overlay = build_overlay(self.now, self.base, MILLION)
        self.layered = LayeredList(open_list(self.base), open_list(self.overlay), base_id(self.base))

    def figures(self) -> dict[str, Any]:
        """Return the overlay's bytes beside its bound, and whether merging finds the new base."""
        bound = list_data.bound(MILLION, list_data.CHANGES, list_data.CHANGE_MIX)
        return {
            "n": MILLION,
            "changes": open_list(self.overlay).entries,
            "bytes": len(self.overlay),
            "bound": round(bound),
            "ratio": round(len(self.overlay) / bound, 4),
            "readers_bytes": len(readers_overlay(self.base, self.overlay)),
            "merged_is_the_new_base": merge(self.base, self.overlay)
            == build_base(self.now, DIVISION, MILLION),
        }


async def measure_build(folder: Path, serials: int, rows: list_data.Rows) -> dict[str, Any]:
    """Return what building took in a process of its own, which was given a row for every serial."""
    path = folder / "rows.bin"
    with path.open("wb") as file:
        for serial, status in rows:
            file.write(serial.to_bytes(ROW_SIZE - 1, "big") + bytes((status,)))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "juzhu_simulator.bench.list_build",
        str(serials),
        str(path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), BUILD_LIMIT_S)
    except BaseException:
        process.kill()
        raise
    if process.returncode:
        raise ProcessError(f"building failed: {err.decode(errors='replace').strip()}")
    found = dict(json.loads(out))
    same = found.pop("sha256") == sha256(build_base(rows, DIVISION, serials)).hexdigest()
    return {"n": serials, "p": BASE_P, **found, "rows": serials, "same_bytes_without_valid_rows": same}


async def measure_lookups(pair: Pair, big: list_data.Rows, count: int) -> dict[str, Any]:
    """Return wrong answers, look-ups a second on this host, and units on both runtimes."""
    wrong, in_place = wrong_answers(pair.layered, pair.now)
    content = build_base(big, DIVISION, TEN_MILLION)
    started = time.perf_counter()
    loaded = LoadedList(LayeredList(open_list(content)))
    load_seconds = time.perf_counter() - started
    big_wrong, loaded_rate = wrong_random(loaded, big, RANDOM_LOOKUPS)
    big_in_place, _ = wrong_random(LayeredList(open_list(content)), big, IN_PLACE)
    inputs = rig_inputs(pair, count)
    found: dict[str, Any] = {
        "wrong": {
            "every serial of 1e6, base and overlay, in place": wrong,
            f"{RANDOM_LOOKUPS:,} random of 1e7, loaded": big_wrong,
            f"{IN_PLACE:,} random of 1e7, in place": big_in_place,
        },
        "host_lookups_a_second": round(loaded_rate),
        "host_load_seconds": round(load_seconds, 2),
        "host_lookups_a_second_in_place": round(in_place),
        "cpython": rig_figures(await asyncio.to_thread(run_here, lists_rig, inputs)),
    }
    if not missing():
        found["micropython"] = rig_figures(await run_in_vm("lists_rig", inputs))
    return found


def wrong_answers(found: LayeredList, rows: list_data.Rows) -> tuple[int, float]:
    """Return how many of all serials get a wrong answer, and look-ups a second."""
    expected = dict(rows)
    serials = range(found.highest_serial + 2)
    started = time.perf_counter()
    said = [found.status(serial) for serial in serials]
    seconds = time.perf_counter() - started
    return sum(status != expected.get(at, 0) for at, status in enumerate(said)), len(said) / seconds


def wrong_random(found: LoadedList | LayeredList, rows: list_data.Rows, times: int) -> tuple[int, float]:
    """Return how many of so many random serials get a wrong answer, and look-ups a second."""
    expected = dict(rows)
    source = random.Random(f"{list_data.SEED} random {times}")
    wrong, seconds, piece = 0, 0.0, 100_000
    for _ in range(0, times, piece):
        serials = source.choices(range(found.highest_serial + 2), k=min(piece, times))
        started = time.perf_counter()
        said = [found.status(serial) for serial in serials]
        seconds += time.perf_counter() - started
        wrong += sum(status != expected.get(serial, 0) for serial, status in zip(serials, said, strict=True))
    return wrong, times / seconds


def rig_inputs(pair: Pair, count: int) -> dict[str, Any]:
    """Return what the rig is given: base, overlay, random serials and their statuses."""
    expected = dict(pair.now)
    serials = random.Random(f"{list_data.SEED} rig").sample(range(1, MILLION + 1), VM_SERIALS)
    return {
        "base": pair.base.hex(),
        "overlay": pair.overlay.hex(),
        "serials": serials,
        "statuses": [expected.get(serial, 0) for serial in serials],
        "piece": PIECE,
        "rounds": max(count // 5, 3),
    }


def rig_figures(found: dict[str, Any]) -> dict[str, Any]:
    """Return a rig's result: units a look-up, the loop's own taken off, and the heap's growth."""
    told: dict[str, Any] = {"unit_us": round(found["unit_us"], 3)}
    for name in ("base", "base_and_overlay"):
        told[f"{name}_units"] = round(found[name] - found["nothing"], 1)
    if found["heap"]:
        grown = [after - before for before, after in pairwise(found["heap"])]
        told["heap_bytes"] = dict(zip(("code", "base", "overlay"), grown, strict=True))
    return told
