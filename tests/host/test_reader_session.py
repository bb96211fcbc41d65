import dataclasses
import logging
import random

import pytest

from host.authority_kit import DIVISION, NOW, OTHER_DIVISION, Authority, content_of
from host.reader_pair import FakeReader, MemoryPorts, Pair, RealReader, tap
from juzhu_host.holdings import Holdings
from juzhu_host.notes import Note
from juzhu_host.reader_session import MAX_TOLD, ReaderSession
from juzhu_protocol.link.machine import LinkMachine
from juzhu_protocol.records.link import Display, Hello, ObjectData, Tap
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.reasons import REFER, TRY_AGAIN
from parts import nightly

HELLO, BEGIN, DATA, COMMIT, TAP, DISPLAY = 0x40, 0x42, 0x43, 0x44, 0x30, 0x47

WIRES: dict[str, dict[str, float]] = {
    "clean": {},
    "split and late": {"max_delay_ms": 40},
    "losing": {"lose": 0.2},
    "garbling": {"garble": 0.2},
    "noisy": {"noise": 0.3},
    "all at once": {"lose": 0.1, "garble": 0.1, "repeat": 0.2, "noise": 0.1, "max_delay_ms": 100},
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("keys"))


def holdings(authority: Authority, sequence: int = 1, version: int = 1, count: int = 2000) -> Holdings:
    content = content_of(count)
    return Holdings(
        division=DIVISION,
        bundle=authority.bundle(version),
        bundle_version=version,
        manifest=authority.manifest(content, sequence),
        key_epoch=1,
        sequence=sequence,
        time=NOW,
        content=content,
        profile=authority.profile(version),
        profile_version=version,
    )


def plain(sequence: int = 1, version: int = 1, length: int = 3000) -> Holdings:
    """Holdings for a reader that verifies nothing."""
    manifest = Manifest(1, DIVISION, 1, sequence, NOW, length, bytes(32), bytes(4), bytes(64)).to_bytes()
    return Holdings(DIVISION, b"bundle", version, manifest, 1, sequence, NOW, bytes(length))


def warnings(pair: Pair) -> list[str]:
    return [note.text for note in pair.notes if note.level >= logging.WARNING]


@pytest.mark.parametrize("name", WIRES)
def test_real_reader_takes_bundle_then_list_and_gives_its_taps_over(name: str, authority: Authority) -> None:
    """On every wire, once it is healed: the reader holds what the host holds, and no tap is missing or twice."""
    for seed in range(20 if nightly() else 2):
        held = holdings(authority)
        reader = RealReader(authority, MemoryPorts(random.Random(seed)), 7)
        pair = Pair(reader, held, seed, **WIRES[name])
        pair.connect()
        pair.run(6_000)
        for _ in range(3):
            pair.to_host.write(reader.tap_torn_three_times(pair.now_ms), pair.now_ms)
            pair.run(3_000)
        pair.to_reader.heal()
        pair.to_host.heal()
        # A reader that was refused a step by a bad wire waits; twice the longest HELLO is enough to go on.
        pair.run(60_000)
        assert reader.core.store.manifest is not None
        assert reader.core.store.manifest.sequence == 1
        assert reader.core.store.state.bundle_floor == 1
        assert reader.core.store.state.profile_floor == 1
        assert reader.core.ring.waiting == 0
        indices = [Tap.from_bytes(raw).index for raw in pair.taps.values()]
        assert indices == [1, 2, 3]
        if name in ("clean", "split and late"):
            assert [display.answer for display in pair.displays] == [TRY_AGAIN, TRY_AGAIN, REFER] * 3
            assert warnings(pair) == []


def offered(reader: FakeReader) -> list[int]:
    """The kinds of object that were offered, in order."""
    return [payload[2] for kind, payload in reader.requests if kind == BEGIN]


def test_profile_is_pushed_after_the_bundle_and_before_the_list() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, dataclasses.replace(plain(), profile=b"profile", profile_version=1))
    pair.connect()
    pair.run(10_000)
    assert offered(reader) == [1, 3, 2]
    assert [note.text for note in pair.notes if "took" in note.text] == [
        "took trust bundle 1",
        "took profile 1",
        "took list 1.1",
    ]


def test_reader_that_holds_the_profile_is_not_offered_it() -> None:
    reader = FakeReader(7)
    reader.status.profile_version = 2
    pair = Pair(reader, dataclasses.replace(plain(), profile=b"profile", profile_version=2))
    pair.connect()
    pair.run(10_000)
    assert offered(reader) == [1, 2]


