"""A process of its own that builds one base and says what it took: `python -m juzhu_simulator.bench.list_build`.

Arguments: the highest serial and a file of the listed rows, five bytes each (serial, status). It reads the file piece
by piece and gives the builder a row for every serial, the valid ones too. Prints seconds, bytes, SHA-256 and the
process's highest memory.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from juzhu_protocol.authority.list_builder import build_base

ROW_SIZE = 5
PIECE = 4096
DIVISION = 410200


def listed(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the rows of the file."""
    with path.open("rb") as file:
        while data := file.read(ROW_SIZE * PIECE):
            for at in range(0, len(data), ROW_SIZE):
                yield int.from_bytes(data[at : at + 4], "big"), data[at + 4]


def every(highest_serial: int, rows: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield a row for every serial."""
    serial = 1
    for found, status in rows:
        for valid in range(serial, found):
            yield valid, 0
        yield found, status
        serial = found + 1
    for valid in range(serial, highest_serial + 1):
        yield valid, 0


def peak_memory() -> int:
    """Return the most bytes that this process ever had in memory."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would tell the parent's figure too, which exec leaves standing.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(arguments: list[str]) -> int:
    """Build it and print one JSON object."""
    highest_serial, path = int(arguments[0]), Path(arguments[1])
    started = time.perf_counter()
    content = build_base(every(highest_serial, listed(path)), DIVISION, highest_serial)
    seconds = time.perf_counter() - started
    found = {
        "seconds": round(seconds, 2),
        "peak_bytes": peak_memory(),
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
