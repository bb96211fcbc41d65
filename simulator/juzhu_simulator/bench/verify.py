"""Bench `verify`: what checking a card's signature costs on each runtime, in modular multiplications."""

import argparse
import asyncio
from typing import Any

from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.crypto.comb import TEETH
from juzhu_protocol.crypto.signature import SIGNATURE_SIZE, SUITES
from juzhu_protocol.records.card import Service
from juzhu_protocol.rules.calendar import from_iso
from juzhu_protocol.trust.contexts import SERVICE_CONTEXT, signed_part
from juzhu_protocol.trust.verifier import TABLES_KEPT

from ..micropython import missing
from . import verify_rig
from .rigs import run_here, run_in_vm
from .unit import LOOPS, PIECE

BURST_US = 50_000
"""A value is measured over at least this long in each round: the VM's clock steps by whole milliseconds."""

CURVE_LIMIT = 1750
"""Units of the curve part of a check, in the MicroPython VM."""
CACHED_LIMIT_PERCENT = 3
"""What a check from the cache may cost of a cold one, hashing apart."""


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run it on both runtimes and return the figures."""
    inputs = make_inputs(arguments.count)
    found = {"cpython": figures(await asyncio.to_thread(run_here, verify_rig, inputs))}
    if not missing():
        found["micropython"] = figures(await run_in_vm("verify_rig", inputs))
    return {
        "inputs": {
            "rounds": inputs["rounds"],
            "burst_ms": BURST_US / 1000,
            "unit": f"a = a * b % p on locals, 256 bits, {PIECE} loops before and after each burst",
            "record": "SERVICE",
            "record_bytes": {name: len(text) // 2 for name, text in inputs["services"].items()},
            "comb_teeth": TEETH,
            "key_tables_in_ram": TABLES_KEPT,
            "curve_limit": CURVE_LIMIT,
            "cached_limit_percent": CACHED_LIMIT_PERCENT,
        },
        **found,
    }


def make_inputs(count: int) -> dict[str, Any]:
    """Return what the rig is given: the development bundle, and a SERVICE that each suite's organ signed."""
    keys = KeyRing.load(DEVELOPMENT_KEYS)
    return {
        "bundle": keys.bundle.hex(),
        "services": {name: _service(keys, suite).hex() for name, suite in SUITES.items()},
        "burst_us": BURST_US,
        "piece": PIECE,
        "rounds": max(count, LOOPS // PIECE),
    }


def _service(keys: KeyRing, suite: int) -> bytes:
    key = next(key for key in keys.keys if key.spec.purpose == "permit" and key.suite == suite)
    record = Service(
        suite=suite,
        list_division=410200,
        serial=7,
        issuing_division=key.spec.divisions[0],
        birth_day=from_iso("1956-04-12"),
        issue_day=from_iso("2025-06-15"),
        anchor_day=from_iso("2025-06-15"),
        residence_since=from_iso("2025-06-15"),
        endorsement_number=1,
        endorsement_kind=1,
        endorsement_day=from_iso("2026-06-10"),
        good_through=from_iso("2027-06-15"),
        permit_class=1,
        key_id=key.key_id,
        signature=bytes(SIGNATURE_SIZE),
    )
    record.signature = key.sign(SERVICE_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def figures(found: dict[str, Any]) -> dict[str, Any]:
    """Return a rig's result by suite, in units: hashing apart from `curve` and `cached`."""
    told: dict[str, Any] = {"unit_us": round(found["unit_us"], 3)}
    for name in SUITES:
        values, about = found["values"], found["about"][name]
        one = {what: values[f"{name} {what}"] for what in ("curve", "hash", "cold", "cached", "cached hash")}
        cold, cached = one["cold"] - one["hash"], one["cached"] - one["cached hash"]
        told[name] = {
            "curve": round(one["curve"]),
            "hash_blocks": about["hash_blocks"],
            "hash": round(one["hash"], 1),
            "cold": round(cold),
            "cached": round(cached, 1),
            "cached_percent": round(100 * cached / cold, 2) if cold > 0 else None,
            "cached_hash": round(one["cached hash"], 1),
            "table_bytes": about["table_bytes"],
            "table_ram_bytes": about["ram_bytes"],
            "table_from_flash": round(values[f"{name} table from flash"]),
        }
        block = values.get(f"{name} sm3 blocks")
        if block is not None:
            told[name]["hash_of_one_block"] = round(block / verify_rig.BLOCKS)
    return told


def missed_limits(found: dict[str, Any]) -> list[str]:
    """Return a sentence for each stated limit that the result of run() misses."""
    missed = []
    for runtime in ("cpython", "micropython"):
        for name in SUITES if runtime in found else ():
            one = found[runtime][name]
            if runtime == "micropython" and one["curve"] > CURVE_LIMIT:
                missed.append(
                    f"{runtime}, {name}: the curve takes {one['curve']} units, the limit is {CURVE_LIMIT}"
                )
            share = one["cached_percent"]
            if share is None or share > CACHED_LIMIT_PERCENT:
                missed.append(
                    f"{runtime}, {name}: a check from the cache takes {share} % of a cold one, "
                    f"the limit is {CACHED_LIMIT_PERCENT} %"
                )
    return missed
