import pytest

from juzhu_protocol.errors import LinkBusyError, LinkUsageError
from juzhu_protocol.link.events import (
    NO_ANSWER,
    TRANSPORT_LOST,
    LinkEvent,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
)
from juzhu_protocol.link.frame import MAX_FRAME, MAX_PAYLOAD, REQUEST, RESPONSE, Frame
from juzhu_protocol.link.machine import MAX_QUEUED, MAX_TRIES, RETRY_MS, LinkMachine


def requested(events: list[LinkEvent]) -> RequestReceived:
    assert len(events) == 1
    assert isinstance(events[0], RequestReceived)
    return events[0]


def responses(events: list[LinkEvent]) -> list[tuple[int, int, bytes]]:
    return [
        (event.ticket, event.kind, event.payload) for event in events if isinstance(event, ResponseReceived)
    ]


def failures(events: list[LinkEvent]) -> list[tuple[int, int, str]]:
    return [(event.ticket, event.kind, event.reason) for event in events if isinstance(event, RequestFailed)]


def request_frame(session: int = 2, sequence: int = 0, payload: bytes = b"q", kind: int = 9) -> bytes:
    return Frame(kind, REQUEST, session, sequence, payload).to_bytes()


def test_request_and_response_cross_in_both_directions_at_once() -> None:
    a, b = LinkMachine(1), LinkMachine(2)
    assert a.next_deadline_ms() is None
    first = a.send_request(9, b"from a", 0)
    second = b.send_request(10, b"from b", 0)
    assert a.next_deadline_ms() == RETRY_MS
    to_a, to_b = b.data_to_send(), a.data_to_send()
    at_a, at_b = requested(a.receive_data(to_a, 1)), requested(b.receive_data(to_b, 1))
    assert (at_a.kind, at_a.payload, at_a.session, at_a.sequence) == (10, b"from b", 2, 0)
    assert (at_b.kind, at_b.payload, at_b.session, at_b.sequence) == (9, b"from a", 1, 0)
    assert a.send_response(at_a, b"")
    assert b.send_response(at_b, bytes(MAX_PAYLOAD))
    to_a, to_b = b.data_to_send(), a.data_to_send()
    assert responses(a.receive_data(to_a, 2)) == [(first, 9, bytes(MAX_PAYLOAD))]
    assert responses(b.receive_data(to_b, 2)) == [(second, 10, b"")]
    assert a.next_deadline_ms() is None
    assert a.data_to_send() == b""


def test_unanswered_request_goes_out_max_tries_times_unchanged_and_then_fails() -> None:
    machine = LinkMachine(1)
    ticket = machine.send_request(9, b"q", 1000)
    first = machine.data_to_send()
    now = 1000
    for _ in range(MAX_TRIES - 1):
        assert machine.tick(now + RETRY_MS - 1) == []
        assert machine.data_to_send() == b""
        now += RETRY_MS
        assert machine.next_deadline_ms() == now
        assert machine.tick(now) == []
        assert machine.data_to_send() == first
    assert failures(machine.tick(now + RETRY_MS)) == [(ticket, 9, NO_ANSWER)]
    assert machine.data_to_send() == b""
    assert machine.tick(now + 99 * RETRY_MS) == []
    assert (machine.stats.resent, machine.stats.failed) == (MAX_TRIES - 1, 1)


def test_a_late_tick_sends_once_and_not_once_for_every_missed_deadline() -> None:
    machine = LinkMachine(1, retry_ms=10, max_tries=5)
    machine.send_request(9, b"q", 0)
    machine.data_to_send()
    machine.tick(1000)
    assert machine.stats.resent == 1
    assert machine.next_deadline_ms() == 1010


def test_requests_queue_in_order_up_to_the_bound_and_no_further() -> None:
    a, b = LinkMachine(1), LinkMachine(2)
    tickets = [a.send_request(9, bytes([n]), 0) for n in range(1 + MAX_QUEUED)]
    with pytest.raises(LinkBusyError):
        a.send_request(9, b"one too many", 0)
    seen = []
    for ticket in tickets:
        request = requested(b.receive_data(a.data_to_send(), 0))
        seen.append(request.payload[0])
        b.send_response(request, b"")
        assert responses(a.receive_data(b.data_to_send(), 0)) == [(ticket, 9, b"")]
    assert seen == list(range(1 + MAX_QUEUED))
    assert len(set(tickets)) == len(tickets)


def test_a_failed_request_makes_way_for_the_next_in_line() -> None:
    a, b = LinkMachine(1, retry_ms=10, max_tries=1), LinkMachine(2)
    a.send_request(9, b"lost", 0)
    second = a.send_request(9, b"kept", 0)
    a.data_to_send()
    assert len(failures(a.tick(10))) == 1
    request = requested(b.receive_data(a.data_to_send(), 10))
    assert request.payload == b"kept"
    b.send_response(request, b"ok")
    assert responses(a.receive_data(b.data_to_send(), 11)) == [(second, 9, b"ok")]


