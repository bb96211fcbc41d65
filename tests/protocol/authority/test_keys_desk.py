"""Changes of keys: what may be proposed, who must sign, and a process killed at any write on the way."""

import json
import os
from dataclasses import replace
from pathlib import Path

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
from juzhu_protocol.authority.key_specs import parse_keys
from juzhu_protocol.authority.keys import KeyRing, KeySpec
from juzhu_protocol.authority.keys_desk import KeysDesk
from juzhu_protocol.authority.private_files import MIN_COST, PrivateFiles
from juzhu_protocol.authority.proposal import read_proposal, refuse_late, sign_carried
from juzhu_protocol.authority.signing_key import open_root
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.errors import BadSignatureError, JuzhuError
from juzhu_protocol.hostside import private_file
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.records.trust import SignedBundle, SignedBundleSignature
from juzhu_protocol.rules.calendar import from_iso, start_of
from juzhu_protocol.trust.bundle import Roots, open_bundle
from juzhu_protocol.trust.contexts import BUNDLE_CONTEXT, ROOTS_CONTEXT

FIRST, LAST = from_iso("2020-01-01"), from_iso("2040-12-31")
TODAY = from_iso("2026-11-23")
NOW = start_of(TODAY)
CHANGE = TODAY + 14
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
    return open_root(folder / f"{name}.key", name, OPEN, development=True)


def propose_rotation(folder, name="permit-x", day=CHANGE):
    with KeysDesk(folder) as desk:
        spec = key_changes.successor(desk.next_keys, name, day)
        key = desk.make_key(spec, OPEN)
        desk.propose(key_changes.rotate(desk.next_keys, name, key.known()), NOW)


def sign(folder, *names, now=NOW):
    with KeysDesk(folder) as desk:
        for name in names:
            progress = desk.sign([root(folder, name)], now)
        return progress


def test_change_is_not_in_force_before_enough_roots_signed_it(folder):
    before = (folder / "bundle.bin").read_bytes()
    propose_rotation(folder)
    assert not sign(folder, "root-1").in_force
    ring = KeyRing.load(folder)
    assert ring.bundle == before
    assert ring.permit_key(410202, TODAY, SUITE_ES256).spec.name == "permit-x"
    progress = sign(folder, "root-2")
    assert (progress.version, progress.signed, progress.threshold, progress.in_force) == (2, 2, 2, True)
    ring = KeyRing.load(folder)
    assert ring.permit_key(410202, CHANGE, SUITE_ES256).spec.name == "permit-x-2"
    assert ring.permit_key(410202, CHANGE - 1, SUITE_ES256).spec.name == "permit-x"
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


@pytest.mark.parametrize("half", ["bundle", "change"])
def test_signature_that_does_not_hold_counts_for_nothing(folder, half):
    propose_rotation(folder)
    sign(folder, "root-1")
    path = folder / "proposal.json"
    ours = read_proposal(path)
    other = root(folder, "root-2")
    pair = {
        "bundle": other.sign(BUNDLE_CONTEXT, ours.body).hex(),
        "change": other.sign(ROOTS_CONTEXT, ours.message()).hex(),
    }
    # As a manifest's, over what the bundle has.
    pair[half] = other.sign(b"juzhu/1/manifest", ours.body if half == "bundle" else ours.message()).hex()
    content = json.loads(path.read_text())
    content["signatures"].append({"root": other.key_id.hex()} | pair)
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
        desk.sign([root(folder, name)], NOW)


