import random
from binascii import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juzhu_protocol.errors import FrameChecksumError, FrameError, LinkUsageError
from juzhu_protocol.link import cobs
from juzhu_protocol.link.frame import (
    MAX_FRAME,
    MAX_PAYLOAD,
    MIN_FRAME,
    REQUEST,
    RESPONSE,
    Frame,
    FrameDecoder,
)
from juzhu_protocol.link.stats import LinkStats
from parts import nightly

RUN = bytes(range(1, 255))

COBS = [
    (b"", b"\x01"),
    (b"\x00", b"\x01\x01"),
    (b"\x00\x00", b"\x01\x01\x01"),
    (b"\x11\x22\x00\x33", b"\x03\x11\x22\x02\x33"),
    (b"\x11\x00\x00\x00", b"\x02\x11\x01\x01\x01"),
    (RUN[:-1], b"\xfe" + RUN[:-1]),
    (RUN, b"\xff" + RUN),
    (RUN + b"\x00", b"\xff" + RUN + b"\x01\x01"),
    (b"\x00" + RUN, b"\x01\xff" + RUN),
    (RUN + b"\xff", b"\xff" + RUN + b"\x02\xff"),
    (RUN + RUN, b"\xff" + RUN + b"\xff" + RUN),
]


@pytest.mark.parametrize(("plain", "encoded"), COBS)
def test_cobs_table_both_ways(plain: bytes, encoded: bytes) -> None:
    assert cobs.encode(plain) == encoded
    assert cobs.decode(encoded) == plain


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\x00",
        b"\x02",
        b"\x03\x11",
        b"\x02\x00",
        b"\x02\x11\x00",
        b"\xff" + RUN[:-1],
        b"\xff" + RUN + b"\x01",
    ],
    ids=[
        "empty",
        "zero",
        "cut",
        "short block",
        "zero in block",
        "zero code",
        "cut run",
        "needless last block",
    ],
)
def test_cobs_that_encode_cannot_have_made_is_refused(encoded: bytes) -> None:
    with pytest.raises(FrameError):
        cobs.decode(encoded)


runs = st.one_of(st.binary(max_size=1200), st.integers(240, 1200).map(lambda size: b"\x07" * size))


@given(st.lists(runs, max_size=3).map(b"\x00".join))
def test_cobs_round_trip_has_no_zero_and_keeps_its_bound(plain: bytes) -> None:
    encoded = cobs.encode(plain)
    assert 0 not in encoded
    assert len(encoded) <= cobs.max_encoded_length(len(plain))
    assert cobs.decode(encoded) == plain


@given(st.lists(st.integers(0, 4), max_size=12).map(bytes))
def test_cobs_has_one_encoding_for_each_text(encoded: bytes) -> None:
    try:
        plain = cobs.decode(encoded)
    except FrameError:
        return
    assert cobs.encode(plain) == encoded


def test_frame_bytes_stay_as_documented() -> None:
    frame = Frame(5, RESPONSE, 0x01020304, 0x0506, b"\x00hi")
    wire = frame.to_bytes()
    assert cobs.decode(wire[:-1]).hex() == "8501020304050600686968400979"
    assert wire.hex() == "08850102030405060768696840097900"
    assert Frame.from_bytes(wire) == frame


frames = st.builds(
    Frame,
    st.integers(1, 127),
    st.sampled_from((REQUEST, RESPONSE)),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFF),
    st.one_of(st.binary(max_size=64), st.integers(0, MAX_PAYLOAD).map(bytes), st.just(b"\x55" * MAX_PAYLOAD)),
)


@given(frames)
def test_frame_round_trip(frame: Frame) -> None:
    wire = frame.to_bytes()
    assert MIN_FRAME <= len(wire) <= MAX_FRAME
    assert wire.index(0) == len(wire) - 1
    assert Frame.from_bytes(wire) == frame


@pytest.mark.parametrize(
    "fields",
    [
        (0, 0, 0, b""),
        (128, 0, 0, b""),
        (1, -1, 0, b""),
        (1, 1 << 32, 0, b""),
        (1, 0, -1, b""),
        (1, 0, 1 << 16, b""),
        (1, 0, 0, bytes(MAX_PAYLOAD + 1)),
    ],
)
def test_frame_outside_its_ranges_is_our_own_mistake(fields: tuple[int, int, int, bytes]) -> None:
    kind, session, sequence, payload = fields
    with pytest.raises(LinkUsageError):
        Frame(kind, REQUEST, session, sequence, payload)


def test_frame_says_nothing_of_its_payload_in_logs() -> None:
    text = repr(Frame(5, REQUEST, 1, 2, b"secret"))
    assert "secret" not in text
    assert text == "<request kind 5, session 00000001, sequence 2, 6 bytes>"


def test_every_flipped_bit_of_a_frame_is_found() -> None:
    wire = Frame(5, REQUEST, 77, 3, b"\x00payload\x00").to_bytes()
    for bit in range(8 * len(wire)):
        damaged = bytearray(wire)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FrameError):
            Frame.from_bytes(bytes(damaged))


