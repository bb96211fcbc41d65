import random
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from juzhu_protocol.errors import LinkBusyError
from juzhu_protocol.link.events import RequestReceived, ResponseReceived
from juzhu_protocol.link.frame import MAX_PAYLOAD
from juzhu_protocol.link.machine import LinkMachine
from parts import nightly
from protocol.link.bad_wire import BadWire, End, LinkPair, answer_to

SEEDS = range(400 if nightly() else 12)

WIRES: dict[str, dict[str, float]] = {
    "clean": {},
    "split and late": {"max_delay_ms": 40},
    "losing": {"lose": 0.3},
    "garbling": {"garble": 0.3},
    "repeating": {"repeat": 0.5, "max_delay_ms": 40},
    "noisy": {"noise": 0.5},
    "slower than the retry": {"max_delay_ms": 350},
    "all at once": {"lose": 0.15, "garble": 0.15, "repeat": 0.3, "noise": 0.2, "max_delay_ms": 150},
    "deaf": {"lose": 1.0, "garble": 1.0},
}


@pytest.mark.parametrize("name", WIRES)
def test_every_request_is_answered_once_and_rightly_or_reported_failed(name: str) -> None:
    """Each request ends in one event and reaches the peer's application at most once (End asserts)."""
    for seed in SEEDS:
        rng = random.Random(f"{name} {seed}")
        fault = WIRES[name]
        a, b = End(1, work_ms=rng.choice((0, 5, 250))), End(2, work_ms=rng.choice((0, 5, 250)))
        pair = LinkPair(a, b, BadWire(rng, **fault), BadWire(rng, **fault))  # type: ignore[arg-type]
        refused = 0
        for _ in range(40):
            end = rng.choice((a, b))
            try:
                end.ask(pair.now_ms, rng.randint(1, 127), bytes(rng.choice((0, 1, 300, MAX_PAYLOAD - 9))))
            except LinkBusyError:
                refused += 1
            pair.run(pair.now_ms + rng.choice((0, 3, 200, 900)))
        pair.run()
        assert not a.open_tickets()
        assert not b.open_tickets()
        assert len(a.asked) + len(b.asked) == 40 - refused
        if name in ("clean", "split and late", "repeating"):
            assert not a.failed
            assert not b.failed
        pair.a_to_b.heal()
        pair.b_to_a.heal()
        for end in (a, b):
            end.ask(pair.now_ms)
        pair.run()
        assert max(a.answered) == max(a.asked), "a healed wire must serve again"
        assert max(b.answered) == max(b.asked), "a healed wire must serve again"


