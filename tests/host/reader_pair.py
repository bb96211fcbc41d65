"""A ReaderSession and a reader over two bad wires, in simulated time."""

import random
from typing import Any, Protocol

from host.authority_kit import DIVISION, NOW, Authority
from juzhu_device.actions import SendBytes
from juzhu_device.core import ReaderCore
from juzhu_device.settings import ReaderSettings as DeviceSettings
from juzhu_host.holdings import Holdings
from juzhu_host.notes import Note
from juzhu_host.reader_session import (
    Actions,
    HangUp,
    LookUpTaps,
    ReaderSession,
    ShowDisplay,
    ShowStatus,
    StoreTap,
)
from juzhu_protocol.card.keys import ROLE_BUS
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.crypto.sm3 import compress
from juzhu_protocol.link.events import LinkEvent, RequestReceived, ResponseReceived
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.records.link import Display, ObjectResult, Status, Tap, TapStored
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.kaifeng import KAIFENG
from protocol.link.bad_wire import BadWire


class Reader(Protocol):
    """The far end: bytes in, bytes out, time."""

    def receive(self, data: bytes, now_ms: int) -> bytes: ...
    def tick(self, now_ms: int) -> bytes: ...
    def lost(self) -> None: ...


class FakeReader:
    """A reader that answers as it is told. A real LinkMachine; no flash, no verification, no cards.

    It takes every object it is offered, unless `results` holds a refusal for the kind of the request.
    """

    def __init__(
        self, session: int, reader_id: bytes = b"fake", ring_id: int = 5, division: int = DIVISION
    ) -> None:
        self.machine = LinkMachine(session)
        self.status = Status(
            reader_id=reader_id,
            runtime=1,
            list_division=division,
            bundle_version=0,
            key_epoch=0,
            list_sequence=0,
            list_time=0,
            profile_version=0,
            clock_floor=0,
            free_heap=0,
            ring_id=ring_id,
            taps_waiting=0,
            taps_lost=0,
        )
        self.results: dict[int, int] = {}
        self.raw: dict[int, bytes] = {}
        self.holds = True
        self.requests: list[tuple[int, bytes]] = []
        self.receipts: list[int] = []
        self.acked = 0
        self._offer = b""
        self._offset = 0

    def receive(self, data: bytes, now_ms: int) -> bytes:
        return self._take(self.machine.receive_data(data, now_ms))

    def tick(self, now_ms: int) -> bytes:
        return self._take(self.machine.tick(now_ms))

    def lost(self) -> None:
        self.machine.reset()

    def ask(self, kind: int, payload: bytes, now_ms: int) -> None:
        self.machine.send_request(kind, payload, now_ms)

    def kinds(self) -> list[int]:
        return [kind for kind, _ in self.requests]

    def _take(self, events: list[LinkEvent]) -> bytes:
        for event in events:
            if isinstance(event, RequestReceived):
                self.requests.append((event.kind, event.payload))
                self.machine.send_response(event, self._answer(event.kind, event.payload))
            elif isinstance(event, ResponseReceived) and event.kind == 0x30:
                self.receipts.append(TapStored.from_bytes(event.payload).index)
            elif isinstance(event, ResponseReceived):
                self.acked += 1
        return self.machine.data_to_send()

    def _answer(self, kind: int, payload: bytes) -> bytes:
        if kind in self.raw:
            return self.raw[kind]
        if kind == 0x40:
            return self.status.to_bytes()
        if self.results.get(kind):
            return ObjectResult(self.results[kind], 0).to_bytes()
        if kind == 0x42:
            self._offer, self._offset = payload, 0
        elif kind == 0x43:
            self._offset += len(payload) - 9
        elif self.holds and self._offer[2] == 1:
            self.status.bundle_version += 1
        elif self.holds and self._offer[2] == 3:
            self.status.profile_version += 1
        elif self.holds:
            manifest = Manifest.from_bytes(self._offer[9:])
            self.status.key_epoch, self.status.list_sequence = manifest.key_epoch, manifest.sequence
        return ObjectResult(0, self._offset).to_bytes()


class MemoryPorts:
    """Ports of a real ReaderCore; flash in memory, never cut. Survives the core as flash survives a restart."""

    def __init__(self, rng: random.Random) -> None:
        sizes = {"state0": 512, "state1": 512, "trust0": 4096, "trust1": 4096}
        sizes.update(
            {
                "profile0": 2048,
                "profile1": 2048,
                "list0": 262144,
                "list1": 262144,
                "taps": 8192,
                "tables": 34816,
            }
        )
        self._regions = {name: bytearray(b"\xff" * size) for name, size in sizes.items()}
        self._rng = rng
        self.flash = self
        self.rtc = self
        self.sm3_compress = compress
        self.sam = SoftwareSam(ROLE_BUS, {1: bytes(32)}, self.random)

    def size(self, region: str) -> int:
        return len(self._regions[region])

    def read(self, region: str = "", offset: int = 0, size: int = 0) -> Any:
        """Flash.read with a region, Rtc.read without: this object stands for both."""
        if not region:
            return NOW, 0
        return bytes(self._regions[region][offset : offset + size])

    def write(self, region: str, offset: int, data: bytes) -> None:
        self._regions[region][offset : offset + len(data)] = data

    def random(self, size: int) -> bytes:
        return self._rng.randbytes(size)


