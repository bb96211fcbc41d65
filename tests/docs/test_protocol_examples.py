"""The worked examples of docs/protocol.md: each is taken from the page and made again by the code."""

import re
from hashlib import sha256
from types import SimpleNamespace

import construct
import gb_vectors
import pytest

from juzhu_device.pseudonym import Pseudonyms
from juzhu_device.store import ReaderStore
from juzhu_device.tap_ring import CHAIN_LABEL, TapRing
from juzhu_protocol import errors
from juzhu_protocol.authority import permits
from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.holder_file import LAYOUT, HolderFile
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.made_up import ADDRESS, holder
from juzhu_protocol.authority.personalise import endorse_card, issue_card
from juzhu_protocol.authority.sam_set import SamSet
from juzhu_protocol.authority.signing import signer_of
from juzhu_protocol.card import apdu
from juzhu_protocol.card.authentication import CHALLENGE_SIZE, Exchange, SessionKeys
from juzhu_protocol.card.conversation import DONE, RUNNING, BusConversation
from juzhu_protocol.card.keys import ROLE_BUS, card_key
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.card.secure_messaging import MAX_DATA, SecureChannel
from juzhu_protocol.crypto.mac import derive_key
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3, signed_content, signed_digest, sm2_z
from juzhu_protocol.crypto.sm3 import sm3
from juzhu_protocol.hostside.aes import AesCbc
from juzhu_protocol.hostside.native import NativeVerifier
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
from juzhu_protocol.link.machine import MAX_QUEUED, MAX_TRIES, RETRY_MS
from juzhu_protocol.link.stats import LinkStats
from juzhu_protocol.lists import topics
from juzhu_protocol.lists.plain import StatusList, build_list
from juzhu_protocol.records.card import Security, Service
from juzhu_protocol.records.link import Ack, Display, Hello, ObjectBegin, ObjectResult, Tap
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.calendar import day_of, from_iso, iso, start_of
from juzhu_protocol.rules.decide import GENUINE, STATUS_REVOKED, STATUS_SUSPENDED, STATUS_VALID
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.reasons import ANSWER_NAMES, REASONS
from juzhu_protocol.schema import document
from juzhu_protocol.schema.field_notes import FIELD_NOTES
from juzhu_protocol.schema.generate import UnknownNodeError
from juzhu_protocol.trust.bundle import MAX_SIGNED_BUNDLE
from juzhu_protocol.trust.contexts import MANIFEST_CONTEXT, SERVICE_CONTEXT, signed_part
from juzhu_protocol.trust.manifest import ContentCheck, open_manifest
from juzhu_protocol.trust.service import check_session, read_card
from juzhu_simulator.card import (
    FIRST_DELAY_S,
    FREE_FAILURES,
    MAX_DELAY_S,
    TRIES_IN_A_FIELD,
    VirtualCard,
    air_time,
    bytes_on_air,
)
from juzhu_simulator.reader.board import REGIONS
from portable_files import ROOT

PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```hex (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEYS = KeyRing.load(DEVELOPMENT_KEYS)
SM2_SIGNER = signer_of(SUITE_SM2_SM3, bytes.fromhex(gb_vectors.SM2_EXAMPLE["d"]))
READER_KEY = bytes(range(32))
BUS_MASTER = bytes(range(0x20, 0x40))
RING_ID = 0x12345678
COUNT_WORDS = {4: "four", 10: "ten"}
SIGNED_AT = start_of(from_iso("2026-06-15")) + 9 * 3600


class Flash:
    """Blank flash in memory."""

    def __init__(self):
        self.regions = {name: bytearray(b"\xff" * 4096) for name in ("state0", "state1", "trust0", "trust1")}
        self.regions |= {name: bytearray(b"\xff" * 4096) for name in ("list0", "list1", "taps", "profile0")}

    def size(self, region):
        return len(self.regions[region])

    def read(self, region, offset, size):
        return bytes(self.regions[region][offset : offset + size])

    def write(self, region, offset, data):
        self.regions[region][offset : offset + len(data)] = data


def flash_ports():
    return SimpleNamespace(
        flash=Flash(),
        rtc=SimpleNamespace(read=lambda: None),
        random=lambda size: RING_ID.to_bytes(size, "big"),
    )


def example_card():
    """Born 1956-04-12, issued 2025-06-15, endorsed in time on 2026-06-10; without a portrait."""
    issued = permits.issue(
        list_division=410200,
        serial=7,
        issuing_division=410202,
        permit_class=1,
        birth_day=from_iso("1956-04-12"),
        address=ADDRESS,
        day=from_iso("2025-06-15"),
        residence_since=from_iso("2025-06-15"),
        registered_day=0,
    )
    image = issue_card(issued, holder(issued.birth_day, 2), b"", KEYS, SUITE_ES256)
    return endorse_card(image, permits.endorse(issued, from_iso("2026-06-10"), KAIFENG), KEYS)


def example_list():
    return build_list(410200, 7, {3: STATUS_SUSPENDED, 5: STATUS_REVOKED})


def example_manifest():
    key = KEYS.list_key(410200, day_of(SIGNED_AT))
    content = example_list()
    manifest = Manifest(
        suite=SUITE_ES256,
        list_division=410200,
        key_epoch=1,
        sequence=2,
        time=SIGNED_AT,
        content_length=len(content),
        content_hash=sha256(content).digest(),
        key_id=key.key_id,
        signature=bytes(64),
    )
    manifest.signature = key.sign(MANIFEST_CONTEXT, signed_part(manifest.to_bytes()))
    return manifest.to_bytes()


def hello_frame():
    return Frame(Hello.TYPE, REQUEST, 0x01020304, 0, Hello(0, 0).to_bytes())


def example_state():
    ports = flash_ports()
    ReaderStore(ports, 410200, KEYS.roots, NativeVerifier())
    size = 2 + int.from_bytes(ports.flash.read("state0", 0, 2), "big") + 4
    return ports.flash.read("state0", 0, size)


def pseudonym():
    service = Service.from_bytes(example_card().service)
    return Pseudonyms(READER_KEY, flash_ports().random).of(service, (SIGNED_AT, None))


def tap_slot():
    flash = Flash()
    ring = TapRing(flash, RING_ID, derive_key(READER_KEY, CHAIN_LABEL))
    ring.append(Tap(1, SIGNED_AT, pseudonym(), 1, 1, 1, 0, 2, bytes(16)))
    return flash.read("taps", 0, 46)


def page_session():
    """A bus that reads the card of the page: its conversation, and what was said."""
    files = {name: example(name) for name in ("info", "service", "holder", "security")}
    keys = SamSet(1, bytes(range(0x20, 0xA0))).card_keys(SUITE_ES256, 410200, 7)
    image = CardImage(**files, endorsements=(example("endorsement"),), card_keys=keys.to_bytes())
    card = VirtualCard(image, lambda size: bytes(range(0xA0, 0xA0 + size)))
    bus = BusConversation(SoftwareSam(ROLE_BUS, {1: BUS_MASTER}, lambda size: bytes(range(size))))
    pairs = []
    while bus.state == RUNNING:
        pairs.append((bus.command, card.transmit(bus.command)))
        bus.receive(pairs[-1][1])
    return bus, pairs


def session_keys():
    key = card_key(BUS_MASTER, ROLE_BUS, 1, 410200, 7)
    return Exchange(key, bytes(range(16)), bytes(range(0xA0, 0xB0))).session_keys()


def encrypted_pair():
    """A counter's READ BINARY and its answer, in a session of round keys."""
    keys = SessionKeys(bytes(range(0x40, 0x60)), bytes(range(0x60, 0x70)))
    reader, card = (SecureChannel(keys, AesCbc(keys.encryption)) for _ in range(2))
    command = reader.protect(apdu.read_binary(apdu.SFI_HOLDER, 16))
    card.open_command(command)
    return command, card.protect_answer(bytes(range(16)), apdu.SW_OK)


def decoded(wire):
    return cobs.decode(wire[:-1])


EXAMPLES = {
    "organ-public-key": lambda: KEYS.permit_key(410202, 46186, SUITE_ES256).signer.public_key,
    "organ-key-id": lambda: KEYS.permit_key(410202, 46186, SUITE_ES256).key_id,
    "digest": lambda: signed_digest(SERVICE_CONTEXT, b"abc"),
    "sm2-public-key": lambda: SM2_SIGNER.public_key,
    "sm2-z": lambda: sm2_z(SM2_SIGNER.public_key, sm3),
    "sm2-digest": lambda: sm3(example("sm2-z") + signed_content(SERVICE_CONTEXT, b"abc")),
    "sm2-signature": lambda: SM2_SIGNER.sign(SERVICE_CONTEXT, b"abc"),
    "select": apdu.select,
    "read-info": lambda: apdu.read_binary(apdu.SFI_INFO),
    "read-service": lambda: apdu.read_binary(apdu.SFI_SERVICE),
    "read-on": lambda: apdu.read_on(223, MAX_DATA),
    "get-challenge": lambda: apdu.get_challenge(CHALLENGE_SIZE),
    "bus-card-key": lambda: card_key(BUS_MASTER, ROLE_BUS, 1, 410200, 7),
    "mutual-authenticate": lambda: page_session()[1][3][0],
    "mutual-answer": lambda: page_session()[1][3][1],
    "session-mac-key": lambda: session_keys().mac,
    "secured-read": lambda: page_session()[1][4][0],
    "secured-answer": lambda: page_session()[1][4][1],
    "encrypted-read": lambda: encrypted_pair()[0],
    "encrypted-answer": lambda: encrypted_pair()[1],
    "read-endorsement": lambda: apdu.read_record(apdu.SFI_ENDORSEMENTS, 1),
    "info": lambda: example_card().info,
    "service": lambda: example_card().service,
    "endorsement": lambda: example_card().endorsements[0],
    "holder": lambda: example_card().holder,
    "security": lambda: example_card().security,
    "list": example_list,
    "manifest": example_manifest,
    "hello-plain": lambda: decoded(hello_frame().to_bytes()),
    "hello-wire": lambda: hello_frame().to_bytes(),
    "ack-wire": lambda: Frame(Display.TYPE, RESPONSE, 0x0A0B0C0D, 5, Ack().to_bytes()).to_bytes(),
    "begin": lambda: ObjectBegin(2, len(example_list()), example_manifest()).to_bytes(),
    "result": lambda: ObjectResult(errors.RollbackError.code, 0).to_bytes(),
    "state": example_state,
    "pseudonym": pseudonym,
    "tap-slot": tap_slot,
}
"""Every example of the page by name, and how the code makes it."""


def example(name):
    """The bytes of an example as the page has them; what follows a # is for people."""
    (text,) = [body for found, body in BLOCK.findall(PAGE) if found == name]
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


def reason_rows():
    return [
        f"| {code} | {name} | {ANSWER_NAMES[answer]} | {KAIFENG.articles.get(code, 'none')} |"
        for code, (answer, name) in REASONS.items()
    ]


def result_rows():
    rows = ["| 0 | done | none |"]
    for error in (*errors.TrustError.__subclasses__(), errors.StorageError):
        rows.append(f"| {error.code} | {error.__doc__.splitlines()[0].rstrip('.')} | `{error.__name__}` |")
    return sorted(rows, key=lambda row: int(row.split("|")[1]))


def test_every_example_of_the_page_is_checked_and_none_is_lost():
    assert sorted(name for name, _ in BLOCK.findall(PAGE)) == sorted(EXAMPLES)
    assert PAGE.count("```") == 2 * len(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_what_the_code_makes(name):
    assert example(name).hex() == EXAMPLES[name]().hex()


