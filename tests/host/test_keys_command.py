"""`juzhu keys` as an authority's people type it, from the first key to the recovery from each kind of stolen one."""

import getpass
import json
import sys

import pytest

from juzhu_host.cli import main
from juzhu_protocol.authority import private_files
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.private_files import MIN_COST
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.errors import BadSignatureError, RollbackError, UnknownKeyError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.records.card import Info, Service
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.calendar import from_iso, start_of
from juzhu_protocol.rules.decide import FORGED, GENUINE, KEY_UNKNOWN, KEY_WITHDRAWN
from juzhu_protocol.rules.kaifeng import RECORD
from juzhu_protocol.trust.bundle import open_bundle
from juzhu_protocol.trust.contexts import MANIFEST_CONTEXT, PROFILE_CONTEXT, SERVICE_CONTEXT, signed_part
from juzhu_protocol.trust.manifest import open_manifest
from juzhu_protocol.trust.profile import open_profile
from juzhu_protocol.trust.service import check_service, check_session

PASSPHRASE = "five words are easy here"
DIVISION, CITY = 410202, 410200
BEFORE, THEFT, AFTER = "2026-01-10", "2026-05-05", "2026-06-20"
FIRST = "2025-01-01"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(private_files, "COST", MIN_COST)


@pytest.fixture
def passphrase(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def keys(capsys, passphrase):
    """Run `juzhu keys`; return exit code, standard output and standard error. Acts that may ask get the passphrase."""

    def run(act, *words, sealed=act_asks):
        given = ("--passphrase-file", str(passphrase)) if sealed(act) else ()
        try:
            code = main(["keys", act, *map(str, words), *given])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def act_asks(act):
    return act in ("make", "add", "rotate", "revoke", "root", "sam", "sign")


def never(act):
    return False


@pytest.fixture
def folder(keys, tmp_path):
    place = tmp_path / "keys"
    code, said, wrong = keys("make", place, "--division", DIVISION, "--from", FIRST)
    assert (code, wrong) == (0, ""), said
    return place


def signed_by(keys, folder, *roots):
    for name in roots:
        code, said, wrong = keys("sign", folder, "--root", name)
        assert (code, wrong) == (0, ""), said
    return said


def shown(keys, folder, *words):
    code, said, wrong = keys("show", folder, "--json", *words)
    assert (code, wrong) == (0, "")
    return json.loads(said)


def states(found):
    return {key["name"]: key["state"] for key in found["keys"]}


def ring_of(folder):
    return KeyRing.load(folder, PASSPHRASE.encode())


def trusted(folder):
    """The keys that a reader believes, installed with the folder's roots."""
    return open_bundle(
        (folder / "bundle.bin").read_bytes(), load_roots(folder / "roots.toml"), NativeVerifier(), 0
    )


def service(key, signed_on, endorsements=0):
    """A card's SERVICE, signed by a key on a day: as it was issued, or endorsed."""
    issued = from_iso(signed_on) if not endorsements else from_iso("2025-02-01")
    record = Service(
        suite=key.suite,
        list_division=CITY,
        serial=7,
        issuing_division=DIVISION,
        birth_day=from_iso("1960-05-01"),
        issue_day=issued,
        anchor_day=issued,
        residence_since=issued,
        endorsement_number=endorsements,
        endorsement_kind=1 if endorsements else 0,
        endorsement_day=from_iso(signed_on) if endorsements else 0,
        good_through=issued + 365,
        permit_class=1,
        key_id=key.key_id,
        signature=bytes(64),
    )
    record.signature = key.sign(SERVICE_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def authenticity(folder, raw):
    return check_service(raw, Service.from_bytes(raw), trusted(folder), NativeVerifier())


# -- made and shown -----------------------------------------------------------------------------------------------


def test_made_folder_signs_and_is_believed(folder, keys):
    found = shown(keys, folder, "--on", BEFORE)
    assert states(found) == {
        "root-1": "root",
        "root-2": "root",
        "root-3": "root",
        "permit-410200": "in force",
        "endorsement-410200": "in force",
        "list-410200": "in force",
        "policy-410200": "in force",
    }
    assert {key["private"] for key in found["keys"]} == {"sealed"}
    assert found["bundle"]["believed"]
    assert found["bundle"]["version"] == 1
    assert (found["roots"]["threshold"], found["roots"]["keys"]) == (2, 3)
    assert [sam["epoch"] for sam in found["sam_sets"]] == [1]
    key = ring_of(folder).permit_key(DIVISION, from_iso(BEFORE))
    assert authenticity(folder, service(key, BEFORE)) == GENUINE
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_fingerprint_is_the_hash_of_the_public_key_in_groups(folder, keys):
    from hashlib import sha256

    for key in shown(keys, folder)["keys"]:
        groups = key["fingerprint"].split(" ")
        assert [len(group) for group in groups] == [4] * 16
        assert "".join(groups) == sha256(bytes.fromhex(key["public_key"])).hexdigest()
        assert key["fingerprint"] in keys("show", folder)[1]


def test_check_values_are_those_of_the_masters(folder, keys):
    sam = ring_of(folder).sam_set()
    values = shown(keys, folder)["sam_sets"][0]["check_values"]
    assert values["bus"] == sam.check_value(ROLE_BUS).hex()
    assert values["bus"] in keys("show", folder)[1]


def test_no_act_shows_or_writes_a_secret(folder, keys, tmp_path, passphrase):
    """What is open is in none of the outputs, nor in any file of the folder."""
    said = [keys("show", folder), keys("show", folder, "--json")]
    said.append(keys("rotate", folder, "permit-410200", "--from", THEFT))
    said += [keys("sign", folder, "--root", name) for name in ("root-1", "root-2")]
    said.append(keys("sam", folder))
    said.append(keys("sam", folder, "--export", "bus", "--out", tmp_path / "bus.json"))
    said.append(keys("add", folder, "--name", "x", "--purpose", "list", "--division", CITY, sealed=never))
    ring = ring_of(folder)
    secrets = [key.signer._secret() for key in ring.keys]
    secrets += [sam.master(role) for sam in ring.sams.values() for role in range(4)] + [PASSPHRASE.encode()]
    assert len(secrets) == 5 + 8 + 1
    texts = ["".join(map(str, each)).encode() for each in said]
    texts += [path.read_bytes() for path in folder.iterdir()]
    for secret in secrets:
        for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
            assert not any(form in text for text in texts)


def test_development_keys_are_called_so_loudly(keys, tmp_path):
    code, said, wrong = keys("make", tmp_path / "d", "--division", DIVISION, "--development", sealed=never)
    assert code == 0
    assert "DEVELOPMENT KEYS" in wrong
    for place in (tmp_path / "d", DEVELOPMENT_KEYS):
        said = keys("show", place)[1]
        assert "DEVELOPMENT KEYS: the private parts are not sealed" in said.splitlines()[0]
        assert "OPEN: not sealed" in said


def test_whole_profile_and_other_suite(keys, tmp_path):
    code, _, _ = keys(
        "make", tmp_path / "k", "--profile", "chongqing", "--suite", "SM2-SM3", "--roots", 1, "--threshold", 1
    )
    assert code == 0
    ring = ring_of(tmp_path / "k")
    assert ring.roots.suite == SUITE_SM2_SM3
    permits = [key.spec for key in ring.keys if key.spec.purpose == "permit"]
    assert [spec.name for spec in permits] == ["permit-chongqing", "permit-chongqing-2", "permit-chongqing-3"]
    assert all(len(spec.divisions) <= 16 for spec in permits)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say for which divisions"),
        (("--profile", "atlantis"), "no profile is called 'atlantis'"),
        (("--division", 410202, "--threshold", 4), "--threshold is at most --roots"),
        (("--division", 410202, "--roots", 9), "at most 8"),
    ],
)
def test_folder_that_cannot_be_made_is_refused_in_words(keys, tmp_path, words, said):
    code, _, wrong = keys("make", tmp_path / "k", *words)
    assert code == 78
    assert said in wrong
    assert not (tmp_path / "k").exists()