class RealReader:
    """The real ReaderCore."""

    def __init__(self, authority: Authority, ports: MemoryPorts, session: int) -> None:
        settings = DeviceSettings(b"real", bytes(32), authority.roots, KAIFENG, KAIFENG.service("bus.senior"))
        self.core = ReaderCore(settings, ports, session)

    def receive(self, data: bytes, now_ms: int) -> bytes:
        return self._bytes(self.core.link_received(data, now_ms))

    def tick(self, now_ms: int) -> bytes:
        return self._bytes(self.core.tick(now_ms))

    def lost(self) -> None:
        self.core.link_lost()

    def tap_torn_three_times(self, now_ms: int) -> bytes:
        """Two "try again" and one REFER: three lines for the staff, one tap record."""
        out = b""
        for _ in range(3):
            self.core.card_present(now_ms)
            out += self._bytes(self.core.card_response(None, now_ms))
        return out

    @staticmethod
    def _bytes(actions: list[Any]) -> bytes:
        return b"".join(action.data for action in actions if isinstance(action, SendBytes))


class Pair:
    """Moves time and bytes; does what the runner does, with a store that is a dictionary."""

    def __init__(self, reader: Reader, holdings: Holdings, seed: int = 0, **faults: float) -> None:
        rng = random.Random(seed)
        self.session = ReaderSession(99, holdings)
        self.reader = reader
        self.to_reader = BadWire(rng, **faults)  # type: ignore[arg-type]
        self.to_host = BadWire(rng, **faults)  # type: ignore[arg-type]
        self.now_ms = 0
        self.taps: dict[tuple[bytes, int, int], bytes] = {}
        self.events: list[tuple[str, object]] = []
        self.notes: list[Note] = []
        self.displays: list[Display] = []
        self.statuses: list[Status] = []
        self.hung_up: list[str] = []
        self.store_error = ""

    def connect(self) -> None:
        self.perform(self.session.connected(self.now_ms))

    def unplug(self) -> None:
        self.to_reader.cut()
        self.to_host.cut()
        self.session.disconnected()
        self.reader.lost()

    def offer(self, holdings: Holdings) -> None:
        self.perform(self.session.offer(holdings, self.now_ms))

    def run(self, ms: int) -> None:
        end = self.now_ms + ms
        while self.now_ms <= end:
            self.perform(self.session.tick(self.now_ms))
            self._to_host(self.reader.tick(self.now_ms))
            while data := self.to_reader.read(self.now_ms):
                self._to_host(self.reader.receive(data, self.now_ms))
            while data := self.to_host.read(self.now_ms):
                self.perform(self.session.receive(data, self.now_ms))
            # Bytes that were written without delay are read in the same moment.
            if self.to_reader.next_ms() != self.now_ms and self.to_host.next_ms() != self.now_ms:
                self.now_ms += 5

    def _to_host(self, data: bytes) -> None:
        if data:
            self.to_host.write(data, self.now_ms)

    def perform(self, actions: Actions) -> None:
        for action in actions:
            if isinstance(action, Note):
                self.notes.append(action)
            elif isinstance(action, ShowDisplay):
                self.displays.append(action.display)
            elif isinstance(action, ShowStatus):
                self.statuses.append(action.status)
            elif isinstance(action, HangUp):
                self.hung_up.append(action.why)
            elif isinstance(action, LookUpTaps):
                rings = [index for *ring, index in self.taps if ring == [action.reader_id, action.ring_id]]
                self.perform(self.session.taps_known(action, max(rings, default=0)))
            else:
                self._store(action)
        data = self.session.data_to_send()
        if data:
            self.to_reader.write(data, self.now_ms)

    def _store(self, action: StoreTap) -> None:
        if self.store_error:
            self.perform(self.session.tap_failed(action, self.store_error))
            return
        place = (action.reader_id, action.ring_id, action.index)
        is_new = self.taps.get(place) != action.raw
        self.taps.setdefault(place, action.raw)
        self.perform(self.session.tap_stored(action, is_new))


def tap(index: int, reason: int = 1) -> bytes:
    return Tap(index, NOW, bytes(8), 7, 1, reason, 0, 3, bytes(16)).to_bytes()
