"""Two real link machines over a wire that misbehaves, in simulated time.

The wire keeps order, as serial lines and TCP do; it does not imitate baud rates or a full send buffer.
"""

import random

from juzhu_protocol.link.events import LinkEvent, RequestFailed, RequestReceived, ResponseReceived
from juzhu_protocol.link.machine import LinkMachine


class BadWire:
    """One direction. A write may lose a span, be garbled, come twice, follow noise, arrive late in pieces.

    Each fault's figure is its chance per write; `max_delay_ms` is for every piece.
    """

    def __init__(
        self,
        rng: random.Random,
        lose: float = 0.0,
        garble: float = 0.0,
        repeat: float = 0.0,
        noise: float = 0.0,
        max_delay_ms: int = 0,
    ) -> None:
        self._rng = rng
        self._lose = lose
        self._garble = garble
        self._repeat = repeat
        self._noise = noise
        self._max_delay_ms = max_delay_ms
        self._pieces: list[tuple[int, bytes]] = []

    def heal(self) -> None:
        self._lose = self._garble = self._repeat = self._noise = 0.0
        self._max_delay_ms = 1

    def cut(self) -> None:
        """Lose everything under way."""
        self._pieces.clear()

    def write(self, data: bytes, now_ms: int) -> None:
        rng = self._rng
        damaged = bytearray(data)
        if damaged and rng.random() < self._lose:
            start = rng.randrange(len(damaged))
            del damaged[start : start + rng.randint(1, len(damaged))]
        if damaged and rng.random() < self._garble:
            for _ in range(rng.randint(1, 4)):
                damaged[rng.randrange(len(damaged))] ^= rng.randint(1, 255)
        if rng.random() < self._repeat:
            damaged *= 2
        if rng.random() < self._noise:
            damaged[:0] = rng.randbytes(rng.choice((1, 7, 300, 3000)))
        while damaged:
            size = rng.randint(1, len(damaged))
            due = now_ms + rng.randint(0, self._max_delay_ms)
            if self._pieces:
                due = max(due, self._pieces[-1][0])
            self._pieces.append((due, bytes(damaged[:size])))
            del damaged[:size]

    def next_ms(self) -> int | None:
        return self._pieces[0][0] if self._pieces else None

    def read(self, now_ms: int) -> bytes:
        """Return the next piece that has arrived, empty if none has."""
        if self._pieces and self._pieces[0][0] <= now_ms:
            return self._pieces.pop(0)[1]
        return b""


def answer_to(kind: int, payload: bytes) -> bytes:
    """The answer that every application here gives: it depends on the whole request."""
    return bytes([kind]) + payload[::-1]


class End:
    """A machine and its application, which numbers its requests and keeps what became of each."""

    def __init__(self, session: int, work_ms: int = 0, first: int = 0, retry_ms: int = 100) -> None:
        self.machine = LinkMachine(session, retry_ms=retry_ms)
        self.work_ms = work_ms
        self.number = first
        self.asked: dict[int, tuple[int, bytes]] = {}
        self.answered: dict[int, bytes] = {}
        self.failed: dict[int, str] = {}
        self.delivered: list[bytes] = []
        self._work: list[tuple[int, RequestReceived]] = []

    def ask(self, now_ms: int, kind: int = 9, padding: bytes = b"") -> None:
        """Send a request whose payload no other request has; LinkBusyError as the machine says."""
        payload = self.machine.session.to_bytes(4, "big") + self.number.to_bytes(4, "big") + padding
        ticket = self.machine.send_request(kind, payload, now_ms)
        self.number += 1
        self.asked[ticket] = (kind, payload)

    def take(self, events: list[LinkEvent], now_ms: int) -> None:
        for event in events:
            if isinstance(event, RequestReceived):
                assert event.payload not in self.delivered, "a request reached the application twice"
                self.delivered.append(event.payload)
                self._work.append((now_ms + self.work_ms, event))
            elif isinstance(event, ResponseReceived):
                self._ends_once(event.ticket)
                kind, payload = self.asked[event.ticket]
                assert event.kind == kind
                assert event.payload == answer_to(kind, payload), "a request got another one's answer"
                self.answered[event.ticket] = event.payload
            else:
                assert isinstance(event, RequestFailed)
                self._ends_once(event.ticket)
                assert event.kind == self.asked[event.ticket][0]
                self.failed[event.ticket] = event.reason
        self._finish_work(now_ms)

    def tick(self, now_ms: int) -> None:
        self.take(self.machine.tick(now_ms), now_ms)

    def next_ms(self) -> int | None:
        times = [due for due, _ in self._work]
        deadline = self.machine.next_deadline_ms()
        if deadline is not None:
            times.append(deadline)
        return min(times, default=None)

    def open_tickets(self) -> set[int]:
        return set(self.asked) - set(self.answered) - set(self.failed)

    def _ends_once(self, ticket: int) -> None:
        assert ticket in self.open_tickets(), "an end of a request that is not open"

    def _finish_work(self, now_ms: int) -> None:
        for due, request in list(self._work):
            if due <= now_ms:
                self._work.remove((due, request))
                self.machine.send_response(request, answer_to(request.kind, request.payload))


class LinkPair:
    """Two ends and the two wires between them, moved on by `run`."""

    def __init__(self, a: End, b: End, a_to_b: BadWire, b_to_a: BadWire) -> None:
        self.now_ms = 0
        self.a = a
        self.b = b
        self.a_to_b = a_to_b
        self.b_to_a = b_to_a

    def run(self, until_ms: int | None = None) -> None:
        """Let time pass to `until_ms`, or until nothing is left that could happen."""
        while True:
            self._settle()
            times = [self.a.next_ms(), self.b.next_ms(), self.a_to_b.next_ms(), self.b_to_a.next_ms()]
            coming = [time for time in times if time is not None]
            if not coming or (until_ms is not None and min(coming) > until_ms):
                break
            self.now_ms = max(self.now_ms, min(coming))
        if until_ms is not None:
            self.now_ms = max(self.now_ms, until_ms)

    def _settle(self) -> None:
        moved = True
        while moved:
            moved = False
            for end, out, back in ((self.a, self.a_to_b, self.b_to_a), (self.b, self.b_to_a, self.a_to_b)):
                end.tick(self.now_ms)
                arrived = back.read(self.now_ms)
                if arrived:
                    moved = True
                    end.take(end.machine.receive_data(arrived, self.now_ms), self.now_ms)
                data = end.machine.data_to_send()
                if data:
                    moved = True
                    out.write(data, self.now_ms)
