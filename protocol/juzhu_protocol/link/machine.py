"""The link machine: requests, responses, retries and restarts over any transport that keeps order.

Both ends run this class and either may ask. The rules:

1. One request of ours is out at a time; a few more wait in line. Each ends in exactly one event.
2. A request goes out again, with the same sequence, every `retry_ms`, `max_tries` times in all; then it
   has failed.
3. A request is known by session, sequence, kind and payload. The one we had last is never handed to the
   application again: while it is worked on a copy is dropped, once answered a copy gets the same answer.
4. Another session, or another sequence, is another request; it ends our interest in the one before.
   So no answer made for one life of a peer ever reaches its next life.
5. A response counts only for our session and the sequence and kind that is out. All else is counted and
   ignored.
6. Waiting to go out there is never more than one request and one answer, the newest of each: nothing
   else matters any more.

The transport may split, drop, garble and repeat bytes, and either end may restart at any byte. It may not
deliver an older frame after a newer one; serial lines and TCP do not. CRC-32 finds accidents, not attacks:
whoever holds the cable can forge frames, and what the payloads claim is verified above this layer.
"""

from ..errors import LinkBusyError, LinkUsageError
from .events import NO_ANSWER, TRANSPORT_LOST, LinkEvent, RequestFailed, RequestReceived, ResponseReceived
from .frame import DELIMITER, MAX_SEQUENCE, MAX_SESSION, REQUEST, RESPONSE, Frame, FrameDecoder
from .stats import LinkStats

RETRY_MS = 500
"""A full frame each way takes 0.2 s at 115,200 baud, and a reader may be busy with a signature for 0.25 s."""

MAX_TRIES = 10
"""Five seconds in all: a reader that makes a new key's tables (3.4 s) and erases flash must not seem dead."""

MAX_QUEUED = 4
"""Requests in line behind the one that is out: with full payloads 4.4 KB, which a reader can spare."""