def test_another_change_makes_earlier_signatures_void(folder):
    propose_rotation(folder)
    sign(folder, "root-1")
    with KeysDesk(folder) as desk:
        desk.propose(key_changes.raise_epoch(desk.next_keys, "bus", 2), NOW)
        assert desk.progress().signed == 0
    assert sign(folder, "root-2", "root-3").in_force
    ring = KeyRing.load(folder)
    assert ring.epochs == (2, 1, 1)
    assert ring.permit_key(410202, CHANGE, SUITE_ES256).spec.name == "permit-x-2"
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
    assert ring.permit_key(410202, CHANGE, SUITE_ES256).spec.name == ("permit-x" if cut < 3 else "permit-x-2")
    if cut < 3:
        assert sign(folder, "root-3").in_force
    with KeysDesk(folder) as desk:
        assert desk.progress() is None
    assert KeyRing.load(folder).permit_key(410202, CHANGE, SUITE_ES256).spec.name == "permit-x-2"
    assert "permit-x-2" in (folder / "keys.toml").read_text()
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_what_a_killed_process_was_writing_is_cleared_away(folder):
    for name in (".bundle.bin-abcd1234", ".permit-x.key-0_9xyzab"):
        (folder / name).write_bytes(b"half")
    with KeysDesk(folder):
        pass
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_key_file_that_lies_there_is_taken_by_nobody(folder):
    """A thief of the folder may have it; and whoever can write there may have put it there."""
    with KeysDesk(folder) as desk:
        lost = desk.make_key(KeySpec("permit-x-2", "permit", (410202,), FIRST, LAST), OPEN)
        raw = (folder / "permit-x-2.key").read_bytes()
    # A change that did not come about leaves no key behind.
    assert not (folder / "permit-x-2.key").exists()
    (folder / "permit-x-2.key").write_bytes(raw)
    with KeysDesk(folder) as desk:
        assert "permit-x-2" in desk.private_names
        spec = key_changes.successor(desk.next_keys, "permit-x", TODAY, stolen=True, files=desk.private_names)
        assert spec.name == "permit-x-3"
        with pytest.raises(ProposalError, match="is not taken"):
            desk.make_key(replace(spec, name="permit-x-2"), OPEN)
        assert desk.make_key(spec, OPEN).public_key != lost.public_key
    assert (folder / "permit-x-2.key").read_bytes() == raw


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


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 60_000, b"\xff", b"null", b'"juzhu"', b"9" * 5_000])
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
        sign_carried(
            carried,
            read_proposal(carried),
            open_root(stick / f"{name}.key", name, OPEN, development=True),
            NOW,
        )
    return carried


def take(folder, carried):
    with KeysDesk(folder) as desk:
        return desk.take(read_proposal(carried), NOW)


def test_two_custodians_sign_one_file_apart(folder, tmp_path):
    propose_rotation(folder)
    carried = carry(folder, tmp_path, "root-1", "root-3")
    assert KeyRing.load(folder).trusted.version == 1
    assert take(folder, carried).in_force
    assert KeyRing.load(folder).permit_key(410202, CHANGE, SUITE_ES256).spec.name == "permit-x-2"
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
            sign_carried(carried, read_proposal(carried), root(folder, "root-1"), NOW)
        assert json.loads(carried.read_text())["signatures"] == []


@pytest.mark.parametrize("what", ["body", "keys", "previous"])
def test_file_that_is_changed_after_it_was_shown_is_not_signed(folder, tmp_path, what):
    """While the custodian types the passphrase, the medium is somebody else's."""
    propose_rotation(folder)
    carried = carry(folder, tmp_path)
    seen = read_proposal(carried)
    if what == "body":
        with KeysDesk(folder) as desk:
            desk.propose(key_changes.raise_epoch(desk.next_keys, "bus", 9), NOW)
        carry(folder, tmp_path)
    else:
        content = json.loads(carried.read_text())
        # The bytes without their signatures; or a name that stands for another key.
        other = {"previous": "00", "keys": content["keys"].replace("list-x", "list-z")}
        carried.write_text(json.dumps(content | {what: other[what]}))
    before = carried.read_bytes()
    with pytest.raises(ProposalError, match="changed after it was shown"):
        sign_carried(carried, seen, root(folder, "root-1"), NOW)
    assert carried.read_bytes() == before


def test_signature_that_another_put_into_the_file_meanwhile_stays(folder, tmp_path):
    propose_rotation(folder)
    carried = carry(folder, tmp_path)
    seen = read_proposal(carried)
    sign_carried(carried, seen, root(folder, "root-2"), NOW)
    sign_carried(carried, seen, root(folder, "root-1"), NOW)
    assert take(folder, carried).in_force