def test_keys_are_never_made_over_others(folder, keys):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, _, wrong = keys("make", folder, "--division", DIVISION)
    assert code == 78
    assert "not overwritten" in wrong
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


# -- passphrases ------------------------------------------------------------------------------------------------


def on_a_terminal(monkeypatch, *answers):
    asked = []
    given = list(answers)

    def ask(prompt):
        asked.append(prompt)
        return given.pop(0)

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", ask)
    return asked


def test_passphrase_is_asked_for_twice_when_it_is_made_and_once_afterwards(keys, tmp_path, monkeypatch):
    asked = on_a_terminal(monkeypatch, PASSPHRASE, PASSPHRASE, PASSPHRASE)
    assert keys("make", tmp_path / "k", "--division", DIVISION, sealed=never)[0] == 0
    assert len(asked) == 2
    assert keys("rotate", tmp_path / "k", "list-410200", "--from", "2030-01-01", sealed=never)[0] == 0
    assert len(asked) == 3


def test_passphrase_mistyped_when_made_makes_nothing(keys, tmp_path, monkeypatch):
    on_a_terminal(monkeypatch, PASSPHRASE, PASSPHRASE + "!")
    code, _, wrong = keys("make", tmp_path / "k", "--division", DIVISION, sealed=never)
    assert (code, "not the same" in wrong) == (78, True)
    assert not (tmp_path / "k").exists()


