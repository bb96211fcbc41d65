"""Rotation, and recovery from each kind of stolen key, as docs/operations.md has them; and what readers say then."""

import re
import shlex
import shutil

import pytest

from host.keys_kit import (
    AFTER,
    BEFORE,
    CITY,
    DIVISION,
    FIRST,
    THEFT,
    at,
    authenticity,
    make_folder,
    never,
    ring_of,
    runner,
    service,
    shown,
    signed_by,
    states,
    trusted,
    write_passphrase,
)
from juzhu_host.cli import main
from juzhu_protocol.authority import private_files
from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.citizen_number import synthetic
from juzhu_protocol.authority.key_specs import EPOCH_ROLES, PURPOSES
from juzhu_protocol.authority.private_files import MIN_COST
from juzhu_protocol.authority.sam_set import ROLES
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.errors import BadSignatureError, RollbackError, UnknownKeyError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.records.card import Info, Service
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.calendar import from_iso, iso, start_of
from juzhu_protocol.rules.decide import FORGED, GENUINE, KEY_UNKNOWN, KEY_WITHDRAWN
from juzhu_protocol.rules.kaifeng import RECORD
from juzhu_protocol.trust.bundle import open_bundle
from juzhu_protocol.trust.contexts import MANIFEST_CONTEXT, PROFILE_CONTEXT, signed_part
from juzhu_protocol.trust.manifest import open_manifest
from juzhu_protocol.trust.profile import open_profile
from juzhu_protocol.trust.service import check_service, check_session, read_card
from portable_files import ROOT


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(private_files, "COST", MIN_COST)
    # Rotations begin after this day; what was stolen is noticed long after it.
    at(monkeypatch, "2026-04-10")


@pytest.fixture
def passphrase(tmp_path):
    return write_passphrase(tmp_path)


@pytest.fixture
def keys(capsys, passphrase):
    return runner(capsys, passphrase)


@pytest.fixture
def folder(keys, tmp_path):
    return make_folder(keys, tmp_path / "keys")


def test_rotated_permit_key_leaves_its_cards_genuine_and_signs_no_later_one(folder, keys):
    old = ring_of(folder).permit_key(DIVISION, from_iso(BEFORE), SUITE_ES256)
    issued = service(old, BEFORE)
    assert keys("rotate", folder, "permit-410200", "--from", THEFT)[0] == 0
    # Until the root has signed, nothing has changed for anybody.
    assert ring_of(folder).permit_key(DIVISION, from_iso(AFTER), SUITE_ES256).key_id == old.key_id
    said = signed_by(keys, folder, "root-1", "root-3")
    assert "restart juzhu publish" in said
    new = ring_of(folder).permit_key(DIVISION, from_iso(AFTER), SUITE_ES256)
    assert new.spec.name == "permit-410200-2"
    assert authenticity(folder, issued) == GENUINE
    assert authenticity(folder, service(new, AFTER)) == GENUINE
    assert authenticity(folder, service(new, BEFORE)) == FORGED
    # The old one is good for 60 days more.
    assert authenticity(folder, service(old, "2026-07-03")) == GENUINE
    assert authenticity(folder, service(old, "2026-07-04")) == FORGED
    assert states(shown(keys, folder, "--on", AFTER))["permit-410200"] == "in force"
    assert states(shown(keys, folder, "--on", "2026-07-04"))["permit-410200"] == "ended"
    assert states(shown(keys, folder, "--on", BEFORE))["permit-410200-2"] == "not yet"


@pytest.mark.parametrize("purpose", ["permit", "endorsement"])
def test_rotation_makes_nothing_forged_that_an_honest_machine_signs(folder, keys, tmp_path, purpose):
    """Two machines sign every day; one gets the new bundle 50 days after the new key began."""
    number = 1 if purpose == "endorsement" else 0

    def signs(place, day):
        ring = ring_of(place)
        find = ring.endorsement_key if number else ring.permit_key
        return service(find(DIVISION, day, SUITE_ES256), iso(day), number)

    late = tmp_path / "late"
    shutil.copytree(folder, late)
    start = from_iso(THEFT)
    before = trusted(folder)
    assert keys("rotate", folder, f"{purpose}-410200", "--from", THEFT)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    (late / f"{purpose}-410200-2.key").write_bytes((folder / f"{purpose}-410200-2.key").read_bytes())
    (late / f"{purpose}-410200-2.key").chmod(0o600)
    signers = set()
    for day in (*range(start - 3, start + 4), *range(start + 47, start + 63)):
        if day == start + 50:
            assert keys("sign", late, "--proposal", folder / "signed.json", sealed=never)[0] == 0
        for place in (folder, late):
            raw = signs(place, day)
            assert authenticity(folder, raw) == GENUINE, (place.name, iso(day))
            signers.add((place.name, day < start + 50, Service.from_bytes(raw).key_id))
            # A reader that has the old bundle alone blames no holder for a key that it does not know.
            record = Service.from_bytes(raw)
            assert check_service(raw, record, before, NativeVerifier()) in (GENUINE, KEY_UNKNOWN)
    # Each signed with both keys, or the test shows nothing.
    assert len({key for name, _, key in signers if name == "late"}) == 2
    assert len({key for name, _, key in signers if name == "keys"}) == 2