def test_reader_that_refuses_the_profile_gets_the_list_all_the_same(authority: Authority) -> None:
    held = holdings(authority)
    wrong = dataclasses.replace(held, profile=authority.profile(1, key="list"))
    reader = RealReader(authority, MemoryPorts(random.Random(1)), 7)
    pair = Pair(reader, wrong)
    pair.connect()
    pair.run(20_000)
    assert reader.core.store.manifest is not None
    assert reader.core.store.state.profile_floor == 0
    assert len(warnings(pair)) == 1
    assert "did not take profile 1" in warnings(pair)[0]
    # A new bundle may bring the key: then it is offered again at once.
    pair.offer(dataclasses.replace(held, bundle=authority.bundle(2), bundle_version=2))
    pair.run(3_000)
    assert reader.core.store.state.profile_floor == 1


def test_reader_of_another_division_gets_no_profile() -> None:
    reader = FakeReader(7)
    reader.status.list_division = OTHER_DIVISION
    pair = Pair(reader, dataclasses.replace(plain(), profile=b"profile", profile_version=1))
    pair.connect()
    pair.run(10_000)
    assert offered(reader) == [1]


def test_new_list_is_pushed_at_once_and_not_at_the_next_hello(authority: Authority) -> None:
    reader = RealReader(authority, MemoryPorts(random.Random(0)), 7)
    pair = Pair(reader, holdings(authority))
    pair.connect()
    pair.run(3_000)
    pair.offer(holdings(authority, sequence=2))
    pair.run(100)
    assert reader.core.store.manifest is not None
    assert reader.core.store.manifest.sequence == 2


def test_list_signed_anew_over_the_same_content_sends_no_data() -> None:
    reader = FakeReader(7)
    reader.status.bundle_version = 1
    pair = Pair(reader, plain(1))
    pair.connect()
    pair.run(100)
    assert reader.kinds().count(DATA) == 3
    reader.raw[BEGIN] = bytes.fromhex("4501") + bytes([0]) + (3000).to_bytes(4, "big")
    reader._offer = b"\x42\x01\x02" + bytes(6) + plain(2).manifest
    pair.offer(plain(2))
    pair.run(100)
    assert reader.kinds().count(DATA) == 3
    assert reader.kinds().count(COMMIT) == 2


def test_list_grows_newer_while_an_older_one_is_pushed() -> None:
    reader = FakeReader(7)
    reader.status.bundle_version = 1
    pair = Pair(reader, plain(1, length=50_000))
    pair.to_reader._max_delay_ms = 20
    pair.connect()
    pair.run(300)
    assert 0 < reader.kinds().count(DATA) < 40
    pair.offer(plain(2, length=1000))
    pair.run(1_000)
    assert reader.status.list_sequence == 2
    assert reader.kinds().count(COMMIT) == 1


def test_unplugged_in_the_middle_of_a_transfer_it_goes_on_where_it_was(authority: Authority) -> None:
    held = holdings(authority, count=10_000)
    reader = RealReader(authority, MemoryPorts(random.Random(0)), 7)
    pair = Pair(reader, held, max_delay_ms=20)
    pair.connect()
    while reader.core.store._transfer is None or reader.core.store._transfer.offset < 20_000:
        pair.run(5)
    pair.unplug()
    pair.run(500)
    sent: list[int] = []
    pair.connect()
    while reader.core.store.manifest is None:
        pair.run(5)
        if pair.session._push is not None:
            sent.append(pair.session._push._offset)
    assert min(offset for offset in sent if offset) >= 20_000


def test_restarted_reader_is_asked_anew_and_served(authority: Authority) -> None:
    ports = MemoryPorts(random.Random(0))
    reader = RealReader(authority, ports, 7)
    pair = Pair(reader, holdings(authority))
    pair.connect()
    pair.run(3_000)
    pair.reader = RealReader(authority, ports, 8)
    pair.to_host.write(pair.reader.tap_torn_three_times(pair.now_ms), pair.now_ms)
    pair.run(10_000)
    assert pair.reader.core.ring.waiting == 0
    assert len(pair.taps) == 1
    assert pair.hung_up == []