def test_names_that_were_swapped_on_the_way_to_another_machine_are_refused(folder, tmp_path):
    """No bundle holds a name: a later revocation would hit another key."""
    other = other_machine(folder, tmp_path)
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    content = json.loads((folder / "signed.json").read_text())
    swapped = content["keys"].replace('"permit-x"', '"p"').replace('"list-x"', '"permit-x"')
    content["keys"] = swapped.replace('"p"', '"list-x"')
    (tmp_path / "carried.json").write_text(json.dumps(content))
    with pytest.raises(ProposalError, match="wholly signed"):
        take(other, tmp_path / "carried.json")


def test_epoch_far_beyond_the_newest_is_a_slip(folder):
    with KeysDesk(folder) as desk:
        with pytest.raises(ProposalError, match="the next is 2"):
            desk.make_sam(255, OPEN)
        assert desk.make_sam(2, OPEN).epoch == 2


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
        desk.sign([root(folder, "root-1")], NOW)


def test_root_given_up_needs_the_new_roots_alone_and_keeps_the_organs_keys(folder):
    old = load_roots(folder / "roots.toml")
    organ = KeyRing.load(folder).permit_key(410202, TODAY, SUITE_ES256).key_id
    replace_roots(folder, "root-1", "root-2", "root-3", anew=True)
    assert sign(folder, "root-4", "root-6").in_force
    ring = KeyRing.load(folder)
    assert ring.permit_key(410202, TODAY, SUITE_ES256).key_id == organ
    with pytest.raises(BadSignatureError):
        open_bundle(ring.bundle, old, NativeVerifier(), 0)


def _files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "keys.lock"}


def _with_a_root_of(stranger, content, threshold):
    """A proposal's JSON with another root key in keys and roots, and another threshold."""
    keys = content["keys"] + (
        f'[[key]]\nname = "root-4"\npurpose = "root"\nsuite = "ES256"\npublic_key = "{stranger}"\n'
        'valid_from = "2020-01-01"\nvalid_through = "2040-12-31"\n'
    )
    roots = content["roots"].replace("threshold = 2", f"threshold = {threshold}")
    roots = roots.replace("keys = [\n", f'keys = [\n    "{stranger}",\n')
    return content | {"keys": parse_keys(keys, Path("keys.toml")).to_toml(), "roots": roots}


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("signatures", ["none", "those in force", "a stranger's"])
def test_unsigned_proposal_of_the_bundle_in_force_changes_no_root(folder, tmp_path, signatures, anew):
    """With the body in force it would be taken for a change that was cut, and its roots.toml written."""
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    content = _with_a_root_of(_stranger(tmp_path), json.loads((folder / "signed.json").read_text()), 1)
    content["anew"] = anew
    if signatures == "none":
        content["signatures"] = []
    (folder / "proposal.json").write_text(json.dumps(content))
    if signatures == "a stranger's":
        forged = read_proposal(folder / "proposal.json")
        forged = forged.with_signature(root(tmp_path / "stranger", "root-1"), [forged.roots(folder)])
        (folder / "proposal.json").write_bytes(forged.to_json())
    before = _files(folder)
    ring = KeyRing.load(folder)
    assert len(ring.roots.public_keys) == 3
    with KeysDesk(folder) as desk:
        for use in (desk.pending, lambda: desk.next_keys):
            with pytest.raises(ProposalError, match="did not sign: remove it"):
                use()
        with pytest.raises(ProposalError, match="did not sign: remove it"):
            desk.propose(desk.state.keys, NOW)
    assert _files(folder) == before


@pytest.mark.parametrize("text", ["keys", "roots"])
def test_names_and_roots_beside_the_signed_bundle_are_not_put_in_when_a_cut_run_is_finished(folder, text):
    """Their signatures are public in signed.json: what they are not over must not ride on them."""
    old = {name: (folder / name).read_bytes() for name in ("keys.toml", "roots.toml")}
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    content = json.loads((folder / "signed.json").read_text())
    changes = {
        "keys": content["keys"].replace("permit-x-2", "permit-x-9"),
        "roots": content["roots"].replace("threshold = 2", "threshold = 1"),
    }
    (folder / "proposal.json").write_text(json.dumps(content | {text: changes[text]}))
    for name, raw in old.items():
        (folder / name).write_bytes(raw)
    with pytest.raises(KeysFolderError, match="does not say what bundle"):
        KeysDesk(folder)
    assert {name: (folder / name).read_bytes() for name in old} == old


