"""The unit that benches count in, and their clock. Runs on both runtimes.

One 256-bit modular multiplication, `a = a * b % p` on locals, loop included: what a curve's check mostly consists of,
so that a figure in units says of another processor how long it will take there.
"""

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LOOPS = 100_000
PIECE = 10_000
"""Multiplications of one call: MicroPython's VM collects no garbage inside a call from JavaScript."""

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_A = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
_B = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5


def multiply(loops: int) -> int:
    """Multiply so many times."""
    a, b, p = _A, _B, _P
    for _ in range(loops):
        a = a * b % p
    return a


def clock_us() -> int:
    """Return microseconds that only rise; MicroPython's VM steps by whole milliseconds."""
    return _clock()


def median(values: "list[float]") -> float:
    """Return the middle one, or the mean of the two."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _new_clock() -> "Callable[[], int]":
    counter = getattr(time, "perf_counter_ns", None)
    if counter is not None:
        return lambda: counter() // 1000
    ticks, difference = time.ticks_us, time.ticks_diff  # type: ignore[attr-defined]  # MicroPython's own
    # Ticks wrap: what is added up are differences.
    seen: list[int] = [ticks(), 0]

    def clock() -> int:
        now = ticks()
        seen[1] += difference(now, seen[0])
        seen[0] = now
        return seen[1]

    return clock


_clock = _new_clock()