def test_repeated_request_is_answered_from_the_cache_without_the_application() -> None:
    machine = LinkMachine(1)
    request = requested(machine.receive_data(request_frame(), 0))
    machine.send_response(request, b"a")
    answer = machine.data_to_send()
    assert machine.receive_data(request_frame(), 1) == []
    assert b"\x00" + machine.data_to_send() == answer
    assert machine.stats.duplicates == 1


def test_request_still_worked_on_is_not_delivered_twice() -> None:
    machine = LinkMachine(1)
    request = requested(machine.receive_data(request_frame(), 0))
    assert machine.receive_data(request_frame(), 1) == []
    assert machine.data_to_send() == b""
    assert machine.send_response(request, b"a")
    assert machine.data_to_send() != b""


@pytest.mark.parametrize(
    "other",
    [
        request_frame(session=3),
        request_frame(sequence=1),
        request_frame(kind=10),
        request_frame(payload=b"p"),
    ],
    ids=["new life", "next sequence", "other kind", "sequence come round again"],
)
def test_another_request_is_never_answered_from_the_cache(other: bytes) -> None:
    machine = LinkMachine(1)
    first = requested(machine.receive_data(request_frame(), 0))
    machine.send_response(first, b"a")
    machine.data_to_send()
    second = requested(machine.receive_data(other, 1))
    assert machine.data_to_send() == b""
    assert machine.send_response(second, b"b")
    assert not machine.send_response(first, b"a")
    assert machine.stats.superseded == 1


def test_an_answer_waiting_for_the_transport_does_not_outlive_its_request() -> None:
    machine = LinkMachine(1)
    machine.send_response(requested(machine.receive_data(request_frame(session=2), 0)), b"for the old life")
    machine.receive_data(request_frame(session=3), 0)
    assert machine.data_to_send() == b""


def test_request_object_of_an_earlier_delivery_does_not_answer_a_later_one() -> None:
    machine = LinkMachine(1)
    stale = requested(machine.receive_data(request_frame(session=2), 0))
    machine.receive_data(request_frame(session=3), 0)
    machine.receive_data(request_frame(session=2), 0)
    assert not machine.send_response(stale, b"a")
    assert machine.data_to_send() == b""


def test_second_answer_to_a_request_is_our_own_mistake() -> None:
    machine = LinkMachine(1)
    request = requested(machine.receive_data(request_frame(), 0))
    machine.send_response(request, b"a")
    with pytest.raises(LinkUsageError):
        machine.send_response(request, b"b")


def test_bad_arguments_are_our_own_mistake_and_change_nothing() -> None:
    for session in (-1, 1 << 32):
        with pytest.raises(LinkUsageError):
            LinkMachine(session)
    for retry_ms, max_tries in ((0, 1), (1, 0)):
        with pytest.raises(LinkUsageError):
            LinkMachine(1, retry_ms, max_tries)
    machine = LinkMachine(1)
    for kind, payload in ((0, b""), (128, b""), (1, bytes(MAX_PAYLOAD + 1))):
        with pytest.raises(LinkUsageError):
            machine.send_request(kind, payload, 0)
    assert machine.next_deadline_ms() is None
    request = requested(machine.receive_data(request_frame(), 0))
    with pytest.raises(LinkUsageError):
        machine.send_response(request, bytes(MAX_PAYLOAD + 1))
    assert machine.data_to_send() == b""
    assert machine.send_response(request, b"")


@pytest.mark.parametrize(
    ("kind", "session", "sequence"),
    [(10, 1, 0), (9, 7, 0), (9, 1, 1), (9, 1, 0xFFFF)],
    ids=["other kind", "other life", "later", "earlier"],
)
def test_response_to_another_request_is_counted_and_ignored(kind: int, session: int, sequence: int) -> None:
    machine = LinkMachine(1)
    ticket = machine.send_request(9, b"q", 0)
    assert machine.receive_data(Frame(kind, RESPONSE, session, sequence, b"x").to_bytes(), 1) == []
    assert machine.stats.unexpected == 1
    assert responses(machine.receive_data(Frame(9, RESPONSE, 1, 0, b"y").to_bytes(), 2)) == [
        (ticket, 9, b"y")
    ]


def test_response_after_its_request_ended_is_counted_and_ignored() -> None:
    machine = LinkMachine(1, retry_ms=10, max_tries=1)
    machine.send_request(9, b"q", 0)
    machine.tick(10)
    answer = Frame(9, RESPONSE, 1, 0, b"late").to_bytes()
    assert machine.receive_data(answer + answer, 11) == []
    assert machine.stats.unexpected == 2


