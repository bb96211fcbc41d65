"""The link on both runtimes, in short; the long forms are in tests/protocol/link."""

from juzhu_protocol.errors import FrameChecksumError, FrameError, LinkBusyError, LinkUsageError
from juzhu_protocol.link import cobs
from juzhu_protocol.link.events import (
    NO_ANSWER,
    TRANSPORT_LOST,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
)
from juzhu_protocol.link.frame import MAX_FRAME, MAX_PAYLOAD, REQUEST, RESPONSE, Frame, FrameDecoder
from juzhu_protocol.link.machine import MAX_QUEUED, MAX_TRIES, RETRY_MS, LinkMachine
from juzhu_protocol.link.stats import LinkStats


class Random:
    """A small linear congruential generator, the same on both runtimes."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 8) % limit

    def bytes(self, size):
        return bytes([self.below(256) for _ in range(size)])


def raised(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return True
    return False


def test_cobs_table_both_ways():
    run = bytes(range(1, 255))
    table = (
        (b"", b"\x01"),
        (b"\x00\x00", b"\x01\x01\x01"),
        (b"\x11\x22\x00\x33", b"\x03\x11\x22\x02\x33"),
        (run, b"\xff" + run),
        (run + b"\x00", b"\xff" + run + b"\x01\x01"),
        (run + b"\xff", b"\xff" + run + b"\x02\xff"),
    )
    for plain, encoded in table:
        assert cobs.encode(plain) == encoded
        assert cobs.decode(encoded) == plain
    for bad in (b"", b"\x00", b"\x02", b"\x02\x11\x00", b"\xff" + run + b"\x01"):
        assert raised(FrameError, cobs.decode, bad)


def test_frame_bytes_and_refusals():
    frame = Frame(5, RESPONSE, 0x01020304, 0x0506, b"\x00hi")
    wire = frame.to_bytes()
    assert wire.hex() == "08850102030405060768696840097900"
    assert Frame.from_bytes(wire) == frame
    assert len(Frame(127, REQUEST, 0xFFFFFFFF, 0xFFFF, b"\x01" * MAX_PAYLOAD).to_bytes()) == MAX_FRAME
    damaged = bytearray(wire)
    damaged[-2] ^= 1
    assert raised(FrameChecksumError, Frame.from_bytes, bytes(damaged))
    assert raised(FrameError, Frame.from_bytes, wire[:-1])
    for fields in ((0, 0, 0), (128, 0, 0), (1, 1 << 32, 0), (1, 0, 1 << 16)):
        assert raised(LinkUsageError, Frame, fields[0], REQUEST, fields[1], fields[2], b"")
    assert raised(LinkUsageError, Frame, 1, REQUEST, 0, 0, bytes(MAX_PAYLOAD + 1))


def test_decoder_finds_frames_in_any_pieces_and_after_any_noise():
    rng = Random(7)
    for _ in range(60):
        frames = [Frame(1 + n, REQUEST, 9, n, rng.bytes(rng.below(300))) for n in range(3)]
        data = rng.bytes(rng.below(2500)) + b"\x00" + b"".join([frame.to_bytes() for frame in frames])
        decoder = FrameDecoder(LinkStats())
        found = []
        while data:
            size = 1 + rng.below(600)
            found.extend(decoder.feed(data[:size]))
            data = data[size:]
        assert found[-3:] == frames


def test_decoder_drops_what_is_longer_than_a_frame():
    stats = LinkStats()
    decoder = FrameDecoder(stats)
    wire = Frame(1, REQUEST, 9, 0, b"\x01" * MAX_PAYLOAD).to_bytes()
    assert decoder.feed(b"\x01" + wire) == []
    assert stats.oversize == 1
    assert len(decoder.feed(bytearray(wire))) == 1


def test_megabyte_of_noise_then_traffic():
    rng = Random(11)
    noise = rng.bytes(4096)
    a, b = LinkMachine(1), LinkMachine(2)
    for _ in range(256):
        assert a.receive_data(noise, 0) == []
        assert b.receive_data(noise, 0) == []
    ticket = a.send_request(9, b"hello", 0)
    asked = b.receive_data(a.data_to_send(), 0)
    assert b.send_response(asked[0], b"there")
    answer = a.receive_data(b.data_to_send(), 0)
    if not answer:
        # The answer may stick to the noise in front of it; the retry then brings it.
        a.tick(RETRY_MS)
        assert b.receive_data(a.data_to_send(), RETRY_MS) == []
        answer = a.receive_data(b.data_to_send(), RETRY_MS)
    assert (answer[0].ticket, answer[0].payload) == (ticket, b"there")


class Side:
    """One end and its application, which answers every request with its payload and its kind."""

    def __init__(self, session):
        self.machine = LinkMachine(session, retry_ms=100)
        self.asked = {}
        self.ended = {}
        self.delivered = []
        self.pipe = b""

    def ask(self, payload, now_ms):
        try:
            self.asked[self.machine.send_request(9, payload, now_ms)] = payload
        except LinkBusyError:
            assert len(self.asked) - len(self.ended) == 1 + MAX_QUEUED

    def take(self, events):
        for event in events:
            if isinstance(event, RequestReceived):
                assert (event.session, event.sequence) not in self.delivered
                self.delivered.append((event.session, event.sequence))
                self.machine.send_response(event, event.payload + b"!")
                continue
            assert event.ticket in self.asked
            assert event.ticket not in self.ended
            if isinstance(event, ResponseReceived):
                assert event.payload == self.asked[event.ticket] + b"!"
            else:
                assert isinstance(event, RequestFailed)
            self.ended[event.ticket] = isinstance(event, ResponseReceived)


def damage(rng, data):
    """What a bad wire makes of one write: cut, flipped, repeated, or after noise."""
    fault = rng.below(8)
    if fault == 0:
        at = rng.below(len(data))
        return data[:at] + data[at + 1 + rng.below(60) :]
    if fault == 1:
        at = rng.below(len(data))
        return data[:at] + bytes([data[at] ^ (1 + rng.below(255))]) + data[at + 1 :]
    if fault == 2:
        return data + data
    if fault == 3:
        return rng.bytes(rng.below(80)) + data
    return data


def step(rng, sides, now_ms, fault):
    """Let one moment pass; `fault` says what the wire makes of a write, None for a good wire."""
    for here in (0, 1):
        side, other = sides[here], sides[1 - here]
        side.take(side.machine.tick(now_ms))
        data = side.machine.data_to_send()
        if data:
            side.pipe += fault(rng, data) if fault else data
        size = rng.below(len(side.pipe) + 1) if fault else len(side.pipe)
        other.take(other.machine.receive_data(side.pipe[:size], now_ms))
        side.pipe = side.pipe[size:]


def settle(rng, sides, now_ms):
    for _ in range(1000):
        step(rng, sides, now_ms, None)
        still_open = [side for side in sides if side.machine.next_deadline_ms() is not None]
        if not still_open and not sides[0].pipe and not sides[1].pipe:
            return now_ms
        now_ms += 20
    raise AssertionError("the link did not settle")


def test_bad_wire_ends_every_request_once_and_rightly():
    for seed in range(12):
        rng = Random(100 + seed)
        sides = (Side(1), Side(2))
        now_ms = 0
        for n in range(250):
            if n % 10 == 0:
                sides[rng.below(2)].ask(rng.bytes(rng.below(120)), now_ms)
            step(rng, sides, now_ms, damage)
            now_ms += 20
        now_ms = settle(rng, sides, now_ms)
        for side in sides:
            side.ask(b"afterwards", now_ms)
        settle(rng, sides, now_ms)
        for side in sides:
            assert len(side.ended) == len(side.asked)
            assert side.ended[max(side.asked)]


def test_restart_of_either_end_at_every_byte():
    for restarts in (0, 1):
        cut = 0
        while converse(cut, restarts):
            cut += 1
        assert cut > 80


def converse(cut, restarts):
    """Move bytes one by one and restart one end after `cut` of them; False if the talk was over before."""
    sides = [Side(50), Side(51)]
    for side in sides:
        side.ask(b"first", 0)
        side.ask(b"second", 0)
    moved = now_ms = 0
    cut_made = False
    while sides[0].machine.next_deadline_ms() is not None or sides[1].machine.next_deadline_ms() is not None:
        if moved == cut and not cut_made:
            cut_made = True
            sides[restarts] = Side(60)
            sides[restarts].ask(b"second life", now_ms)
        progress = False
        for here in (0, 1):
            sides[here].pipe += sides[here].machine.data_to_send()
            if sides[here].pipe and (moved != cut or cut_made):
                byte, sides[here].pipe = sides[here].pipe[:1], sides[here].pipe[1:]
                sides[1 - here].take(sides[1 - here].machine.receive_data(byte, now_ms))
                moved += 1
                progress = True
        if not progress and (moved != cut or cut_made):
            now_ms += 20
            assert now_ms < 5000
            for side in sides:
                side.take(side.machine.tick(now_ms))
    for side in sides:
        assert len(side.asked) == len(side.ended)
        assert all(side.ended.values())
    return cut_made


def test_silence_ends_in_one_failure_after_the_stated_time():
    machine = LinkMachine(1)
    ticket = machine.send_request(9, b"q", 0)
    events = []
    now_ms = 0
    while machine.next_deadline_ms() is not None:
        now_ms = machine.next_deadline_ms()
        events.extend(machine.tick(now_ms))
    assert now_ms == RETRY_MS * MAX_TRIES
    assert [(event.ticket, event.reason) for event in events] == [(ticket, NO_ANSWER)]
    machine.send_request(9, b"q", now_ms)
    assert [event.reason for event in machine.reset()] == [TRANSPORT_LOST]


def test_counters_have_the_names_of_the_log_line():
    machine = LinkMachine(1)
    machine.send_request(9, b"q", 0)
    machine.tick(RETRY_MS)
    assert machine.receive_data(machine.data_to_send(), RETRY_MS) == []
    assert [item for item in machine.stats.items() if item[1]] == [
        ("frames_ok", 1),
        ("resent", 1),
        ("echoes", 1),
    ]
