"""Sealed files: what opens them, what does not, and that nothing hostile makes them cost more than they may."""

import copy
import json
import os
import pickle
import tracemalloc
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from hypothesis import given, settings
from hypothesis import strategies as st

from juzhu_protocol.authority import private_files
from juzhu_protocol.authority.errors import (
    KeysFolderError,
    PassphraseError,
    PassphraseNeededError,
    PrivateFileError,
)
from juzhu_protocol.authority.private_files import (
    MAX_COST,
    MAX_FILE,
    MIN_COST,
    PrivateFiles,
    is_protected,
    passphrase_bytes,
    read_head,
    refuse_loose,
)
from juzhu_protocol.hostside.private_file import write_private

SECRET = bytes(range(32))
HEAD = {"kind": "signing key", "name": "organ-x", "purpose": "permit", "suite": "ES256"}
PASSPHRASE = b"five words are easy here"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(private_files, "COST", MIN_COST)


@pytest.fixture
def sealed(tmp_path):
    path = tmp_path / "organ-x.key"
    path.write_bytes(PrivateFiles(PASSPHRASE).seal(HEAD, SECRET))
    return path


def change(path, **values):
    content = json.loads(path.read_text())
    for name, value in values.items():
        where = content
        *outer, last = name.split("__")
        for part in outer:
            where = where[part]
        if value is None:
            del where[last]
        else:
            where[last] = value
    path.write_text(json.dumps(content))


def test_what_is_sealed_opens_with_its_passphrase_and_shows_nothing_without(sealed):
    head, secret = PrivateFiles(PASSPHRASE).open(sealed, {"name": "organ-x", "purpose": "permit"})
    assert (head, secret) == (HEAD, SECRET)
    assert read_head(sealed) == HEAD
    assert is_protected(sealed)
    for form in (SECRET, SECRET.hex().encode(), PASSPHRASE):
        assert form not in sealed.read_bytes()


def test_file_is_what_the_named_standards_make_of_it(sealed):
    """Opened here by the standards alone: RFC 7914 and SP 800-38D over the clear part as canonical JSON."""
    content = json.loads(sealed.read_text())
    kdf = content["kdf"]
    derived = Scrypt(salt=bytes.fromhex(kdf["salt"]), length=64, n=kdf["n"], r=kdf["r"], p=kdf["p"]).derive(
        PASSPHRASE
    )
    clear = {name: content[name] for name in ("format", "head", "protection", "kdf")}
    data = json.dumps(clear, sort_keys=True, separators=(",", ":")).encode()
    opened = AESGCM(derived[:32]).decrypt(
        bytes.fromhex(content["nonce"]), bytes.fromhex(content["ciphertext"]), data
    )
    assert opened == SECRET
    # The check that tells a wrong passphrase gives away nothing of the key that encrypts.
    assert content["check"] != sha256(b"juzhu passphrase check" + derived[:32]).digest()[:8].hex()


def test_cost_of_real_files_is_what_it_says(monkeypatch):
    monkeypatch.undo()
    assert private_files.COST == 1 << 17
    assert MIN_COST <= private_files.COST <= MAX_COST


def test_no_two_files_share_a_nonce_or_two_folders_a_salt():
    one, other = PrivateFiles(PASSPHRASE), PrivateFiles(PASSPHRASE)
    files = [json.loads(each.seal(HEAD, SECRET)) for each in (one, one, other)]
    assert len({file["nonce"] for file in files}) == 3
    assert [files[0]["kdf"]["salt"] == file["kdf"]["salt"] for file in files] == [True, True, False]


