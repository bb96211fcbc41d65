"""`juzhu card vpcd`: the virtual card in a reader of a real pcscd, through the reader driver vpcd of vsmartcard.

vpcd listens; the card connects, and being connected is lying on the reader. Either side's message is a length of
two bytes, big-endian, and that many bytes. A message of one byte from the driver is a control: power off, power
on, reset, or a question for the ATR, the only one that is answered; it comes also every 400 ms, to see whether
the card is still there. Every other message is a command APDU and its answer a response APDU.

What this does not imitate: anticollision, activation and chaining of blocks, and a field of finite reach.
"""

import argparse
import logging
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from juzhu_protocol.authority.card_image import read_image

from .card import Card, VirtualCard, air_time

log = logging.getLogger(__name__)

DEFAULT_PORT = 0x8C7B
"""35963, where vpcd's first reader listens; its second one is the next port."""

POWER_OFF, POWER_ON, RESET, ASK_ATR = 0x00, 0x01, 0x02, 0x04

LENGTH_BYTES = 2
RETRY_S = 0.5
"""Longer than the 400 ms between two looks of pcscd, so that it sees a card that went away as gone."""

CONNECT_LIMIT_S = 5.0

MIN_KBIT_S, MAX_KBIT_S = 0.01, 1_000_000
"""No card is so slow or so fast: one that is pulled away before it answers, one that takes no time on the air."""

HISTORICAL = bytes([0x80, 0x73, 0x86, 0x21, 0x00])
"""ISO/IEC 7816-4, 12.1.1: compact TLV, card capabilities: selection by full name, short file identifiers, record
numbers; data counted in bytes; no chaining, no extended length, one logical channel."""

MAX_HISTORICAL = 15


class VpcdError(Exception):
    """The driver said what no reader says to a card."""


class Answer(NamedTuple):
    """Bytes for the driver, and the seconds before they are there: on the air, and the card's own delay."""

    message: bytes
    seconds: float


def contactless_atr(historical: bytes) -> bytes:
    """Return the ATR that a PC/SC reader makes up for an ISO/IEC 14443-4 card (PC/SC part 3, 3.1.3.2.3).

    `historical`: the historical bytes of a type A card's ATS, at most 15; ValueError for more.
    """
    if len(historical) > MAX_HISTORICAL:
        raise ValueError(f"an ATR has at most {MAX_HISTORICAL} historical bytes, not {len(historical)}")
    # T=0 is announced for form's sake and T=1 after it, so that an application may ask for either.
    body = bytes([0x80 | len(historical), 0x80, 0x01]) + historical
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes([check])


class VpcdSession:
    """The card's end of one connection to vpcd, without I/O."""

    def __init__(self, card: Card, kbit_s: float) -> None:
        self._card = card
        self._kbit_s = kbit_s
        self._atr = contactless_atr(HISTORICAL)
        self._buffer = b""
        self._powered = False

    def receive(self, data: bytes) -> Iterator[Answer]:
        """Take bytes from the driver and yield an answer to each whole message that asks for one.

        VpcdError for an APDU while the card is without power: the connection is of no more use.
        """
        self._buffer += data
        while len(self._buffer) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._buffer[:LENGTH_BYTES], "big")
            if len(self._buffer) < end:
                return
            message, self._buffer = self._buffer[LENGTH_BYTES:end], self._buffer[end:]
            if len(message) > 1:
                yield self._transmit(message)
            elif message:
                yield from self._control(message[0])

    def _control(self, control: int) -> Iterator[Answer]:
        if control == ASK_ATR:
            yield Answer(_framed(self._atr), 0.0)
        elif control in (POWER_OFF, POWER_ON, RESET):
            self._card.reset()
            self._powered = control != POWER_OFF
        else:
            log.warning("vpcd: control %#04x is none that a card knows", control)

    def _transmit(self, command: bytes) -> Answer:
        if not self._powered:
            raise VpcdError(f"an APDU of {len(command)} bytes for a card without power")
        response = self._card.transmit(command)
        seconds = air_time(command, response, self._kbit_s) + self._card.take_delay_s()
        return Answer(_framed(response), seconds)


def _framed(message: bytes) -> bytes:
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


def lie_on_reader(card: Card, host: str, port: int, kbit_s: float) -> NoReturn:
    """Keep the card on the reader at host:port, and come back whenever pcscd does; ends by an exception alone."""
    told = ""
    while True:
        try:
            with socket.create_connection((host, port), CONNECT_LIMIT_S) as connection:
                log.info("vpcd: the card lies on the reader at %s:%d", host, port)
                told = ""
                _serve(connection, VpcdSession(card, kbit_s))
            log.info("vpcd: the reader at %s:%d let go of the card", host, port)
        except (OSError, VpcdError) as error:
            # Said once: pcscd may be away for days.
            if str(error) != told:
                told = str(error)
                log.warning("vpcd: reader at %s:%d: %s; trying on", host, port, told)
        time.sleep(RETRY_S)


def _serve(connection: socket.socket, session: VpcdSession) -> None:
    # vpcd's ports are among those that a connection may go out from, and TCP lets a socket meet itself: it would
    # then hold the very port that vpcd needs.
    if connection.getsockname() == connection.getpeername():
        raise VpcdError("nobody listens")
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        # The driver sends length and content apart and waits for an acknowledgement between the two; the kernel
        # forgets a quick acknowledgement after each read. Without it an APDU takes 44 ms.
        with suppress(AttributeError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        data = connection.recv(4096)
        if not data:
            return
        for answer in session.receive(data):
            if answer.seconds:
                time.sleep(answer.seconds)
            connection.sendall(answer.message)


def command(arguments: argparse.Namespace) -> int:
    """Run `juzhu card vpcd` until SIGTERM or SIGINT."""
    card = VirtualCard(read_image(arguments.image))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    lie_on_reader(card, arguments.host, arguments.port, arguments.kbit)


def _host(text: str) -> str:
    try:
        text.encode("idna")
    except UnicodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is no name or address of a machine") from None
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return int(text)


def _kbit(text: str) -> float:
    try:
        kbit = float(text)
    except ValueError:
        kbit = 0.0
    if not MIN_KBIT_S <= kbit <= MAX_KBIT_S:
        raise argparse.ArgumentTypeError(f"{text} is no speed: {MIN_KBIT_S} to {MAX_KBIT_S} kbit/s")
    return kbit


def register(readers: Any) -> None:
    """Add `juzhu card vpcd` to the command `card`."""
    vpcd = readers.add_parser(
        "vpcd", help="lay it on a reader of a real pcscd, through vsmartcard's driver vpcd"
    )
    vpcd.add_argument(
        "--image", type=Path, required=True, metavar="FILE", help="from `juzhu permit` or `juzhu card`"
    )
    vpcd.add_argument(
        "--host", type=_host, default="127.0.0.1", help="where vpcd listens (default 127.0.0.1)"
    )
    vpcd.add_argument("--port", type=_port, default=DEFAULT_PORT, help=f"its port (default {DEFAULT_PORT})")
    vpcd.add_argument("--kbit", type=_kbit, default=106.0, help="the card's speed in kbit/s (default 106)")
    vpcd.set_defaults(run=command)