def test_one_custodian_does_not_change_the_roots_of_what_another_signed(folder, tmp_path):
    propose_rotation(folder)
    sign(folder, "root-1")
    path = folder / "proposal.json"
    path.write_text(json.dumps(_with_a_root_of(_stranger(tmp_path), json.loads(path.read_text()), 1)))
    progress = sign(folder, "root-2")
    assert (progress.signed, progress.threshold, progress.in_force) == (1, 2, False)
    assert len(KeyRing.load(folder).roots.public_keys) == 3


def test_signatures_over_one_change_do_not_serve_another_of_the_same_roots(folder):
    replace_roots(folder, "root-1")
    sign(folder, "root-2")
    roots = json.loads((folder / "proposal.json").read_text())
    (folder / "proposal.json").unlink()
    (folder / "root-4.key").unlink()
    propose_rotation(folder)
    sign(folder, "root-2")
    other = json.loads((folder / "proposal.json").read_text())
    other["signatures"][0]["change"] = roots["signatures"][0]["change"]
    (folder / "proposal.json").write_text(json.dumps(other))
    with KeysDesk(folder) as desk:
        assert desk.progress().signed == 0


def test_root_that_is_given_up_keeps_no_key_of_its_own(folder, tmp_path):
    """Or one custodian's signature under a change that he takes for another would give it up."""
    propose_rotation(folder)
    path = folder / "proposal.json"
    content = _with_a_root_of(_stranger(tmp_path), json.loads(path.read_text()), 1)
    path.write_text(json.dumps(content | {"anew": True}))
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="keeps a key of it"):
        desk.sign([root(folder, "root-1")], NOW)


def test_new_root_that_a_carrier_signed_himself_does_not_come_into_force_as_a_copy(folder, tmp_path):
    """As by `cp carried.json keys/proposal.json`, and the copy brought once more."""
    stranger = tmp_path / "stranger"
    KeyRing.make(stranger, SPECS, start_of(FIRST))
    propose_rotation(folder)
    ours = read_proposal(folder / "proposal.json")
    with KeysDesk(stranger) as desk:
        roots = (stranger / "roots.toml").read_text()
        strangers = [key for key in desk.state.keys.keys if key.spec.purpose == "root"]
        names = tuple(f"root-{n}" for n in (1, 2, 3))
        kept = [key for key in ours.keys(folder).keys if key.spec.name not in names]
        text = replace(ours.keys(folder), keys=(*strangers, *kept)).to_toml()
    forged = replace(ours, keys_text=text, roots_text=roots, anew=True)
    for name in names:
        forged = forged.with_signature(root(stranger, name), [forged.roots(folder)])
    carried = tmp_path / "carried.json"
    for path in (carried, folder / "proposal.json"):
        path.write_bytes(forged.to_json())
    with pytest.raises(ProposalError, match="on no copy"):
        take(folder, carried)
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="is no root key"):
        desk.sign([root(folder, "root-1")], NOW)
    assert KeyRing.load(folder).trusted.version == 1


@pytest.mark.parametrize("cut", range(12))
@pytest.mark.parametrize("anew", [False, True])
def test_process_killed_while_the_roots_change_leaves_old_roots_or_new_and_goes_on(folder, cut, anew):
    gone = ("root-1", "root-2", "root-3") if anew else ("root-1",)
    signers = ("root-4", "root-5") if anew else ("root-2", "root-3")
    old = set(load_roots(folder / "roots.toml").public_keys)
    replace_roots(folder, *gone, anew=anew)
    sign(folder, signers[0])
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
            sign(folder, signers[1])
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    ring = KeyRing.load(folder)
    assert (set(ring.roots.public_keys) == old) == (cut < 3)
    assert ring.trusted.version == (1 if cut < 3 else 2)
    if cut < 3:
        assert sign(folder, signers[1]).in_force
    with KeysDesk(folder) as desk:
        assert desk.progress() is None
    assert set(load_roots(folder / "roots.toml").public_keys) != old
    assert KeyRing.load(folder).trusted.version == 2