def test_card_of_the_page_is_genuine_when_a_bus_reads_it():
    bus, pairs = page_session()
    assert bus.state == DONE
    commands = [example(name) for name in ("select", "read-info", "get-challenge", "mutual-authenticate")]
    assert [command for command, _ in pairs] == [*commands, example("secured-read")]
    service, authenticity = read_card(bus.info, bus.service, KEYS.trusted, NativeVerifier())
    assert authenticity == GENUINE
    assert check_session(bus.info, service, ROLE_BUS, bus.endorsements_held, KEYS.trusted) == GENUINE
    assert iso(service.good_through) == "2027-06-15"


def test_figures_of_a_bus_conversation_are_measured():
    _, pairs = page_session()
    size = sum(bytes_on_air(*pair) for pair in pairs)
    milliseconds = round(1000 * sum(air_time(*pair, 106) for pair in pairs))
    text = " ".join(PAGE.split())
    assert f"{len(pairs)} commands and {size} bytes on the air" in text
    assert f"{milliseconds} ms at 106 kbit/s" in text


def test_figures_of_guessing_are_the_card_s():
    text = " ".join(PAGE.split())
    assert (TRIES_IN_A_FIELD, FREE_FAILURES) == (3, 3)
    assert "After three wrong tokens in one field the card answers 6983" in text
    assert "from the fourth on" in text
    assert f"{FIRST_DELAY_S} seconds at first, twice as long" in text
    assert f"never above {MAX_DELAY_S:.0f} second." in text


def test_card_of_the_page_with_one_bit_flipped_is_not_genuine():
    service = bytearray(example("service"))
    service[13] ^= 1
    _, authenticity = read_card(example("info"), bytes(service), KEYS.trusted, NativeVerifier())
    assert authenticity != GENUINE


def test_list_of_the_page_is_believed_and_says_what_the_page_says():
    manifest = open_manifest(example("manifest"), 410200, KEYS.trusted, NativeVerifier())
    content = example("list")
    check = ContentCheck(manifest)
    check.update(content)
    check.finish()
    found = StatusList(lambda at, size: content[at : at + size], len(content))
    assert [found.status(serial) for serial in (3, 5, 7)] == [STATUS_SUSPENDED, STATUS_REVOKED, STATUS_VALID]