def sealed(body: bytes) -> bytes:
    """Bytes with a right CRC-32 and right COBS: only their content can be refused."""
    return cobs.encode(body + crc32(body).to_bytes(4, "big")) + b"\x00"


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"\x00",
        sealed(bytes(6)),
        sealed(bytes(7)),
        sealed(b"\x80" + bytes(6)),
        sealed(b"\x01" + bytes(6 + MAX_PAYLOAD + 1)),
        sealed(b"\x01" + bytes(6))[:-1],
        sealed(b"\x01" + bytes(7))[:-1] + b"\x01",
    ],
    ids=[
        "empty",
        "delimiter",
        "no room",
        "kind 0",
        "response 0",
        "long payload",
        "no delimiter",
        "other end",
    ],
)
def test_frame_of_wrong_shape_is_refused_though_its_checksum_holds(wire: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        Frame.from_bytes(wire)
    assert not isinstance(caught.value, FrameChecksumError)


def test_wrong_checksum_has_its_own_error() -> None:
    body = b"\x01" + bytes(6)
    with pytest.raises(FrameChecksumError):
        Frame.from_bytes(cobs.encode(body + b"\xde\xad\xbe\xef") + b"\x00")


# -- The decoder ------------------------------------------------------------------------------------


def decode_in_pieces(data: bytes, sizes: list[int]) -> tuple[list[Frame], LinkStats]:
    stats = LinkStats()
    decoder = FrameDecoder(stats)
    found = []
    at = 0
    for size in sizes:
        found += decoder.feed(data[at : at + size])
        at += size
    found += decoder.feed(data[at:])
    return found, stats


def test_decoder_finds_a_frame_fed_byte_by_byte() -> None:
    frame = Frame(3, REQUEST, 9, 1, bytes(MAX_PAYLOAD))
    wire = frame.to_bytes()
    found, stats = decode_in_pieces(wire, [1] * len(wire))
    assert found == [frame]
    assert stats.items()[0] == ("frames_ok", 1)
    assert sum(count for _, count in stats.items()) == 1


def test_decoder_keeps_the_longest_frame_and_drops_one_byte_more() -> None:
    longest = Frame(3, REQUEST, 9, 1, b"\x01" * MAX_PAYLOAD)
    wire = longest.to_bytes()
    assert len(wire) == MAX_FRAME
    found, stats = decode_in_pieces(b"\x01" + wire + wire, [])
    assert found == [longest]
    assert (stats.oversize, stats.malformed, stats.crc_errors) == (1, 0, 0)


def test_decoder_counts_an_overlong_run_once_however_it_arrives() -> None:
    for sizes in ([], [700] * 4, [1] * 3000):
        found, stats = decode_in_pieces(b"\x01" * 3000 + b"\x00", sizes)
        assert found == []
        assert [item for item in stats.items() if item[1]] == [("oversize", 1)]


def test_decoder_forgets_a_begun_frame_on_reset() -> None:
    stats = LinkStats()
    decoder = FrameDecoder(stats)
    frame = Frame(3, REQUEST, 9, 1, b"x")
    assert decoder.feed(frame.to_bytes()[:5]) == []
    decoder.reset()
    assert decoder.feed(frame.to_bytes()) == [frame]
    assert decoder.feed(b"\x01" * 2 * MAX_FRAME) == []
    decoder.reset()
    assert decoder.feed(frame.to_bytes()) == [frame]


@given(
    st.binary(max_size=3 * MAX_FRAME), st.lists(st.integers(0, 700), max_size=8), st.lists(frames, max_size=3)
)
@settings(max_examples=2000 if nightly() else 100)
def test_decoder_never_raises_and_finds_all_that_follows_a_delimiter(
    noise: bytes, sizes: list[int], sent: list[Frame]
) -> None:
    """Whatever came before, in whatever pieces: nothing raises, each frame after the next zero is found."""
    data = noise + b"\x00" + b"".join(frame.to_bytes() for frame in sent)
    found, stats = decode_in_pieces(data, sizes)
    assert found[len(found) - len(sent) :] == sent
    whole, whole_stats = decode_in_pieces(data, [])
    assert (found, stats.items()) == (whole, whole_stats.items())


@given(st.lists(st.one_of(frames.map(Frame.to_bytes), st.binary(max_size=40)), max_size=6), st.data())
@settings(max_examples=2000 if nightly() else 100)
def test_mutated_streams_yield_only_frames_that_were_sent(parts: list[bytes], data: st.DataObject) -> None:
    """A damaged stream may lose frames, but every frame that comes out stands in it byte for byte."""
    stream = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 4))):
        if stream:
            stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    found, _ = decode_in_pieces(bytes(stream), [])
    pieces = bytes(stream).split(b"\x00")[:-1]
    for frame in found:
        assert frame.to_bytes()[:-1] in pieces


@pytest.mark.parametrize(
    "alphabet", [bytes(range(256)), b"\x00", b"\x01", b"\x01\x00", b"\xff", b"\x01\x02\x00"]
)
def test_decoder_survives_a_megabyte_of_noise_and_holds_no_more_than_a_frame(alphabet: bytes) -> None:
    rng = random.Random(20260)
    noise = bytes(rng.choices(alphabet, k=1 << 20))
    stats = LinkStats()
    decoder = FrameDecoder(stats)
    for size in (1 << 20, 4096, 61) if nightly() else (1 << 20,):
        for at in range(0, len(noise), size):
            assert decoder.feed(noise[at : at + size]) == []
    assert len(decoder._buffer) == MAX_FRAME
    frame = Frame(3, REQUEST, 9, 1, b"after the storm")
    assert decoder.feed(b"\x00" + frame.to_bytes()) == [frame]