def test_passphrase_is_derived_once_for_a_folder(tmp_path, monkeypatch):
    derived = []
    real = private_files.Scrypt

    def counted(**values):
        derived.append(values["salt"])
        return real(**values)

    monkeypatch.setattr(private_files, "Scrypt", counted)
    maker = PrivateFiles(PASSPHRASE)
    paths = [tmp_path / f"{number}.key" for number in range(4)]
    for path in paths:
        path.write_bytes(maker.seal(HEAD, SECRET))
    opener = PrivateFiles(PASSPHRASE)
    for path in paths:
        opener.open(path, HEAD)
    # And what is added later opens with the same derivation.
    opener.seal(HEAD, SECRET)
    assert len(derived) == 2
    assert len(set(derived)) == 1


@pytest.mark.parametrize(
    "wrong", [b"five words are easy her", b"five words are easy here ", b"\0", b"F" * 1024]
)
def test_wrong_passphrase_is_told_from_a_changed_file(sealed, wrong):
    with pytest.raises(PassphraseError, match="the passphrase is wrong"):
        PrivateFiles(wrong).open(sealed, HEAD)


def test_no_passphrase_is_told_from_a_wrong_one(sealed):
    with pytest.raises(PassphraseNeededError, match="its passphrase is needed"):
        PrivateFiles().open(sealed, HEAD)


@pytest.mark.parametrize("passphrase", [b"", bytes(1025)])
def test_passphrase_without_length_or_end_is_refused(passphrase):
    with pytest.raises(PassphraseError):
        PrivateFiles(passphrase)


def test_two_keyboards_agree_on_a_passphrase():
    assert passphrase_bytes("caf\u00e9") == passphrase_bytes("cafe\u0301")


@pytest.mark.parametrize(
    ("name", "value"),
    [("name", "list-x"), ("purpose", "endorsement"), ("suite", "SM2-SM3"), ("kind", "SAM set")],
)
def test_renamed_or_relabelled_file_is_refused_whatever_its_label_says(sealed, name, value):
    """As it is asked for under another name; and with a head that was changed to fit."""
    with pytest.raises(PrivateFileError, match="renamed or swapped"):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD | {name: value})
    change(sealed, **{f"head__{name}": value})
    with pytest.raises(PrivateFileError, match="was changed since it was sealed"):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD | {name: value})


@pytest.mark.parametrize("field", ["nonce", "ciphertext"])
@pytest.mark.parametrize("at", [0, -1])
def test_one_changed_bit_is_noticed(sealed, field, at):
    raw = bytearray(bytes.fromhex(json.loads(sealed.read_text())[field]))
    raw[at] ^= 1
    change(sealed, **{field: raw.hex()})
    with pytest.raises(PrivateFileError, match="was changed since it was sealed"):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD)


def test_added_word_in_the_head_is_noticed(sealed):
    change(sealed, head__owner="mallory")
    with pytest.raises(PrivateFileError, match="was changed since it was sealed"):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD)


@pytest.mark.parametrize(
    "cost",
    [
        1 << 40,
        MAX_COST * 2,
        MAX_COST - 1,
        MIN_COST // 2,
        1,
        0,
        -MIN_COST,
        True,
        "131072",
        131072.0,
        None,
        10**400,
    ],
)
def test_cost_that_would_eat_the_machine_or_protect_nothing_is_not_paid(sealed, cost, monkeypatch):
    monkeypatch.setattr(private_files, "Scrypt", None)
    change(sealed, kdf__n=cost)
    with pytest.raises(PrivateFileError):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD)


@pytest.mark.parametrize(("name", "value"), [("r", 1 << 20), ("r", 1), ("p", 1 << 20), ("p", 0), ("p", "1")])
def test_other_parameters_of_scrypt_are_not_paid_either(sealed, name, value, monkeypatch):
    monkeypatch.setattr(private_files, "Scrypt", None)
    change(sealed, **{f"kdf__{name}": value})
    with pytest.raises(PrivateFileError, match="does not pay"):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD)


def test_endless_file_is_not_read(tmp_path):
    path = tmp_path / "organ-x.key"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(PrivateFileError):
            PrivateFiles(PASSPHRASE).open(path, HEAD)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [0, 1, 50, 200, -1, -2, -30])
