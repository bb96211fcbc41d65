"""The virtual board inside the MicroPython VM: reader.mjs calls these functions, and nothing else runs here.

Only strings cross over: bytes as hex, numbers as decimals (the VM cuts JavaScript's numbers to 32 bits). Every
function returns what is to go out, a line each: "H" and a JSON message for the hardware, "L" and hex for the link.
"""

import json

from ..reader.board import REGIONS, VirtualBoard
from ..reader.config import ReaderConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Node(Protocol):
        """What reader.mjs lends: it answers None where this machine's storage failed."""

        def flashRead(self, region: str, offset: int, size: int) -> "str | None":  # noqa: N802  # JavaScript's style
            """Return `size` bytes as hex."""

        def flashWrite(self, region: str, offset: int, data: str) -> "bool | None":  # noqa: N802  # JavaScript's style
            """Write the bytes in hex `data`."""

        def randomHex(self, size: int) -> str:  # noqa: N802  # JavaScript's style
            """Return random bytes as hex."""


class NodeFlash:
    """Flash whose regions Node keeps as files."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def size(self, region: str) -> int:
        """Return the size of a region in bytes."""
        return REGIONS[region]

    def read(self, region: str, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes; OSError past the region's end."""
        data = self._node.flashRead(region, offset, size)
        if data is None:
            raise OSError(f"{region} ends before {offset + size} or cannot be read")
        return bytes.fromhex(data)

    def write(self, region: str, offset: int, data: bytes) -> None:
        """Replace the bytes from `offset` on; OSError past the region's end."""
        if offset + len(data) > REGIONS[region]:
            raise OSError(f"{region} ends before {offset + len(data)}")
        if self._node.flashWrite(region, offset, data.hex()) is None:
            raise OSError(f"{region} cannot be written")


_configs: "list[ReaderConfig]" = []
_boards: "list[VirtualBoard]" = []


def regions() -> str:
    """Return the regions of a reader's flash and their sizes as JSON."""
    return json.dumps(REGIONS)


def install(config: str) -> str:
    """Read the JSON that describes the reader; return what is wrong with it, "" for nothing."""
    try:
        _configs.append(ReaderConfig(json.loads(config)))
    except ValueError as error:
        return str(error)
    return ""


def start(node: "Node") -> str:
    """Make the reader that was installed."""
    board = VirtualBoard(_configs[0], NodeFlash(node), lambda size: bytes.fromhex(node.randomHex(size)))
    _boards.append(board)
    return _output()


def hardware(line: str, now_ms: str, unix: str) -> str:
    """Hand over one of the hardware's messages."""
    _boards[0].hardware(json.loads(line), int(now_ms), int(unix))
    return _output()


def link(data: str, now_ms: str, unix: str) -> str:
    """Hand over bytes from the host."""
    _boards[0].link(bytes.fromhex(data), int(now_ms), int(unix))
    return _output()


def link_lost() -> str:
    """Tell that the host's line went away."""
    _boards[0].link_lost()
    return _output()


def tick(now_ms: str, unix: str) -> str:
    """Let time pass."""
    _boards[0].tick(int(now_ms), int(unix))
    return _output()


def _output() -> str:
    lines = []
    for _, content in _boards[0].take_output():
        if isinstance(content, bytes):
            lines.append("L" + content.hex())
        else:
            lines.append("H" + json.dumps(content))
    return "\n".join(lines)
