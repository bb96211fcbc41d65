"""Builds list containers from rows (serial, status), serials rising, in bounded memory.

A row's status is one of VIEW_STATUSES; rows of valid serials may be left out. Rows are read once, however many, and
kept packed, on disk beyond 16 MiB. The same statuses give the same bytes everywhere: see list_packing.
ListRowsError for rows that cannot be listed, ListTooLongError beyond 4 MiB, MalformedObjectError for a container that
is none or does not belong to the other.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from ..lists.container import VIEW_HOSTS, VIEW_READERS, VIEW_STATUSES, LayeredList, PackedList
from ..records.list import ListBase, ListOverlay
from ..rules.decide import REVOKED_FOR_CAUSE, STATUS_REVOKED, STATUS_SUSPENDED, STATUS_VALID
from .errors import ListRowsError
from .list_packing import BASE_CROWD, OVERLAY_CROWD, Entries, pack

BASE_ID_SIZE = 8
REBASE_FRACTION = 3
"""A new base is due when the overlay is longer than the base divided by this."""

Rows = Iterable[tuple[int, int]]


def build_base(rows: Rows, division: int, highest_serial: int, view: int = VIEW_HOSTS) -> bytes:
    """Return the base of a division, whose newest serial is highest_serial."""
    with Entries(VIEW_STATUSES[view], highest_serial) as entries:
        for serial, status in rows:
            if status != STATUS_VALID:
                entries.add(serial, status)
        return pack(
            entries,
            lambda bits, codes: ListBase(view, division, highest_serial, entries.total, bits, codes),
            BASE_CROWD,
        )


def build_overlay(rows: Rows, base: bytes, highest_serial: int) -> bytes:
    """Return the overlay that makes of `base` what the rows say now; their statuses are of the base's view."""
    old = open_list(base)
    LayeredList(old)
    if highest_serial < old.highest_serial:
        raise ListRowsError(
            f"the highest serial was {old.highest_serial} in the base and cannot fall to {highest_serial}"
        )
    with Entries(VIEW_STATUSES[old.view], highest_serial) as entries:
        for serial, before, now in _joined(old.walk(), rows):
            if (before or STATUS_VALID) != (now or STATUS_VALID):
                entries.add(serial, now or STATUS_VALID)
        return pack(
            entries,
            lambda bits, codes: ListOverlay(
                old.view, old.division, highest_serial, entries.total, bits, codes, base_id(base)
            ),
            OVERLAY_CROWD,
        )


def merge(base: bytes, overlay: bytes) -> bytes:
    """Return the base that says what base and overlay say together, byte for byte as if built from rows."""
    newest = open_list(overlay)
    return build_base(rows_of(base, overlay), newest.division, newest.highest_serial, newest.view)


def should_rebase(base: bytes, overlay: bytes) -> bool:
    """Tell whether the overlay is longer than a third of the base."""
    return REBASE_FRACTION * len(overlay) > len(base)


def readers_base(base: bytes) -> bytes:
    """Return the readers' view of the hosts' base: whoever holds the one can make the other."""
    hosts = open_list(base)
    return build_base(for_readers(rows_of(base)), hosts.division, hosts.highest_serial, VIEW_READERS)


def readers_overlay(base: bytes, overlay: bytes) -> bytes:
    """Return the readers' overlay over readers_base(base), of the hosts' base and overlay."""
    rows = for_readers(rows_of(base, overlay))
    return build_overlay(rows, readers_base(base), open_list(overlay).highest_serial)


def for_readers(rows: Rows) -> Iterator[tuple[int, int]]:
    """Yield rows of the hosts' view without ground and cause."""
    plain = {STATUS_VALID: STATUS_VALID}
    for status in VIEW_STATUSES[VIEW_HOSTS][1:]:
        plain[status] = STATUS_SUSPENDED if status < REVOKED_FOR_CAUSE else STATUS_REVOKED
    for serial, status in rows:
        if status not in plain:
            raise ListRowsError(f"serial {serial}: {status:#04x} is no status of the hosts' view")
        yield serial, plain[status]


def base_id(base: bytes) -> bytes:
    """Return by what an overlay knows its base."""
    return sha256(base).digest()[:BASE_ID_SIZE]


def open_list(content: bytes) -> PackedList:
    """Open a container held in memory."""
    return PackedList(lambda offset, size: content[offset : offset + size], len(content))


def rows_of(base: bytes, overlay: bytes | None = None) -> Iterator[tuple[int, int]]:
    """Yield (serial, status) of every serial that is not valid now, serials rising."""
    old = open_list(base)
    if overlay is None:
        LayeredList(old)
        yield from old.walk()
        return
    changes = open_list(overlay)
    LayeredList(old, changes, base_id(base))
    for serial, before, now in _joined(old.walk(), changes.walk()):
        status = before if now is None else now
        if status:
            yield serial, status


def _joined(left: Rows, right: Rows) -> Iterator[tuple[int, int | None, int | None]]:
    """Yield every serial of either side once, rising, with what each side says, None where it says nothing."""
    lefts, rights = iter(left), iter(right)
    end = (1 << 32, 0)
    one, other = next(lefts, end), next(rights, end)
    while one is not end or other is not end:
        if one[0] < other[0]:
            yield one[0], one[1], None
            one = next(lefts, end)
        elif other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(rights, end)
        else:
            yield one[0], one[1], other[1]
            one, other = next(lefts, end), next(rights, end)
