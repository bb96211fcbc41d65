"""The virtual card in vpcd's reader of a real pcscd, through PC/SC's own calls and through other people's tools."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backends.card_suite import CardSuite, converse
from juzhu_protocol.card import apdu
from juzhu_protocol.card.conversation import DONE
from parts import find
from pcscd import PCSC_PARTS, PORTS, READERS, Pcscd

pytestmark = [pytest.mark.needs(*PCSC_PARTS), pytest.mark.xdist_group("pcscd")]

LIMIT_S = 20.0
BOTH = {"pcscd", "vpcd"}


def wait_until(condition) -> None:
    """Look at what no event tells of until it is so."""
    give_up = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


class PcscError(Exception):
    """A call of PC/SC failed; `code` is its result."""

    def __init__(self, call: str, code: int) -> None:
        from smartcard import scard

        super().__init__(f"{call}: {scard.SCardGetErrorMessage(code)}")
        self.code = code


def pcsc(call, *arguments):
    """Call a function of smartcard.scard; return what it gives beside its result."""
    from smartcard import scard

    outcome = getattr(scard, call)(*arguments)
    result, *values = outcome if isinstance(outcome, list | tuple) else (outcome,)
    if result != scard.SCARD_S_SUCCESS:
        raise PcscError(call, result)
    return values


class Client:
    """A context of PC/SC, released at the end."""

    def __enter__(self):
        from smartcard import scard

        (self.context,) = pcsc("SCardEstablishContext", scard.SCARD_SCOPE_SYSTEM)
        return self

    def __exit__(self, *_):
        from smartcard import scard

        # After pcscd was killed there is nothing left to release.
        scard.SCardReleaseContext(self.context)

    def wait(self, reader=READERS[0], present=True):
        """Wait for pcscd's own event that a card came, or went, and return the card's ATR."""
        from smartcard import scard

        wanted = scard.SCARD_STATE_PRESENT if present else scard.SCARD_STATE_EMPTY
        known = scard.SCARD_STATE_UNAWARE
        give_up = time.monotonic() + LIMIT_S
        while True:
            left_ms = max(0, int((give_up - time.monotonic()) * 1000))
            (states,) = pcsc("SCardGetStatusChange", self.context, left_ms, [(reader, known)])
            _, state, atr = states[0]
            if state & wanted and not state & scard.SCARD_STATE_MUTE:
                return bytes(atr)
            known = state & ~scard.SCARD_STATE_CHANGED

    def connect(self, reader=READERS[0]):
        """Connect to the card, which loses its power when the connection ends."""
        from smartcard import scard

        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        handle, protocol = pcsc("SCardConnect", self.context, reader, scard.SCARD_SHARE_EXCLUSIVE, protocols)
        return PcscCard(handle, protocol)


class PcscCard:
    """A card that PC/SC connected."""

    def __init__(self, handle, protocol):
        from smartcard import scard

        self.handle = handle
        self.protocol = protocol
        self._header = {
            scard.SCARD_PROTOCOL_T0: scard.SCARD_PCI_T0,
            scard.SCARD_PROTOCOL_T1: scard.SCARD_PCI_T1,
        }[protocol]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        from smartcard import scard

        scard.SCardDisconnect(self.handle, scard.SCARD_UNPOWER_CARD)

    def transmit(self, command: bytes) -> bytes:
        (response,) = pcsc("SCardTransmit", self.handle, self._header, list(command))
        return bytes(response)

    def reset(self) -> None:
        from smartcard import scard

        pcsc(
            "SCardReconnect", self.handle, scard.SCARD_SHARE_EXCLUSIVE, self.protocol, scard.SCARD_RESET_CARD
        )


@pytest.fixture(scope="module")
def files(images, tmp_path_factory):
    """Both cards' images as files for `juzhu card vpcd`."""
    folder = tmp_path_factory.mktemp("images")
    paths = [folder / f"card-{number}.json" for number, _ in enumerate(images)]
    for path, image in zip(paths, images, strict=True):
        path.write_text(image.to_json(), encoding="utf-8")
    return paths


@pytest.fixture(scope="class")
def client(files, tmp_path_factory):
    """A client of a pcscd on whose first reader the first card lies."""
    with Pcscd(tmp_path_factory.mktemp("pcscd")) as pcscd:
        pcscd.lay(files[0])
        with Client() as client:
            client.wait()
            yield client


class TestCardThroughPcscd(CardSuite):
    @pytest.fixture
    def card(self, client):
        with client.connect() as card:
            yield card

    def test_atr_is_a_contactless_cards_of_t1(self, card):
        from smartcard import scard
        from smartcard.ATR import ATR

        reader, _, protocol, atr = pcsc("SCardStatus", card.handle)
        assert reader == READERS[0]
        assert protocol == scard.SCARD_PROTOCOL_T1
        parsed = ATR(atr)
        assert parsed.checksumOK
        assert parsed.isT0Supported()
        assert parsed.isT1Supported()
        # PC/SC part 3: TD1 and TD2 say T=0 and T=1 and nothing else stands before the historical bytes.
        assert bytes(atr[:4]) == bytes([0x3B, 0x80 | len(parsed.getHistoricalBytes()), 0x80, 0x01])
        assert bytes(parsed.getHistoricalBytes())[0] == 0x80

    def test_disconnection_takes_the_selection_with_the_power(self, client):
        with client.connect() as card:
            card.transmit(apdu.select())
        with client.connect() as card:
            status = apdu.split_response(card.transmit(apdu.read_binary(apdu.SFI_INFO)))
            assert status == (b"", apdu.SW_NO_CURRENT_FILE)


