"""What a point of service says to a card, without I/O: select, INFO, mutual authentication, then the role's files.

Send `command` to the card and hand its answer to `receive`, None when the card went away, until `state` is no
longer RUNNING. A conversation believes nothing: what was read is judged by trust/.
"""

from ..errors import CardResponseError, RecordError, RecordVersionError, SecureMessagingError
from ..records.card import Info
from .apdu import (
    HOLDER_SIZE,
    SFI_ENDORSEMENTS,
    SFI_HOLDER,
    SFI_INFO,
    SFI_PHOTO,
    SFI_SECURITY,
    SFI_SERVICE,
    SW_BLOCKED,
    SW_FILE_NOT_FOUND,
    SW_KEY_NOT_FOUND,
    SW_OK,
    SW_RETRIES,
    get_challenge,
    internal_authenticate,
    mutual_authenticate,
    read_binary,
    read_on,
    read_record,
    select,
    split_response,
)
from .authentication import CHALLENGE_SIZE
from .keys import NO_EPOCH
from .sam import ANSWER_SIZE
from .secure_messaging import MAX_DATA, SecureChannel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Protocol

    from .authentication import SessionKeys
    from .secure_messaging import Cipher

    class Sam(Protocol):
        """A role's master keys, wherever they are (sam.py, sam_apdu.py); SamError when it cannot be reached."""

        role: int

        def begin(self, epoch: int, list_division: int, serial: int, card_challenge: bytes) -> "bytes | None":
            """Return the reader's challenge and token, 32 bytes; None when the epoch is not held."""

        def finish(self, answer: bytes) -> "SessionKeys | None":
            """Return the session's keys when the card's answer proves it, else None."""

    Talk = Generator[bytes, bytes, None]

RUNNING, DONE, TORN, NOT_OURS, BROKEN, NEWER, UNKNOWN_EPOCH, NOT_PROVEN = range(8)
"""Where a conversation stands: under way; all files read; the card went away; it has no such application; it
answers, but not as card profile 1 does; it is of a newer profile; the SAM lacks the epoch of its keys, or it has
none; card authentication failed, so that nothing was read but INFO."""

MAX_SERVICE, MAX_SECURITY, MAX_PHOTO = 255, 255, 4096
"""Bytes of each file, HOLDER's beside them; a card that goes on longer is none of ours."""


class _Ended(Exception):  # noqa: N818  # it ends a conversation and is no error
    """The conversation is over, in this state."""

    def __init__(self, state: int) -> None:
        super().__init__(state)
        self.state = state