@pytest.mark.parametrize("purpose", ["permit", "endorsement"])
def test_stolen_organ_key_is_revoked_and_its_successor_signs_later_cards(folder, keys, monkeypatch, purpose):
    at(monkeypatch, AFTER)
    ring = ring_of(folder)
    number = 1 if purpose == "endorsement" else 0
    stolen = next(key for key in ring.keys if key.spec.purpose == purpose)
    other = next(
        key for key in ring.keys if key.spec.purpose in ("permit", "endorsement") and key is not stolen
    )
    honest, forged = service(stolen, BEFORE, number), service(stolen, AFTER, number)
    untouched = service(other, BEFORE, 1)
    assert authenticity(folder, forged) == GENUINE
    assert keys("revoke", folder, stolen.spec.name, "--on", THEFT)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    # Nobody can tell when the thief signed: both refer, and neither accuses the holder.
    assert authenticity(folder, honest) == authenticity(folder, forged) == KEY_WITHDRAWN
    assert authenticity(folder, untouched) == GENUINE
    ring = ring_of(folder)
    find = ring.permit_key if purpose == "permit" else ring.endorsement_key
    successor = find(DIVISION, from_iso(AFTER), SUITE_ES256)
    assert successor.spec.name == f"{purpose}-410200-2"
    assert authenticity(folder, service(successor, AFTER, number)) == GENUINE
    assert states(shown(keys, folder))[stolen.spec.name] == f"revoked {THEFT}"


def test_endorsement_key_makes_no_permit(folder):
    key = next(key for key in ring_of(folder).keys if key.spec.purpose == "endorsement")
    assert authenticity(folder, service(key, BEFORE, endorsements=1)) == GENUINE
    assert authenticity(folder, service(key, BEFORE)) == FORGED


def manifest(key, sequence, epoch):
    record = Manifest(
        suite=key.suite,
        list_division=CITY,
        key_epoch=epoch,
        sequence=sequence,
        time=start_of(from_iso(AFTER)),
        content_length=1,
        content_hash=bytes(32),
        key_id=key.key_id,
        signature=bytes(64),
    )
    record.signature = key.sign(MANIFEST_CONTEXT, signed_part(record.to_bytes()))
    return record


def test_stolen_list_key_that_used_up_the_sequences_is_outlived(folder, keys, monkeypatch):
    at(monkeypatch, AFTER)
    stolen = ring_of(folder).list_key(CITY, from_iso(AFTER))
    thiefs = manifest(stolen, 2**32 - 1, 1)
    assert open_manifest(thiefs.to_bytes(), CITY, trusted(folder), NativeVerifier())
    assert keys("revoke", folder, "list-410200", "--on", THEFT)[0] == 0
    signed_by(keys, folder, "root-2", "root-3")
    with pytest.raises(UnknownKeyError):
        open_manifest(thiefs.to_bytes(), CITY, trusted(folder), NativeVerifier())
    successor = ring_of(folder).list_key(CITY, from_iso(AFTER))
    assert (successor.spec.name, successor.spec.epoch) == ("list-410200-2", 2)
    # A reader that took the thief's list as its floor takes the first of the new epoch.
    first = manifest(successor, 1, 2)
    assert open_manifest(first.to_bytes(), CITY, trusted(folder), NativeVerifier(), thiefs).sequence == 1


