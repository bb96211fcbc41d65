"""Changes of keys: what may be proposed, who must sign, and a process killed at any write on the way."""

import json
import os
from dataclasses import replace

import pytest

from juzhu_protocol.authority import key_changes, keys_desk, private_files
from juzhu_protocol.authority.errors import (
    KeysFolderError,
    KeysFolderHeldError,
    PassphraseError,
    PassphraseNeededError,
    PrivateFileError,
    ProposalError,
)
from juzhu_protocol.authority.keys import KeyRing, KeySpec
from juzhu_protocol.authority.keys_desk import KeysDesk, sign_carried
from juzhu_protocol.authority.private_files import MIN_COST, PrivateFiles
from juzhu_protocol.authority.proposal import read_proposal
from juzhu_protocol.authority.signing_key import open_root
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.errors import BadSignatureError, JuzhuError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.rules.calendar import from_iso, start_of
from juzhu_protocol.trust.bundle import Roots, open_bundle

FIRST, LAST = from_iso("2020-01-01"), from_iso("2040-12-31")
TODAY = from_iso("2026-11-23")
NOW = start_of(TODAY)
PASSPHRASE = b"five words are easy here"
OPEN = PrivateFiles()
SPECS = [KeySpec(f"root-{n}", "root", (), FIRST, LAST) for n in (1, 2, 3)] + [
    KeySpec("permit-x", "permit", (410202,), FIRST, LAST),
    KeySpec("list-x", "list", (410200,), FIRST, LAST, epoch=3),
]


@pytest.fixture
def folder(tmp_path):
    KeyRing.make(tmp_path / "keys", SPECS, start_of(FIRST))
    return tmp_path / "keys"


@pytest.fixture
def sealed(tmp_path, monkeypatch):
    monkeypatch.setattr(private_files, "COST", MIN_COST)
    KeyRing.make(tmp_path / "sealed", SPECS, start_of(FIRST), passphrase=PASSPHRASE)
    return tmp_path / "sealed"


def root(folder, name):
    return open_root(folder / f"{name}.key", name, OPEN)


def propose_rotation(folder, name="permit-x", day=TODAY):
    with KeysDesk(folder) as desk:
        spec = key_changes.successor(desk.next_keys, name, day)
        key = desk.make_key(spec, OPEN)
        desk.propose(key_changes.rotate(desk.next_keys, name, key.known()), NOW)


def sign(folder, *names):
    with KeysDesk(folder) as desk:
        for name in names:
            progress = desk.sign([root(folder, name)])
        return progress


def test_change_is_not_in_force_before_enough_roots_signed_it(folder):
    before = (folder / "bundle.bin").read_bytes()
    propose_rotation(folder)
    assert not sign(folder, "root-1").in_force
    ring = KeyRing.load(folder)
    assert ring.bundle == before
    assert ring.permit_key(410202, TODAY).spec.name == "permit-x"
    progress = sign(folder, "root-2")
    assert (progress.version, progress.signed, progress.threshold, progress.in_force) == (2, 2, 2, True)
    ring = KeyRing.load(folder)
    assert ring.permit_key(410202, TODAY).spec.name == "permit-x-2"
    assert ring.permit_key(410202, TODAY - 1).spec.name == "permit-x"
    assert open_bundle(ring.bundle, ring.roots, NativeVerifier(), 2, NOW).version == 2
    assert not (folder / "proposal.json").exists()


def test_one_root_signature_counted_twice_does_not_reach_the_threshold(folder):
    propose_rotation(folder)
    for _ in range(3):
        progress = sign(folder, "root-1")
        assert (progress.signed, progress.in_force) == (1, False)
    # Nor as two entries of the file that is carried.
    path = folder / "proposal.json"
    content = json.loads(path.read_text())
    content["signatures"] *= 2
    path.write_text(json.dumps(content))
    assert not sign(folder, "root-1").in_force
    assert KeyRing.load(folder).trusted.version == 1


def test_signature_that_does_not_hold_counts_for_nothing(folder):
    propose_rotation(folder)
    sign(folder, "root-1")
    path = folder / "proposal.json"
    content = json.loads(path.read_text())
    other = root(folder, "root-2").sign(b"juzhu/1/manifest", bytes.fromhex(content["body"]))
    content["signatures"].append({"root": root(folder, "root-2").key_id.hex(), "signature": other.hex()})
    path.write_text(json.dumps(content))
    assert not sign(folder, "root-1").in_force
    assert sign(folder, "root-3").in_force
    signed = open_bundle(
        (folder / "bundle.bin").read_bytes(), load_roots(folder / "roots.toml"), NativeVerifier(), 2
    )
    assert signed.version == 2