class Conversation:
    """The part that all roles share. endorsements_held: how many the card says it holds, under its own MAC."""

    def __init__(self, sam: "Sam", new_cipher: "Callable[[bytes], Cipher] | None" = None) -> None:
        self._sam = sam
        self._new_cipher = new_cipher
        self._channel: "SecureChannel | None" = None
        self.state = RUNNING
        self.info = b""
        self.service = b""
        self.endorsements_held = 0
        self.apdus = 0
        self._talk = self._converse()
        self.command = next(self._talk)

    def receive(self, response: "bytes | None") -> None:
        """Take the card's answer to `command`.

        SamError, or whatever else the reader's SAM raises, when that fails; then the conversation is over (BROKEN).
        """
        if self.state != RUNNING:
            return
        self.apdus += 1
        if response is None:
            self.state = TORN
            return
        try:
            self.command = self._talk.send(response)
        except StopIteration:
            self.state = DONE
        except _Ended as end:
            self.state = end.state
        except (CardResponseError, SecureMessagingError):
            self.state = BROKEN
        except Exception:
            self.state = BROKEN
            raise

    def _read_files(self) -> "Talk":
        """Read what the role may; within the session."""
        raise NotImplementedError

    def _converse(self) -> "Talk":
        _, status = split_response((yield select()))
        if status != SW_OK:
            raise _Ended(NOT_OURS if status == SW_FILE_NOT_FOUND else BROKEN)
        self.info = _data((yield read_binary(SFI_INFO)))
        try:
            info = Info.from_bytes(self.info)
        except RecordVersionError:
            raise _Ended(NEWER)
        except RecordError:
            raise _Ended(BROKEN)
        challenge = _data((yield get_challenge(CHALLENGE_SIZE)))
        if len(challenge) != CHALLENGE_SIZE:
            raise _Ended(BROKEN)
        proof = None
        if info.card_key_epoch != NO_EPOCH:
            proof = self._sam.begin(info.card_key_epoch, info.list_division, info.serial, challenge)
        if proof is None:
            raise _Ended(UNKNOWN_EPOCH)
        answer, status = split_response((yield mutual_authenticate(self._sam.role, proof)))
        if status & 0xFFF0 == SW_RETRIES or status in (SW_BLOCKED, SW_KEY_NOT_FOUND):
            raise _Ended(NOT_PROVEN)
        if status != SW_OK or len(answer) != ANSWER_SIZE:
            raise _Ended(BROKEN)
        keys = self._sam.finish(answer)
        if keys is None:
            raise _Ended(NOT_PROVEN)
        self.endorsements_held = answer[0]
        cipher = self._new_cipher(keys.encryption) if self._new_cipher else None
        self._channel = SecureChannel(keys, cipher)
        yield from self._read_files()

    def _secured(self, command: bytes) -> "Generator[bytes, bytes, bytes]":
        assert self._channel is not None
        answer = yield self._channel.protect(command)
        data, status = self._channel.open_answer(answer)
        if status != SW_OK:
            raise _Ended(BROKEN)
        return data

    def _file(self, sfi: int, limit: int) -> "Generator[bytes, bytes, bytes]":
        """A whole file, in parts of MAX_DATA bytes; the first shorter part is the last."""
        data = part = yield from self._secured(read_binary(sfi, MAX_DATA))
        while len(part) == MAX_DATA and len(data) <= limit:
            part = yield from self._secured(read_on(len(data), MAX_DATA))
            data += part
        if len(data) > limit:
            raise _Ended(BROKEN)
        return data


class BusConversation(Conversation):
    """The bus's: SERVICE and nothing else, in the clear under a MAC."""

    def _read_files(self) -> "Talk":
        self.service = yield from self._file(SFI_SERVICE, MAX_SERVICE)


class CounterConversation(Conversation):
    """The counter's and the authority's: every file, encrypted, and the card's signature over a fresh challenge.

    new_cipher: AES-128 under a key. random: fit for challenges. The portrait is left out unless asked for.
    """

    def __init__(
        self,
        sam: "Sam",
        new_cipher: "Callable[[bytes], Cipher]",
        random: "Callable[[int], bytes]",
        *,
        with_photo: bool,
    ) -> None:
        self._with_photo = with_photo
        self.challenge = random(CHALLENGE_SIZE)
        self.challenge_signature = b""
        self.security = b""
        self.endorsements: "list[bytes]" = []
        self.holder = b""
        self.photo: "bytes | None" = None
        super().__init__(sam, new_cipher)

    def _read_files(self) -> "Talk":
        self.service = yield from self._file(SFI_SERVICE, MAX_SERVICE)
        self.security = yield from self._file(SFI_SECURITY, MAX_SECURITY)
        self.challenge_signature = yield from self._secured(internal_authenticate(self.challenge))
        for number in range(1, self.endorsements_held + 1):
            self.endorsements.append((yield from self._secured(read_record(SFI_ENDORSEMENTS, number))))
        self.holder = yield from self._file(SFI_HOLDER, HOLDER_SIZE)
        if self._with_photo:
            self.photo = yield from self._file(SFI_PHOTO, MAX_PHOTO)


def _data(response: bytes) -> bytes:
    data, status = split_response(response)
    if status != SW_OK:
        raise _Ended(BROKEN)
    return data