class LinkMachine:
    """One end of the link, without I/O.

    `session` is random and new in every life of the program: 0..2^32-1, LinkUsageError otherwise.
    `now_ms` everywhere is milliseconds of a clock that never goes back and never wraps.
    After every call ask `data_to_send()`; call `tick` at `next_deadline_ms()`.
    """

    def __init__(self, session: int, retry_ms: int = RETRY_MS, max_tries: int = MAX_TRIES) -> None:
        if not 0 <= session <= MAX_SESSION:
            raise LinkUsageError("session is not in 0..2^32-1")
        if retry_ms < 1 or max_tries < 1:
            raise LinkUsageError("retry_ms and max_tries must be 1 or more")
        self.session = session
        self.stats = LinkStats()
        self._retry_ms = retry_ms
        self._max_tries = max_tries
        self._decoder = FrameDecoder(self.stats)
        # Our requests, the one that is out in front: (ticket, kind, frame on the wire).
        self._requests: "list[tuple[int, int, bytes]]" = []
        self._next_ticket = 0
        self._tries = 0
        self._deadline_ms = 0
        # The peer's last request and our answer to it.
        self._asked: "RequestReceived | None" = None
        self._answer = b""
        # What waits to go out. The delimiter ends whatever an earlier life left half-sent.
        self._resync = True
        self._answer_out = b""
        self._request_out = b""

    def send_request(self, kind: int, payload: bytes, now_ms: int) -> int:
        """Ask the peer; return the ticket that the one event about it will carry.

        LinkBusyError when MAX_QUEUED requests already wait; LinkUsageError for a kind outside 1..127 or a
        payload over MAX_PAYLOAD bytes.
        """
        if len(self._requests) > MAX_QUEUED:
            raise LinkBusyError("%d requests are waiting already" % MAX_QUEUED)
        ticket = self._next_ticket
        frame = Frame(kind, REQUEST, self.session, ticket & MAX_SEQUENCE, payload)
        self._requests.append((ticket, kind, frame.to_bytes()))
        self._next_ticket = ticket + 1
        if len(self._requests) == 1:
            self._start(now_ms)
        return ticket

    def send_response(self, request: RequestReceived, payload: bytes) -> bool:
        """Answer `request`; False if the peer has gone on to another request, and then nothing is sent.

        LinkUsageError for a second answer or a payload over MAX_PAYLOAD bytes.
        """
        frame = Frame(request.kind, RESPONSE, request.session, request.sequence, payload)
        if request is not self._asked:
            self.stats.superseded += 1
            return False
        if self._answer:
            raise LinkUsageError("request of kind %d is answered already" % request.kind)
        self._answer = frame.to_bytes()
        self._answer_out = self._answer
        return True

    def receive_data(self, data: bytes, now_ms: int) -> "list[LinkEvent]":
        """Take bytes from the transport, any bytes in any pieces; return what they mean, in order."""
        events: "list[LinkEvent]" = []
        for frame in self._decoder.feed(data):
            if frame.role == RESPONSE:
                self._take_response(frame, now_ms, events)
            else:
                self._take_request(frame, events)
        return events

    def tick(self, now_ms: int) -> "list[LinkEvent]":
        """Let time pass: send the request that is out again, or give it up and start the next."""
        if not self._requests or now_ms < self._deadline_ms:
            return []
        if self._tries < self._max_tries:
            self.stats.resent += 1
            self._resync = True
            self._send(now_ms)
            return []
        failed = self._end(now_ms)
        return [self._failure(failed, NO_ANSWER)]

    def data_to_send(self) -> bytes:
        """Return the bytes to write to the transport now, at most two frames; they are not returned again."""
        data = self._answer_out + self._request_out
        if data and self._resync:
            data = DELIMITER + data
            self._resync = False
        self._answer_out = self._request_out = b""
        return data

    def next_deadline_ms(self) -> "int | None":
        """Return when `tick` has something to do, or None while no request is out."""
        return self._deadline_ms if self._requests else None

    def reset(self) -> "list[LinkEvent]":
        """The transport is lost: forget what was under way on it; return a RequestFailed for every request.

        The peer's last request and its answer stay: the same life of the peer may ask again on the next
        transport.
        """
        self._decoder.reset()
        self._resync = True
        self._answer_out = self._request_out = b""
        events: "list[LinkEvent]" = [self._failure(request, TRANSPORT_LOST) for request in self._requests]
        self._requests = []
        return events

    def _start(self, now_ms: int) -> None:
        self._tries = 0
        self._send(now_ms)

    def _send(self, now_ms: int) -> None:
        self._tries += 1
        self._request_out = self._requests[0][2]
        self._deadline_ms = now_ms + self._retry_ms

    def _end(self, now_ms: int) -> "tuple[int, int, bytes]":
        ended = self._requests.pop(0)
        self._request_out = b""
        if self._requests:
            self._start(now_ms)
        return ended

    def _failure(self, request: "tuple[int, int, bytes]", reason: str) -> RequestFailed:
        self.stats.failed += 1
        return RequestFailed(request[0], request[1], reason)

    def _take_response(self, frame: Frame, now_ms: int, events: "list[LinkEvent]") -> None:
        if self._requests and frame.session == self.session:
            ticket, kind, _ = self._requests[0]
            if frame.sequence == ticket & MAX_SEQUENCE and frame.kind == kind:
                self._end(now_ms)
                events.append(ResponseReceived(ticket, kind, frame.payload))
                return
        self.stats.unexpected += 1

    def _take_request(self, frame: Frame, events: "list[LinkEvent]") -> None:
        if frame.session == self.session:
            self.stats.echoes += 1
            return
        asked = self._asked
        # The payload is compared too, because a sequence comes round again after 65,536 requests.
        if (
            asked is not None
            and asked.session == frame.session
            and asked.sequence == frame.sequence
            and asked.kind == frame.kind
            and asked.payload == frame.payload
        ):
            self.stats.duplicates += 1
            self._answer_out = self._answer
            return
        self._asked = RequestReceived(frame.kind, frame.payload, frame.session, frame.sequence)
        self._answer = self._answer_out = b""
        events.append(self._asked)