@pytest.mark.parametrize("size", [1 << 20, 1 << 12])
def test_traffic_goes_on_after_bursts_of_a_megabyte_of_noise(size: int) -> None:
    rng = random.Random(size)
    a, b = End(1, work_ms=20), End(2, work_ms=20)
    pair = LinkPair(a, b, BadWire(rng, max_delay_ms=2), BadWire(rng, max_delay_ms=2))
    for _ in range(3):
        for end, back in ((a, pair.b_to_a), (b, pair.a_to_b)):
            end.ask(pair.now_ms)
            for _ in range((1 << 20) // size):
                back.write(rng.randbytes(size), pair.now_ms)
        pair.run()
    assert len(a.answered) == len(b.answered) == 3
    assert a.machine.stats.malformed > 5000


# -- Restarts at every byte -------------------------------------------------------------------------


class Life:
    """One life of one end: asks the same three things in every life, answers with the count of deliveries."""

    def __init__(self, session: int) -> None:
        self.machine = LinkMachine(session, retry_ms=100)
        self.tickets = [self.machine.send_request(9, bytes([n]) * (1 + 12 * n), 0) for n in range(3)]
        self.answers: dict[int, bytes] = {}
        self.deliveries: list[tuple[int, int]] = []
        self.out = bytearray()

    def take(self, byte: int, now_ms: int, count: Callable[[], int]) -> None:
        for event in self.machine.receive_data(bytes([byte]), now_ms):
            if isinstance(event, RequestReceived):
                self.deliveries.append((event.session, event.sequence))
                self.machine.send_response(event, bytes([event.payload[0]]) + count().to_bytes(4, "big"))
            else:
                assert isinstance(event, ResponseReceived)
                assert event.ticket not in self.answers
                self.answers[event.ticket] = event.payload


def converse(cut: int | None, restarts: int, keep_in_flight: bool) -> tuple[int, list[Life], list[Life], int]:
    """Move bytes one by one until both ends are content; after `cut` bytes one end begins a new life.

    Returns the bytes moved, both ends, every life there was, and the deliveries counted before the restart.
    """
    ends = [Life(100), Life(101)]
    lives = list(ends)
    moved = now_ms = deliveries = before = 0

    def count() -> int:
        nonlocal deliveries
        deliveries += 1
        return deliveries

    while any(len(life.answers) < 3 for life in ends):
        progress = False
        for here in (0, 1):
            if moved == cut:
                cut = None
                before = deliveries
                under_way = ends[restarts].out if keep_in_flight else bytearray()
                ends[restarts] = Life(200)
                ends[restarts].out = under_way
                lives.append(ends[restarts])
            ends[here].out += ends[here].machine.data_to_send()
            if ends[here].out:
                byte = ends[here].out[0]
                del ends[here].out[0]
                ends[1 - here].take(byte, now_ms, count)
                moved += 1
                progress = True
        if not progress:
            now_ms += 10
            assert now_ms < 10_000, "the ends wait for each other for ever"
            for life in ends:
                assert life.machine.tick(now_ms) == []
    return moved, ends, lives, before


def test_a_restart_of_either_end_at_any_byte_loses_and_mixes_nothing() -> None:
    """Both ends get all their answers, each delivery is once a life, no answer crosses from life to life."""
    total = converse(None, 0, True)[0]
    assert total > 250
    for cut in range(total):
        for restarts in (0, 1):
            for keep_in_flight in (False, True):
                _, ends, lives, before = converse(cut, restarts, keep_in_flight)
                assert len(lives) == 3
                for life in lives:
                    assert len(life.deliveries) == len(set(life.deliveries))
                for life in ends:
                    assert [life.answers[ticket][0] for ticket in life.tickets] == [0, 1, 2]
                reborn = ends[restarts]
                for answer in reborn.answers.values():
                    assert int.from_bytes(answer[1:], "big") > before, "answered from an earlier life"


# -- Any order of faults ----------------------------------------------------------------------------


class LinkUnderAnyFault(RuleBasedStateMachine):
    """Whatever is lost, garbled, repeated, late, restarted: one right end a request, one delivery a life."""

    sides = st.sampled_from((0, 1))

    @initialize(work_ms=st.sampled_from((0, 30, 150)))
    def connect(self, work_ms: int) -> None:
        self.now_ms = 0
        self.sessions = 100
        self.work_ms = work_ms
        self.ends = [self.new_end(), self.new_end()]
        self.flow = [bytearray(), bytearray()]
        self.last_write = [b"", b""]

    def new_end(self) -> End:
        self.sessions += 1
        return End(self.sessions, work_ms=self.work_ms)

    def collect(self, side: int) -> None:
        data = self.ends[side].machine.data_to_send()
        if data:
            self.flow[side] += data
            self.last_write[side] = data

    @rule(side=sides, kind=st.integers(1, 127), size=st.sampled_from((0, 3, 260, 1000)))
    def ask(self, side: int, kind: int, size: int) -> None:
        try:
            self.ends[side].ask(self.now_ms, kind, bytes(size))
        except LinkBusyError:
            assert len(self.ends[side].open_tickets()) == 5
        self.collect(side)

    @rule(side=sides, part=st.floats(0, 1))
    def deliver(self, side: int, part: float) -> None:
        size = round(part * len(self.flow[side]))
        data = bytes(self.flow[side][:size])
        del self.flow[side][:size]
        end = self.ends[1 - side]
        end.take(end.machine.receive_data(data, self.now_ms), self.now_ms)
        self.collect(1 - side)

    @rule(side=sides, start=st.floats(0, 1), size=st.integers(1, 400))
    def lose(self, side: int, start: float, size: int) -> None:
        at = round(start * len(self.flow[side]))
        del self.flow[side][at : at + size]
        self.last_write[side] = b""

    @rule(side=sides, place=st.floats(0, 1), flip=st.integers(1, 255))
    def garble(self, side: int, place: float, flip: int) -> None:
        if self.flow[side]:
            self.flow[side][round(place * (len(self.flow[side]) - 1))] ^= flip

    @rule(side=sides)
    def repeat(self, side: int) -> None:
        self.flow[side] += self.last_write[side]

    @rule(side=sides, noise=st.binary(max_size=50))
    def noise(self, side: int, noise: bytes) -> None:
        self.flow[side] += noise

    @rule(step=st.sampled_from((1, 40, 100, 1500)))
    def wait(self, step: int) -> None:
        self.now_ms += step
        for side in (0, 1):
            self.ends[side].tick(self.now_ms)
            self.collect(side)

    @rule(side=sides)
    def restart(self, side: int) -> None:
        self.ends[side] = self.new_end()
        self.last_write[side] = b""

    @rule()
    def transport_lost(self) -> None:
        for side in (0, 1):
            self.flow[side].clear()
            self.last_write[side] = b""
            end = self.ends[side]
            end.take(end.machine.reset(), self.now_ms)
            assert not end.open_tickets()

    @invariant()
    def output_was_collected(self) -> None:
        for side in (0, 1):
            self.collect(side)

    def teardown(self) -> None:
        if not hasattr(self, "flow"):
            return
        wire = [BadWire(random.Random(0)), BadWire(random.Random(0))]
        for side in (0, 1):
            wire[side].write(bytes(self.flow[side]), self.now_ms)
        pair = LinkPair(self.ends[0], self.ends[1], wire[0], wire[1])
        pair.now_ms = self.now_ms
        pair.run()
        for end in self.ends:
            assert not end.open_tickets()
            end.ask(pair.now_ms)
            pair.run()
            assert end.answered[max(end.asked)] == answer_to(*end.asked[max(end.asked)])


TestLinkUnderAnyFault = LinkUnderAnyFault.TestCase
TestLinkUnderAnyFault.settings = settings(
    max_examples=1000 if nightly() else 60, stateful_step_count=80 if nightly() else 40, deadline=None
)
