"""Bench `tap`: the reader's whole work from card found to verdict, on each runtime, in milliseconds and units.

Air time and hashing stand apart: the card's time on the air is computed, the hashes of a tap are done once more.
"""

import argparse
import asyncio
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.list_signing import sign_manifest
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.card.conversation import DONE, RUNNING, BusConversation
from juzhu_protocol.card.keys import ROLE_BUS
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.crypto.signature import SUITES
from juzhu_protocol.lists.plain import build_list
from juzhu_protocol.rules.calendar import add_years
from juzhu_protocol.rules.decide import STATUS_SUSPENDED
from juzhu_protocol.trust.verified import RECORDS_KEPT

from ..card import VirtualCard, air_time, bytes_on_air
from ..demo.cast import DIVISION, TODAY, key_specs
from ..micropython import missing
from ..population import Population, noon
from ..reader.board import REGIONS
from . import code_size, tap_rig
from .rigs import run_here, run_in_vm

KBIT_S = 106.0
HIGHEST_SERIAL = 1_000_000
EXCEPTIONS = 20_000
BURST_US = 100_000
"""Each value is measured over at least this long: the VM's clock steps by whole milliseconds."""

CHALLENGE = bytes(range(16))
SEED = 20171230


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run it on both runtimes and return the figures."""
    with tempfile.TemporaryDirectory(prefix="juzhu-bench-") as name:
        folder = Path(name)
        inputs, air = make_inputs(folder, arguments.count)
        program = code_size.compiler()
        sizes = code_size.compile_all(program, folder / "lib") if program else None
        found = {"cpython": figures(await asyncio.to_thread(run_here, tap_rig, inputs))}
        if not missing():
            found["micropython"] = figures(
                await run_in_vm("tap_rig", inputs, folder / "lib" if sizes is not None else None)
            )
    return {
        "inputs": {
            "count": arguments.count,
            "burst_ms": BURST_US / 1000,
            "kbit_s": KBIT_S,
            "list_serials": HIGHEST_SERIAL,
            "list_exceptions": EXCEPTIONS,
            "list_bytes": len(inputs["list"]) // 2,
            "bundle_bytes": len(inputs["bundle"]) // 2,
            "verified_records": RECORDS_KEPT,
        },
        "air": air,
        **found,
        "mpy_bytes": mpy_bytes(sizes),
    }


def make_inputs(folder: Path, count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the rig is given, and what a conversation is on the air, by suite."""
    keys = KeyRing.make(folder / "keys", key_specs(), noon(TODAY - 30))
    masters = {sam.epoch: sam.master(ROLE_BUS) for sam in keys.sams.values()}
    cards, air = {}, {}
    with Registry(folder / "registry.db", create=True) as registry:
        population = Population(registry, keys, SEED)
        for name, suite in SUITES.items():
            permit = population.issue(add_years(TODAY, -66), TODAY - 100, suite=suite)
            image = registry.card_image(permit.list_division, permit.serial, keys)
            exchanges = converse(image, masters)
            cards[name] = [response.hex() for _, response in exchanges]
            air[name] = on_air(exchanges)
    content = build_list(DIVISION, HIGHEST_SERIAL, dict.fromkeys(_spread(EXCEPTIONS), STATUS_SUSPENDED))
    inputs = {
        "regions": REGIONS,
        "code": code_size.CARRIED,
        "now": noon(TODAY),
        "roots": {
            "suite": keys.roots.suite,
            "threshold": keys.roots.threshold,
            "keys": [key.hex() for key in keys.roots.public_keys.values()],
        },
        "bus_masters": {str(epoch): master.hex() for epoch, master in masters.items()},
        "challenge": CHALLENGE.hex(),
        "bundle": keys.bundle.hex(),
        "list": content.hex(),
        "manifest": _manifest(keys, content).hex(),
        "cards": cards,
        "verified_records": RECORDS_KEPT,
        "burst_us": BURST_US,
        "count": count,
    }
    return inputs, air


def converse(image: CardImage, masters: dict[int, bytes]) -> list[tuple[bytes, bytes]]:
    """Return each command and its answer of a whole conversation of a bus whose challenge is CHALLENGE."""
    card = VirtualCard(image)
    conversation = BusConversation(SoftwareSam(ROLE_BUS, masters, lambda size: CHALLENGE[:size]))
    exchanges = []
    while conversation.state == RUNNING:
        command = conversation.command
        response = card.transmit(command)
        exchanges.append((command, response))
        conversation.receive(response)
    assert conversation.state == DONE
    return exchanges


def on_air(exchanges: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return what these commands and answers are on the air."""
    return {
        "apdus": len(exchanges),
        "bytes": sum(len(command) + len(response) for command, response in exchanges),
        "bytes_with_framing": sum(bytes_on_air(*exchange) for exchange in exchanges),
        "ms": round(sum(air_time(*exchange, KBIT_S) for exchange in exchanges) * 1000, 1),
    }


def figures(found: dict[str, Any]) -> dict[str, Any]:
    """Return a rig's result in milliseconds and units, and the heap's growth from stage to stage."""
    told: dict[str, Any] = {"unit_us": round(found["unit_us"], 3)}
    for suite in SUITES:
        taps = found["taps"][suite]
        # MicroPython's dicts keep no order.
        told[suite] = {how: _tap_figures(**taps[how]) for how in ("cold", "warm")}
    heap = found["heap"]
    if heap:
        grown = {stage: used - before for (_, before), (stage, used) in pairwise(heap)}
        told["heap_bytes"] = {**grown, "total": heap[-1][1] - heap[0][1]}
    return told


def _tap_figures(tap: dict[str, float], hashing: dict[str, float]) -> dict[str, Any]:
    def both(us: float, units: float) -> dict[str, float]:
        return {"ms": round(us / 1000, 3), "units": round(units)}

    told: dict[str, Any] = {
        **both(tap["us"], tap["units"]),
        "without_hashing": both(tap["us"] - hashing["us"], tap["units"] - hashing["units"]),
        "hashing": {
            **both(hashing["us"], hashing["units"]),
            "sha256_blocks": hashing["sha256_blocks"],
            "sm3_blocks": hashing["sm3_blocks"],
        },
    }
    if "allocated" in tap:
        told["allocated_bytes"] = tap["allocated"]
    return told


def mpy_bytes(sizes: dict[str, int] | None) -> dict[str, Any] | None:
    """Return the compiled code's bytes by package and in total, None where nothing could compile it."""
    if sizes is None:
        return None
    packages = {name for name, file in code_size.imported_files().items() if file.name == "__init__.py"}
    return {
        "files": len(sizes),
        "packages": code_size.by_package(sizes, packages),
        "total": sum(sizes.values()),
    }


def _spread(count: int) -> range:
    """So many serials, evenly, neither of a card of ours."""
    step = HIGHEST_SERIAL // count
    return range(step, step * count + 1, step)


def _manifest(keys: KeyRing, content: bytes) -> bytes:
    key = keys.list_key(DIVISION, TODAY)
    return sign_manifest(key, DIVISION, 1, noon(TODAY) - 3600, content)