REFUSALS = {
    "bundle": ({BEGIN: 8}, {}, "did not take trust bundle 1: An object that is no record of ours (code 8)"),
    "list": ({COMMIT: 7}, {"bundle_version": 1}, "did not take list 1.1: Content whose length or hash"),
    "unknown code": ({DATA: 200}, {"bundle_version": 1}, "code 200"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_is_told_once_and_not_repeated_in_a_tight_loop(name: str) -> None:
    results, status, said = REFUSALS[name]
    reader = FakeReader(7)
    reader.results = results
    for field, value in status.items():
        setattr(reader.status, field, value)
    pair = Pair(reader, plain())
    pair.connect()
    pair.run(300_000)
    assert len(warnings(pair)) == 1
    assert said in warnings(pair)[0]
    assert 2 < reader.kinds().count(BEGIN) < 14
    reader.results = {}
    pair.run(130_000)
    assert reader.status.list_sequence == 1


def test_refused_list_is_offered_again_as_soon_as_a_new_bundle_is_taken() -> None:
    reader = FakeReader(7)
    reader.status.bundle_version = 1
    reader.results = {BEGIN: 3}
    pair = Pair(reader, plain())
    pair.connect()
    pair.run(60_000)
    assert reader.status.list_sequence == 0
    reader.results = {}
    pair.offer(plain(version=2))
    pair.run(300)
    assert (reader.status.bundle_version, reader.status.list_sequence) == (2, 1)


def test_reader_that_says_it_took_an_object_but_does_not_hold_it_is_not_fed_for_ever() -> None:
    reader = FakeReader(7)
    reader.holds = False
    pair = Pair(reader, plain())
    pair.connect()
    pair.run(300_000)
    assert reader.kinds().count(COMMIT) < 14
    said = "did not take trust bundle 1: it said that it took it, and does not hold it; what it held stays"
    assert warnings(pair) == [said + ", offered again later"]


def test_reader_that_never_steps_forward_is_given_up() -> None:
    reader = FakeReader(7)
    reader.status.bundle_version = 1
    reader.raw[DATA] = bytes.fromhex("450100") + bytes(4)
    pair = Pair(reader, plain())
    pair.connect()
    pair.run(1_500)
    assert "takes no step forward" in warnings(pair)[0]
    assert reader.kinds().count(DATA) < 40


def test_reader_that_asks_for_bytes_past_the_end_is_refused() -> None:
    reader = FakeReader(7)
    reader.status.bundle_version = 1
    reader.raw[BEGIN] = bytes.fromhex("450100") + (3001).to_bytes(4, "big")
    pair = Pair(reader, plain())
    pair.connect()
    pair.run(1_000)
    assert "byte 3001 of 3000" in warnings(pair)[0]


def test_reader_of_another_division_gets_no_list_and_it_is_told_once() -> None:
    reader = FakeReader(7, division=OTHER_DIVISION)
    pair = Pair(reader, plain())
    pair.connect()
    pair.run(30_000)
    assert reader.status.bundle_version == 1
    assert reader.kinds().count(BEGIN) == 1
    assert len(warnings(pair)) == 1
    assert "division 410100" in warnings(pair)[0]


def test_data_steps_are_at_most_1024_bytes_and_cover_the_list() -> None:
    reader = FakeReader(7)
    reader.status.bundle_version = 1
    pair = Pair(reader, plain(length=5000))
    pair.connect()
    pair.run(1_000)
    parts = [ObjectData.from_bytes(payload) for kind, payload in reader.requests if kind == DATA]
    assert [(part.offset, len(part.data)) for part in parts] == [
        (0, 1024),
        (1024, 1024),
        (2048, 1024),
        (3072, 1024),
        (4096, 904),
    ]


def test_hello_comes_every_two_seconds_with_the_rings_last_stored_tap() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, Holdings(DIVISION))
    pair.taps[(b"fake", 5, 41)] = tap(41)
    pair.connect()
    pair.run(9_000)
    hellos = [Hello.from_bytes(payload) for kind, payload in reader.requests if kind == HELLO]
    assert len(hellos) == 5
    assert (hellos[0].ring_id, hellos[0].taps_stored) == (0, 0)
    assert {(hello.ring_id, hello.taps_stored) for hello in hellos[1:]} == {(5, 41)}


def test_tap_is_answered_only_when_it_is_stored() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, Holdings(DIVISION))
    pair.connect()
    pair.run(100)
    pair.store_error = "no room is left."
    reader.ask(TAP, tap(1), pair.now_ms)
    pair.run(4_000)
    assert reader.receipts == []
    assert warnings(pair) == ["a tap could not be stored: no room is left. The reader keeps it"]
    pair.store_error = ""
    pair.run(3_000)
    reader.ask(TAP, tap(1), pair.now_ms)
    pair.run(500)
    assert reader.receipts == [1]
    assert list(pair.taps) == [(b"fake", 5, 1)]


def test_tap_that_comes_before_the_first_status_waits_for_its_ring() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, Holdings(DIVISION))
    reader.ask(TAP, tap(1), 0)
    pair.to_host.write(reader.tick(0) or reader.machine.data_to_send(), 0)
    pair.perform(pair.session.receive(pair.to_host.read(0), 0))
    pair.connect()
    pair.run(700)
    assert list(pair.taps) == [(b"fake", 5, 1)]
    assert reader.receipts == [1]