@pytest.mark.parametrize("name", ["permit-x", "list-x"])
def test_key_of_another_purpose_does_not_sign_as_a_root(folder, name):
    propose_rotation(folder)
    with pytest.raises(PrivateFileError, match="another purpose"):
        root(folder, name)
    # Not even when its file is made to say that it is one.
    content = json.loads((folder / f"{name}.key").read_text())
    key = PrivateFiles().seal(content["head"] | {"purpose": "root"}, bytes.fromhex(content["secret"]))
    (folder / f"{name}.key").write_bytes(key)
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="is no root key of this bundle"):
        desk.sign([root(folder, name)])


def test_another_change_makes_earlier_signatures_void(folder):
    propose_rotation(folder)
    sign(folder, "root-1")
    with KeysDesk(folder) as desk:
        desk.propose(key_changes.raise_epoch(desk.next_keys, "bus", 2), NOW)
        assert desk.progress().signed == 0
    assert sign(folder, "root-2", "root-3").in_force
    ring = KeyRing.load(folder)
    assert ring.epochs == (2, 1, 1)
    assert ring.permit_key(410202, TODAY).spec.name == "permit-x-2"
    assert ring.trusted.version == 2


def test_bundle_that_no_reader_holds_is_refused_before_anybody_signs(folder):
    with KeysDesk(folder) as desk:
        keys = desk.next_keys
        for number in range(31):
            spec = KeySpec(f"permit-y-{number}", "permit", tuple(range(410300, 410316)), FIRST, LAST)
            keys = key_changes.add(keys, desk.make_key(spec, OPEN).known())
        with pytest.raises(ProposalError, match="drop keys whose cards are all gone"):
            desk.propose(keys, NOW)
        assert desk.progress() is None
    assert not (folder / "proposal.json").exists()
    assert KeyRing.load(folder).trusted.version == 1


def test_dropped_key_makes_room_and_its_name_is_not_given_again(folder):
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    with KeysDesk(folder) as desk:
        desk.propose(key_changes.drop(desk.next_keys, "permit-x"), NOW)
    assert sign(folder, "root-1", "root-2").in_force
    assert [key.spec.name for key in KeyRing.load(folder).known][3:] == ["list-x", "permit-x-2"]
    with KeysDesk(folder) as desk:
        with pytest.raises(ProposalError, match="left the bundle earlier"):
            key_changes.check_new(desk.next_keys, replace(SPECS[3]))
        assert key_changes.free_name(desk.next_keys, "permit-x") == "permit-x-3"


@pytest.mark.parametrize("cut", range(12))
def test_process_killed_at_any_write_leaves_a_folder_that_works_and_can_go_on(folder, cut):
    """The child dies at its write number `cut`, before or, the odd ones, right after it."""
    propose_rotation(folder)
    before = KeyRing.load(folder).bundle
    sign(folder, "root-1")
    child = os.fork()
    if child == 0:
        writes = 0
        real = keys_desk.write_private

        def cutting(path, data):
            nonlocal writes
            if writes == cut // 2 and cut % 2 == 0:
                os._exit(9)
            real(path, data)
            if writes == cut // 2:
                os._exit(9)
            writes += 1

        keys_desk.write_private = cutting
        try:
            sign(folder, "root-2")
        finally:
            os._exit(0)
    killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    # Proposal, bundle, roots.toml, keys.toml: four writes, so the last cuts find nothing to cut.
    assert killed == (cut < 8)
    # The bundle is the commit: what was before, or what was signed, and never a mixture.
    ring = KeyRing.load(folder)
    assert ring.trusted.version == (1 if ring.bundle == before else 2) == (1 if cut < 3 else 2)
    assert ring.permit_key(410202, TODAY).spec.name == ("permit-x" if cut < 3 else "permit-x-2")
    if cut < 3:
        assert sign(folder, "root-3").in_force
    with KeysDesk(folder) as desk:
        assert desk.progress() is None
    assert KeyRing.load(folder).permit_key(410202, TODAY).spec.name == "permit-x-2"
    assert "permit-x-2" in (folder / "keys.toml").read_text()
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_what_a_killed_process_was_writing_is_cleared_away(folder):
    for name in (".bundle.bin-abcd1234", ".permit-x.key-0_9xyzab"):
        (folder / name).write_bytes(b"half")
    with KeysDesk(folder):
        pass
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_key_that_a_cut_run_made_is_taken_and_no_second_one_made(folder):
    spec = KeySpec("permit-z", "permit", (410203,), FIRST, LAST)
    with KeysDesk(folder) as desk:
        first = desk.make_key(spec, OPEN)
    with KeysDesk(folder) as desk:
        assert desk.make_key(spec, OPEN).public_key == first.public_key
        with pytest.raises(PrivateFileError, match="another purpose"):
            desk.make_key(replace(spec, purpose="policy"), OPEN)