def test_lost_journal_is_outlived_by_the_next_epoch_of_the_same_key(folder, keys):
    lost = manifest(ring_of(folder).list_key(CITY, from_iso(AFTER)), 900, 1)
    assert keys("epoch", folder, "--list", "list-410200", sealed=never)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    key = ring_of(folder).list_key(CITY, from_iso(AFTER))
    assert (key.spec.name, key.spec.epoch) == ("list-410200", 2)
    assert open_manifest(manifest(key, 1, 2).to_bytes(), CITY, trusted(folder), NativeVerifier(), lost)
    with pytest.raises(RollbackError):
        open_manifest(lost.to_bytes(), CITY, trusted(folder), NativeVerifier())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--list", "permit-410200"), 78, "no list key"),
        (("--list", "list-q"), 78, "no key is called"),
        (("--role", "bus"), 78, "go together"),
        (("--list", "list-410200", "--lowest", 2), 78, "go together"),
        ((), 64, "required"),
        (("--role", "card", "--lowest", 2), 64, "invalid choice"),
    ],
)
def test_epoch_of_nothing_is_refused_in_words(folder, keys, words, code, said):
    found, _, wrong = keys("epoch", folder, *words, sealed=never)
    assert (found, said in wrong) == (code, True)
    assert not (folder / "proposal.json").exists()


def test_stolen_policy_key_signs_no_profile_any_more(folder, keys, monkeypatch):
    at(monkeypatch, AFTER)

    def profile(key):
        record = ProfileRecord.from_bytes(RECORD)
        record.list_division, record.time, record.key_id = CITY, start_of(from_iso(AFTER)), key.key_id
        record.signature = key.sign(PROFILE_CONTEXT, signed_part(record.to_bytes()))
        return record.to_bytes()

    stolen = ring_of(folder).policy_key(CITY, from_iso(AFTER))
    assert open_profile(profile(stolen), CITY, trusted(folder), NativeVerifier(), 0)
    assert keys("revoke", folder, "policy-410200", "--on", THEFT)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    with pytest.raises(UnknownKeyError):
        open_profile(profile(stolen), CITY, trusted(folder), NativeVerifier(), 0)
    successor = ring_of(folder).policy_key(CITY, from_iso(AFTER))
    assert open_profile(profile(successor), CITY, trusted(folder), NativeVerifier(), 0)


def test_one_stolen_root_key_is_replaced_and_no_reader_is_lost(folder, keys):
    old = load_roots(folder / "roots.toml")
    code, said, _ = keys("root", folder, "--replace", "root-1")
    assert (code, "made root-4" in said) == (0, True)
    signed_by(keys, folder, "root-2", "root-3")
    new = load_roots(folder / "roots.toml")
    for roots in (old, new):
        assert open_bundle((folder / "bundle.bin").read_bytes(), roots, NativeVerifier(), 2).version == 2
    keys("rotate", folder, "list-410200", "--from", "2030-01-01")
    code, _, wrong = keys("sign", folder, "--root", "root-1")
    assert (code, "no root key of this bundle" in wrong) == (78, True)
    assert "in force" in signed_by(keys, folder, "root-4", "root-2")


def test_two_stolen_root_keys_are_the_end_of_the_root_and_not_of_the_cards(folder, keys):
    old = load_roots(folder / "roots.toml")
    issued = service(ring_of(folder).permit_key(DIVISION, from_iso(BEFORE), SUITE_ES256), BEFORE)
    code, _, wrong = keys("root", folder, "--replace", "root-1", "--replace", "root-2")
    assert (code, "--anew" in wrong) == (78, True)
    assert keys("root", folder, "--anew")[0] == 0
    said = signed_by(keys, folder, "root-4", "root-5")
    assert "THE ROOT ITSELF IS GIVEN UP" in said
    assert authenticity(folder, issued) == GENUINE
    with pytest.raises(BadSignatureError):
        open_bundle((folder / "bundle.bin").read_bytes(), old, NativeVerifier(), 0)


def session(folder, epoch, role):
    """What a reader of that role says of a genuine card whose keys are of that epoch."""
    raw = service(ring_of(folder).permit_key(DIVISION, from_iso(BEFORE), SUITE_ES256), BEFORE)
    record = Service.from_bytes(raw)
    info = Info(suite=SUITE_ES256, list_division=CITY, serial=7, key_id=record.key_id, card_key_epoch=epoch)
    return check_session(info.to_bytes(), record, role, 0, trusted(folder))