def test_copy_with_bad_signatures_takes_none_that_holds_away(folder, tmp_path):
    propose_rotation(folder)
    sign(folder, "root-1")
    carried = carry(folder, tmp_path)
    content = json.loads(carried.read_text())
    for name in ("bundle", "change"):
        content["signatures"][0][name] = bytes(64).hex()
    carried.write_text(json.dumps(content))
    assert take(folder, carried).signed == 1
    assert read_proposal(folder / "proposal.json").signatures[root(folder, "root-1").key_id][0] != bytes(64)


def test_more_signatures_than_an_envelope_holds_are_no_hindrance(tmp_path):
    """Eight roots of which five must sign; three are replaced, and all eleven sign."""
    specs = [KeySpec(f"root-{n}", "root", (), FIRST, LAST) for n in range(1, 9)] + SPECS[3:]
    folder = tmp_path / "keys"
    KeyRing.make(folder, specs, start_of(FIRST), threshold=5)
    old = load_roots(folder / "roots.toml")
    with KeysDesk(folder) as desk:
        keys = key_changes.replace_roots(desk.next_keys, ("root-1", "root-2", "root-3"), ())
        for number in (9, 10, 11):
            key = desk.make_key(KeySpec(f"root-{number}", "root", (), FIRST, LAST), OPEN)
            keys = key_changes.replace_roots(keys, (), (key.known(),))
        public = [key.public_key for key in keys.keys if key.spec.purpose == "root"]
        proposal = desk.propose(keys, NOW, roots=Roots(public, 5, SUITE_ES256))
        new = proposal.roots(folder)
    # The worst that holds for both: three that go, three that come, and two that stay.
    for names in (range(1, 12), (1, 2, 3, 4, 5, 9, 10, 11)):
        signed = proposal
        for number in names:
            signed = signed.with_signature(root(folder, f"root-{number}"), [old, new])
        bundle = signed.signed_bundle([old, new])
        for roots in (old, new):
            assert open_bundle(bundle, roots, NativeVerifier(), 2).version == 2
    with KeysDesk(folder) as desk:
        assert desk.sign([root(folder, f"root-{n}") for n in range(1, 12)], NOW).in_force


def test_proposal_that_shows_its_change_against_another_bundle_is_not_signed(folder):
    """With `previous` changed, what a custodian is shown would leave out what he signs."""
    first = (folder / "bundle.bin").read_bytes()
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    propose_rotation(folder, "list-x")
    path = folder / "proposal.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"previous": first.hex()}))
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="from another bundle"):
        desk.sign([root(folder, "root-1")], NOW)


def test_bundle_of_a_wrong_clock_is_outlived_by_a_new_root(folder):
    far = start_of(from_iso("2070-01-01"))
    with KeysDesk(folder) as desk:
        desk.propose(key_changes.raise_epoch(desk.next_keys, "bus", 2), far)
    # Every custodian's clock was wrong too.
    sign(folder, "root-1", "root-2", now=far)
    replace_roots(folder, "root-1", "root-2", "root-3", anew=True)
    assert sign(folder, "root-4", "root-5").in_force
    assert KeyRing.load(folder).trusted.time == NOW


def test_bundle_dated_ahead_of_a_custodians_clock_is_not_signed(folder, tmp_path):
    """Hosts and readers with a clock would take no bundle until that day, not even a revocation."""
    with KeysDesk(folder) as desk:
        desk.propose(key_changes.raise_epoch(desk.next_keys, "bus", 2), NOW + 300 * 86400)
    carried = carry(folder, tmp_path)
    before = (folder / "proposal.json").read_bytes(), carried.read_bytes()
    with KeysDesk(folder) as desk:
        for act in (
            lambda: desk.sign([root(folder, "root-1")], NOW),
            lambda: desk.take(read_proposal(carried), NOW),
            lambda: sign_carried(carried, read_proposal(carried), root(folder, "root-3"), NOW),
        ):
            with pytest.raises(ProposalError, match="set the clock that is wrong"):
                act()
    assert ((folder / "proposal.json").read_bytes(), carried.read_bytes()) == before