def test_two_processes_do_not_change_one_folder(folder):
    with KeysDesk(folder), pytest.raises(KeysFolderHeldError, match="try again"):
        KeysDesk(folder)
    with KeysDesk(folder):
        pass


def test_damaged_proposal_stops_changes_and_nothing_else(folder):
    propose_rotation(folder)
    (folder / "proposal.json").write_text("{")
    assert KeyRing.load(folder).trusted.version == 1
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="damaged"):
        desk.next_keys  # noqa: B018
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="damaged"):
        desk.pending()


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 70_000, b"\xff", b"null", b'"juzhu"'])
def test_carried_file_that_is_none_of_ours_is_refused(tmp_path, content):
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(ProposalError, match="no proposal of ours"):
        read_proposal(tmp_path / "p.json")


def test_clock_that_went_back_dates_no_bundle_before_the_one_in_force(folder):
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    with KeysDesk(folder) as desk:
        assert (
            desk.propose(key_changes.raise_epoch(desk.next_keys, "bus", 2), NOW - 1_000_000).bundle.time
            == NOW
        )


# -- carried away ---------------------------------------------------------------------------------------------


def carry(folder, tmp_path, *names):
    """A copy of the proposal, signed where only root keys are."""
    carried = tmp_path / "carried.json"
    carried.write_bytes((folder / "proposal.json").read_bytes())
    for name in names:
        stick = tmp_path / f"stick of {name}"
        stick.mkdir(exist_ok=True)
        (folder / f"{name}.key").rename(stick / f"{name}.key")
        sign_carried(carried, open_root(stick / f"{name}.key", name, OPEN))
    return carried


def take(folder, carried):
    with KeysDesk(folder) as desk:
        return desk.take(read_proposal(carried))


def test_two_custodians_sign_one_file_apart(folder, tmp_path):
    propose_rotation(folder)
    carried = carry(folder, tmp_path, "root-1", "root-3")
    assert KeyRing.load(folder).trusted.version == 1
    assert take(folder, carried).in_force
    assert KeyRing.load(folder).permit_key(410202, TODAY).spec.name == "permit-x-2"
    # Brought a second time it changes nothing.
    assert take(folder, carried).in_force
    assert KeyRing.load(folder).trusted.version == 2


def test_copy_of_a_proposal_that_was_changed_meanwhile_is_refused(folder, tmp_path):
    propose_rotation(folder)
    carried = carry(folder, tmp_path, "root-1", "root-2")
    with KeysDesk(folder) as desk:
        desk.propose(key_changes.raise_epoch(desk.next_keys, "bus", 2), NOW)
    with pytest.raises(ProposalError, match="was changed after the other was carried"):
        take(folder, carried)


def test_keys_beside_another_bundle_are_not_signed(folder, tmp_path):
    """A carrier may not show one thing and have another signed."""
    propose_rotation(folder)
    carried = tmp_path / "carried.json"
    content = json.loads((folder / "proposal.json").read_text())
    for change in (
        {"keys": content["keys"].replace("410202", "410203", 1)},
        {"keys": content["keys"].replace("bus_epoch = 1", "bus_epoch = 2")},
        {"roots": content["roots"].replace("threshold = 2", "threshold = 4")},
        {"roots": content["roots"].replace(root(folder, "root-3").public_key.hex(), _stranger(tmp_path))},
    ):
        assert change != {name: content[name] for name in change}
        carried.write_text(json.dumps(content | change))
        with pytest.raises(JuzhuError, match=r"not what its keys say|roots\.toml|threshold"):
            sign_carried(carried, root(folder, "root-1"))
        assert json.loads(carried.read_text())["signatures"] == []