def test_short_passphrase_seals_nothing(keys, tmp_path, monkeypatch):
    on_a_terminal(monkeypatch, "hunter2", "hunter2")
    code, _, wrong = keys("make", tmp_path / "k", "--division", DIVISION, sealed=never)
    assert (code, "at least 12" in wrong) == (78, True)


def test_service_without_a_terminal_is_told_what_to_give(folder, keys, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    code, _, wrong = keys("sam", folder, sealed=never)
    assert (code, "--passphrase-file" in wrong) == (78, True)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"wrong words are easy too\n", 0o600, "the passphrase is wrong"),
        (PASSPHRASE.encode(), 0o640, "chmod 600"),
        (b"", 0o600, "one line"),
        (b"two\nlines", 0o600, "one line"),
        (b"\xff", 0o600, "UTF-8"),
        (b"x" * 1025, 0o600, "one line"),
        (None, 0, "No such file"),
    ],
)
def test_passphrase_file_that_does_not_serve_is_told_and_not_quoted(
    folder, keys, passphrase, content, mode, said
):
    passphrase.unlink()
    if content is not None:
        passphrase.write_bytes(content)
        passphrase.chmod(mode)
    code, _, wrong = keys("sam", folder)
    assert code == 78
    assert said in wrong
    assert "easy" not in wrong
    assert not (folder / "sam-2.key").exists()


def test_custodian_seals_a_root_key_with_a_passphrase_of_his_own(folder, keys, tmp_path, passphrase):
    own = tmp_path / "own"
    own.write_text("another custodian, other words")
    own.chmod(0o600)
    words = (folder / "root-1.key", "--passphrase-file", passphrase, "--new-passphrase-file", own)
    assert keys("reseal", *words)[0] == 0
    # Done again it says so and changes nothing.
    sealed = (folder / "root-1.key").read_bytes()
    assert "already" in keys("reseal", *words)[1]
    assert (folder / "root-1.key").read_bytes() == sealed
    # Daily work goes on without it; its signature needs the new passphrase.
    assert ring_of(folder)
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    code, _, wrong = keys("sign", folder, "--root", "root-1")
    assert (code, "the passphrase is wrong" in wrong) == (78, True)
    code, said, _ = keys("sign", folder, "--root", "root-1", "--passphrase-file", own, sealed=never)
    assert (code, "signed by 1 of 2" in said) == (0, True)