def test_reader_that_lost_its_place_is_led_past_all_that_is_stored() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, Holdings(DIVISION))
    for index in range(1, 41):
        pair.taps[(b"fake", 5, index)] = tap(index)
    pair.connect()
    pair.run(100)
    reader.ask(TAP, tap(1), pair.now_ms)
    pair.run(100)
    assert reader.receipts == [40]
    reader.ask(TAP, tap(42), pair.now_ms)
    pair.run(100)
    assert reader.receipts == [40, 42]


def test_other_reader_on_the_same_port_keeps_its_own_ring() -> None:
    first, second = FakeReader(7, b"first"), FakeReader(8, b"second")
    pair = Pair(first, Holdings(DIVISION))
    pair.connect()
    pair.run(100)
    first.ask(TAP, tap(1), pair.now_ms)
    pair.run(100)
    pair.reader = second
    second.ask(TAP, tap(1), pair.now_ms)
    pair.run(1_000)
    assert sorted(pair.taps) == [(b"first", 5, 1), (b"second", 5, 1)]
    assert second.receipts == [1]


def test_rubbish_from_a_reader_is_told_once_and_stores_nothing() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, Holdings(DIVISION))
    pair.connect()
    pair.run(100)
    for kind, payload in (
        (TAP, b"\x30\x01rubbish"),
        (DISPLAY, b"rubbish"),
        (9, b""),
        (TAP, b"\x30\x01rubbish2"),
    ):
        reader.ask(kind, payload, pair.now_ms)
        pair.run(6_000)
    assert pair.taps == {}
    assert pair.displays == []
    assert reader.acked == 1
    assert 3 <= len(warnings(pair)) <= 4
    assert all(line.isprintable() for line in warnings(pair))


def test_answer_that_is_no_status_is_told_once() -> None:
    reader = FakeReader(7)
    reader.raw[HELLO] = b"\x41\x01" + b"\x1b[2J" * 9
    pair = Pair(reader, plain())
    pair.connect()
    pair.run(20_000)
    assert len(warnings(pair)) == 1
    assert set(reader.kinds()) == {HELLO}


def test_line_for_the_staff_is_acknowledged_and_shown() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, Holdings(DIVISION))
    pair.connect()
    pair.run(100)
    line = Display(7, REFER, 34, 0, 0, 3, 90, 0)
    reader.ask(DISPLAY, line.to_bytes(), pair.now_ms)
    pair.run(100)
    assert [display.to_bytes() for display in pair.displays] == [line.to_bytes()]
    assert reader.acked == 1


def test_reader_that_varies_its_rubbish_cannot_flood_the_log_nor_fill_the_memory() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, plain())
    pair.connect()
    pair.run(100)
    for lost in range(1, 300):
        reader.status.taps_lost = lost
        pair.run(2_100)
    assert len(warnings(pair)) == MAX_TOLD + 1
    assert "no more are told" in warnings(pair)[-1]
    assert len(pair.session._told) == MAX_TOLD + 1
    # Plugged in anew it is told of again.
    pair.unplug()
    pair.connect()
    pair.run(2_100)
    assert "299 taps were lost" in warnings(pair)[-1]


def test_lost_taps_are_told_once_a_count() -> None:
    reader = FakeReader(7)
    reader.status.taps_lost = 3
    pair = Pair(reader, Holdings(DIVISION))
    pair.connect()
    pair.run(20_000)
    assert warnings(pair) == ["3 taps were lost: its ring was full before a host came"]


def test_silent_reader_is_hung_up_on_and_tried_for_ever() -> None:
    reader = FakeReader(7)
    pair = Pair(reader, plain(), lose=1.0, garble=1.0)
    pair.connect()
    pair.run(40_000)
    assert len(pair.hung_up) >= 3
    pair.to_reader.heal()
    pair.to_host.heal()
    pair.run(10_000)
    assert reader.status.list_sequence == 1


def test_megabyte_of_noise_changes_nothing_and_the_reader_is_served_after_it() -> None:
    rng = random.Random(3)
    reader = FakeReader(7)
    pair = Pair(reader, plain())
    pair.connect()
    for _ in range(256):
        pair.perform(pair.session.receive(rng.randbytes(4096), pair.now_ms))
    assert pair.taps == {}
    assert pair.displays == []
    pair.run(3_000)
    assert reader.status.list_sequence == 1


def test_reader_that_restarts_with_every_frame_is_told_of_once_a_minute() -> None:
    session = ReaderSession(99, plain())
    notes = [note for note in session.connected(0) if isinstance(note, Note)]
    for number in range(1, 200):
        machine = LinkMachine(number)
        machine.send_request(TAP, tap(1), number)
        notes += [note for note in session.receive(machine.data_to_send(), number) if isinstance(note, Note)]
    assert [note.text for note in notes] == ["the reader restarted"]
