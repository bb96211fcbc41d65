"""The host's part of the link to one reader, without I/O: bytes and time in, actions out.

    at the start, every 2 s, and when the reader restarted    HELLO -> STATUS
    STATUS shows an older bundle, else profile, else list     BEGIN, DATA ..., COMMIT
    TAP       -> StoreTap; TAP_STORED is sent by tap_stored() alone
    DISPLAY   -> ShowDisplay, ACK

Nothing that a reader says is believed but that it is a reader's word: what it holds is only a hint what to push.
"""

import logging
from dataclasses import dataclass

from juzhu_protocol.errors import RecordError
from juzhu_protocol.link.events import LinkEvent, RequestFailed, RequestReceived, ResponseReceived
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.link.objects import OBJECT_LIST, OBJECT_PROFILE, OBJECT_TRUST
from juzhu_protocol.records.link import Ack, Display, Hello, ObjectResult, Status, Tap, TapStored

from .holdings import Holdings
from .notes import Note, Throttle, clean
from .reader_push import Offer, Push, Refusals, meaning

HELLO_EVERY_MS = 2_000

SILENT_HELLOS = 2
"""After so many HELLOs without an answer, each sent for 5 s, the port is opened anew."""

MAX_TOLD = 32
"""Different lines about a reader's faults on one connection: it chooses their texts, so they must have an end."""


@dataclass(frozen=True)
class LookUpTaps:
    """Find the highest tap stored of this ring, then call taps_known()."""

    reader_id: bytes
    ring_id: int


@dataclass(frozen=True)
class StoreTap:
    """Keep this tap for good, then call tap_stored(); on failure tap_failed()."""

    reader_id: bytes
    ring_id: int
    index: int
    raw: bytes
    request: RequestReceived


@dataclass(frozen=True)
class ShowDisplay:
    """The staff's line."""

    display: Display


@dataclass(frozen=True)
class ShowStatus:
    """What the reader says that it is and holds."""

    status: Status


@dataclass(frozen=True)
class HangUp:
    """The reader does not answer: close the port and open it again."""

    why: str


Action = LookUpTaps | StoreTap | ShowDisplay | ShowStatus | Note | HangUp
Actions = list[Action]