@pytest.mark.parametrize(
    ("stolen", "roles"),
    [
        ("bus", [ROLE_BUS]),
        ("counter", [ROLE_COUNTER]),
        ("authority", [ROLE_AUTHORITY]),
        # The personalisation master makes the signing keys that counter and authority ask for.
        ("card", [ROLE_COUNTER, ROLE_AUTHORITY]),
    ],
)
def test_raised_epoch_refers_old_cards_where_the_stolen_sam_could_read_them(folder, keys, stolen, roles):
    names = {ROLE_BUS: "bus", ROLE_COUNTER: "counter", ROLE_AUTHORITY: "authority"}
    assert session(folder, 1, roles[0]) == GENUINE
    code, said, _ = keys("sam", folder)
    assert (code, "SAM set 2 is made" in said) == (0, True)
    # Cards get the new epoch at once; no reader refuses the old one before the epoch is raised.
    ring = ring_of(folder)
    assert ring.sam_set().card_keys(SUITE_ES256, CITY, 7).epoch == 2
    assert session(folder, 1, roles[0]) == session(folder, 2, roles[0]) == GENUINE
    for role in roles:
        assert keys("epoch", folder, "--role", names[role], "--lowest", 2, sealed=never)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    for role in names:
        assert session(folder, 1, role) == (KEY_WITHDRAWN if role in roles else GENUINE)
        assert session(folder, 2, role) == GENUINE
    # The thief's masters are not among those of the new cards, whichever he has.
    one, two = (ring.sam_set(epoch).master(ROLES[stolen]) for epoch in (1, 2))
    assert one != two


def test_epoch_without_a_set_of_masters_is_not_asked_for(folder, keys):
    code, _, wrong = keys("epoch", folder, "--role", "bus", "--lowest", 2, sealed=never)
    assert (code, "make epoch 2 first" in wrong) == (78, True)
    keys("sam", folder)
    assert keys("epoch", folder, "--role", "bus", "--lowest", 2, sealed=never)[0] == 0
    code, _, wrong = keys("epoch", folder, "--role", "bus", "--lowest", 1, sealed=never)
    assert (code, "only rises" in wrong) == (78, True)


def test_dropped_key_is_unknown_and_old_bundles_come_back_nowhere(folder, keys):
    old = ring_of(folder).permit_key(DIVISION, from_iso(BEFORE), SUITE_ES256)
    first = (folder / "bundle.bin").read_bytes()
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    assert keys("drop", folder, "permit-410200", sealed=never)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    assert authenticity(folder, service(old, BEFORE)) == KEY_UNKNOWN
    with pytest.raises(RollbackError):
        open_bundle(first, load_roots(folder / "roots.toml"), NativeVerifier(), trusted(folder).version)


def test_revocation_in_haste_needs_no_passphrase_and_gets_its_successor_later(folder, keys, monkeypatch):
    at(monkeypatch, AFTER)
    assert keys("revoke", folder, "permit-410200", "--on", THEFT, "--without-successor", sealed=never)[0] == 0
    words = ("--name", "permit-east", "--purpose", "permit", "--division", DIVISION, "--from", THEFT)
    assert keys("add", folder, *words)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    assert ring_of(folder).permit_key(DIVISION, from_iso(AFTER), SUITE_ES256).spec.name == "permit-east"
    assert trusted(folder).version == 2


def test_key_of_sm2_is_added_beside_the_others(folder, keys):
    words = ("--name", "permit-sm2", "--purpose", "permit", "--division", DIVISION, "--suite", "SM2-SM3")
    assert keys("add", folder, *words, "--from", FIRST)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    ring = ring_of(folder)
    sm2 = ring.permit_key(DIVISION, from_iso(BEFORE), SUITE_SM2_SM3)
    assert authenticity(folder, service(sm2, BEFORE)) == GENUINE
    assert ring.permit_key(DIVISION, from_iso(BEFORE), SUITE_ES256).spec.name == "permit-410200"


# -- as the clerk meets it ---------------------------------------------------------------------------------------


def test_clerk_goes_on_with_sealed_keys_through_a_rotation_and_a_theft(
    folder, keys, tmp_path, passphrase, capsys, monkeypatch
):
    """Cards that `juzhu permit` issued and endorsed before and after, as a reader with the newest bundle sees them."""
    registry = tmp_path / "permits.db"

    def permit(act, day, *words):
        card = tmp_path / "card.json"
        given = ("--registry", registry, "--day", day, "--keys", folder, "--passphrase-file", passphrase)
        assert main(["permit", act, *map(str, given), "--card", str(card), *map(str, words)]) == 0
        capsys.readouterr()
        return CardImage.from_json(card.read_text())

    def issue(day, number):
        words = ("--division", DIVISION, "--name", "试验人", "--sex", "男", "--household-address", "某省某市")
        citizen = ("--citizen-number", synthetic(from_iso("1960-03-01"), number))
        return permit(
            "issue", day, *words, *citizen, "--address", "某街", "--registered", "2024-08-01", "--create"
        )

    def seen(image):
        return read_card(image.info, image.service, trusted(folder), NativeVerifier())[1]

    first = issue(BEFORE, 1)
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    signed_by(keys, folder, "root-1", "root-2")
    second = issue(AFTER, 3)
    assert [seen(first), seen(second)] == [GENUINE, GENUINE]
    assert Service.from_bytes(first.service).key_id != Service.from_bytes(second.service).key_id
    endorsed = permit("endorse", "2026-12-20", "--serial", 1)
    assert seen(endorsed) == GENUINE
    # The endorsement key is stolen: who was endorsed by it is referred, who was not is not.
    at(monkeypatch, "2026-12-24")
    keys("revoke", folder, "endorsement-410200", "--on", "2026-12-24")
    signed_by(keys, folder, "root-1", "root-2")
    assert [seen(first), seen(second), seen(endorsed)] == [GENUINE, GENUINE, KEY_WITHDRAWN]
    # A new card puts it right.
    assert seen(permit("replace", "2026-12-28", "--serial", 1)) == GENUINE