def test_truncated_file_is_refused(sealed, length):
    sealed.write_bytes(sealed.read_bytes()[:length].rstrip(b"\n}"))
    with pytest.raises(PrivateFileError):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD)


@pytest.mark.parametrize(
    "values",
    [
        {"format": "juzhu private key 2"},
        {"protection": "none"},
        {"protection": "rot13"},
        {"protection": []},
        {"head": []},
        {"head": {"kind": {}}},
        {"nonce": ""},
        {"nonce": "00"},
        {"nonce": 7},
        {"check": "zz"},
        {"ciphertext": ""},
        {"ciphertext": None},
        {"kdf": None},
        {"kdf": []},
        {"kdf__salt": "00"},
        {"kdf__more": 1},
        {"more": 1},
    ],
)
def test_file_of_another_shape_is_refused(sealed, values):
    change(sealed, **values)
    with pytest.raises(PrivateFileError):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD)


@pytest.mark.parametrize(
    "content", [b"[" * MAX_FILE, b"\xff\xfe", b"null", b'"x"', b"{}", b"-----BEGIN PRIVATE KEY-----"]
)
def test_file_that_is_none_of_ours_is_refused(sealed, content):
    sealed.write_bytes(content)
    with pytest.raises(PrivateFileError, match="no private file of ours"):
        PrivateFiles(PASSPHRASE).open(sealed, HEAD)


# Whatever the bytes of a file are, opening it yields the secret that was sealed or one of our errors, and no error
# quotes the file.
@settings(deadline=None, max_examples=80)
@given(at=st.integers(0, 4000), value=st.binary(min_size=0, max_size=3))
def test_no_mutation_of_a_file_opens_as_something_else(tmp_path_factory, at, value):
    path = tmp_path_factory.mktemp("m") / "organ-x.key"
    whole = _SEALED
    at %= len(whole)
    path.write_bytes(whole[:at] + value + whole[at + len(value) :])
    said = ""
    try:
        assert _OPENER.open(path, HEAD)[1] == SECRET
    except KeysFolderError as error:
        said = str(error)
    assert json.loads(whole)["ciphertext"] not in said
    assert not said or "organ-x.key" in said


_OPENER = PrivateFiles(PASSPHRASE)
_REAL_COST, private_files.COST = private_files.COST, MIN_COST
_SEALED = _OPENER.seal(HEAD, SECRET)
private_files.COST = _REAL_COST


def test_development_file_says_so_and_shows_damage(tmp_path):
    path = tmp_path / "organ-x.key"
    path.write_bytes(PrivateFiles().seal(HEAD, SECRET))
    assert not is_protected(path)
    assert PrivateFiles().open(path, HEAD) == (HEAD, SECRET)
    # A passphrase that is not needed does no harm.
    assert PrivateFiles(PASSPHRASE).open(path, HEAD) == (HEAD, SECRET)
    change(path, secret=bytes(32).hex())
    with pytest.raises(PrivateFileError, match="was changed since it was written"):
        PrivateFiles().open(path, HEAD)


def test_passphrase_and_derived_keys_are_not_shown_pickled_or_copied():
    files = PrivateFiles(PASSPHRASE)
    files.seal(HEAD, SECRET)
    assert "five" not in repr(files) + str(files) + repr([files])
    assert not hasattr(files, "__dict__")
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            act(files)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_file_that_others_may_read_or_write_is_refused(sealed, mode):
    sealed.chmod(0o600)
    refuse_loose(sealed)
    sealed.chmod(mode)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        refuse_loose(sealed)


def test_written_file_is_private_whole_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "organ-x.key"
    old = os.umask(0)
    try:
        write_private(path, b"one")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_link_under_the_name_is_replaced_and_not_followed(tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    path = tmp_path / "organ-x.key"
    path.symlink_to(other)
    write_private(path, b"sealed")
    assert other.read_bytes() == b"mine"
    assert path.read_bytes() == b"sealed"
    assert not Path(path).is_symlink()