class TestTools:
    """OpenSC and pcsc-tools know nothing of us."""

    def run(self, program, *arguments):
        path = find(program)
        assert path is not None
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @pytest.mark.needs("opensc")
    def test_opensc_shows_the_atr(self, client):
        assert self.run("opensc-tool", "-r", "0", "-a").strip() == client.wait().hex(":")

    @pytest.mark.needs("opensc")
    def test_opensc_selects_and_reads_info(self, client, image):
        read_info = apdu.read_binary(apdu.SFI_INFO)
        shown = self.run("opensc-tool", "-r", "0", "-s", apdu.select().hex(":"), "-s", read_info.hex(":"))
        _, selected, read = re.split(r"^Sending:", shown, flags=re.MULTILINE)
        assert "Received (SW1=0x90, SW2=0x00)" in selected
        _, _, dump = read.partition("Received (SW1=0x90, SW2=0x00):\n")
        # One line: each byte as two digits and a space, then all of them as text.
        assert len(image.info) < 16
        assert bytes.fromhex(dump[: 3 * len(image.info)]) == image.info

    @pytest.mark.needs("pcsc_scan")
    def test_pcsc_scan_lists_both_readers(self, client):
        shown = self.run("pcsc_scan", "-r")
        assert [line.split(": ", 1)[1].strip() for line in shown.splitlines() if ": " in line] == list(
            READERS
        )


@pytest.fixture
def pcscd(tmp_path):
    with Pcscd(tmp_path) as pcscd:
        yield pcscd


def test_two_cards_lie_on_two_readers(pcscd, files, images):
    for path, port in zip(files, PORTS, strict=True):
        pcscd.lay(path, port)
    with Client() as client:
        for reader, image in zip(READERS, images, strict=True):
            client.wait(reader)
            with client.connect(reader) as card:
                conversation = converse(card)
            assert (conversation.state, conversation.service) == (DONE, image.service)


def test_card_that_is_taken_away_is_seen_to_go_and_another_to_come(pcscd, files, images):
    from smartcard import scard

    process = pcscd.lay(files[0])
    with Client() as client:
        client.wait()
        with client.connect() as card:
            card.transmit(apdu.select())
            assert pcscd.end(process) == 0, pcscd.card_log.read_text()
            # Not before pcscd's own look at the reader: what a failed call tells it may hide the next card.
            client.wait(present=False)
            with pytest.raises(PcscError) as caught:
                card.transmit(apdu.read_binary(apdu.SFI_INFO))
            gone = (scard.SCARD_E_NOT_TRANSACTED, scard.SCARD_W_REMOVED_CARD, scard.SCARD_E_NO_SMARTCARD)
            assert caught.value.code in gone
        pcscd.lay(files[1])
        client.wait()
        with client.connect() as card:
            assert converse(card).service == images[1].service


def test_card_that_is_pulled_away_before_it_answers_gives_no_answer(pcscd, files):
    # At this speed SELECT is on the air for 18 seconds.
    process = pcscd.lay(files[0], kbit_s=0.01)
    with Client() as client, ThreadPoolExecutor(1) as pool:
        client.wait()
        with client.connect() as card:
            answer = pool.submit(card.transmit, apdu.select())
            wait_until(lambda: apdu.select().hex(" ").upper() in pcscd.log.read_text())
            assert pcscd.end(process) == 0, pcscd.card_log.read_text()
            # vpcd's driver calls it a success of no bytes at all: whoever uses PC/SC takes that for a torn card.
            assert answer.result(LIMIT_S) == b""


def test_card_comes_back_by_itself_after_pcscd_was_killed(pcscd, files, image):
    pcscd.lay(files[0])
    with Client() as client:
        client.wait()
        pcscd.kill()
    pcscd.start()
    with Client() as client:
        client.wait()
        with client.connect() as card:
            assert converse(card).service == image.service


def processes_of(folder: Path) -> set[str]:
    """Of pcscd and the card, those that run on this machine with the folder among their arguments."""
    found = set()
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdecimal() else []
        except OSError:
            # It ended while we looked.
            continue
        if any(os.fsencode(folder) in word for word in words):
            found.update(BOTH & {Path(os.fsdecode(word)).name for word in words})
    return found


@pytest.fixture
def own_file(tmp_path, image):
    path = tmp_path / "card.json"
    path.write_text(image.to_json(), encoding="utf-8")
    return path


def test_failed_test_leaves_no_process_behind(tmp_path, own_file):
    class FailedError(Exception):
        pass

    def fail():
        with Pcscd(tmp_path) as pcscd:
            pcscd.lay(own_file)
            wait_until(lambda: processes_of(tmp_path) == BOTH)
            raise FailedError

    with pytest.raises(FailedError):
        fail()
    assert processes_of(tmp_path) == set()


def test_killed_test_leaves_no_process_behind(tmp_path, own_file):
    program = (
        "import sys; from pathlib import Path; from pcscd import Pcscd, socket_folder\n"
        "with Pcscd(Path(sys.argv[1])) as pcscd:\n"
        "    pcscd.lay(Path(sys.argv[2]))\n"
        "    print(pcscd.namespace_pid)\n"
        "    print(socket_folder(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), str(own_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as test:
        namespace = os.pidfd_open(int(test.stdout.readline()))
        folder = Path(os.fsdecode(test.stdout.readline().strip()))
        try:
            wait_until(lambda: processes_of(tmp_path) == BOTH)
            test.send_signal(signal.SIGKILL)
            ended, _, _ = select.select([namespace], [], [], LIMIT_S)
        finally:
            os.close(namespace)
            shutil.rmtree(folder)
    assert ended
    assert processes_of(tmp_path) == set()