def _stranger(tmp_path):
    place = tmp_path / "stranger"
    if not place.exists():
        KeyRing.make(place, SPECS, start_of(FIRST))
    return root(place, "root-1").public_key.hex()


def other_machine(folder, tmp_path):
    """A machine of the same authority, with its own copy of the folder and no root key."""
    place = tmp_path / "other"
    place.mkdir(mode=0o700)
    for path in folder.iterdir():
        if not path.name.startswith("root-") and path.is_file():
            (place / path.name).write_bytes(path.read_bytes())
            (place / path.name).chmod(0o600)
    return place


def test_other_machine_takes_what_the_root_signed(folder, tmp_path):
    other = other_machine(folder, tmp_path)
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    assert take(other, folder / "signed.json").in_force
    assert (other / "bundle.bin").read_bytes() == (folder / "bundle.bin").read_bytes()
    assert (other / "keys.toml").read_bytes() == (folder / "keys.toml").read_bytes()
    # An older one afterwards is a rollback.
    old = (folder / "signed.json").read_bytes()
    propose_rotation(folder, "list-x")
    sign(folder, "root-1", "root-2")
    assert take(other, folder / "signed.json").in_force
    (tmp_path / "old.json").write_bytes(old)
    with pytest.raises(ProposalError, match="not a newer bundle"):
        take(other, tmp_path / "old.json")


@pytest.mark.parametrize("change", ["one signature", "strangers", "threshold", "development", "anew"])
def test_other_machine_takes_nothing_that_its_own_root_did_not_sign(folder, tmp_path, change):
    other = other_machine(folder, tmp_path)
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    content = json.loads((folder / "signed.json").read_text())
    if change == "one signature":
        content["signatures"] = content["signatures"][:1]
    elif change == "threshold":
        content["roots"] = content["roots"].replace("threshold = 2", "threshold = 1")
        content["signatures"] = content["signatures"][:1]
    elif change == "development":
        content["keys"] = content["keys"].replace("development = true\n", "")
    elif change == "anew":
        content["anew"] = True
    else:
        stranger = tmp_path / "stranger"
        KeyRing.make(stranger, SPECS, start_of(FIRST))
        propose_rotation(stranger)
        sign(stranger, "root-1", "root-2")
        content = json.loads((stranger / "signed.json").read_text())
    (tmp_path / "carried.json").write_text(json.dumps(content))
    before = {path.name: path.read_bytes() for path in other.iterdir() if path.name != "keys.lock"}
    with pytest.raises(ProposalError):
        take(other, tmp_path / "carried.json")
    assert before == {path.name: path.read_bytes() for path in other.iterdir() if path.name != "keys.lock"}


# -- roots ------------------------------------------------------------------------------------------------------


def replace_roots(folder, *gone, anew=False):
    with KeysDesk(folder) as desk:
        keys = key_changes.replace_roots(desk.next_keys, gone, ())
        for _ in gone:
            spec = KeySpec(key_changes.free_name(keys, "root-3"), "root", (), FIRST, LAST)
            keys = key_changes.replace_roots(keys, (), (desk.make_key(spec, OPEN).known(),))
        public = [key.public_key for key in keys.keys if key.spec.purpose == "root"]
        desk.propose(keys, NOW, roots=Roots(public, 2, SUITE_ES256), anew=anew)


def test_bundle_under_a_replaced_root_holds_for_readers_with_the_old_roots_and_the_new(folder):
    old = load_roots(folder / "roots.toml")
    replace_roots(folder, "root-1")
    # The new key and the one that goes do not make two of either.
    assert not sign(folder, "root-4", "root-2").in_force
    assert sign(folder, "root-3").in_force
    new = load_roots(folder / "roots.toml")
    assert new.public_keys != old.public_keys
    bundle = (folder / "bundle.bin").read_bytes()
    for roots in (old, new):
        assert open_bundle(bundle, roots, NativeVerifier(), 2).version == 2
    assert KeyRing.load(folder).roots.public_keys == new.public_keys


