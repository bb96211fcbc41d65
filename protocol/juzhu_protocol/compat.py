"""The only place that asks which runtime this is."""

import gc
import sys

CPYTHON, MICROPYTHON = 1, 2
RUNTIME = MICROPYTHON if sys.implementation.name == "micropython" else CPYTHON
"""The runtime's code, as in the Status record."""

RUNTIME_NAMES = {CPYTHON: "cpython", MICROPYTHON: "micropython"}


def free_heap() -> int:
    """Return the free bytes of the heap, or 0 where the runtime has no fixed heap."""
    if RUNTIME == MICROPYTHON:
        gc.collect()
        return gc.mem_free()  # type: ignore[attr-defined, no-any-return]  # MicroPython's own
    return 0
