"""Bench `chain`: milliseconds from card to answer on each runtime, and from suspension to refusal."""

import argparse
import logging
import statistics
import tempfile
from pathlib import Path
from typing import Any

from ..card import VirtualCard
from ..demo.cast import BACKGROUND_PERMITS
from ..demo.script import Script
from ..demo.stage import RUNTIMES, Stage
from ..demo.table import Silent
from ..micropython import missing

KBIT_S = 106.0
CARDS = ("66, in force", "suspended, ground 1", "signature forged")


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run it on a stage of its own and return the figures."""
    logging.getLogger().setLevel(logging.WARNING)
    runtimes = ["cpython"] if missing() else list(RUNTIMES)
    with tempfile.TemporaryDirectory(prefix="juzhu-bench-") as folder:
        async with Stage(Path(folder), runtimes, kbit_s=KBIT_S) as stage:
            await stage.ready()
            taps = {
                runtime: await _taps(stage, name, arguments.count) for name, runtime in stage.readers.items()
            }
            refusals = await _refusals(stage, arguments.count)
    return {
        "inputs": {
            "count": arguments.count,
            "kbit_s": KBIT_S,
            "background_permits": BACKGROUND_PERMITS,
            "broker": "amqtt, loopback",
        },
        "tap_ms": taps,
        "suspend_to_refusal_ms": refusals,
    }


def percentiles(values: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99 of at least two values, in milliseconds."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {name: round(cuts[at - 1], 1) for name, at in (("p50", 50), ("p95", 95), ("p99", 99))}


async def _taps(stage: Stage, reader: str, count: int) -> dict[str, Any]:
    found = {}
    for card in CARDS:
        results = [await stage.field.tap(reader, VirtualCard(stage.cast.images[card])) for _ in range(count)]
        found[card] = percentiles([result.milliseconds for result in results])
        found[card]["apdus"] = results[0].apdus
    return found


async def _refusals(stage: Stage, count: int) -> dict[str, float]:
    script = Script(stage, Silent())
    waits = []
    for _ in range(count):
        waits.append(await script.change_and_wait("suspend", "suspended while it runs"))
        await script.change_and_wait("restore", "suspended while it runs")
    return percentiles([wait for wait in waits if wait is not None])
