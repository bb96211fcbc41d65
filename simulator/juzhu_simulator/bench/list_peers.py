"""What the same statuses weigh in other exact forms; each is the form's own bytes, no index or signature added."""

import lzma
import zlib

from juzhu_protocol.lists.container import VIEW_HOSTS, VIEW_STATUSES

from .list_data import Rows

LZMA_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 23}]
"""xz -9e, its dictionary no longer than any of our inputs."""


def sizes(serials: int, rows: Rows) -> dict[str, int | None]:
    """Return the bytes of each form, None where what makes it is not installed."""
    halves = status_list(serials, rows)
    return {
        "uint32_uint8": 5 * len(rows),
        "token_status_list_4_bit_zlib_9": len(zlib.compress(halves, 9)),
        "token_status_list_4_bit_xz_9e": len(lzma.compress(halves, lzma.FORMAT_XZ, filters=LZMA_FILTERS)),
        "roaring_a_status": roaring(rows),
    }


def status_list(serials: int, rows: Rows) -> bytes:
    """Return the IETF Token Status List of four bits a serial, the lower half of a byte first, not compressed."""
    numbers = {status: number for number, status in enumerate(VIEW_STATUSES[VIEW_HOSTS])}
    halves = bytearray((serials + 1) // 2)
    for serial, status in rows:
        halves[(serial - 1) >> 1] |= numbers[status] << 4 * ((serial - 1) & 1)
    return bytes(halves)


def roaring(rows: Rows) -> int | None:
    """Return the bytes of one optimised Roaring bitmap a status, None without pyroaring."""
    try:
        from pyroaring import BitMap
    except ImportError:
        return None
    total = 0
    for wanted in sorted({status for _, status in rows}):
        bitmap = BitMap([serial for serial, status in rows if status == wanted])
        bitmap.run_optimize()
        total += len(bitmap.serialize())
    return total
