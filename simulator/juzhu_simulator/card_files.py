"""The files of a virtual card, who may read or write each, and what a refused command answers."""

from collections.abc import Sequence
from typing import Protocol

from juzhu_protocol.authority.errors import CardImageError
from juzhu_protocol.card import apdu
from juzhu_protocol.card.conversation import MAX_PHOTO, MAX_SECURITY, MAX_SERVICE
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.card.secure_messaging import MAX_DATA

NOBODY = 0
"""The role of whoever has no session."""

_EVERYONE = (NOBODY, ROLE_BUS, ROLE_COUNTER, ROLE_AUTHORITY)
_IN_SESSION = (ROLE_BUS, ROLE_COUNTER, ROLE_AUTHORITY)
_SERVED = (ROLE_COUNTER, ROLE_AUTHORITY)

READERS = {
    apdu.SFI_INFO: _EVERYONE,
    apdu.SFI_SERVICE: _IN_SESSION,
    apdu.SFI_ENDORSEMENTS: _SERVED,
    apdu.SFI_HOLDER: _SERVED,
    apdu.SFI_PHOTO: _SERVED,
    apdu.SFI_SECURITY: _SERVED,
}
"""Which roles may read a file; the authority alone writes, and only SERVICE and ENDORSEMENTS."""

SIGNATURE_ROLES = _SERVED
"""Whom the chip's own signature is for: a bus learns nothing from it that it needs."""

MAX_INFO = 255
MAX_RECORDS = 255
"""A card states in one byte how many endorsements it holds."""


class Image(Protocol):
    """What a virtual card needs of a card image (authority/card_image.py)."""

    @property
    def info(self) -> bytes:
        """Return the file INFO."""

    @property
    def service(self) -> bytes:
        """Return the file SERVICE."""

    @property
    def endorsements(self) -> Sequence[bytes]:
        """Return the records of ENDORSEMENTS, oldest first."""

    @property
    def holder(self) -> bytes:
        """Return the file HOLDER."""

    @property
    def photo(self) -> bytes:
        """Return the file PHOTO, empty when there is none."""

    @property
    def security(self) -> bytes:
        """Return the file SECURITY."""

    @property
    def card_keys(self) -> bytes:
        """Return the chip's CardKeys record, empty for a chip without keys."""


class RefusedError(Exception):
    """The command ends with this status word and no data."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04x}")
        self.status = status


class CardFiles:
    """What a chip keeps without power, its keys apart. A write is whole or not there at all."""

    def __init__(self, image: Image) -> None:
        """CardImageError for an image that no chip of this profile has room for."""
        self._files = {
            apdu.SFI_INFO: image.info,
            apdu.SFI_SERVICE: image.service,
            apdu.SFI_HOLDER: image.holder,
            apdu.SFI_PHOTO: image.photo,
            apdu.SFI_SECURITY: image.security,
        }
        limits = (MAX_INFO, MAX_SERVICE, apdu.HOLDER_SIZE, MAX_PHOTO, MAX_SECURITY)
        for (sfi, content), limit in zip(self._files.items(), limits, strict=True):
            if len(content) > limit:
                raise CardImageError(f"file {sfi} has {len(content)} bytes, a chip has room for {limit}")
        self._records = list(image.endorsements)
        if len(self._records) > MAX_RECORDS or any(len(record) > MAX_DATA for record in self._records):
            raise CardImageError(f"a chip has room for {MAX_RECORDS} endorsements of {MAX_DATA} bytes each")

    @property
    def info(self) -> bytes:
        """The file INFO."""
        return self._files[apdu.SFI_INFO]

    @property
    def service(self) -> bytes:
        """The file SERVICE as it is now."""
        return self._files[apdu.SFI_SERVICE]

    @property
    def endorsements(self) -> tuple[bytes, ...]:
        """The records of ENDORSEMENTS as they are now."""
        return tuple(self._records)

    def read(self, role: int, sfi: int, offset: int, size: int) -> bytes:
        """Return up to `size` bytes of a transparent file, none from its very end; RefusedError."""
        if sfi not in self._files:
            raise RefusedError(apdu.SW_FILE_NOT_FOUND)
        _refuse_unless(role in READERS[sfi])
        content = self._files[sfi]
        if offset > len(content):
            raise RefusedError(apdu.SW_WRONG_OFFSET)
        return content[offset : offset + size]

    def read_record(self, role: int, sfi: int, number: int) -> bytes:
        """Return a record, counted from 1; RefusedError."""
        if sfi != apdu.SFI_ENDORSEMENTS:
            raise RefusedError(apdu.SW_FILE_NOT_FOUND)
        _refuse_unless(role in READERS[sfi])
        if not 1 <= number <= len(self._records):
            raise RefusedError(apdu.SW_RECORD_NOT_FOUND)
        return self._records[number - 1]

    def update(self, role: int, sfi: int, content: bytes) -> None:
        """Replace a whole file; RefusedError."""
        if sfi not in self._files:
            raise RefusedError(apdu.SW_FILE_NOT_FOUND)
        _refuse_unless(role == ROLE_AUTHORITY and sfi == apdu.SFI_SERVICE)
        self._files[sfi] = content

    def append(self, role: int, sfi: int, record: bytes) -> None:
        """Add a record after the last; RefusedError."""
        if sfi != apdu.SFI_ENDORSEMENTS:
            raise RefusedError(apdu.SW_FILE_NOT_FOUND)
        _refuse_unless(role == ROLE_AUTHORITY)
        if len(self._records) == MAX_RECORDS or len(record) > MAX_DATA:
            raise RefusedError(apdu.SW_NO_ROOM)
        self._records.append(record)


def _refuse_unless(allowed: bool) -> None:
    if not allowed:
        raise RefusedError(apdu.SW_SECURITY_STATUS)
