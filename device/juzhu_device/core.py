"""The reader: events in, actions out. It never sleeps, waits or touches hardware but through its ports.

A tap goes: card_present -> SendApdu ... card_response -> Show. A torn read is no verdict: the holder is asked
to try again, and referred the third time in a row.
"""

from juzhu_protocol.card.conversation import DONE, NOT_OURS, RUNNING, TORN, BusConversation
from juzhu_protocol.crypto.mac import hmac_sha256
from juzhu_protocol.errors import JuzhuError
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.records.card import Service
from juzhu_protocol.records.link import Tap
from juzhu_protocol.rules.decide import KEY_UNKNOWN, STATUS_VALID, Clock, ListState, Verdict, decide
from juzhu_protocol.rules.reasons import (
    NOT_A_PERMIT,
    READER_FAULT,
    TRY_AGAIN,
    UNREADABLE,
)
from juzhu_protocol.trust.bundle import PURPOSE_LIST, PURPOSE_ORGAN, SUITE_ES256
from juzhu_protocol.trust.service import read_card
from juzhu_protocol.trust.verifier import SignatureVerifier

from .actions import Report, SendApdu, SendBytes, Show
from .clock import clock_of, latest_time, read_rtc
from .feedback import FEEDBACK
from .host_link import HostLink
from .settings import ReaderSettings
from .store import ReaderStore
from .tap_ring import TapRing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ports import Ports

    Action = SendApdu | SendBytes | Show | Report

TORN_READS_TO_REFER = 3
"""The third torn read in a row is for staff: the card or the reader is worn."""

TORN_FORGOTTEN_MS = 10_000
"""After this long the next card is taken for somebody else's."""

TABLE_STEPS_A_TICK = 4
"""About 400 modular multiplications: 45 ms on a 125 MIPS Cortex-M3, and a new key is ready in a few seconds."""

NO_PSEUDONYM = bytes(8)


