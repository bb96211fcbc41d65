"""The plain list: serials in rising order, each with its status, searched in place.

Content: a ListHeader record, then for each exception its serial (u32) and its status (u8). Never opened
before its manifest's hash held: see trust/manifest.py.
"""

from ..errors import MalformedObjectError, RecordError
from ..records.trust import ListHeader
from ..rules.decide import STATUS_REVOKED, STATUS_SUSPENDED, STATUS_VALID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HEADER_SIZE = 13
ENTRY_SIZE = 5


class StatusList:
    """Looks serials up through `read(offset, size) -> bytes`, a few bytes at a time.

    highest_serial is the newest serial that the list knows of; a higher one is judged on its signature.
    """

    def __init__(self, read: "Callable[[int, int], bytes]", length: int) -> None:
        self._read = read
        try:
            header = ListHeader.from_bytes(read(0, HEADER_SIZE))
        except RecordError as error:
            raise MalformedObjectError("list header: " + str(error))
        if length != HEADER_SIZE + header.entries * ENTRY_SIZE:
            raise MalformedObjectError("a list of %d entries has not %d bytes" % (header.entries, length))
        self.division = header.list_division
        self.highest_serial = header.highest_serial
        self.entries = header.entries

    def status(self, serial: int) -> int:
        """Return STATUS_VALID, STATUS_SUSPENDED or STATUS_REVOKED; MalformedObjectError on damage."""
        low, high = 0, self.entries
        while low < high:
            middle = (low + high) // 2
            entry = self._read(HEADER_SIZE + middle * ENTRY_SIZE, ENTRY_SIZE)
            found = int.from_bytes(entry[:4], "big")
            if found == serial:
                if entry[4] not in (STATUS_SUSPENDED, STATUS_REVOKED):
                    raise MalformedObjectError("entry %d of the list has status %d" % (middle, entry[4]))
                return entry[4]
            if found < serial:
                low = middle + 1
            else:
                high = middle
        return STATUS_VALID


def build_list(division: int, highest_serial: int, exceptions: "dict[int, int]") -> bytes:
    """Return the content of a list; `exceptions` maps serials to their status, valid ones left out."""
    out = bytearray(ListHeader(division, highest_serial, len(exceptions)).to_bytes())
    for serial in sorted(exceptions):
        if exceptions[serial] not in (STATUS_SUSPENDED, STATUS_REVOKED) or not 0 < serial <= highest_serial:
            raise ValueError("serial %d cannot be listed with status %d" % (serial, exceptions[serial]))
        out += serial.to_bytes(4, "big") + exceptions[serial].to_bytes(1, "big")
    return bytes(out)
