"""The reader: events in, actions out. It never sleeps, waits or touches hardware but through its ports.

A tap goes: card_present -> SendApdu ... card_response -> Show. A torn read is no verdict: the holder is asked
to try again, and referred the third time in a row.
"""

from juzhu_protocol.card.conversation import (
    BROKEN,
    DONE,
    NEWER,
    NOT_OURS,
    NOT_PROVEN,
    RUNNING,
    TORN,
    BusConversation,
)
from juzhu_protocol.crypto.mac import derive_key
from juzhu_protocol.errors import SamError
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.records.link import Tap
from juzhu_protocol.rules.calendar import day_of
from juzhu_protocol.rules.decide import (
    GENUINE,
    KEY_UNKNOWN,
    NEWER_PROFILE,
    STATUS_VALID,
    Clock,
    ListState,
    Verdict,
    decide,
)
from juzhu_protocol.rules.reasons import (
    NOT_A_PERMIT,
    READER_FAULT,
    RULE_UNKNOWN,
    TRY_AGAIN,
    UNREADABLE,
)
from juzhu_protocol.rules.services import service_name
from juzhu_protocol.trust.bundle import PURPOSE_ENDORSEMENT, PURPOSE_LIST, PURPOSE_PERMIT
from juzhu_protocol.trust.service import check_session, check_unproven, read_card
from juzhu_protocol.trust.verified import VerifiedRecords
from juzhu_protocol.trust.verifier import SignatureVerifier

from .actions import Report, SendApdu, SendBytes, Show
from .clock import clock_of, latest_time, read_rtc
from .feedback import feedback
from .host_link import HostLink
from .pseudonym import NO_PSEUDONYM, Pseudonyms
from .settings import ReaderSettings
from .store import ReaderStore
from .table_slots import TableSlots
from .tap_ring import CHAIN_LABEL, TapRing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from juzhu_protocol.records.card import Service

    from .ports import Ports

    Action = SendApdu | SendBytes | Show | Report

TORN_READS_TO_REFER = 3
"""The third torn read in a row is for staff: the card or the reader is worn."""

TORN_FORGOTTEN_MS = 10_000
"""After this long the next card is taken for somebody else's."""

RECORDS_LIVE_DAYS = 2 * 366
"""After a key's last day so long: an endorsement holds a year, and what a key signed last is looked at no longer."""

OLD_ROOTS_FORGOTTEN = "other roots are installed: what was believed under the old ones is forgotten"

TABLE_STEPS_A_TICK = 4
"""About 400 modular multiplications: 45 ms on a 125 MIPS Cortex-M3, and a new key is ready in a few seconds."""


