"""One object on its way to a reader, step by step, and the memory of what the reader would not take."""

from dataclasses import dataclass

from juzhu_protocol.errors import StorageError, TrustError
from juzhu_protocol.link.objects import MAX_OBJECT_DATA, OBJECT_LIST, OBJECT_PROFILE, OBJECT_TRUST
from juzhu_protocol.records.link import ObjectBegin, ObjectCommit, ObjectData, ObjectResult

OBJECT_NAMES = {OBJECT_TRUST: "trust bundle", OBJECT_LIST: "list", OBJECT_PROFILE: "profile"}

FIRST_WAIT_MS = 2_000
LAST_WAIT_MS = 120_000
"""A refusal that stands costs a signature check on the reader each time: once in two minutes is bearable."""

_ERRORS: list[type[TrustError] | type[StorageError]] = [
    TrustError,
    *TrustError.__subclasses__(),
    StorageError,
]
_MEANINGS = {error.code: (error.__doc__ or "").split("\n")[0].rstrip(".") for error in _ERRORS}


def meaning(result: int) -> str:
    """Return an ObjectResult's result in words."""
    return _MEANINGS.get(result, f"a refusal of code {result} that this software does not know")


@dataclass(frozen=True)
class Offer:
    """An object that a reader may take; `number` rises: (version,) or (key epoch, sequence)."""

    kind: int
    number: tuple[int, ...]
    data: bytes
    manifest: bytes = b""

    def __str__(self) -> str:
        return f"{OBJECT_NAMES[self.kind]} {'.'.join(map(str, self.number))}"


class Push:
    """An offer under way: which request comes next, and what the reader's answers make of it."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self._begun = False
        self._committing = False
        self._offset = 0
        # A reader that sends us back and forth must not keep us busy for ever.
        self._steps_left = 4 * (len(offer.data) // MAX_OBJECT_DATA + 4)

    def request(self) -> tuple[int, bytes]:
        """Return kind and payload of the next request."""
        self._steps_left -= 1
        offer = self.offer
        if not self._begun:
            return ObjectBegin.TYPE, ObjectBegin(offer.kind, len(offer.data), offer.manifest).to_bytes()
        if self._offset >= len(offer.data):
            self._committing = True
            return ObjectCommit.TYPE, ObjectCommit(offer.kind).to_bytes()
        part = offer.data[self._offset : self._offset + MAX_OBJECT_DATA]
        return ObjectData.TYPE, ObjectData(offer.kind, self._offset, part).to_bytes()

    def answered(self, result: ObjectResult) -> str | None:
        """Take a reader's answer that is no refusal: None to go on, "" when all is done, else what is wrong."""
        if self._committing:
            return ""
        if result.offset > len(self.offer.data):
            return f"the reader asks for byte {result.offset} of {len(self.offer.data)}"
        if not self._steps_left:
            return "the reader takes no step forward"
        self._begun = True
        self._offset = result.offset
        return None


class Refusals:
    """What a reader refused, so that it is offered again only after a wait that doubles."""

    def __init__(self) -> None:
        self._waits: dict[int, tuple[Offer, str, int, int]] = {}

    def add(self, offer: Offer, why: str, now_ms: int) -> bool:
        """Remember a refusal; True when it is worth a line, that is, not the same as the one before."""
        before = self._waits.get(offer.kind)
        same = before is not None and before[0].number == offer.number
        wait = min(before[2] * 2, LAST_WAIT_MS) if before and same else FIRST_WAIT_MS
        self._waits[offer.kind] = (offer, why, wait, now_ms + wait)
        return not (before and same and before[1] == why)

    def may_offer(self, offer: Offer, now_ms: int) -> bool:
        """Whether this offer is a new one or has waited long enough."""
        before = self._waits.get(offer.kind)
        return before is None or before[0].number != offer.number or now_ms >= before[3]

    def forget(self, kind: int | None = None) -> None:
        """Forget the refusals of one kind of object, or all: the reader's state has changed."""
        if kind is None:
            self._waits.clear()
        else:
            self._waits.pop(kind, None)