def test_own_request_echoed_by_a_terminal_is_not_taken_for_the_peers() -> None:
    machine = LinkMachine(1)
    machine.send_request(9, b"q", 0)
    assert machine.receive_data(machine.data_to_send(), 0) == []
    assert machine.data_to_send() == b""
    assert machine.stats.echoes == 1


def test_sequence_wraps_and_tickets_do_not() -> None:
    a, b = LinkMachine(1), LinkMachine(2)
    a._next_ticket = 0xFFFE
    for n in range(0xFFFE, 0x10003):
        ticket = a.send_request(9, b"", n)
        assert ticket == n
        request = requested(b.receive_data(a.data_to_send(), n))
        assert request.sequence == n % 0x10000
        b.send_response(request, b"")
        assert responses(a.receive_data(b.data_to_send(), n)) == [(ticket, 9, b"")]


def test_output_stays_bounded_when_the_transport_takes_nothing() -> None:
    machine = LinkMachine(1, retry_ms=10, max_tries=1000)
    for _ in range(1 + MAX_QUEUED):
        machine.send_request(9, b"\x01" * MAX_PAYLOAD, 0)
    request = requested(machine.receive_data(request_frame(), 0))
    machine.send_response(request, b"\x01" * MAX_PAYLOAD)
    machine.receive_data(request_frame() * 5000, 0)
    for now in range(10, 5000, 10):
        machine.tick(now)
    assert len(machine.data_to_send()) == 1 + 2 * MAX_FRAME


def test_request_given_up_before_it_was_written_is_not_written_later() -> None:
    machine = LinkMachine(1, retry_ms=10, max_tries=1)
    machine.send_request(9, b"too late", 0)
    assert len(failures(machine.tick(10))) == 1
    assert machine.data_to_send() == b""


def test_lost_transport_fails_every_request_and_the_machine_goes_on() -> None:
    a, b = LinkMachine(1), LinkMachine(2)
    tickets = [a.send_request(9, b"old", 0), a.send_request(10, b"waiting", 0)]
    assert requested(b.receive_data(a.data_to_send()[:-1] + b"\x00", 0)).payload == b"old"
    a.receive_data(request_frame()[:6], 0)
    assert failures(a.reset()) == [(tickets[0], 9, TRANSPORT_LOST), (tickets[1], 10, TRANSPORT_LOST)]
    assert a.reset() == []
    assert a.next_deadline_ms() is None
    assert a.data_to_send() == b""
    assert a.stats.failed == 2
    ticket = a.send_request(9, b"new", 50)
    request = requested(b.receive_data(a.data_to_send(), 50))
    assert request.payload == b"new"
    b.send_response(request, b"ok")
    assert responses(a.receive_data(b.data_to_send(), 51)) == [(ticket, 9, b"ok")]


def test_nothing_of_a_lost_transport_reaches_the_next() -> None:
    machine = LinkMachine(1)
    machine.send_request(9, b"never written", 0)
    machine.send_response(requested(machine.receive_data(request_frame(), 0)), b"never written")
    machine.receive_data(request_frame(sequence=1)[:6], 0)
    machine.reset()
    assert machine.data_to_send() == b""
    assert requested(machine.receive_data(request_frame(sequence=2), 0)).sequence == 2


def test_request_repeated_over_a_new_transport_gets_the_same_answer() -> None:
    machine = LinkMachine(1)
    machine.send_response(requested(machine.receive_data(request_frame(), 0)), b"a")
    answer = machine.data_to_send()
    assert machine.reset() == []
    assert machine.receive_data(request_frame(), 1) == []
    assert machine.data_to_send() == answer


def test_half_a_frame_of_an_earlier_life_costs_the_next_life_nothing() -> None:
    machine, reborn = LinkMachine(1), LinkMachine(3)
    machine.receive_data(request_frame(payload=b"cut off")[:9], 0)
    reborn.send_request(9, b"whole", 0)
    assert requested(machine.receive_data(reborn.data_to_send(), 0)).payload == b"whole"


def test_counters_name_each_fault() -> None:
    machine = LinkMachine(1)
    damaged = bytearray(request_frame())
    damaged[-2] ^= 0x40
    machine.receive_data(bytes(damaged) + b"\x05\x00" + b"\x01" * 3000 + b"\x00" + request_frame(), 0)
    assert [(name, count) for name, count in machine.stats.items() if count] == [
        ("frames_ok", 1),
        ("crc_errors", 1),
        ("malformed", 1),
        ("oversize", 1),
    ]
    assert sorted(name for name, _ in machine.stats.items()) == list(type(machine.stats).__slots__)