def test_stolen_root_key_signs_nothing_after_it_was_replaced(folder):
    replace_roots(folder, "root-1")
    sign(folder, "root-2", "root-3")
    propose_rotation(folder)
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="no root key of this bundle"):
        desk.sign([root(folder, "root-1")])


def test_root_given_up_needs_the_new_roots_alone_and_keeps_the_organs_keys(folder):
    old = load_roots(folder / "roots.toml")
    organ = KeyRing.load(folder).permit_key(410202, TODAY).key_id
    replace_roots(folder, "root-1", "root-2", "root-3", anew=True)
    assert sign(folder, "root-4", "root-6").in_force
    ring = KeyRing.load(folder)
    assert ring.permit_key(410202, TODAY).key_id == organ
    with pytest.raises(BadSignatureError):
        open_bundle(ring.bundle, old, NativeVerifier(), 0)


# -- sealed folders -----------------------------------------------------------------------------------------


def test_new_file_of_a_sealed_folder_needs_the_folders_own_passphrase(sealed):
    with KeysDesk(sealed) as desk:
        with pytest.raises(PassphraseNeededError):
            desk.unlock(OPEN)
        with pytest.raises(PassphraseError):
            desk.unlock(PrivateFiles(b"five other words are wrong"))
        desk.make_sam(0, desk.unlock(PrivateFiles(PASSPHRASE)))
    ring = KeyRing.load(sealed, PASSPHRASE)
    assert ring.sam_set().epoch == 2
    assert ring.sam_set(1).epoch == 1


def test_revocation_and_epochs_need_no_passphrase(sealed):
    with KeysDesk(sealed) as desk:
        keys = key_changes.revoke(desk.next_keys, "permit-x", TODAY)
        desk.propose(key_changes.raise_epoch(keys, "counter", 2), NOW)
        assert desk.progress().signed == 0


def test_real_folder_with_an_open_or_unsealed_key_is_refused(sealed):
    (sealed / "permit-x.key").chmod(0o644)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        KeyRing.load(sealed, PASSPHRASE)
    head = private_files.read_head(sealed / "permit-x.key")
    (sealed / "permit-x.key").write_bytes(PrivateFiles().seal(head, bytes(31) + b"\1"))
    (sealed / "permit-x.key").chmod(0o600)
    with pytest.raises(PrivateFileError, match="is not sealed"):
        KeyRing.load(sealed, PASSPHRASE)


def test_real_folder_that_others_may_write_to_is_refused(sealed):
    sealed.chmod(0o770)
    with pytest.raises(PrivateFileError, match="chmod 700"):
        KeyRing.load(sealed, PASSPHRASE)


def test_real_folder_is_not_made_a_development_folder_behind_its_owners_back(sealed):
    """Its next SAM set would stand there unsealed."""
    path = sealed / "keys.toml"
    path.write_text("development = true\n" + path.read_text())
    with pytest.raises(PrivateFileError, match="one of them was changed"):
        KeyRing.load(sealed, PASSPHRASE)
    with KeysDesk(sealed) as desk, pytest.raises(PrivateFileError, match="one of them was changed"):
        desk.unlock(PrivateFiles(PASSPHRASE))


@pytest.mark.parametrize("purpose", ["root", "permit"])
def test_key_that_somebody_wrote_into_keys_toml_gets_into_no_proposal(folder, tmp_path, purpose):
    stranger = KeyRing.make(tmp_path / "other", SPECS, start_of(FIRST)).keys
    key = next(key for key in stranger if key.spec.purpose == purpose).known()
    with KeysDesk(folder) as desk:
        text = desk.next_keys.with_key(replace(key, spec=replace(key.spec, name="helper"))).to_toml()
    (folder / "keys.toml").write_text(text)
    with pytest.raises(KeysFolderError, match=r"does not say what bundle and roots\.toml do"):
        KeysDesk(folder)


def test_proposal_whose_text_was_changed_is_not_signed(folder):
    propose_rotation(folder)
    content = json.loads((folder / "proposal.json").read_text())
    content["keys"] = content["keys"].replace("410202", "410203", 1)
    (folder / "proposal.json").write_text(json.dumps(content))
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="not what its keys say"):
        desk.sign([root(folder, "root-1")])


