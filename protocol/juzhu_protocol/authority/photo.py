"""The file PHOTO: the holder's portrait (14), a JPEG that a chip has room for."""

from ..card.conversation import MAX_PHOTO
from .errors import ApplicationError

_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"
"""JPEG's markers of an image's start and end (ITU-T T.81, table B.1)."""


def check_photo(raw: bytes) -> None:
    """Refuse what is no portrait that fits a card (14); no bytes are no portrait, which a card may have."""
    if len(raw) > MAX_PHOTO:
        raise ApplicationError(
            f"a portrait of {len(raw)} bytes, a card holds {MAX_PHOTO}: make it smaller (14)"
        )
    if raw and (len(raw) < len(_BEGIN + _END) or not raw.startswith(_BEGIN) or not raw.endswith(_END)):
        raise ApplicationError(
            "the portrait is no whole JPEG, from FFD8 to FFD9: give another file, or scan it again (14)"
        )