class ReaderSession:
    """Serves one reader over as many connections as it takes. `now_ms` never goes back.

    `session` is random and new in every life of the program. After every call ask data_to_send() whenever the
    port can take more, and call tick() at next_deadline_ms().
    """

    def __init__(self, session: int, holdings: Holdings) -> None:
        self._machine = LinkMachine(session)
        self._holdings = holdings
        self._connected = False
        self._status: Status | None = None
        self._peer: int | None = None
        self._ring = (b"", 0, 0)
        self._hello: int | None = None
        self._hello_at = 0
        self._silent = 0
        self._push: Push | None = None
        self._push_ticket: int | None = None
        self._refusals = Refusals()
        # Said to be taken into use: (kind, number), until the next STATUS bears it out.
        self._taken: Offer | None = None
        self._early_tap: RequestReceived | None = None
        self._told: set[str] = set()
        self._throttle = Throttle()

    @property
    def status(self) -> Status | None:
        """What the reader on this connection last said, None before it said anything."""
        return self._status

    def stats(self) -> list[tuple[str, int]]:
        """Return the link's counters."""
        return self._machine.stats.items()

    def connected(self, now_ms: int) -> Actions:
        """The port is open."""
        self._connected = True
        self._silent = 0
        return self._restart(now_ms)

    def disconnected(self) -> None:
        """The port is gone, and with it what was under way."""
        self._connected = False
        self._machine.reset()
        self._forget()

    def offer(self, holdings: Holdings, now_ms: int) -> Actions:
        """The host holds something else now: push it at once to a reader that lacks it."""
        self._holdings = holdings
        return self._next_push(now_ms)

    def receive(self, data: bytes, now_ms: int) -> Actions:
        """Take bytes from the port."""
        return self._take(self._machine.receive_data(data, now_ms), now_ms)

    def tick(self, now_ms: int) -> Actions:
        """Let time pass."""
        if not self._connected:
            return []
        actions = self._take(self._machine.tick(now_ms), now_ms)
        if self._hello is None and now_ms >= self._hello_at:
            self._say_hello(now_ms)
        return actions + self._next_push(now_ms)

    def next_deadline_ms(self) -> int | None:
        """When tick() has something to do, None while there is no port."""
        if not self._connected:
            return None
        times = [self._hello_at] if self._hello is None else []
        deadline = self._machine.next_deadline_ms()
        if deadline is not None:
            times.append(deadline)
        return min(times, default=None)

    def data_to_send(self) -> bytes:
        """Return what to write to the port now; ask again when the port has taken it."""
        return self._machine.data_to_send()

    def taps_known(self, action: LookUpTaps, highest: int) -> Actions:
        """The store has this ring up to `highest`."""
        if self._ring[:2] == (action.reader_id, action.ring_id):
            self._ring = (action.reader_id, action.ring_id, max(highest, self._ring[2]))
        return []

    def tap_stored(self, action: StoreTap, is_new: bool) -> Actions:
        """The tap is stored for good, now or (not `is_new`) before: tell the reader."""
        index = action.index
        if self._ring[:2] == (action.reader_id, action.ring_id):
            # A tap sent a second time: the reader lost its place, and all that is stored need not come again.
            index = index if is_new else max(index, self._ring[2])
            self._ring = (action.reader_id, action.ring_id, max(index, self._ring[2]))
        self._machine.send_response(action.request, TapStored(index).to_bytes())
        return []

    def tap_failed(self, action: StoreTap, error: str) -> Actions:
        """The tap could not be stored: the reader is told nothing, keeps it and sends it again."""
        return self._once(logging.ERROR, f"a tap could not be stored: {error} The reader keeps it")

    def _restart(self, now_ms: int) -> Actions:
        self._forget()
        self._say_hello(now_ms)
        return []

    def _forget(self) -> None:
        """What is known of the reader was another life's, or another reader's."""
        self._status = None
        self._peer = None
        self._hello = self._push_ticket = None
        self._push = None
        self._taken = None
        self._early_tap = None
        self._refusals.forget()
        self._told.clear()

    def _once(self, level: int, text: str) -> Actions:
        if text in self._told or len(self._told) > MAX_TOLD:
            return []
        self._told.add(text)
        if len(self._told) > MAX_TOLD:
            return [Note(logging.WARNING, "it has had many faults; no more are told until it connects anew")]
        return [Note(level, text)]

    def _say_hello(self, now_ms: int) -> None:
        _, ring_id, stored = self._ring
        self._hello = self._machine.send_request(Hello.TYPE, Hello(ring_id, stored).to_bytes(), now_ms)

    def _take(self, events: list[LinkEvent], now_ms: int) -> Actions:
        actions: Actions = []
        for event in events:
            if isinstance(event, RequestReceived):
                actions.extend(self._asked(event, now_ms))
            elif isinstance(event, ResponseReceived | RequestFailed):
                if event.ticket == self._hello:
                    actions.extend(self._hello_ended(event, now_ms))
                elif event.ticket == self._push_ticket:
                    actions.extend(self._step_ended(event, now_ms))
        return actions

    def _asked(self, request: RequestReceived, now_ms: int) -> Actions:
        actions: Actions = []
        if self._peer is not None and request.session != self._peer:
            self._machine.reset()
            self._restart(now_ms)
            line = self._throttle.line("restarts", "the reader restarted", now_ms / 1000)
            if line:
                actions.append(Note(logging.INFO, line))
        self._peer = request.session
        if request.kind == Tap.TYPE:
            # Whose tap it is, the STATUS says: until then it waits, and the reader with it.
            if self._status is None:
                self._early_tap = request
                return actions
            return actions + self._tap(request, self._status)
        if request.kind == Display.TYPE:
            return actions + self._display(request)
        return actions + self._once(logging.WARNING, f"ignored a request of unknown kind {request.kind}")

    def _tap(self, request: RequestReceived, status: Status) -> Actions:
        try:
            tap = Tap.from_bytes(request.payload)
        except RecordError as error:
            return self._once(logging.ERROR, f"a tap is no record of ours and is not stored: {error}")
        return [StoreTap(status.reader_id, status.ring_id, tap.index, request.payload, request)]

    def _display(self, request: RequestReceived) -> Actions:
        self._machine.send_response(request, Ack().to_bytes())
        try:
            return [ShowDisplay(Display.from_bytes(request.payload))]
        except RecordError as error:
            return self._once(logging.WARNING, f"a line for the staff is no record of ours: {error}")

    def _hello_ended(self, event: ResponseReceived | RequestFailed, now_ms: int) -> Actions:
        self._hello = None
        self._hello_at = now_ms + HELLO_EVERY_MS
        if isinstance(event, RequestFailed):
            self._silent += 1
            self._hello_at = now_ms
            if self._silent < SILENT_HELLOS:
                return []
            self._silent = 0
            return [HangUp("the reader does not answer")]
        self._silent = 0
        try:
            status = Status.from_bytes(event.payload)
        except RecordError as error:
            return self._once(logging.ERROR, f"what answers is no reader of ours: {error}")
        return self._on_status(status, now_ms)

    def _on_status(self, status: Status, now_ms: int) -> Actions:
        actions: Actions = []
        before, self._status = self._status, status
        if before is None or before.to_bytes() != status.to_bytes():
            actions.append(ShowStatus(status))
        if before is not None and before.bundle_version != status.bundle_version:
            self._refusals.forget(OBJECT_LIST)
            self._refusals.forget(OBJECT_PROFILE)
        if (status.reader_id, status.ring_id) != self._ring[:2]:
            self._ring = (status.reader_id, status.ring_id, 0)
            actions.append(LookUpTaps(status.reader_id, status.ring_id))
        if status.taps_lost:
            actions.extend(
                self._once(
                    logging.WARNING,
                    f"{status.taps_lost} taps were lost: its ring was full before a host came",
                )
            )
        if status.list_division != self._holdings.division:
            actions.extend(
                self._once(
                    logging.WARNING,
                    f"it serves division {status.list_division} and this host holds {self._holdings.division}: "
                    "it gets neither list nor profile from here. Set `division` right or connect it elsewhere",
                )
            )
        taken, self._taken = self._taken, None
        if taken and taken.number <= self._number(taken.kind, status):
            self._refusals.forget(taken.kind)
        elif taken:
            actions.extend(self._refused(taken, "it said that it took it, and does not hold it", now_ms))
        early, self._early_tap = self._early_tap, None
        if early is not None:
            actions.extend(self._tap(early, status))
        return actions + self._next_push(now_ms)

    @staticmethod
    def _number(kind: int, status: Status) -> tuple[int, ...]:
        if kind == OBJECT_TRUST:
            return (status.bundle_version,)
        if kind == OBJECT_PROFILE:
            return (status.profile_version,)
        return status.key_epoch, status.list_sequence

    def _offers(self, status: Status) -> list[Offer]:
        held = self._holdings
        offers = []
        if held.bundle:
            offers.append(Offer(OBJECT_TRUST, (held.bundle_version,), held.bundle))
        # Without a bundle it could not verify anything else.
        believes = bool(status.bundle_version) and status.list_division == held.division
        if held.profile and believes:
            offers.append(Offer(OBJECT_PROFILE, (held.profile_version,), held.profile))
        if held.content and believes:
            offers.append(Offer(OBJECT_LIST, (held.key_epoch, held.sequence), held.content, held.manifest))
        return [offer for offer in offers if offer.number > self._number(offer.kind, status)]

    def _next_push(self, now_ms: int) -> Actions:
        if not self._connected or self._status is None or self._push or self._taken:
            return []
        for offer in self._offers(self._status):
            if self._refusals.may_offer(offer, now_ms):
                self._push = Push(offer)
                self._step(self._push, now_ms)
                break
        return []

    def _step(self, push: Push, now_ms: int) -> None:
        kind, payload = push.request()
        self._push_ticket = self._machine.send_request(kind, payload, now_ms)

    def _step_ended(self, event: ResponseReceived | RequestFailed, now_ms: int) -> Actions:
        push, status = self._push, self._status
        self._push_ticket = None
        if push is None or status is None:
            return []
        if isinstance(event, RequestFailed):
            self._push = None
            return self._refused(push.offer, f"a step of it got no answer ({event.reason})", now_ms)
        try:
            result = ObjectResult.from_bytes(event.payload)
        except RecordError as error:
            self._push = None
            return self._refused(push.offer, f"its answer is no record of ours: {error}", now_ms)
        if result.result:
            self._push = None
            why = f"{meaning(result.result)} (code {result.result})"
            return self._refused(push.offer, why, now_ms) + self._next_push(now_ms)
        end = push.answered(result)
        if end is None:
            # Something newer has come meanwhile: the rest of this one is not worth sending.
            if push.offer not in self._offers(status):
                self._push = None
                return self._next_push(now_ms)
            self._step(push, now_ms)
            return []
        self._push = None
        if end:
            return self._refused(push.offer, end, now_ms)
        self._taken = push.offer
        if self._hello is None:
            self._say_hello(now_ms)
        return [Note(logging.INFO, f"took {push.offer}")]

    def _refused(self, offer: Offer, why: str, now_ms: int) -> Actions:
        if not self._refusals.add(offer, why, now_ms):
            return []
        return [
            Note(
                logging.WARNING,
                f"did not take {offer}: {clean(why, 200)}; what it held stays, offered again later",
            )
        ]