def test_permit_and_publish_open_sealed_keys_for_a_service(folder, tmp_path, passphrase, capsys, monkeypatch):
    from juzhu_host.permit import load_keys
    from juzhu_protocol.authority.errors import PassphraseError

    assert load_keys(folder, passphrase).list_key(CITY, from_iso(AFTER)).spec.name == "list-410200"
    passphrase.write_text("these words are not the words")
    with pytest.raises(PassphraseError):
        load_keys(folder, passphrase)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    registry = str(tmp_path / "permits.db")
    Registry(tmp_path / "permits.db", create=True).close()
    for words in (
        [
            "publish",
            "--registry",
            str(tmp_path / "r.db"),
            "--division",
            str(CITY),
            "--broker",
            "mqtt://127.0.0.1:9",
        ],
        ["permit", "replace", "--registry", registry, "--serial", "1"],
    ):
        assert main([*words, "--keys", str(folder)]) == 78
        assert "give --passphrase-file FILE" in capsys.readouterr().err
        assert main([*words, "--keys", str(folder), "--passphrase-file", str(passphrase)]) == 78
        assert "the passphrase is wrong" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--passphrase", "--pass", "--passphrase-files"])
@pytest.mark.parametrize("form", ["{} {}", "{}={}"])
def test_passphrase_on_the_command_line_is_no_option_and_not_repeated(folder, capsys, option, form):
    words = form.format(option, PASSPHRASE.replace(" ", "-")).split(" ")
    with pytest.raises(SystemExit) as caught:
        main(["keys", "sam", str(folder), *words])
    assert caught.value.code == 64
    said = capsys.readouterr()
    assert option in said.err
    assert "easy" not in said.err + said.out


# -- ceremony -------------------------------------------------------------------------------------------------


def test_two_custodians_with_one_file_carried_between_them(folder, keys, tmp_path):
    sticks = {}
    for name in ("root-1", "root-2", "root-3"):
        sticks[name] = tmp_path / f"stick-{name}"
        sticks[name].mkdir()
        (folder / f"{name}.key").rename(sticks[name] / f"{name}.key")
    assert keys("rotate", folder, "permit-410200", "--from", THEFT)[0] == 0
    assert shown(keys, folder)["proposal"]["signed"] == 0
    carried = tmp_path / "carried.json"
    carried.write_bytes((folder / "proposal.json").read_bytes())
    fingerprint = shown(keys, folder)["proposal"]["changes"]
    for number, name in enumerate(("root-3", "root-1"), 1):
        code, said, wrong = keys("sign", sticks[name], "--root", name, "--proposal", carried)
        assert (code, wrong) == (0, "")
        assert f"signed by {number} of 2" in said
        # What is signed is shown before: the same on both machines.
        assert all(line in said for line in fingerprint)
    assert shown(keys, folder)["bundle"]["version"] == 1
    code, said, _ = keys("sign", folder, "--proposal", carried, sealed=never)
    assert (code, "bundle version 2 is in force" in said) == (0, True)
    assert shown(keys, folder)["bundle"] | {"bytes": 0} == shown(keys, folder)["bundle"] | {"bytes": 0}
    assert shown(keys, folder)["proposal"] is None


def test_one_custodian_twice_is_one(folder, keys):
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    for _ in range(2):
        code, said, _ = keys("sign", folder, "--root", "root-1")
        assert (code, "signed by 1 of 2" in said) == (0, True)
    code, said, _ = keys("sign", folder, "--root", "root-1", "--root", "root-1")
    assert "signed by 1 of 2" in said
    assert shown(keys, folder)["bundle"]["version"] == 1


def test_custodians_medium_is_named(folder, keys, tmp_path):
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    stick = tmp_path / "stick"
    stick.mkdir()
    (folder / "root-2.key").rename(stick / "root-2.key")
    code, _, wrong = keys("sign", folder, "--root", "root-2")
    assert (code, "--root-folder" in wrong) == (78, True)
    assert keys("sign", folder, "--root", "root-2", "--root-folder", stick)[0] == 0


@pytest.mark.parametrize("words", [(), ("--root", "permit-410200")])
def test_signing_without_a_root_key_is_refused(folder, keys, words):
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    code, _, wrong = keys("sign", folder, *words)
    assert code == 78
    assert "root" in wrong or "purpose" in wrong