def test_clock_behind_the_bundles_own_date_does_not_let_a_late_rotation_pass(folder):
    """With a clock far behind, a key would end before the day of the bundle that ends it."""
    propose_rotation(folder)
    path = folder / "proposal.json"
    proposal = read_proposal(path)
    bundle = proposal.bundle
    bundle.time = start_of(CHANGE) + 86400
    late = replace(proposal, body=bundle.to_bytes())
    path.write_bytes(late.to_json())
    with pytest.raises(ProposalError, match="that day has come"):
        sign(folder, "root-1", now=start_of(CHANGE) + 3600)
    with pytest.raises(ProposalError, match="that day has come"):
        refuse_late(late, CHANGE - 100, path)


def test_name_that_is_dropped_is_a_name(folder):
    """Else what is written would not be what was signed, and no keys.toml any more."""
    propose_rotation(folder)
    path = folder / "proposal.json"
    content = json.loads(path.read_text())
    for name in ('q\\"', "two\\nlines"):
        path.write_text(json.dumps(content | {"keys": f'dropped = ["{name}"]\n' + content["keys"]}))
        with KeysDesk(folder) as desk, pytest.raises(JuzhuError, match=r"dropped|remove it"):
            desk.pending()
    path.write_text(json.dumps(content | {"keys": content["keys"] + "# beside it\n"}))
    with KeysDesk(folder) as desk, pytest.raises(ProposalError, match="not written as ours"):
        desk.pending()