class ReaderCore:
    """One reader. `session` is random and new at every start; `now_ms` never goes back and never wraps.

    Raises StorageError when flash is damaged beyond use: the board then shows that staff must be asked.
    """

    def __init__(self, settings: ReaderSettings, ports: "Ports", session: int) -> None:
        self._settings = settings
        self._ports = ports
        self._verifier = SignatureVerifier()
        self.store = ReaderStore(ports, settings.profile.list_division, settings.roots, self._verifier)
        self.ring = TapRing(ports.flash, self.store.state.ring_id, settings.reader_key)
        self._link = HostLink(LinkMachine(session), settings, self.store, self.ring, ports.rtc)
        self._conversation: "BusConversation | None" = None
        self._torn = 0
        self._torn_ms = 0
        self._prepare_keys()

    def card_present(self, now_ms: int) -> "list[Action]":
        """A card came into the field."""
        if self._torn and now_ms - self._torn_ms > TORN_FORGOTTEN_MS:
            self._torn = 0
        self._conversation = BusConversation()
        return [SendApdu(self._conversation.command)]

    def card_response(self, response: "bytes | None", now_ms: int) -> "list[Action]":
        """The card answered the last command, or None: it is gone or silent."""
        conversation = self._conversation
        if conversation is None:
            return []
        conversation.receive(response)
        if conversation.state == RUNNING:
            return [SendApdu(conversation.command)]
        self._conversation = None
        if conversation.state == TORN:
            return self._tear(conversation, now_ms)
        self._torn = 0
        return self._tap(conversation, now_ms)

    def link_received(self, data: bytes, now_ms: int) -> "list[Action]":
        """Bytes came from the host."""
        version = self.store.state.bundle_floor
        self._link.receive(data, now_ms)
        if self.store.state.bundle_floor != version:
            self._prepare_keys()
        return self._flush(now_ms)

    def link_lost(self) -> None:
        """The line to the host is gone; what was under way on it is forgotten, taps are not."""
        self._link.lost()

    def tick(self, now_ms: int) -> "list[Action]":
        """Let time pass, some fifty times a second: retries, and tables of new keys."""
        if self._conversation is None:
            for _ in range(TABLE_STEPS_A_TICK):
                if self._verifier.step():
                    break
        self._link.tick(now_ms)
        return self._flush(now_ms)

    def _prepare_keys(self) -> None:
        """Queue the tables of the keys that this reader will meet, the list's first."""
        if self.store.keys is None:
            return
        profile = self._settings.profile
        lists = self._keys_for(PURPOSE_LIST, [profile.list_division])
        organs = self._keys_for(PURPOSE_ORGAN, list(profile.units))
        self._verifier.prepare(lists + organs)

    def _keys_for(self, purpose: int, divisions: "list[int]") -> "list[bytes]":
        keys = self.store.keys.keys if self.store.keys else []
        return [
            key.public_key
            for key in keys
            if key.suite == SUITE_ES256
            and key.purpose == purpose
            and not key.revoked_on
            and any(entry.division in divisions for entry in key.divisions)
        ]

    def _flush(self, now_ms: int) -> "list[Action]":
        actions: "list[Action]" = [Report(text) for text in self._link.take_reports()]
        data = self._link.data_to_send(now_ms)
        if data:
            actions.append(SendBytes(data))
        return actions

    def _tear(self, conversation: BusConversation, now_ms: int) -> "list[Action]":
        self._torn += 1
        self._torn_ms = now_ms
        if self._torn < TORN_READS_TO_REFER:
            self._link.display(None, self._settings.service.code, self._list_age(), now_ms)
            actions: "list[Action]" = [Show(TRY_AGAIN, FEEDBACK[TRY_AGAIN], None, conversation.apdus)]
            return actions + self._flush(now_ms)
        self._torn = 0
        return self._finish(
            Verdict(UNREADABLE, self._clock(), self._list_state()), None, conversation, now_ms
        )

    def _tap(self, conversation: BusConversation, now_ms: int) -> "list[Action]":
        clock = self._clock()
        record = None
        fault: "list[Action]" = []
        try:
            if conversation.state != DONE:
                reason = NOT_A_PERMIT if conversation.state == NOT_OURS else UNREADABLE
                verdict = Verdict(reason, clock, self._list_state())
            else:
                record, verdict = self._judge(conversation, clock)
        except Exception as error:  # noqa: BLE001  # whatever broke, it is the reader's fault and not the card's
            fault = [Report("fault while judging a card: %r" % error)]
            verdict = Verdict(READER_FAULT, clock, self._list_state())
        return fault + self._finish(verdict, record, conversation, now_ms)

    def _judge(self, conversation: BusConversation, clock: Clock) -> "tuple[Service | None, Verdict]":
        store = self.store
        if store.keys is None:
            record, authenticity = None, KEY_UNKNOWN
        else:
            record, authenticity = read_card(
                conversation.info, conversation.service, store.keys, self._verifier
            )
        status = STATUS_VALID if record is None else store.status_of(record.list_division, record.serial)
        settings = self._settings
        return record, decide(
            record, authenticity, status, settings.service, clock, self._list_state(), settings.profile
        )

    def _finish(
        self, verdict: Verdict, record: "Service | None", conversation: BusConversation, now_ms: int
    ) -> "list[Action]":
        actions: "list[Action]" = [
            Show(verdict.answer, FEEDBACK[verdict.answer], verdict, conversation.apdus)
        ]
        try:
            self.ring.append(self._tap_record(verdict, record))
        except JuzhuError as error:
            actions.append(Report("this tap was not recorded: " + str(error)))
        self._link.display(verdict, self._settings.service.code, self._list_age(), now_ms)
        return actions + self._flush(now_ms)

    def _tap_record(self, verdict: Verdict, record: "Service | None") -> Tap:
        rtc = read_rtc(self._ports.rtc)
        return Tap(
            index=1,
            time=rtc[0] if rtc else 0,
            pseudonym=self._pseudonym(record, verdict.clock),
            service=self._settings.service.code,
            answer=verdict.answer,
            reason=verdict.reason,
            flags=verdict.flags,
            list_sequence=verdict.list_sequence,
            chain=bytes(16),
        )

    def _pseudonym(self, record: "Service | None", clock: Clock) -> bytes:
        if record is None:
            return NO_PSEUDONYM
        day_key = hmac_sha256(
            self._settings.reader_key, b"juzhu/1/pseudonym\x00" + clock.earliest.to_bytes(4, "big")
        )
        permit = record.list_division.to_bytes(3, "big") + record.serial.to_bytes(4, "big")
        return hmac_sha256(day_key, permit)[:8]

    def _clock(self) -> Clock:
        return clock_of(read_rtc(self._ports.rtc), self.store.clock_floor)

    def _list_state(self) -> "ListState | None":
        return self.store.list_state(latest_time(read_rtc(self._ports.rtc), self.store.clock_floor))

    def _list_age(self) -> "int | None":
        """Seconds since the list was signed, by the reader's own clock; None when either is missing."""
        rtc = read_rtc(self._ports.rtc)
        if rtc is None or self.store.manifest is None:
            return None
        return max(0, rtc[0] - self.store.manifest.time)