def test_nothing_to_sign_is_said(folder, keys):
    code, _, wrong = keys("sign", folder, "--root", "root-1")
    assert (code, "nothing waits for a signature" in wrong) == (78, True)


# -- rotation, and recovery from each kind of stolen key --------------------------------------------------------


def test_rotated_permit_key_leaves_its_cards_genuine_and_signs_no_later_one(folder, keys):
    old = ring_of(folder).permit_key(DIVISION, from_iso(BEFORE))
    issued = service(old, BEFORE)
    assert keys("rotate", folder, "permit-410200", "--from", THEFT)[0] == 0
    # Until the root has signed, nothing has changed for anybody.
    assert ring_of(folder).permit_key(DIVISION, from_iso(AFTER)).key_id == old.key_id
    said = signed_by(keys, folder, "root-1", "root-3")
    assert "restart juzhu publish" in said
    new = ring_of(folder).permit_key(DIVISION, from_iso(AFTER))
    assert new.spec.name == "permit-410200-2"
    assert authenticity(folder, issued) == GENUINE
    assert authenticity(folder, service(new, AFTER)) == GENUINE
    assert authenticity(folder, service(old, AFTER)) == FORGED
    assert authenticity(folder, service(new, BEFORE)) == FORGED
    assert states(shown(keys, folder, "--on", AFTER))["permit-410200"] == "ended"
    assert states(shown(keys, folder, "--on", BEFORE))["permit-410200-2"] == "not yet"


@pytest.mark.parametrize("purpose", ["permit", "endorsement"])
def test_stolen_organ_key_is_revoked_and_another_signs_anew(folder, keys, purpose):
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
    successor = find(DIVISION, from_iso(AFTER))
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


def test_stolen_list_key_that_used_up_the_sequences_is_outlived(folder, keys):
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


def test_stolen_policy_key_signs_no_profile_any_more(folder, keys):
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
    issued = service(ring_of(folder).permit_key(DIVISION, from_iso(BEFORE)), BEFORE)
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
    raw = service(ring_of(folder).permit_key(DIVISION, from_iso(BEFORE)), BEFORE)
    record = Service.from_bytes(raw)
    info = Info(suite=SUITE_ES256, list_division=CITY, serial=7, key_id=record.key_id, card_key_epoch=epoch)
    return check_session(info.to_bytes(), record, role, 0, trusted(folder))


@pytest.mark.parametrize(
    ("stolen", "roles"),
    [
        ("bus", [ROLE_BUS]),
        ("counter", [ROLE_COUNTER]),
        # The personalisation master makes the signing keys that counter and authority ask for.
        ("card", [ROLE_COUNTER, ROLE_AUTHORITY]),
    ],
)
def test_stolen_sam_is_outlived_by_the_next_epoch(folder, keys, stolen, roles):
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
    assert stolen in (*names.values(), "card")


def test_epoch_without_a_set_of_masters_is_not_asked_for(folder, keys):
    code, _, wrong = keys("epoch", folder, "--role", "bus", "--lowest", 2, sealed=never)
    assert (code, "make epoch 2 first" in wrong) == (78, True)
    keys("sam", folder)
    assert keys("epoch", folder, "--role", "bus", "--lowest", 2, sealed=never)[0] == 0
    code, _, wrong = keys("epoch", folder, "--role", "bus", "--lowest", 1, sealed=never)
    assert (code, "only rises" in wrong) == (78, True)


def test_dropped_key_is_unknown_and_old_bundles_come_back_nowhere(folder, keys):
    old = ring_of(folder).permit_key(DIVISION, from_iso(BEFORE))
    first = (folder / "bundle.bin").read_bytes()
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    assert keys("drop", folder, "permit-410200", sealed=never)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    assert authenticity(folder, service(old, BEFORE)) == KEY_UNKNOWN
    with pytest.raises(RollbackError):
        open_bundle(first, load_roots(folder / "roots.toml"), NativeVerifier(), trusted(folder).version)


