"""The APDUs of Juzhu card profile 1 (ISO/IEC 7816-4, short form)."""

from ..errors import CardResponseError

AID = b"\xf0JUZHU\x01"
"""Proprietary application identifier, category 'F' (ISO/IEC 7816-5): ours, registered with nobody."""

SFI_INFO, SFI_SERVICE, SFI_ENDORSEMENTS, SFI_HOLDER, SFI_PHOTO, SFI_SECURITY = 1, 2, 3, 4, 5, 6
HOLDER_SIZE = 326
"""The 256 bytes of the public ID records, and the residence in 70 more (docs/adr/0015)."""

INS_SELECT, INS_READ_BINARY, INS_READ_RECORD = 0xA4, 0xB0, 0xB2
INS_GET_CHALLENGE, INS_MUTUAL_AUTHENTICATE, INS_INTERNAL_AUTHENTICATE = 0x84, 0x82, 0x88
INS_UPDATE_BINARY, INS_APPEND_RECORD = 0xD6, 0xE2

SW_OK = 0x9000
SW_AUTHENTICATION_FAILED = 0x6300
SW_RETRIES = 0x63C0
"""The lowest four bits say how many authentications may still fail in this field."""
SW_WRONG_LENGTH = 0x6700
SW_SECURITY_STATUS = 0x6982
SW_BLOCKED = 0x6983
SW_CONDITIONS = 0x6985
SW_NO_CURRENT_FILE = 0x6986
SW_NO_SM_OBJECT = 0x6987
SW_WRONG_SM_OBJECT = 0x6988
SW_FILE_NOT_FOUND = 0x6A82
SW_RECORD_NOT_FOUND = 0x6A83
SW_NO_ROOM = 0x6A84
SW_KEY_NOT_FOUND = 0x6A88
SW_WRONG_OFFSET = 0x6B00
SW_INS_UNKNOWN = 0x6D00
SW_CLA_UNKNOWN = 0x6E00
SW_WRONG_P1P2 = 0x6A86

MAX_RESPONSE = 258
"""256 bytes of data and the status word: the most that a short APDU may answer."""


def select(aid: bytes = AID) -> bytes:
    """Return SELECT by AID, no answer data asked for (7816-4, 11.2.2)."""
    return bytes([0x00, INS_SELECT, 0x04, 0x0C, len(aid)]) + aid


def read_binary(sfi: int, size: int = 0) -> bytes:
    """Return READ BINARY from a file's beginning by its SFI (7816-4, 11.3.3); size 0 asks for up to 256 bytes."""
    return bytes([0x00, INS_READ_BINARY, 0x80 | sfi, 0x00, size])


def read_on(offset: int, size: int) -> bytes:
    """Return READ BINARY of the file read last, from an offset below 32,768 (7816-4, 11.3.3)."""
    return bytes([0x00, INS_READ_BINARY, offset >> 8, offset & 0xFF, size])


def read_record(sfi: int, number: int) -> bytes:
    """Return READ RECORD of one record, counted from 1 (7816-4, 11.4.3)."""
    return bytes([0x00, INS_READ_RECORD, number, sfi << 3 | 0x04, 0x00])


def get_challenge(size: int) -> bytes:
    """Return GET CHALLENGE (7816-4, 11.5.3)."""
    return bytes([0x00, INS_GET_CHALLENGE, 0x00, 0x00, size])


def mutual_authenticate(role: int, data: bytes) -> bytes:
    """Return MUTUAL AUTHENTICATE by the key of a role (7816-4, 11.5.4)."""
    return bytes([0x00, INS_MUTUAL_AUTHENTICATE, 0x00, role, len(data)]) + data + b"\x00"


def internal_authenticate(challenge: bytes) -> bytes:
    """Return INTERNAL AUTHENTICATE by the card's own key (7816-4, 11.5.2)."""
    return bytes([0x00, INS_INTERNAL_AUTHENTICATE, 0x00, 0x00, len(challenge)]) + challenge + b"\x00"


def split_response(response: bytes) -> "tuple[bytes, int]":
    """Return (data, status word); CardResponseError for an answer that is no response APDU."""
    if not 2 <= len(response) <= MAX_RESPONSE:
        raise CardResponseError("a response APDU has 2 to %d bytes, not %d" % (MAX_RESPONSE, len(response)))
    return response[:-2], response[-2] << 8 | response[-1]
