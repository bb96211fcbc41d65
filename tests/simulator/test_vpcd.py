"""The card's end of vpcd's protocol, and `juzhu card vpcd` against a listener that stands in for the driver."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.card_images import make_images
from juzhu_protocol.authority.card_image import read_image
from juzhu_protocol.authority.errors import CardImageError
from juzhu_protocol.card import apdu
from juzhu_simulator.card import VirtualCard, air_time
from juzhu_simulator.vpcd import (
    ASK_ATR,
    HISTORICAL,
    POWER_OFF,
    POWER_ON,
    RESET,
    RETRY_S,
    VpcdError,
    VpcdSession,
    _serve,
    contactless_atr,
    lie_on_reader,
)

KBIT_S = 106.0
ATR = bytes.fromhex("3b858001 8073862100 50")
NOT_SELECTED = apdu.SW_NO_CURRENT_FILE.to_bytes(2, "big")
OK = b"\x90\x00"
READ_INFO = apdu.read_binary(apdu.SFI_INFO)
LIMIT_S = 20.0


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return make_images(tmp_path_factory.mktemp("card"), (1,))[0]


def framed(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)


def control(*codes: int) -> bytes:
    return framed(*(bytes([code]) for code in codes))


def session_of(image) -> VpcdSession:
    return VpcdSession(VirtualCard(image), KBIT_S)


def answers(session: VpcdSession, data: bytes) -> bytes:
    return b"".join(answer.message for answer in session.receive(data))


@pytest.mark.parametrize(
    ("historical", "atr"),
    [
        (b"", "3b80800101"),
        (b"\x80", "3b8180018080"),
        (HISTORICAL, ATR.hex()),
        # A storage card's historical bytes, as readers in the field show them (PC/SC part 3, MIFARE 1K).
        (bytes.fromhex("804f0ca000000306030001 00000000"), "3b8f8001804f0ca0000003060300010000000 06a"),
    ],
)
def test_atr_is_what_a_contactless_reader_makes_up(historical, atr):
    assert contactless_atr(historical) == bytes.fromhex(atr.replace(" ", ""))


def test_more_historical_bytes_than_an_atr_holds_are_refused():
    with pytest.raises(ValueError, match="16"):
        contactless_atr(bytes(16))


def test_atr_is_told_with_and_without_power(image):
    session = session_of(image)
    assert answers(session, control(ASK_ATR)) == framed(ATR)
    assert answers(session, control(POWER_ON, ASK_ATR)) == framed(ATR)


@pytest.mark.parametrize("code", [POWER_ON, RESET])
def test_power_and_reset_are_not_answered_and_forget_the_selection(image, code):
    session = session_of(image)
    assert answers(session, control(POWER_ON)) == b""
    assert answers(session, framed(apdu.select(), READ_INFO)) == framed(OK, image.info + OK)
    assert answers(session, control(code)) == b""
    assert answers(session, framed(READ_INFO)) == framed(NOT_SELECTED)


@pytest.mark.parametrize("before", [b"", control(POWER_ON, POWER_OFF)])
def test_apdu_for_a_card_without_power_ends_the_connection(image, before):
    session = session_of(image)
    assert answers(session, before) == b""
    with pytest.raises(VpcdError, match="without power"):
        answers(session, framed(apdu.select()))


@pytest.mark.parametrize("noise", [framed(b""), control(0x03), control(0xFF)])
def test_empty_message_and_unknown_control_change_nothing(image, noise):
    session = session_of(image)
    assert answers(session, control(POWER_ON) + framed(apdu.select()) + noise) == framed(OK)
    assert answers(session, framed(READ_INFO)) == framed(image.info + OK)


def test_answer_takes_the_air_time_of_its_apdu(image):
    (on_air,) = session_of(image).receive(control(POWER_ON) + framed(apdu.select()))
    assert on_air.seconds == air_time(apdu.select(), OK, KBIT_S)
    (atr,) = session_of(image).receive(control(ASK_ATR))
    assert atr.seconds == 0


def test_answer_to_a_guesser_takes_the_cards_delay_too(image):
    session = session_of(image)
    guess = apdu.mutual_authenticate(1, bytes(32))
    waits = []
    for _ in range(5):
        answers(session, control(POWER_ON) + framed(apdu.select(), apdu.get_challenge(16)))
        (wrong,) = session.receive(framed(guess))
        assert wrong.message == framed(b"\x63\xc2")
        waits.append(round(wrong.seconds - air_time(guess, b"\x63\xc2", KBIT_S), 6))
    assert waits == [0, 0, 0, 0.1, 0.2]


@given(st.lists(st.integers(1, 40), max_size=40))
def test_messages_cut_anywhere_get_the_same_answers(image, cuts):
    # However the stream is cut, the answers are those to the whole stream.
    stream = (
        control(ASK_ATR, POWER_ON) + framed(apdu.select(), READ_INFO) + control(RESET) + framed(READ_INFO)
    )
    session, said = session_of(image), b""
    for cut in [*cuts, len(stream)]:
        said += answers(session, stream[:cut])
        stream = stream[cut:]
    assert said == framed(ATR, OK, image.info + OK, NOT_SELECTED)


# -- The command ---------------------------------------------------------------------------------------


@pytest.fixture
def image_file(tmp_path, image):
    path = tmp_path / "card.json"
    path.write_text(image.to_json(), encoding="utf-8")
    return path


@contextmanager
def card_process(image_file, port):
    argv = [
        sys.executable,
        "-m",
        "juzhu_host.cli",
        "card",
        "vpcd",
        "--image",
        image_file,
        "--port",
        str(port),
    ]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def receive(connection: socket.socket) -> bytes:
    """One message of the card."""
    stream = connection.makefile("rb")
    return stream.read(int.from_bytes(stream.read(2), "big"))


def listen(port: int = 0) -> socket.socket:
    driver = socket.create_server(("127.0.0.1", port))
    driver.settimeout(LIMIT_S)
    return driver


def accept(driver: socket.socket) -> socket.socket:
    connection, _ = driver.accept()
    connection.settimeout(LIMIT_S)
    return connection


def test_card_comes_back_when_the_driver_does_and_ends_at_sigterm(image_file, image):
    driver = listen()
    port = driver.getsockname()[1]
    with card_process(image_file, port) as process:
        with driver, accept(driver) as connection:
            connection.sendall(control(POWER_ON) + framed(apdu.select()))
            assert receive(connection) == OK
        with listen(port) as driver, accept(driver) as connection:
            connection.sendall(control(POWER_ON) + framed(READ_INFO))
            assert receive(connection) == NOT_SELECTED
            connection.sendall(framed(apdu.select()))
            assert receive(connection) == OK
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_S) == 0
            assert connection.recv(1) == b""
        said = process.stderr.read()
    assert "Traceback" not in said
    assert said.count("the card lies on the reader") == 2


def test_driver_that_stays_away_is_told_once_and_tried_on(image, monkeypatch, caplog):
    class EnoughError(Exception):
        pass

    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 5:
            raise EnoughError

    monkeypatch.setattr("juzhu_simulator.vpcd.time", SimpleNamespace(sleep=pause))
    # Bound and not listening: connections are refused, and nobody else can take the port.
    with socket.socket() as driver:
        driver.bind(("127.0.0.1", 0))
        with pytest.raises(EnoughError):
            lie_on_reader(VirtualCard(image), *driver.getsockname(), KBIT_S)
    assert pauses == [RETRY_S] * 5
    assert len(caplog.records) == 1
    assert "refused" in caplog.text


def test_connection_that_met_itself_is_given_up(image):
    with socket.socket() as connection:
        connection.bind(("127.0.0.1", 0))
        connection.connect(connection.getsockname())
        with pytest.raises(VpcdError, match="nobody listens"):
            _serve(connection, session_of(image))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{}", "format is"),
        (b"[", "JSON"),
        (b"[" * 200_000, "nested"),
        (b" " * 300_000, "more than"),
    ],
)
def test_image_that_is_none_is_refused_with_its_files_name(tmp_path, content, said):
    path = tmp_path / "card.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CardImageError, match=said) as caught:
        read_image(path)
    assert os.fspath(path) in str(caught.value)
    assert caught.value.exit_code == 78


@pytest.mark.parametrize(
    "wrong",
    [
        ["--host", "a..b"],
        ["--host", "x" * 300],
        ["--port", "0"],
        ["--port", "65536"],
        ["--port", "x"],
        ["--kbit", "0"],
        ["--kbit", "nan"],
        [],
    ],
)
def test_wrong_option_is_wrong_usage(image_file, wrong):
    argv = [sys.executable, "-m", "juzhu_host.cli", "card", "vpcd", *wrong]
    if wrong:
        argv += ["--image", str(image_file)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 64
    assert "usage: juzhu card vpcd" in done.stderr