def test_revocation_in_haste_needs_no_passphrase_and_gets_its_successor_later(folder, keys):
    assert keys("revoke", folder, "permit-410200", "--on", THEFT, "--without-successor", sealed=never)[0] == 0
    words = ("--name", "permit-east", "--purpose", "permit", "--division", DIVISION, "--from", THEFT)
    assert keys("add", folder, *words)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    assert ring_of(folder).permit_key(DIVISION, from_iso(AFTER)).spec.name == "permit-east"
    assert trusted(folder).version == 2


def test_key_of_sm2_is_added_beside_the_others(folder, keys):
    words = ("--name", "permit-sm2", "--purpose", "permit", "--division", DIVISION, "--suite", "SM2-SM3")
    assert keys("add", folder, *words, "--from", FIRST)[0] == 0
    signed_by(keys, folder, "root-1", "root-2")
    ring = ring_of(folder)
    sm2 = ring.permit_key(DIVISION, from_iso(BEFORE), SUITE_SM2_SM3)
    assert authenticity(folder, service(sm2, BEFORE)) == GENUINE
    assert ring.permit_key(DIVISION, from_iso(BEFORE)).spec.name == "permit-410200"


# -- what a role's readers are installed with ---------------------------------------------------------------


def test_exported_masters_are_one_roles_alone_and_for_the_owners_eyes(folder, keys, tmp_path):
    keys("sam", folder)
    out = tmp_path / "bus.json"
    code, said, _ = keys("sam", folder, "--export", "bus", "--out", out)
    assert (code, "IS NOT SEALED" in said) == (0, True)
    assert out.stat().st_mode & 0o777 == 0o600
    content = json.loads(out.read_text())
    ring = ring_of(folder)
    assert content == {"bus_masters": {str(n): ring.sam_set(n).master(ROLE_BUS).hex() for n in (1, 2)}}
    code, _, wrong = keys("sam", folder, "--export", "bus", "--out", out)
    assert (code, "not overwritten" in wrong) == (78, True)


def test_export_leaves_out_epochs_that_the_role_accepts_no_more(folder, keys, tmp_path):
    keys("sam", folder)
    keys("epoch", folder, "--role", "counter", "--lowest", 2, sealed=never)
    signed_by(keys, folder, "root-1", "root-2")
    keys("sam", folder, "--export", "counter", "--out", tmp_path / "c.json")
    assert list(json.loads((tmp_path / "c.json").read_text())["counter_masters"]) == ["2"]


def test_sealed_export_opens_where_the_reader_is_set_up(folder, keys, tmp_path):
    other = tmp_path / "other"
    other.write_text("words for the one who installs")
    other.chmod(0o600)
    sealed, out = tmp_path / "bus.sealed", tmp_path / "bus.json"
    code, said, _ = keys(
        "sam", folder, "--export", "bus", "--sealed", "--out", sealed, "--new-passphrase-file", other
    )
    assert (code, "IS NOT SEALED" in said) == (0, False)
    assert ring_of(folder).sam_set().master(ROLE_BUS).hex() not in sealed.read_text()
    code, said, _ = keys("unseal", sealed, "--out", out, "--passphrase-file", other, sealed=never)
    assert (code, "IS NOT SEALED" in said) == (0, True)
    assert json.loads(out.read_text())["bus_masters"]["1"] == ring_of(folder).sam_set().master(ROLE_BUS).hex()


def test_private_keys_are_not_unsealed_for_anybody(folder, keys, tmp_path, passphrase):
    for name in ("permit-410200", "sam-1", "root-1"):
        words = (folder / f"{name}.key", "--out", tmp_path / "out", "--passphrase-file", passphrase)
        code, _, wrong = keys("unseal", *words)
        assert (code, "another kind" in wrong) == (78, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("role", ["card", "all"])
def test_personalisation_master_is_not_exported(folder, keys, tmp_path, role):
    assert keys("sam", folder, "--export", role, "--out", tmp_path / "x")[0] == 64
