"""The keys folder: what it refuses, and that its signatures are those that readers check."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from juzhu_protocol.authority.errors import KeysFolderError, NoKeyError
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing, KeySpec
from juzhu_protocol.authority.signing import new_signer
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.errors import BadSignatureError, RootsFileError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.rules.calendar import from_iso, start_of
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.trust.bundle import open_bundle
from juzhu_protocol.trust.verifier import SignatureVerifier

FIRST, LAST = from_iso("2020-01-01"), from_iso("2040-12-31")
TIME = start_of(FIRST)
SPECS = [KeySpec(f"root-{n}", "root", (), FIRST, LAST) for n in (1, 2, 3)] + [
    KeySpec("organ-x", "permit", (410202,), FIRST, LAST),
    KeySpec("list-x", "list", (410200,), FIRST, LAST, epoch=3),
]


@pytest.fixture
def folder(tmp_path):
    KeyRing.make(tmp_path / "keys", SPECS, TIME)
    return tmp_path / "keys"


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_development_keys_serve_kaifeng_and_one_division_of_another_city():
    ring = KeyRing.load(DEVELOPMENT_KEYS)
    for day in (FIRST, LAST):
        for division in (*KAIFENG.units, 410102):
            assert ring.permit_key(division, day, SUITE_ES256).spec.purpose == "permit"
        assert ring.list_key(410200, day).spec.purpose == "list"
    assert (
        ring.permit_key(410202, FIRST, SUITE_ES256).key_id
        != ring.permit_key(410102, FIRST, SUITE_ES256).key_id
    )
    assert ring.endorsement_key(410202, FIRST, SUITE_ES256).spec.purpose == "endorsement"
    assert ring.endorsement_key(410102, FIRST, SUITE_ES256) is ring.permit_key(410102, FIRST, SUITE_ES256)
    assert ring.permit_key(410225, FIRST, SUITE_ES256).suite == SUITE_ES256
    assert ring.permit_key(410225, FIRST, SUITE_SM2_SM3).suite == SUITE_SM2_SM3
    assert ring.sam_set().epoch == 1
    assert ring.trusted.time <= TIME
    assert "DEVELOPMENT" in (DEVELOPMENT_KEYS / "README.md").read_text().splitlines()[0]


def test_made_folder_loads_and_keeps_its_keys_to_itself(folder):
    ring = KeyRing.load(folder)
    assert ring.list_key(410200, FIRST).spec.epoch == 3
    assert {path.stat().st_mode & 0o77 for path in folder.iterdir()} == {0}
    assert folder.stat().st_mode & 0o77 == 0


def test_made_keys_never_overwrite_others(folder):
    before = (folder / "organ-x.key").read_bytes()
    with pytest.raises(KeysFolderError, match="not overwritten"):
        KeyRing.make(folder, SPECS, TIME)
    assert (folder / "organ-x.key").read_bytes() == before


def test_making_cut_midway_leaves_no_folder_and_can_be_done_again(tmp_path, monkeypatch):
    folder = tmp_path / "keys"
    synced = []

    def cut(descriptor):
        synced.append(descriptor)
        if len(synced) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(KeyboardInterrupt):
        KeyRing.make(folder, SPECS, TIME)
    assert list(tmp_path.iterdir()) == []
    made = KeyRing.make(folder, SPECS, TIME)
    assert KeyRing.load(folder).bundle == made.bundle


CUT = """
import os, sys
from pathlib import Path
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
ring = KeyRing.load(DEVELOPMENT_KEYS)
os.fsync = lambda descriptor: os._exit(9)
KeyRing.make(Path(sys.argv[1]), [key.spec for key in ring.keys], 1_700_000_000)
"""


def test_killed_making_is_not_taken_for_keys_and_is_done_again(tmp_path):
    folder = tmp_path / "keys"
    done = subprocess.run([sys.executable, "-c", CUT, str(folder)], capture_output=True, check=False)
    assert done.returncode == 9, done.stderr
    assert not folder.exists()
    KeyRing.make(folder, SPECS, TIME)
    assert KeyRing.load(folder).trusted.version == 1


def test_folder_with_other_files_in_it_is_left_alone(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "diary.txt").write_text("mine")
    with pytest.raises(KeysFolderError, match="is empty"):
        KeyRing.make(tmp_path / "keys", SPECS, TIME)
    assert [path.name for path in tmp_path.rglob("*")] == ["keys", "diary.txt"]


def test_signature_is_what_readers_check_and_the_same_each_time(folder):
    key = KeyRing.load(folder).permit_key(410202, FIRST, SUITE_ES256)
    signature = key.sign(b"juzhu/test", b"message")
    assert signature == key.sign(b"juzhu/test", b"message")
    for verifier in (SignatureVerifier(), NativeVerifier()):
        assert verifier.verify(SUITE_ES256, key.signer.public_key, b"juzhu/test", b"message", signature)
        assert not verifier.verify(SUITE_ES256, key.signer.public_key, b"juzhu/other", b"message", signature)
        assert not verifier.verify(SUITE_ES256, key.signer.public_key, b"juzhu/test", b"messagf", signature)
        for damaged in (b"", signature[:63], signature + b"\0", bytes(64), b"\xff" * 64):
            assert not verifier.verify(SUITE_ES256, key.signer.public_key, b"juzhu/test", b"message", damaged)


def test_private_part_is_neither_printed_nor_pickled(folder):
    key = KeyRing.load(folder).permit_key(410202, FIRST, SUITE_ES256)
    secret = json.loads((folder / "organ-x.key").read_text())["secret"]
    for thing in (key, key.signer, KeyRing.load(folder)):
        assert secret not in repr(thing)
        assert "PrivateKey" not in repr(thing)
    with pytest.raises(TypeError):
        pickle.dumps(key)


@pytest.mark.parametrize(
    ("purpose", "division", "day"),
    [
        ("permit_key", 410203, FIRST),
        ("permit_key", 410202, FIRST - 1),
        ("permit_key", 410202, LAST + 1),
        ("list_key", 410202, FIRST),
        ("list_key", 410100, FIRST),
    ],
)
def test_no_key_outside_its_purpose_division_and_days(folder, purpose, division, day):
    suite = () if purpose == "list_key" else (SUITE_ES256,)
    with pytest.raises(NoKeyError):
        getattr(KeyRing.load(folder), purpose)(division, day, *suite)


def test_root_keys_may_stay_offline(folder):
    (folder / "root-1.key").unlink()
    ring = KeyRing.load(folder)
    assert open_bundle(ring.build_bundle(2, TIME), ring.roots, NativeVerifier(), 2).version == 2
    (folder / "root-2.key").unlink()
    ring = KeyRing.load(folder)
    assert ring.permit_key(410202, FIRST, SUITE_ES256)
    with pytest.raises(KeysFolderError, match="2 must sign"):
        ring.build_bundle(2, TIME)


@pytest.mark.parametrize("signers", [["root-1", "root-2"], ["root-2", "root-3"], ["root-1", "root-3"]])
def test_any_two_roots_sign_a_bundle(folder, signers):
    ring = KeyRing.load(folder)
    assert open_bundle(ring.build_bundle(5, TIME, signers), ring.roots, SignatureVerifier(), 5).version == 5


def test_bundle_of_other_roots_is_not_believed(folder, tmp_path):
    other = KeyRing.make(tmp_path / "other", SPECS, TIME)
    with pytest.raises(BadSignatureError):
        open_bundle(other.bundle, KeyRing.load(folder).roots, NativeVerifier(), 0)
    shutil.copy(tmp_path / "other" / "bundle.bin", folder / "bundle.bin")
    with pytest.raises(KeysFolderError, match="not to be believed"):
        KeyRing.load(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('purpose = "permit"', 'purpose = "king"'),
        ("divisions = [410202]", "divisions = []"),
        ("divisions = [410202]", 'divisions = ["410202"]'),
        ("divisions = [410202]", "divisions = [12]"),
        ("divisions = [410202]", "divisions = [410203]"),
        ('valid_from = "2020-01-01"', 'valid_from = "2020-13-01"'),
        ('valid_from = "2020-01-01"', "valid_from = 5"),
        ('name = "organ-x"', 'name = "../organ-x"'),
        ('name = "organ-x"', 'name = "list-x"'),
        ('name = "organ-x"', 'name = "sam-7"'),
        ('name = "organ-x"', ""),
        ('suite = "ES256"', 'suite = "ES512"'),
        ('suite = "ES256"', "suite = 1"),
        ('suite = "ES256"', 'suite = "SM2-SM3"'),
        ('public_key = "', 'public_key = "00'),
        ('public_key = "', "# "),
        ('valid_through = "2040-12-31"', 'valid_through = "2019-12-31"'),
        ("bus_epoch = 1", "bus_epoch = 2"),
        ("bus_epoch = 1", "bus_epoch = 0"),
        ("bus_epoch = 1", "bus_epoch = 256"),
        ("bus_epoch = 1", 'bus_epoch = "1"'),
        ("bus_epoch = 1", ""),
        ("development = true", 'development = "yes"'),
        ("development = true", "development = true\ncolour = 7"),
        ("epoch = 3", "epoch = 4"),
        ("epoch = 3", "epoch = 0"),
        ("epoch = 3", "epoch = 65536"),
        ("[[key]]", "[key"),
    ],
)
def test_contradicting_keys_toml_is_refused(folder, old, new):
    change(folder / "keys.toml", old, new)
    with pytest.raises(KeysFolderError) as caught:
        KeyRing.load(folder)
    assert "keys" in str(caught.value)


CLEAR = ["keys.toml", "roots.toml", "bundle.bin"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((name, None) for name in CLEAR),
        *(
            (name, noise)
            for name in (*CLEAR, "organ-x.key", "sam-1.key")
            for noise in (b"", b"\xff\xfenoise")
        ),
    ],
)
def test_missing_or_damaged_file_is_named(folder, name, content):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(KeysFolderError) as caught:
        KeyRing.load(folder)
    assert name.split(".")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [("threshold = 2", "threshold = 0"), ("threshold = 2", "threshold = 4"), ('    "', '    "00')],
)
def test_roots_that_cannot_agree_are_refused(folder, old, new):
    change(folder / "roots.toml", old, new)
    with pytest.raises(RootsFileError, match=r"roots\.toml"):
        load_roots(folder / "roots.toml")
    with pytest.raises(KeysFolderError, match=r"roots\.toml"):
        KeyRing.load(folder)


@pytest.mark.parametrize("damage", ["off the curve", "twice the same"])
def test_roots_file_that_no_bundle_could_satisfy_is_refused_when_it_is_read(folder, damage):
    content = (folder / "roots.toml").read_text()
    first, second = re.findall(r'"([0-9a-f]{128})"', content)[:2]
    if damage == "twice the same":
        other, said = first, "different root keys"
        content = re.sub(r'\n    "[0-9a-f]{128}",(?=\n\])', "", content)
    else:
        other, said = second[:-1] + format(int(second[-1], 16) ^ 1, "x"), "not on the curve"
    (folder / "roots.toml").write_text(content.replace(second, other))
    with pytest.raises(RootsFileError, match=said):
        load_roots(folder / "roots.toml")


@pytest.mark.parametrize("line", ['suite = "SM2-SM3"', 'suite = "ES-256"', "suite = 1", 'suite = ["ES256"]'])
def test_roots_of_another_suite_than_they_say_are_refused(folder, line):
    path = folder / "roots.toml"
    change(path, 'suite = "ES256"', line)
    with pytest.raises(RootsFileError, match=r"suite is neither|not on the curve"):
        load_roots(path)


def test_roots_that_name_no_suite_are_refused(folder):
    change(folder / "roots.toml", 'suite = "ES256"\n', "")
    with pytest.raises(RootsFileError, match="suite is neither"):
        load_roots(folder / "roots.toml")


def test_roots_say_which_suite_they_are_of(folder):
    path = folder / "roots.toml"
    assert load_roots(path).suite == SUITE_ES256
    keys = "".join(f'    "{new_signer(SUITE_SM2_SM3).public_key.hex()}",\n' for _ in range(3))
    path.write_text(f'suite = "SM2-SM3"\nthreshold = 2\nkeys = [\n{keys}]\n')
    assert load_roots(path).suite == SUITE_SM2_SM3


def test_folder_without_a_private_part_serves_what_it_can(folder):
    """An organ's machine needs no list key, the publisher's no permit key."""
    (folder / "organ-x.key").unlink()
    (folder / "sam-1.key").unlink()
    ring = KeyRing.load(folder)
    assert ring.list_key(410200, FIRST)
    with pytest.raises(NoKeyError, match=r"organ-x\.key is not in this folder"):
        ring.permit_key(410202, FIRST, SUITE_ES256)
    with pytest.raises(NoKeyError, match="no SAM set is here"):
        ring.sam_set()
    # What the roots sign names the absent key all the same.
    signed = open_bundle(ring.build_bundle(2, TIME), ring.roots, NativeVerifier(), 2)
    assert [key.to_bytes() for key in signed.keys] == [key.to_bytes() for key in ring.trusted.keys]


def test_endorsement_key_signs_no_permit_and_goes_before_a_permit_key(tmp_path):
    specs = [*SPECS, KeySpec("endorsement-x", "endorsement", (410202, 410203), FIRST, LAST)]
    ring = KeyRing.make(tmp_path / "keys", specs, TIME)
    assert ring.endorsement_key(410202, FIRST, SUITE_ES256).spec.name == "endorsement-x"
    assert ring.permit_key(410202, FIRST, SUITE_ES256).spec.name == "organ-x"
    with pytest.raises(NoKeyError, match="no permit key"):
        ring.permit_key(410203, FIRST, SUITE_ES256)


def test_key_of_one_suite_is_not_found_for_another(folder):
    with pytest.raises(NoKeyError, match="no permit key of suite SM2-SM3"):
        KeyRing.load(folder).permit_key(410202, FIRST, SUITE_SM2_SM3)


def test_authority_of_sm2_alone_signs_and_is_believed(tmp_path):
    specs = [replace(spec, suite=SUITE_SM2_SM3) for spec in SPECS]
    made = KeyRing.make(tmp_path / "keys", specs, TIME)
    ring = KeyRing.load(tmp_path / "keys")
    assert ring.bundle == made.bundle
    assert ring.list_key(410200, FIRST).suite == ring.roots.suite == SUITE_SM2_SM3
    assert ring.permit_key(410202, FIRST, SUITE_SM2_SM3).public_key == made.keys[3].public_key
    assert load_roots(tmp_path / "keys" / "roots.toml").public_keys == ring.roots.public_keys


def test_folder_of_pem_files_says_what_to_do(folder):
    """As the version before this one made it."""
    text = (folder / "keys.toml").read_text()
    text = re.sub(r"(?m)^(public_key|suite|development|\[card_keys\]|\w+_epoch) ?.*\n", "", text)
    (folder / "keys.toml").write_text(text)
    with pytest.raises(KeysFolderError, match="move it aside and make another with juzhu keys make"):
        KeyRing.load(folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("valid_from = 2020-01-01", "valid_from is a day in quotation marks"),
        ("valid_from = 5", "valid_from is a day in quotation marks"),
        ('valid_from = "0001-01-01"', "valid_from is a day from 1900-01-02"),
        ('valid_from = "9999-12-31"', "valid_from is a day from 1900-01-02"),
    ],
)
def test_day_of_a_key_that_is_none_is_told_in_our_words(folder, line, said):
    change(folder / "keys.toml", 'valid_from = "2020-01-01"', line)
    with pytest.raises(KeysFolderError, match=said):
        KeyRing.load(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [("divisions = [410202]", "divisions = 5"), ('purpose = "permit"', 'purpose = ["permit"]')],
)
def test_value_of_another_kind_is_told_in_our_words(folder, old, new):
    change(folder / "keys.toml", old, new)
    with pytest.raises(KeysFolderError) as caught:
        KeyRing.load(folder)
    assert "object" not in str(caught.value)
    assert "type" not in str(caught.value)


@pytest.mark.parametrize("name", ["keys.toml", "roots.toml"])
def test_toml_nested_without_end_is_refused(folder, name):
    (folder / name).write_text("a = " + "[" * 60_000)
    with pytest.raises(KeysFolderError, match="nested too deep"):
        KeyRing.load(folder)
