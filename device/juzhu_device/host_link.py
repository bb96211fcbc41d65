"""The reader's part of the link: it answers the host's requests and sends its taps and staff lines."""

from juzhu_protocol.compat import RUNTIME, free_heap
from juzhu_protocol.errors import JuzhuError, LinkBusyError, MalformedObjectError, RecordError
from juzhu_protocol.link.events import LinkEvent, RequestReceived, ResponseReceived
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.link.objects import NO_AGE, NO_CLOCK_DAYS
from juzhu_protocol.records.link import (
    Display,
    Hello,
    ObjectBegin,
    ObjectCommit,
    ObjectData,
    ObjectResult,
    Status,
    Tap,
    TapStored,
)
from juzhu_protocol.rules.decide import Verdict
from juzhu_protocol.rules.reasons import TRY_AGAIN

from .clock import read_rtc, set_latest
from .settings import ReaderSettings
from .store import ReaderStore
from .tap_ring import TapRing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ports import Rtc

RESULT_OK = 0
LAST_DAY = 65534
"""The highest day that a record holds (schema/record.py)."""

MAX_REPORTS = 8
"""Lines kept for the log between two looks at it: a noisy host must not fill the heap."""


class HostLink:
    """Joins the link machine to the store and the ring. The host is believed in nothing but its tap receipts."""

    def __init__(
        self, machine: LinkMachine, settings: ReaderSettings, store: ReaderStore, ring: TapRing, rtc: "Rtc"
    ) -> None:
        self._machine = machine
        self._settings = settings
        self._store = store
        self._ring = ring
        self._rtc = rtc
        self._host_present = False
        self._host_session = -1
        self._ring_known = False
        self._tap_ticket: "int | None" = None
        self._tap_index = 0
        self._reports: "list[str]" = []
        self._noise_told_at = 1

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take bytes from the host."""
        self._handle(self._machine.receive_data(data, now_ms))
        self._report_noise()

    def tick(self, now_ms: int) -> None:
        """Let time pass."""
        self._handle(self._machine.tick(now_ms))

    def lost(self) -> None:
        """The line is gone."""
        self._machine.reset()
        self._host_gone()
        self._tap_ticket = None

    def data_to_send(self, now_ms: int) -> bytes:
        """Return what to write to the host now; the oldest waiting tap goes along when nothing else does."""
        if self._host_present and self._tap_ticket is None:
            tap = self._ring.next_waiting()
            if tap is not None:
                self._tap_ticket = self._request(Tap.TYPE, tap.to_bytes(), now_ms)
                self._tap_index = tap.index
        return self._machine.data_to_send()

    def display(self, verdict: "Verdict | None", service: int, list_age: "int | None", now_ms: int) -> None:
        """Send the staff's line of a verdict, None for "try again"; dropped when no host listens."""
        if not self._host_present:
            return
        latest = verdict.clock.latest if verdict else None
        line = Display(
            service=service,
            answer=verdict.answer if verdict else TRY_AGAIN,
            reason=verdict.reason if verdict else 0,
            flags=verdict.flags if verdict else 0,
            until=min(verdict.until, LAST_DAY) if verdict else 0,
            list_sequence=self._store.manifest.sequence if self._store.manifest else 0,
            list_age=NO_AGE if list_age is None else min(list_age, NO_AGE),
            clock_days=NO_CLOCK_DAYS
            if verdict is None or latest is None
            else min(latest - verdict.clock.earliest, NO_CLOCK_DAYS),
        )
        self._request(Display.TYPE, line.to_bytes(), now_ms)

    def take_reports(self) -> "list[str]":
        """Return the lines for the log since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def _request(self, kind: int, payload: bytes, now_ms: int) -> "int | None":
        try:
            return self._machine.send_request(kind, payload, now_ms)
        except LinkBusyError:
            return None

    def _handle(self, events: "list[LinkEvent]") -> None:
        for event in events:
            if isinstance(event, RequestReceived):
                if event.session != self._host_session:
                    self._host_session = event.session
                    self._ring_known = False
                self._machine.send_response(event, self._answer(event.kind, event.payload))
            elif event.kind == Tap.TYPE:  # type: ignore[attr-defined]  # the two other events both have it
                self._tap_ticket = None
                self._tap_ended(event)
            elif not isinstance(event, ResponseReceived):
                self._host_gone()

    def _tap_ended(self, event: object) -> None:
        if not isinstance(event, ResponseReceived):
            self._host_gone()
            return
        try:
            stored = TapStored.from_bytes(event.payload).index
            # A receipt for taps to come is another history's: it counts for the tap that it answers.
            self._ring.mark_stored(stored if stored <= self._ring.last else self._tap_index)
        except RecordError as error:
            self._host_gone()
            self._report("the host's receipt for a tap is no receipt: " + str(error))

    def _host_gone(self) -> None:
        self._host_present = False
        self._ring_known = False

    def _answer(self, kind: int, payload: bytes) -> bytes:
        try:
            if kind == Hello.TYPE:
                return self._hello(Hello.from_bytes(payload))
            if kind == ObjectBegin.TYPE:
                return _result(RESULT_OK, self._store.begin(ObjectBegin.from_bytes(payload), self._latest()))
            if kind == ObjectData.TYPE:
                return _result(RESULT_OK, self._store.data(ObjectData.from_bytes(payload)))
            if kind == ObjectCommit.TYPE:
                return _result(
                    RESULT_OK, self._store.commit(ObjectCommit.from_bytes(payload).kind, self._latest())
                )
            raise MalformedObjectError("a request of unknown kind %d" % kind)
        except RecordError as error:
            self._report("refused a request of kind %d: %s" % (kind, error))
            return _result(MalformedObjectError.code, 0)
        except JuzhuError as error:
            self._report("refused a request of kind %d: %s" % (kind, error))
            return _result(getattr(error, "code", MalformedObjectError.code), 0)

    def _latest(self) -> "int | None":
        return set_latest(read_rtc(self._rtc))

    def _hello(self, hello: Hello) -> bytes:
        self._host_present = True
        self._resume(hello)
        store = self._store
        manifest = store.manifest
        return Status(
            reader_id=self._settings.reader_id,
            runtime=RUNTIME,
            list_division=self._settings.profile.list_division,
            bundle_version=store.keys.version if store.keys else 0,
            key_epoch=manifest.key_epoch if manifest else 0,
            list_sequence=manifest.sequence if manifest else 0,
            list_time=manifest.time if manifest else 0,
            profile_version=store.profile.version if store.profile else 0,
            clock_floor=store.clock_floor,
            free_heap=free_heap(),
            ring_id=self._ring.ring_id,
            taps_waiting=self._ring.waiting,
            taps_lost=self._ring.lost,
        ).to_bytes()

    def _resume(self, hello: Hello) -> None:
        """Go on where the host's history of this ring ends; begin anew, once in a host's life, if it has none."""
        ring = self._ring
        known = ring.knows(hello.ring_id, hello.taps_stored)
        if not self._ring_known or (known and hello.taps_stored > ring.stored):
            ring.resume(hello.ring_id, hello.taps_stored)
        self._ring_known = True

    def _report_noise(self) -> None:
        stats = self._machine.stats
        broken = stats.crc_errors + stats.malformed + stats.oversize
        # Told at the first and at every doubling: a loose plug must not fill the log.
        if broken >= self._noise_told_at:
            self._noise_told_at = 2 * broken
            self._report("%d broken frames on the link so far; check cable and baud rate" % broken)

    def _report(self, text: str) -> None:
        if len(self._reports) < MAX_REPORTS:
            self._reports.append(text)


def _result(code: int, offset: int) -> bytes:
    return ObjectResult(code, offset).to_bytes()
