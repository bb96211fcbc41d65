"""Measures look-ups in the list container the same way on CPython and inside the MicroPython VM.

begin(inputs) and then step() until it returns a result, both JSON. The unit is measured before and after each burst,
since other programs change the pace; a value in units is the median over the rounds. The lists are bytes in RAM: a
flash chip's reading time is not in the figures.
"""

import gc
import json
from hashlib import sha256

from juzhu_protocol.rules.decide import STATUS_VALID

from .unit import clock_us, median, multiply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from juzhu_protocol.lists.container import LayeredList, PackedList

_NO_TIME_US = 0.001
"""Two pieces may be over before the VM's clock steps."""

_running: "list[Iterator[str]]" = []


def begin(text: str) -> None:
    """Take the inputs; a rig that runs already is forgotten."""
    _running[:] = [_run(json.loads(text))]


def step() -> str:
    """Do the next piece of work; return "" while there is more, and the result at the end."""
    return next(_running[0])


def _run(inputs: "dict[str, Any]") -> "Iterator[str]":
    base, overlay = bytes.fromhex(inputs["base"]), bytes.fromhex(inputs["overlay"])
    serials, expected = inputs["serials"], inputs["statuses"]
    used: list[int] = []
    yield from _weigh(used)
    # Imported here, so that what the code weighs can be seen.
    from juzhu_protocol.lists import container

    yield from _weigh(used)
    lower = container.PackedList(reader_of(base), len(base))
    yield from _weigh(used)
    upper = container.PackedList(reader_of(overlay), len(overlay))
    layered = container.LayeredList(lower, upper, sha256(base).digest()[:8])
    yield from _weigh(used)
    if [layered.status(serial) for serial in serials] != expected:
        raise ValueError("the rig's list gives a wrong answer")
    works = _works(lower, layered)
    found: dict[str, list[float]] = {name: [] for name in works}
    units: list[float] = []
    for _ in range(inputs["rounds"]):
        for name, work in works.items():
            yield ""
            before = _burst(inputs["piece"])
            yield ""
            started = clock_us()
            for serial in serials:
                work(serial)
            took = clock_us() - started
            yield ""
            after = _burst(inputs["piece"])
            found[name].append(2 * took / len(serials) / max(before + after, _NO_TIME_US))
            units.append(before)
    result: dict[str, Any] = {name: median(values) for name, values in found.items()}
    result["unit_us"] = median(units)
    result["heap"] = used
    yield json.dumps(result)


def reader_of(content: bytes) -> "Callable[[int, int], bytes]":
    """Return a read of bytes in RAM."""
    return lambda offset, size: content[offset : offset + size]


def _works(lower: "PackedList", layered: "LayeredList") -> "dict[str, Callable[[int], int]]":
    def nothing(serial: int) -> int:  # noqa: ARG001  # a look-up that looks nothing up
        return STATUS_VALID

    return {"nothing": nothing, "base": lower.find, "base_and_overlay": layered.status}


def _burst(piece: int) -> float:
    started = clock_us()
    multiply(piece)
    return (clock_us() - started) / piece


def _weigh(used: "list[int]") -> "Iterator[str]":
    """Note the heap in use, where the runtime tells it."""
    asked = getattr(gc, "mem_alloc", None)
    gc.collect()
    # What was asked for is done when the call from JavaScript has returned.
    yield ""
    if asked is not None:
        used.append(asked())