def test_frames_of_the_page_are_found_in_a_stream():
    found = FrameDecoder(LinkStats()).feed(b"\x00" + example("hello-wire") + example("ack-wire"))
    assert [(frame.kind, frame.role, frame.sequence) for frame in found] == [
        (0x40, REQUEST, 0),
        (0x47, RESPONSE, 5),
    ]


def test_holder_table_of_the_page_is_the_layout():
    rows, offset = [], 0
    for part in LAYOUT.subcons:
        rows.append((offset, part.sizeof(), part.name))
        offset += part.sizeof()
    found = re.findall(r"^\| (\d+) \| (\d+) \| `(\w+)` \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert [(int(at), int(size), name) for at, size, name in found] == rows


def test_holder_of_the_page_is_the_person_the_page_speaks_of():
    found = HolderFile.from_bytes(example("holder"))
    assert (iso(found.birth_day), iso(found.issue_day), iso(found.good_through)) == (
        "1956-04-12",
        "2025-06-15",
        "2026-06-15",
    )
    security = Security.from_bytes(example("security"))
    assert security.holder_hash == sha256(example("holder")).digest()
    assert security.photo_hash == sha256(b"").digest()


def test_days_of_the_page_are_the_calendar_s():
    rows = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 5
    assert [(date, int(day)) for date, day in rows] == [(date, from_iso(date)) for date, _ in rows]


@pytest.mark.parametrize("rows", [reason_rows, result_rows])
def test_table_of_codes_is_the_code_s(rows):
    block = "\n".join(rows())
    assert block in PAGE
    assert PAGE.split(block)[1].startswith("\n\n")


@pytest.mark.parametrize(
    "claim",
    [
        f"payload, up to {MAX_PAYLOAD:,} bytes",
        f"{MIN_FRAME} to {MAX_FRAME:,} bytes on the wire",
        f"again after {RETRY_MS} ms",
        f"{COUNT_WORDS[MAX_TRIES]} times in all",
        f"{COUNT_WORDS[MAX_QUEUED]} more may wait",
        f"{topics.CHUNK_SIZE:,} bytes each",
        f"at most {MAX_SIGNED_BUNDLE:,} bytes;",
        *(f"| {kind:#04x} |" for kind in (Hello.TYPE, Tap.TYPE, Display.TYPE)),
        *(f"| {size:,} |" for size in set(REGIONS.values())),
    ],
)
def test_limit_named_on_the_page_is_the_code_s(claim):
    assert claim in PAGE


def test_topics_of_the_page_are_the_publisher_s():
    content = b"x" * (topics.CHUNK_SIZE + 1)
    found = topics.chunk_topics(410200, sha256(content).digest(), len(content))
    pattern = "juzhu/1/<division>/list/<hash>-<n>"
    assert f"`{pattern}`" in PAGE
    made = pattern.replace("<division>", "410200").replace("<hash>", sha256(content).hexdigest())
    assert found == [made.replace("<n>", "0"), made.replace("<n>", "1")]
    assert f"`{topics.manifest_topic(410200)}`".replace("410200", "<division>") in PAGE


def test_tables_of_the_page_are_current():
    assert document.main(["--check"]) == 0


def test_stale_page_is_named(tmp_path, monkeypatch, capsys):
    stale = tmp_path / "protocol.md"
    stale.write_text(PAGE.replace("which record this is", "something else"), encoding="utf-8")
    monkeypatch.setattr(document, "PAGE", stale)
    assert document.main(["--check"]) == 1
    assert "not current" in capsys.readouterr().err
    assert document.main([]) == 0
    assert stale.read_text(encoding="utf-8") == PAGE


@pytest.mark.parametrize(
    ("record", "notes"),
    [
        ("Ack", {"record_type": "which"}),
        ("Ack", {**FIELD_NOTES["Ack"], "extra": "not there"}),
        ("Bundle.keys", {}),
        ("Nobody", {"record_type": "of no record"}),
    ],
)
def test_missing_or_stray_field_note_is_refused(record, notes, monkeypatch):
    monkeypatch.setitem(FIELD_NOTES, record, notes)
    with pytest.raises(document.NotesError, match=record):
        document.page_text(PAGE)


def test_page_without_its_markers_is_refused():
    with pytest.raises(document.NotesError, match="card_records"):
        document.page_text(PAGE.replace(document.BEGIN.format(module="card"), ""))


def test_node_that_the_page_cannot_describe_is_refused():
    with pytest.raises(UnknownNodeError):
        document.size_of(construct.VarInt, "n")
