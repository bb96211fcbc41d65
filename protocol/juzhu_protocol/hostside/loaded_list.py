"""A list held open for many lookups: half a byte a serial in memory, 5 MB for ten million.

What a host with a queue of requests uses in place of LayeredList, whose answers it gives.
"""

from ..lists.container import VIEW_STATUSES, LayeredList
from ..rules.decide import STATUS_VALID


class LoadedList:
    """The statuses of base and overlay, each looked up in constant time; MalformedObjectError when loading fails."""

    def __init__(self, layered: LayeredList) -> None:
        self.view = layered.view
        self.division = layered.division
        self.highest_serial = layered.highest_serial
        self._statuses = VIEW_STATUSES[layered.view]
        numbers = {status: number for number, status in enumerate(self._statuses)}
        halves = self._halves = bytearray(layered.highest_serial // 2 + 1)
        for serial, status in layered.changes():
            shift = 4 * (serial & 1)
            halves[serial >> 1] = halves[serial >> 1] & ~(15 << shift) | numbers[status] << shift

    def status(self, serial: int) -> int:
        """Return the status of a serial; STATUS_VALID for one that is not listed."""
        if not 0 < serial <= self.highest_serial:
            return STATUS_VALID
        return self._statuses[self._halves[serial >> 1] >> 4 * (serial & 1) & 15]