class ReaderCore:
    """One reader. `session` is random and new at every start; `now_ms` never goes back and never wraps.

    Raises StorageError when flash is damaged beyond use: the board then shows that staff must be asked. A
    verdict that was reached is shown, whatever fails after it.
    """

    def __init__(self, settings: ReaderSettings, ports: "Ports", session: int) -> None:
        self._settings = settings
        self._ports = ports
        self._verifier = SignatureVerifier(TableSlots(ports.flash), ports.sm3_compress)
        self.store = ReaderStore(ports, settings.profile.list_division, settings.roots, self._verifier)
        self.ring = TapRing(
            ports.flash, self.store.state.ring_id, derive_key(settings.reader_key, CHAIN_LABEL)
        )
        self._verified = VerifiedRecords(ports.random(16))
        self._pseudonyms = Pseudonyms(settings.reader_key, ports.random)
        self._link = HostLink(LinkMachine(session), settings, self.store, self.ring, ports.rtc)
        self._conversation: "BusConversation | None" = None
        self._torn = 0
        self._torn_ms = 0
        self._damage_told = ""
        self._untold = [OLD_ROOTS_FORGOTTEN] if self.store.forgot_old_roots else []
        self._profile, self._rule = settings.profile, settings.service
        self._rules_lost = False
        self._decide_by_newest()

    def card_present(self, now_ms: int) -> "list[Action]":
        """A card came into the field."""
        if self._torn and now_ms - self._torn_ms > TORN_FORGOTTEN_MS:
            self._torn = 0
        self._conversation = BusConversation(self._ports.sam)
        return [SendApdu(self._conversation.command)]

    def card_response(self, response: "bytes | None", now_ms: int) -> "list[Action]":
        """The card answered the last command, or None: it is gone or silent."""
        conversation = self._conversation
        if conversation is None:
            return []
        try:
            conversation.receive(response)
        except Exception as error:  # noqa: BLE001  # the SAM's, or the reader's own: never the card's
            self._conversation = None
            self._torn = 0
            # Only our own SAM's words are known to tell nothing of the card.
            told = (
                str(error)
                if isinstance(error, SamError)
                else "fault while reading a card: " + type(error).__name__
            )
            verdict = Verdict(READER_FAULT, self._clock(), self._list_state())
            return self._finish(verdict, None, conversation, now_ms) + [Report(told)]
        if conversation.state == RUNNING:
            return [SendApdu(conversation.command)]
        self._conversation = None
        if conversation.state == TORN:
            return self._tear(conversation, now_ms)
        self._torn = 0
        return self._tap(conversation, now_ms)

    def link_received(self, data: bytes, now_ms: int) -> "list[Action]":
        """Bytes came from the host."""
        before = self.store.keys, self.store.profile
        self._link.receive(data, now_ms)
        if self.store.keys is not before[0]:
            self._verified.clear()
        if self.store.keys is not before[0] or self.store.profile is not before[1]:
            self._decide_by_newest()
        return self._flush(now_ms)

    def link_lost(self) -> None:
        """The line to the host is gone; what was under way on it is forgotten, taps are not."""
        self._link.lost()

    def tick(self, now_ms: int) -> "list[Action]":
        """Let time pass, some fifty times a second: retries, tables of new keys, a look at what flash holds."""
        if self._conversation is None:
            self.store.scrub()
            for _ in range(TABLE_STEPS_A_TICK):
                if self._verifier.step():
                    break
        self._link.tick(now_ms)
        return self._flush(now_ms)

    def _decide_by_newest(self) -> None:
        """Take the newest good profile: the signed one, or the installed one when it is newer or alone.

        When a newer one than the installed was in force and is lost, the rules are unknown until it comes again.
        """
        installed, signed = self._settings.profile, self.store.profile
        self._rules_lost = signed is None and self.store.state.profile_floor > installed.version
        if signed is None or signed.version < installed.version:
            self._profile, self._rule = installed, self._settings.service
        else:
            # Where it says nothing of this reader's service, that rule is unknown and refers.
            self._profile, self._rule = signed, signed.service(service_name(self._settings.service.code))
        self._prepare_keys()

    def _prepare_keys(self) -> None:
        """Queue the tables of the keys that this reader will meet: the list's, the organs' by what they sign today, the
        root's, and last those of keys that sign no more and whose records are still about.

        Without the root's, whoever sends bundles could have their tables built again and again between two taps.
        """
        today = day_of(self.store.clock_floor)
        organs = (PURPOSE_ENDORSEMENT, PURPOSE_PERMIT)
        lists = self._keys_for((PURPOSE_LIST,), [self._profile.list_division], today, 0xFFFF)
        signing = self._keys_for(organs, list(self._profile.units), today, 0xFFFF)
        ended = self._keys_for(organs, list(self._profile.units), today - RECORDS_LIVE_DAYS, today - 1)
        roots = [(self._settings.roots.suite, key) for key in self._settings.roots.public_keys.values()]
        self._verifier.prepare(lists + signing + roots + ended)

    def _keys_for(
        self, purposes: "tuple[int, ...]", divisions: "list[int]", first: int, last: int
    ) -> "list[tuple[int, bytes]]":
        """The keys for these purposes and divisions that end between two days: by purpose, then the newest first."""
        keys = [] if self.store.keys is None else self.store.keys.keys
        met = [
            # Its place in the bundle last, since not every runtime's sort keeps the order of equals.
            (purposes.index(key.purpose), -key.valid_from, at, key.suite, key.public_key)
            for at, key in enumerate(keys)
            if key.purpose in purposes
            and not key.revoked_on
            and first <= key.valid_through <= last
            and any(entry.division in divisions for entry in key.divisions)
        ]
        return [(suite, public_key) for _, _, _, suite, public_key in sorted(met)]

    def _flush(self, now_ms: int) -> "list[Action]":
        actions: "list[Action]" = [Report(text) for text in self._untold]
        self._untold = []
        damage = "; ".join([text for text in (self.store.damage, self.ring.damage) if text])
        if damage != self._damage_told:
            self._damage_told = damage
            actions.append(Report(damage or "what was damaged on flash is mended"))
        actions += [Report(text) for text in self._link.take_reports()]
        data = self._link.data_to_send(now_ms)
        if data:
            actions.append(SendBytes(data))
        return actions

    def _tear(self, conversation: BusConversation, now_ms: int) -> "list[Action]":
        self._torn += 1
        self._torn_ms = now_ms
        if self._torn < TORN_READS_TO_REFER:
            actions: "list[Action]" = [
                Show(TRY_AGAIN, feedback(TRY_AGAIN, self._rule.code), None, conversation.apdus)
            ]
            return actions + self._after(None, None, now_ms)
        self._torn = 0
        return self._finish(
            Verdict(UNREADABLE, self._clock(), self._list_state()), None, conversation, now_ms
        )

    def _tap(self, conversation: BusConversation, now_ms: int) -> "list[Action]":
        clock = self._clock()
        genuine = None
        fault: "list[Action]" = []
        try:
            if conversation.state in (NOT_OURS, BROKEN):
                reason = NOT_A_PERMIT if conversation.state == NOT_OURS else UNREADABLE
                verdict = Verdict(reason, clock, self._list_state())
            else:
                verdict, genuine = self._judge(conversation, clock)
        except Exception as error:  # noqa: BLE001  # whatever broke, it is the reader's fault and not the card's
            # Its name alone: what it says may have been read from the card.
            fault = [Report("fault while judging a card: " + type(error).__name__)]
            verdict = Verdict(READER_FAULT, clock, self._list_state())
        return self._finish(verdict, genuine, conversation, now_ms) + fault

    def _judge(self, conversation: BusConversation, clock: Clock) -> "tuple[Verdict, Service | None]":
        """Return the verdict, and the card's SERVICE when it is genuine."""
        store = self.store
        record, authenticity = None, KEY_UNKNOWN
        if conversation.state == NEWER:
            authenticity = NEWER_PROFILE
        elif conversation.state == NOT_PROVEN:
            authenticity = check_unproven(conversation.info, store.keys)
        elif conversation.state == DONE and store.keys is not None:
            record, authenticity = read_card(
                conversation.info, conversation.service, store.keys, self._verifier, self._verified
            )
            if record is not None and authenticity == GENUINE:
                authenticity = check_session(
                    conversation.info,
                    record,
                    self._ports.sam.role,
                    conversation.endorsements_held,
                    store.keys,
                )
        status = STATUS_VALID if record is None else store.status_of(record.list_division, record.serial)
        if self._rules_lost:
            return Verdict(RULE_UNKNOWN, clock, self._list_state()), None
        verdict = decide(record, authenticity, status, self._rule, clock, self._list_state(), self._profile)
        return verdict, record if authenticity == GENUINE else None

    def _finish(
        self, verdict: Verdict, genuine: "Service | None", conversation: BusConversation, now_ms: int
    ) -> "list[Action]":
        show: "list[Action]" = [
            Show(verdict.answer, feedback(verdict.answer, self._rule.code), verdict, conversation.apdus)
        ]
        return show + self._after(verdict, genuine, now_ms)

    def _after(self, verdict: "Verdict | None", genuine: "Service | None", now_ms: int) -> "list[Action]":
        """Record a verdict and tell the host; what fails is reported and takes nothing back."""
        actions: "list[Action]" = []
        try:
            if verdict is not None:
                self.ring.append(self._tap_record(verdict, genuine))
        except Exception as error:  # noqa: BLE001  # the answer stands, whatever broke
            actions.append(Report("this tap was not recorded: " + type(error).__name__))
        try:
            self._link.display(verdict, self._settings.service.code, self._list_age(), now_ms)
            actions += self._flush(now_ms)
        except Exception as error:  # noqa: BLE001  # the same
            actions.append(Report("the host was not told: " + type(error).__name__))
        return actions

    def _tap_record(self, verdict: Verdict, genuine: "Service | None") -> Tap:
        rtc = read_rtc(self._ports.rtc)
        # Only a genuine card has one: else whoever writes cards could have a reader name any serial's.
        pseudonym = NO_PSEUDONYM if genuine is None else self._pseudonyms.of(genuine, rtc)
        return Tap(
            index=1,
            time=min(max(rtc[0], 0), 0xFFFFFFFF) if rtc else 0,
            pseudonym=pseudonym,
            service=self._settings.service.code,
            answer=verdict.answer,
            reason=verdict.reason,
            flags=verdict.flags,
            list_sequence=verdict.list_sequence,
            chain=bytes(16),
        )

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