@pytest.mark.parametrize(
    ("one", "other"), [("permit-x", "list-x"), ("sam-1", "permit-x"), ("permit-x", "root-1")]
)
def test_swapped_files_are_refused(sealed, one, other):
    first, second = sealed / f"{one}.key", sealed / f"{other}.key"
    a, b = first.read_bytes(), second.read_bytes()
    first.write_bytes(b)
    second.write_bytes(a)
    with pytest.raises(PrivateFileError, match="renamed or swapped"):
        KeyRing.load(sealed, PASSPHRASE)


def test_key_of_the_same_name_from_another_folder_is_refused(sealed, tmp_path):
    KeyRing.make(tmp_path / "twin", SPECS, start_of(FIRST), passphrase=PASSPHRASE)
    (sealed / "permit-x.key").write_bytes((tmp_path / "twin" / "permit-x.key").read_bytes())
    with pytest.raises(PrivateFileError, match=r"not the key that keys\.toml has under its name"):
        KeyRing.load(sealed, PASSPHRASE)


def test_daily_work_holds_no_root_key(sealed):
    """A custodian may have sealed it with a passphrase of his own."""
    (sealed / "root-1.key").write_bytes(b"another seal")
    assert {key.spec.purpose for key in KeyRing.load(sealed, PASSPHRASE).keys} == {"permit", "list"}


# -- what may be changed ------------------------------------------------------------------------------------------


@pytest.fixture
def file(folder):
    with KeysDesk(folder) as desk:
        return desk.next_keys


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: key_changes.revoke(file, "root-1", TODAY), "juzhu keys root"),
        (lambda file: key_changes.drop(file, "root-1"), "juzhu keys root"),
        (lambda file: key_changes.successor(file, "root-1", TODAY), "juzhu keys root"),
        (lambda file: key_changes.replace_roots(file, ("permit-x",), ()), "no root key"),
        (lambda file: key_changes.revoke(file, "permit-q", TODAY), "no key is called 'permit-q'"),
        (
            lambda file: key_changes.revoke(key_changes.revoke(file, "list-x", TODAY), "list-x", TODAY),
            "already",
        ),
        (lambda file: key_changes.revoke(file, "list-x", 0), "a day is"),
        (lambda file: key_changes.raise_epoch(file, "bus", 1), "only rises"),
        (lambda file: key_changes.raise_epoch(file, "bus", 256), "only rises"),
        (lambda file: key_changes.successor(file, "list-x", LAST + 1), "--through"),
        (lambda file: key_changes.check_new(file, replace(SPECS[3], name="sam-2")), "SAM set"),
        (lambda file: key_changes.check_new(file, replace(SPECS[3], name="../x")), "letters"),
        (lambda file: key_changes.check_new(file, replace(SPECS[3], name="x" * 41)), "at most 40"),
        (lambda file: key_changes.check_new(file, SPECS[3]), "already"),
        (lambda file: key_changes.drop(key_changes.drop(file, "list-x"), "permit-x"), "last key"),
    ],
)
def test_change_that_cannot_be_is_refused_in_words(file, change, said):
    with pytest.raises(KeysFolderError, match=said):
        change(file)


def test_successor_of_a_stolen_list_key_counts_in_the_next_epoch_and_of_a_rotated_one_on(file):
    assert key_changes.successor(file, "list-x", TODAY, stolen=True).epoch == 4
    assert key_changes.successor(file, "list-x", TODAY).epoch == 3
    assert key_changes.list_epoch(file, (410200,)) == 3
    assert key_changes.list_epoch(file, (410100,)) == 1


def test_rotated_key_begins_after_the_old_one_did(file, folder):
    with KeysDesk(folder) as desk:
        key = desk.make_key(key_changes.successor(file, "permit-x", FIRST), OPEN)
        with pytest.raises(ProposalError, match="begins later"):
            key_changes.rotate(file, "permit-x", key.known())


def test_keys_of_both_suites_stand_in_one_bundle(folder):
    with KeysDesk(folder) as desk:
        spec = KeySpec("permit-sm2", "permit", (410202,), FIRST, LAST, suite=SUITE_SM2_SM3)
        desk.propose(key_changes.add(desk.next_keys, desk.make_key(spec, OPEN).known()), NOW)
    assert sign(folder, "root-1", "root-2").in_force
    ring = KeyRing.load(folder)
    assert ring.permit_key(410202, TODAY).spec.name == "permit-x"
    assert ring.permit_key(410202, TODAY, SUITE_SM2_SM3).spec.name == "permit-sm2"