def test_key_of_a_proposal_that_was_written_stays_though_its_writing_was_interrupted(folder, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    def propose():
        with KeysDesk(folder) as desk:
            spec = replace(desk.state.keys.keys[-1].spec, name="another")
            key = desk.make_key(spec, desk.unlock(PrivateFiles()))
            keys = key_changes.add(desk.next_keys, key)
            monkeypatch.setattr(private_file, "sync_folder", interrupted)
            desk.propose(keys, NOW)

    with pytest.raises(KeyboardInterrupt):
        propose()
    assert (folder / "another.key").is_file()
    with KeysDesk(folder) as desk:
        assert "another" in {known.spec.name for known in desk.next_keys.keys}


def test_changes_shown_against_a_bundle_that_no_root_signed_are_called_unproven(folder):
    propose_rotation(folder)
    path = folder / "proposal.json"
    proposal = read_proposal(path)
    assert proposal.shows_what_changes(path)
    envelope = SignedBundle(body=proposal.body, signatures=[SignedBundleSignature(bytes(4), bytes(64))])
    assert not replace(proposal, previous=envelope.to_bytes()).shows_what_changes(path)


# -- rotations in time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "holds"), [(-1, True), (0, False), (1, False), (40, False)])
def test_rotation_whose_day_has_come_is_not_signed(folder, tmp_path, days, holds):
    propose_rotation(folder)
    carried = carry(folder, tmp_path)
    moment = start_of(CHANGE + days)
    with KeysDesk(folder) as desk:
        acts = [
            lambda: desk.sign([root(folder, "root-1")], moment),
            lambda: desk.take(read_proposal(carried), moment),
            lambda: sign_carried(carried, read_proposal(carried), root(folder, "root-3"), moment),
        ]
        for act in acts:
            if holds:
                act()
            else:
                with pytest.raises(ProposalError, match="propose it again"):
                    act()


def test_other_machine_takes_a_rotation_after_its_day(folder, tmp_path):
    other = other_machine(folder, tmp_path)
    propose_rotation(folder)
    sign(folder, "root-1", "root-2")
    with KeysDesk(other) as desk:
        assert desk.take(read_proposal(folder / "signed.json"), start_of(CHANGE + 30)).in_force


def test_key_added_or_put_in_a_stolen_ones_place_may_begin_at_once(folder):
    with KeysDesk(folder) as desk:
        keys = key_changes.revoke(desk.next_keys, "permit-x", TODAY)
        spec = key_changes.successor(desk.next_keys, "permit-x", TODAY, stolen=True)
        desk.propose(key_changes.add(keys, desk.make_key(spec, OPEN).known()), NOW)
    assert sign(folder, "root-1", "root-2").in_force


# -- files that are none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["keys.toml", "roots.toml", "bundle.bin", "proposal.json"])
@pytest.mark.parametrize("kind", ["pipe", "endless device", "long file"])
def test_pipes_devices_and_long_files_are_refused_and_not_waited_for(folder, name, kind):
    propose_rotation(folder)
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    elif kind == "long file":
        (folder / name).write_bytes(b"#" * 100_000)
    else:
        (folder / name).symlink_to("/dev/zero")
    with pytest.raises(JuzhuError), KeysDesk(folder) as desk:
        desk.pending()


def test_private_file_that_is_a_pipe_is_not_waited_for(folder):
    (folder / "permit-x.key").unlink()
    os.mkfifo(folder / "permit-x.key")
    with pytest.raises(PrivateFileError, match="no regular file"):
        KeyRing.load(folder)


@pytest.mark.parametrize("where", ["keys", "roots"])
@pytest.mark.parametrize("text", ["\ud800", "x = " + "9" * 5_000])
def test_carried_text_that_no_file_can_hold_is_refused(folder, tmp_path, where, text):
    propose_rotation(folder)
    for path in (folder / "proposal.json", tmp_path / "carried.json"):
        content = json.loads((folder / "proposal.json").read_text())
        content[where] += text
        path.write_text(json.dumps(content))
        with pytest.raises(JuzhuError):
            sign_carried(path, read_proposal(path), root(folder, "root-1"), NOW)
    before = _files(folder)
    with KeysDesk(folder) as desk:
        for act in (desk.pending, lambda: desk.next_keys, lambda: desk.propose(desk.state.keys, NOW)):
            with pytest.raises(JuzhuError):
                act()
    assert _files(folder) == before
    assert KeyRing.load(folder).trusted.version == 1


@pytest.mark.parametrize("name", ["keys.toml", "roots.toml"])
def test_number_of_thousands_of_digits_is_refused_in_words(folder, name):
    path = folder / name
    path.write_text("x = " + "9" * 5_000 + "\n" + path.read_text())
    with pytest.raises(JuzhuError, match="is not TOML"):
        KeyRing.load(folder)


def test_lock_that_is_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "precious").write_text("precious")
    (folder / "keys.lock").unlink(missing_ok=True)
    (folder / "keys.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(KeysFolderError):
        KeysDesk(folder)
    assert (tmp_path / "precious").read_text() == "precious"


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


@pytest.mark.parametrize("fault", ["unsealed", "readable by others", "in a folder that others may write to"])
def test_root_key_is_guarded_as_other_keys_are(sealed, tmp_path, fault):
    """In the folder, and on a custodian's medium."""
    stick = tmp_path / "stick"
    stick.mkdir(mode=0o700)
    raw = (sealed / "root-1.key").read_bytes()
    for place in (sealed, stick):
        path = place / "root-1.key"
        path.write_bytes(raw)
        path.chmod(0o600)
        assert open_root(path, "root-1", PrivateFiles(PASSPHRASE), development=False)
        if fault == "unsealed":
            path.write_bytes(PrivateFiles().seal(private_files.read_head(path), bytes(31) + b"\1"))
        elif fault == "readable by others":
            path.chmod(0o640)
        else:
            place.chmod(0o770)
        with pytest.raises(PrivateFileError, match=r"not sealed|chmod"):
            open_root(path, "root-1", PrivateFiles(PASSPHRASE), development=False)


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
        desk.sign([root(folder, "root-1")], NOW)


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
    assert ring.permit_key(410202, TODAY, SUITE_ES256).spec.name == "permit-x"
    assert ring.permit_key(410202, TODAY, SUITE_SM2_SM3).spec.name == "permit-sm2"
