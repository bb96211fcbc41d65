"""A reader on a bench: the real core on ports in memory, with a tiny host and cards that are two files.

It does not imitate: time (the bench's clock stands unless moved), a wire that delays or damages.
"""

from hashlib import sha256

import reader_fixtures as fixtures
from bench_card import BUS_MASTER, EPOCH, BenchCard

from juzhu_device.actions import Report, SendApdu, SendBytes, Show
from juzhu_device.core import ReaderCore
from juzhu_device.settings import ReaderSettings
from juzhu_device.table_slots import SLOT_SIZE
from juzhu_protocol.card.keys import ROLE_BUS
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.crypto.signature import SUITE_ES256
from juzhu_protocol.crypto.sm3 import compress
from juzhu_protocol.link.events import RequestReceived, ResponseReceived
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.link.objects import MAX_OBJECT_DATA, OBJECT_LIST, OBJECT_PROFILE, OBJECT_TRUST
from juzhu_protocol.records.link import (
    Ack,
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
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.trust.bundle import Roots
from juzhu_protocol.trust.verifier import SignatureVerifier

HELLO, TAP, DISPLAY = Hello.TYPE, Tap.TYPE, Display.TYPE
BEGIN, DATA, COMMIT = ObjectBegin.TYPE, ObjectData.TYPE, ObjectCommit.TYPE
TRUST, LIST, PROFILE = OBJECT_TRUST, OBJECT_LIST, OBJECT_PROFILE
KEY = bytes(range(32))
RING_SLOTS = 8
TABLE_SLOTS = 12

_SIZES = {"state": 512, "trust": 4096, "list": 8192, "profile": 2048}

# Tables of every key on the bench, made once and lent to every core: only their making is slow.
_tables = SignatureVerifier(16)


class PowerCutError(BaseException):
    """The power went away in the middle of a write: nothing in the reader may catch this."""


class RamFlash:
    """Flash in memory.

    `cut_after` n lets n writes pass and cuts the power in the next, of which `torn` bytes stand; the rest is
    blank with `blank`, else as before. `fail` makes every write an OSError, `bad` a list of (region, from, to)
    every read and write that touches one of them.
    """

    def __init__(self):
        self.regions = {
            "%s%d" % (name, slot): bytearray(b"\xff" * size)
            for name, size in _SIZES.items()
            for slot in (0, 1)
        }
        self.regions["taps"] = bytearray(b"\xff" * (64 * RING_SLOTS))
        self.regions["tables"] = bytearray(b"\xff" * (SLOT_SIZE * TABLE_SLOTS))
        self.writes = 0
        self.cut_after = None
        self.torn = 0
        self.blank = False
        self.fail = False
        self.bad = []

    def size(self, region):
        return len(self.regions[region])

    def read(self, region, offset, size):
        if offset + size > len(self.regions[region]):
            raise OSError("past the end")
        self._wear(region, offset, size)
        return bytes(self.regions[region][offset : offset + size])

    def write(self, region, offset, data):
        if self.fail or offset + len(data) > len(self.regions[region]):
            raise OSError("no such write")
        self._wear(region, offset, len(data))
        end = offset + len(data)
        if self.cut_after == self.writes:
            torn = min(self.torn, len(data))
            if self.blank:
                self.regions[region][offset:end] = b"\xff" * len(data)
            self.regions[region][offset : offset + torn] = data[:torn]
            raise PowerCutError
        self.writes += 1
        self.regions[region][offset:end] = data

    def _wear(self, region, offset, size):
        for worn, first, end in self.bad:
            if worn == region and offset < end and first < offset + size:
                raise OSError("a worn page")

    def copy(self):
        other = RamFlash()
        other.regions = {name: bytearray(content) for name, content in self.regions.items()}
        other.bad = list(self.bad)
        return other


class Rtc:
    def __init__(self):
        self.unix = fixtures.NOW
        self.uncertainty = 0

    def read(self):
        return self.unix, self.uncertainty


class Bench:
    """One reader and its host; `restart` is what a power cut or a watchdog leaves."""

    def __init__(self, flash=None, roots=fixtures.ROOTS, threshold=fixtures.THRESHOLD):
        self.flash = flash or RamFlash()
        self.roots = Roots(list(roots), threshold, SUITE_ES256)
        self.rtc = Rtc()
        self.sm3_compress = compress
        self.sam = SoftwareSam(ROLE_BUS, {EPOCH: BUS_MASTER}, self.random)
        self.now_ms = 0
        self.acknowledges = True
        self.receipt = 0
        self.reports = []
        self.taps = []
        self.displays = []
        self._lives = 0
        self.restart()

    def random(self, size):
        self._lives += 1
        return sha256(b"%d" % self._lives).digest()[:size]

    def restart(self):
        self.to_host = b""
        self.command = None
        self.shown = []
        self._answers = {}
        self.host = LinkMachine(int.from_bytes(self.random(4), "big"))
        settings = ReaderSettings(
            b"bench-1",
            KEY,
            self.roots,
            KAIFENG,
            KAIFENG.service("bus.senior"),
        )
        self.core = ReaderCore(settings, self, int.from_bytes(self.random(4), "big"))
        self.core._verifier._generators = _tables._generators
        self.core._verifier._tables = _tables._tables
        self.core._verifier._tables_kept = _tables._tables_kept

    # -- the link --

    def ask(self, kind, payload):
        """The reader's answer to one request of the host, sent again as the link does."""
        ticket = self.host.send_request(kind, payload, self.now_ms)
        self.exchange()
        while ticket not in self._answers:
            assert self.host.next_deadline_ms() is not None, "the reader never answered"
            self.pass_time(500)
        return self._answers.pop(ticket)

    def exchange(self):
        """Let both ends talk until neither has more to say."""
        while True:
            data = self.host.data_to_send()
            if data:
                self._perform(self.core.link_received(data, self.now_ms))
            out, self.to_host = self.to_host, b""
            if not data and not out:
                return
            for event in self.host.receive_data(out, self.now_ms):
                if isinstance(event, RequestReceived):
                    self._answer(event)
                elif isinstance(event, ResponseReceived):
                    self._answers[event.ticket] = event.payload

    def pass_time(self, milliseconds):
        """Let time pass in one step, and then talk."""
        self.now_ms += milliseconds
        self.host.tick(self.now_ms)
        self._perform(self.core.tick(self.now_ms))
        self.exchange()

    def noise(self, data):
        """Bytes on the line that no host sent."""
        self._perform(self.core.link_received(data, self.now_ms))

    def hello(self, ring_id=0, stored=0):
        return Status.from_bytes(self.ask(HELLO, Hello(ring_id, stored).to_bytes()))

    def begin(self, kind, length, manifest=b""):
        return ObjectResult.from_bytes(self.ask(BEGIN, ObjectBegin(kind, length, manifest).to_bytes()))

    def data(self, kind, offset, part):
        return ObjectResult.from_bytes(self.ask(DATA, ObjectData(kind, offset, part).to_bytes()))

    def commit(self, kind):
        return ObjectResult.from_bytes(self.ask(COMMIT, ObjectCommit(kind).to_bytes()))

    def send(self, kind, content, manifest=b""):
        """Send a whole object; the result code of the step that failed, or 0."""
        answer = self.begin(kind, len(content), manifest)
        while not answer.result and answer.offset < len(content):
            answer = self.data(kind, answer.offset, content[answer.offset : answer.offset + MAX_OBJECT_DATA])
        return answer.result or self.commit(kind).result

    def send_bundle(self, bundle=fixtures.BUNDLE_1):
        return self.send(TRUST, bundle)

    def send_list(self, content=fixtures.LIST_1, manifest=fixtures.MANIFEST_1):
        return self.send(LIST, content, manifest)

    def held(self):
        """(bundle version, list sequence), 0 for none."""
        store = self.core.store
        return store.keys.version if store.keys else 0, store.manifest.sequence if store.manifest else 0

    # -- cards --

    def tap(self, card, pull_at=0):
        """Put a card, or its (INFO, SERVICE), on the reader, pulled away at the n-th APDU if told; what was shown."""
        if isinstance(card, tuple):
            card = BenchCard(*card)
        self.shown = []
        self._perform(self.core.card_present(self.now_ms))
        apdus = 0
        while self.command is not None:
            command, self.command = self.command, None
            apdus += 1
            response = None if apdus == pull_at else card.transmit(command)
            self._perform(self.core.card_response(response, self.now_ms))
        self.exchange()
        assert len(self.shown) == 1
        assert self.shown[0].apdus == apdus
        return self.shown[0]

    def verdict(self, card):
        """(answer, reason) of a tap."""
        shown = self.tap(card)
        assert shown.feedback.text
        return shown.answer, shown.verdict.reason

    def _answer(self, event):
        if event.kind == TAP:
            tap = Tap.from_bytes(event.payload)
            self.taps.append(tap)
            if self.acknowledges:
                self.host.send_response(event, TapStored(self.receipt or tap.index).to_bytes())
        else:
            assert event.kind == DISPLAY
            self.displays.append(Display.from_bytes(event.payload))
            self.host.send_response(event, Ack().to_bytes())

    def _perform(self, actions):
        for action in actions:
            if isinstance(action, SendApdu):
                self.command = action.command
            elif isinstance(action, SendBytes):
                self.to_host += action.data
            elif isinstance(action, Show):
                self.shown.append(action)
            else:
                assert isinstance(action, Report)
                self.reports.append(action.text)


_snapshots = {}


def installed():
    """A bench whose reader holds the first bundle and the first list."""
    if "flash" not in _snapshots:
        bench = Bench()
        assert bench.send_bundle() == 0
        assert bench.send_list() == 0
        _snapshots["flash"] = bench.flash
    return Bench(_snapshots["flash"].copy())