# -- the procedures as they are written ----------------------------------------------------------------------

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
STOLEN = OPERATIONS[OPERATIONS.index("### When a key was stolen") : OPERATIONS.index("## Publishing")]
ROWS = [
    row.split(" | ")[:2]
    for row in STOLEN.splitlines()
    if row.startswith("| ") and not row.startswith("| stolen")
]


@pytest.mark.parametrize(("stolen", "procedure"), ROWS, ids=[row[0].strip("| ") for row in ROWS])
def test_written_procedure_runs_and_comes_into_force(keys, tmp_path, monkeypatch, stolen, procedure):
    monkeypatch.chdir(tmp_path)
    at(monkeypatch, "2026-11-23")
    assert keys("make", "keys", "--profile", "kaifeng", "--from", FIRST)[0] == 0
    commands = [shlex.split(code)[2:] for code in re.findall(r"`(juzhu keys [^`]+)`", procedure)]
    if "the same with" in procedure:
        # "the same" is the row above, with the option named here.
        role = re.search(r"`--role (\w+)`", procedure)[1]
        commands = [["sam", "keys"], ["epoch", "keys", "--role", role, "--lowest", "2"]]
    for words in commands:
        code, said, wrong = keys(*words)
        assert (code, wrong) == (0, ""), said
    roots = ("root-4", "root-5") if "--anew" in procedure else ("root-2", "root-3")
    assert "in force" in signed_by(keys, tmp_path / "keys", *roots)
    assert ring_of(tmp_path / "keys").trusted.version == 2


def test_every_kind_of_stolen_key_has_its_procedure():
    """One row for each purpose of a key and each role of a SAM set, and none for what does not exist."""
    stolen = [row[0].strip("| ") for row in ROWS]
    kinds = {f"{purpose} key" for purpose in PURPOSES} | {f"{role} SAM" for role in EPOCH_ROLES}
    # The root's threshold and the personalisation master ask for two rows more.
    kinds = (kinds - {"root key"}) | {"one root key", "two root keys", "personalisation master"}
    assert set(ROLES) == {*EPOCH_ROLES, "card"}
    for kind in kinds:
        assert sum(row.startswith(kind) for row in stolen) == 1, kind
    assert len(stolen) == len(kinds)


def test_written_ceremony_runs(keys, tmp_path, monkeypatch):
    """The two shell blocks: both media at one machine; and one file carried between them."""
    section = OPERATIONS[OPERATIONS.index("### The root's custodians") : OPERATIONS.index("### Changes")]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    assert keys("make", "keys", "--profile", "kaifeng", "--from", FIRST)[0] == 0
    stick = tmp_path / "stick"
    stick.mkdir(mode=0o700)
    own = write_passphrase(stick)
    assert "reseal keys/root-1.key" in blocks[0]
    words = ("keys/root-1.key", "--passphrase-file", "passphrase", "--new-passphrase-file", own)
    assert keys("reseal", *words)[0] == 0
    for name in ("root-1", "root-2"):
        (tmp_path / "keys" / f"{name}.key").rename(stick / f"{name}.key")
    for version, block in enumerate(blocks[1:], 2):
        assert (
            keys("rotate", "keys", "list-kaifeng" if version == 2 else "policy-kaifeng", "--from", THEFT)[0]
            == 0
        )
        for line in block.splitlines():
            words = shlex.split(line)
            if words[0] == "cp":
                shutil.copyfile(*words[1:])
                continue
            code, said, wrong = keys(*words[2:], sealed=lambda act: "--root" in line)  # noqa: B023  run at once
            assert (code, wrong) == (0, ""), said
        assert "in force" in said
        assert ring_of(tmp_path / "keys").trusted.version == version
