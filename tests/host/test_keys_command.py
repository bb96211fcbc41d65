"""`juzhu keys` as an authority's people type it: made, shown, sealed, signed, exported."""

import getpass
import json
import sys
from types import SimpleNamespace

import pytest

from host.keys_kit import (
    AFTER,
    BEFORE,
    CITY,
    DIVISION,
    FIRST,
    PASSPHRASE,
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
    write_passphrase,
)
from juzhu_host import keys_files
from juzhu_host.cli import main
from juzhu_protocol.authority import private_files
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.authority.private_files import MIN_COST
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.card.keys import ROLE_BUS
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.rules.calendar import from_iso
from juzhu_protocol.rules.decide import GENUINE


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(private_files, "COST", MIN_COST)
    at(monkeypatch, BEFORE)


@pytest.fixture
def passphrase(tmp_path):
    return write_passphrase(tmp_path)


@pytest.fixture
def keys(capsys, passphrase):
    return runner(capsys, passphrase)


@pytest.fixture
def folder(keys, tmp_path):
    return make_folder(keys, tmp_path / "keys")


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
    key = ring_of(folder).permit_key(DIVISION, from_iso(BEFORE), SUITE_ES256)
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
    words = ("--out", tmp_path / "bus.json", "--new-passphrase-file", passphrase)
    said.append(keys("sam", folder, "--export", "bus", *words))
    texts = [(tmp_path / "bus.json").read_bytes()]
    said.append(keys("add", folder, "--name", "x", "--purpose", "list", "--division", CITY, sealed=never))
    ring = ring_of(folder)
    secrets = [key.signer._secret() for key in ring.keys]
    secrets += [sam.master(role) for sam in ring.sams.values() for role in range(4)] + [PASSPHRASE.encode()]
    assert len(secrets) == 5 + 8 + 1, said
    texts += ["".join(map(str, each)).encode() for each in said]
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
        (b"   \n", 0o600, "one line"),
        (bytes(20), 0o600, "cannot be typed"),
        (b"\xef\xbb\xbf" + PASSPHRASE.encode(), 0o600, "cannot be typed"),
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
        sticks[name].mkdir(mode=0o700)
        (folder / f"{name}.key").rename(sticks[name] / f"{name}.key")
    assert keys("rotate", folder, "permit-410200", "--from", THEFT)[0] == 0
    assert shown(keys, folder)["proposal"]["signed"] == 0
    carried = tmp_path / "carried.json"
    carried.write_bytes((folder / "proposal.json").read_bytes())
    proposal = shown(keys, folder)["proposal"]
    line = f"fingerprint of what is signed: {proposal['fingerprint']}"
    assert line in keys("show", folder)[1].splitlines()
    for number, name in enumerate(("root-3", "root-1"), 1):
        code, said, wrong = keys("sign", sticks[name], "--root", name, "--proposal", carried)
        assert (code, wrong) == (0, "")
        assert f"signed by {number} of 2" in said
        # What is signed is shown before: the same on both machines.
        assert all(change in said for change in proposal["changes"])
        assert line in said.splitlines()
    assert shown(keys, folder)["bundle"]["version"] == 1
    code, said, _ = keys("sign", folder, "--proposal", carried, sealed=never)
    assert (code, "bundle version 2 is in force" in said) == (0, True)
    assert line in said.splitlines()
    assert (shown(keys, folder)["bundle"]["version"], shown(keys, folder)["bundle"]["believed"]) == (2, True)
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
    stick.mkdir(mode=0o700)
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


def test_bundle_that_the_root_does_not_stand_behind_is_shown_as_that(folder, keys):
    raw = bytearray((folder / "bundle.bin").read_bytes())
    raw[-1] ^= 1
    (folder / "bundle.bin").write_bytes(raw)
    code, said, _ = keys("show", folder)
    assert (code, "NOT TO BE BELIEVED" in said) == (78, True)
    code, _, wrong = keys("rotate", folder, "permit-410200", "--from", THEFT)
    assert (code, "not to be believed" in wrong) == (78, True)


def test_damaged_proposal_is_shown_and_stops_no_service(folder, keys):
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    (folder / "proposal.json").write_text("{")
    assert "proposal.json is DAMAGED" in keys("show", folder)[1]
    code, _, wrong = keys("sign", folder, "--root", "root-1")
    assert (code, "damaged" in wrong) == (78, True)
    assert ring_of(folder).trusted.version == 1
    (folder / "proposal.json").unlink()
    assert not shown(keys, folder)["proposal_damaged"]


def test_folder_of_an_older_version_says_what_to_do(folder, keys, capsys, tmp_path, monkeypatch):
    text = (folder / "keys.toml").read_text()
    (folder / "keys.toml").write_text(text[text.index("[[key]]") :].replace('suite = "ES256"\n', ""))
    for code, _, wrong in (keys("show", folder), keys("sam", folder)):
        assert (code, "move it aside" in wrong) == (78, True)
    # And so does the user's own development authority.
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "juzhu").mkdir()
    folder.rename(tmp_path / "juzhu" / "development-authority")
    words = ("--division", str(DIVISION), "--born", "1950-03-01", "--issued", "2025-06-01")
    assert main(["card", "new", *words, "--out", str(tmp_path / "card.json")]) == 78
    assert "aside" in capsys.readouterr().err


def test_commands_for_trying_out_take_no_sealed_keys(folder, capsys, tmp_path):
    words = ("--division", str(DIVISION), "--born", "1950-03-01", "--issued", "2025-06-01")
    assert main(["card", "new", *words, "--out", str(tmp_path / "c.json"), "--keys", str(folder)]) == 78
    assert "takes development keys alone" in capsys.readouterr().err


def test_bundle_that_no_reader_holds_is_not_made(keys, tmp_path):
    divisions = [word for number in range(110000, 110000 + 16 * 20) for word in ("--division", number)]
    code, _, wrong = keys("make", tmp_path / "k", *divisions)
    assert (code, "a reader could not hold" in wrong) == (78, True)
    assert not (tmp_path / "k").exists()


def test_nothing_to_sign_is_said(folder, keys):
    code, _, wrong = keys("sign", folder, "--root", "root-1")
    assert (code, "nothing waits for a signature" in wrong) == (78, True)


# -- what may go wrong at the keyboard --------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["show", "make", "sam", "drop", "sign", "rotate", "epoch"])
def test_name_longer_than_any_file_has_is_refused_in_words(keys, act, tmp_path):
    more = {
        "make": ("--division", DIVISION),
        "drop": ("x",),
        "rotate": ("x",),
        "sign": ("--root", "root-1"),
        "epoch": ("--list", "x"),
    }
    for name in ("x" * 300, "x/" * 3_000):
        sealed = never if act in ("show", "drop", "epoch") else lambda act: True
        code, _, wrong = keys(act, tmp_path / name, *more.get(act, ()), sealed=sealed)
        assert (code, len(wrong.strip().splitlines())) == (78, 1)


def test_folder_whose_keys_end_before_they_begin_is_not_made(keys, tmp_path):
    words = ("--division", DIVISION, "--from", "2027-01-01", "--through", "2026-01-01")
    code, _, wrong = keys("make", tmp_path / "k", *words)
    assert (code, "before they begin" in wrong) == (78, True)
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("now", [-(10**10), 0, 2**32])
def test_clock_that_no_bundle_can_bear_is_told_as_that_and_leaves_no_key(folder, keys, monkeypatch, now):
    monkeypatch.setattr(keys_files, "time", SimpleNamespace(time=lambda: now))
    before = {path.name for path in folder.iterdir()}
    words = ("--name", "x", "--purpose", "permit", "--division", DIVISION)
    for code, _, wrong in (keys("add", folder, *words), keys("drop", folder, "policy-410200", sealed=never)):
        assert (code, "clock is wrong" in wrong) == (78, True)
    assert {path.name for path in folder.iterdir()} - {"keys.lock"} == before - {"keys.lock"}


def test_change_of_a_clock_years_ahead_is_asked_about(folder, keys, monkeypatch):
    """Readers without a clock would take it for the time, and every later bundle is dated after it."""
    at(monkeypatch, "2066-01-01")
    code, _, wrong = keys("drop", folder, "policy-410200", sealed=never)
    assert (code, "--accept-clock-jump" in wrong) == (78, True)
    assert not (folder / "proposal.json").exists()
    assert keys("drop", folder, "policy-410200", "--accept-clock-jump", sealed=never)[0] == 0


def test_change_of_a_clock_behind_the_bundle_in_force_is_refused(folder, keys, monkeypatch):
    """A rotation by it could end a key before anybody heard of it."""
    at(monkeypatch, "2001-01-01")
    code, _, wrong = keys("drop", folder, "policy-410200", sealed=never)
    assert (code, "before the bundle in force" in wrong) == (78, True), wrong
    assert not (folder / "proposal.json").exists()


def test_refused_rotation_leaves_no_key_file(folder, keys):
    before = {path.name for path in folder.iterdir()} | {"keys.lock"}
    for words in (("permit-410200", "--from", FIRST), ("permit-410200", "--from", "2078-01-01"), ("root-1",)):
        assert keys("rotate", folder, *words)[0] == 78
    assert {path.name for path in folder.iterdir()} == before


def test_stolen_keys_successor_is_a_new_key_though_a_file_of_the_next_name_lies_there(folder, keys):
    """It lay there when the folder was stolen: of a rotation that never came into force."""
    keys("rotate", folder, "permit-410200", "--from", THEFT)
    (folder / "proposal.json").unlink()
    lost = (folder / "permit-410200-2.key").read_bytes()
    code, said, _ = keys("revoke", folder, "permit-410200", "--on", BEFORE)
    assert (code, "made permit-410200-3" in said) == (0, True)
    assert (folder / "permit-410200-2.key").read_bytes() == lost
    (folder / "root-4.key").write_bytes(b"of a run that was cut")
    code, said, _ = keys("root", folder, "--replace", "root-1")
    assert (code, "made root-5" in said) == (0, True)


def test_roots_left_to_sign_are_counted_in_those_in_force(folder, keys):
    assert keys("root", folder, "--replace", "root-1")[0] == 0
    code, _, wrong = keys("root", folder, "--replace", "root-2")
    assert (code, "1 root keys would be left to sign, and 2 must" in wrong) == (78, True)


@pytest.mark.parametrize("words", [("--from", BEFORE), ("--from", FIRST)])
def test_rotation_that_is_not_ahead_is_refused(folder, keys, words):
    code, _, wrong = keys("rotate", folder, "permit-410200", *words)
    assert (code, "is not ahead" in wrong) == (78, True)


def test_name_that_the_parser_takes_for_none_is_refused(folder, keys):
    code, _, wrong = keys("add", folder, "--name=--", "--purpose", "permit", "--division", DIVISION)
    assert (code, "wants a name" in wrong) == (78, True)


def test_file_that_is_swapped_while_the_passphrase_is_typed_is_not_signed(
    folder, keys, tmp_path, monkeypatch
):
    keys("rotate", folder, "permit-410200")
    carried = tmp_path / "carried.json"
    carried.write_bytes((folder / "proposal.json").read_bytes())
    keys("drop", folder, "policy-410200", sealed=never)

    def swap(prompt):
        carried.write_bytes((folder / "proposal.json").read_bytes())
        return PASSPHRASE

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", swap)
    code, _, wrong = keys("sign", folder, "--root", "root-1", "--proposal", carried, sealed=never)
    assert (code, "changed after it was shown" in wrong) == (78, True)
    assert json.loads(carried.read_text())["signatures"] == []


def test_rotation_signed_too_late_is_proposed_again(folder, keys, monkeypatch):
    assert keys("rotate", folder, "permit-410200")[0] == 0
    assert shown(keys, folder)["keys"][3]["valid_through"] != BEFORE
    at(monkeypatch, "2026-01-24")
    code, _, wrong = keys("sign", folder, "--root", "root-1")
    assert (code, "propose it again" in wrong) == (78, True)
    (folder / "proposal.json").unlink()
    assert keys("rotate", folder, "permit-410200")[0] == 0
    assert "in force" in signed_by(keys, folder, "root-1", "root-2")


def test_revocation_is_not_put_off(folder, keys):
    code, _, wrong = keys("revoke", folder, "permit-410200", "--on", THEFT)
    assert (code, "is ahead" in wrong) == (78, True)


def test_changed_roots_are_shown_before_they_are_signed(folder, keys):
    keys("root", folder, "--replace", "root-1")
    assert shown(keys, folder)["proposal"]["root_changes"]
    assert "THE ROOT KEYS CHANGE" in keys("show", folder)[1]
    assert "THE ROOT KEYS CHANGE" in keys("sign", folder, "--root", "root-2")[1]


def test_root_key_that_others_can_read_does_not_sign(folder, keys, tmp_path):
    keys("rotate", folder, "permit-410200")
    (folder / "root-1.key").chmod(0o644)
    code, _, wrong = keys("sign", folder, "--root", "root-1")
    assert (code, "chmod 600" in wrong) == (78, True)


def test_passphrase_that_no_file_here_can_tell_is_asked_for_twice(folder, keys, monkeypatch, tmp_path):
    """Such as where only root keys are, which their custodians seal: a mistyped one would seal the new key."""
    for path in folder.glob("*.key"):
        if not path.name.startswith("root-"):
            path.unlink()
    asked = on_a_terminal(monkeypatch, PASSPHRASE, PASSPHRASE + "!")
    words = ("--name", "x", "--purpose", "permit", "--division", DIVISION)
    code, _, wrong = keys("add", folder, *words, sealed=never)
    assert (code, "not the same" in wrong, len(asked)) == (78, True, 2)
    assert not (folder / "x.key").exists()
    on_a_terminal(monkeypatch, PASSPHRASE, PASSPHRASE)
    assert keys("add", folder, *words, sealed=never)[0] == 0
    # Now one is here that tells.
    on_a_terminal(monkeypatch, PASSPHRASE + "!")
    code, _, wrong = keys("sam", folder, sealed=never)
    assert (code, "the passphrase is wrong" in wrong) == (78, True)


def test_resealed_link_stays_a_link_and_the_file_it_leads_to_is_sealed(folder, keys, tmp_path, passphrase):
    stick = tmp_path / "stick"
    stick.mkdir(mode=0o700)
    (folder / "root-1.key").rename(stick / "root-1.key")
    (folder / "root-1.key").symlink_to(stick / "root-1.key")
    own = tmp_path / "own"
    own.write_text("another custodian, other words")
    own.chmod(0o600)
    before = (stick / "root-1.key").read_bytes()
    words = (folder / "root-1.key", "--passphrase-file", passphrase, "--new-passphrase-file", own)
    assert keys("reseal", *words)[0] == 0
    assert (folder / "root-1.key").is_symlink()
    assert (stick / "root-1.key").read_bytes() != before


def test_closed_standard_input_is_no_terminal(folder, keys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    code, _, wrong = keys("sam", folder, sealed=never)
    assert (code, "there is no terminal" in wrong) == (78, True)


# -- what a role's readers are installed with ---------------------------------------------------------------


def test_exported_masters_are_one_roles_alone_and_for_the_owners_eyes(folder, keys, tmp_path):
    keys("sam", folder)
    out = tmp_path / "bus.json"
    code, said, _ = keys("sam", folder, "--export", "bus", "--open", "--out", out)
    assert (code, "IS NOT SEALED" in said) == (0, True)
    assert out.stat().st_mode & 0o777 == 0o600
    content = json.loads(out.read_text())
    ring = ring_of(folder)
    assert content == {"bus_masters": {str(n): ring.sam_set(n).master(ROLE_BUS).hex() for n in (1, 2)}}
    code, _, wrong = keys("sam", folder, "--export", "bus", "--open", "--out", out)
    assert (code, "not overwritten" in wrong) == (78, True)


def test_export_leaves_out_epochs_that_the_role_accepts_no_more(folder, keys, tmp_path):
    keys("sam", folder)
    keys("epoch", folder, "--role", "counter", "--lowest", 2, sealed=never)
    signed_by(keys, folder, "root-1", "root-2")
    keys("sam", folder, "--export", "counter", "--open", "--out", tmp_path / "c.json")
    assert list(json.loads((tmp_path / "c.json").read_text())["counter_masters"]) == ["2"]


def test_sealed_export_opens_where_the_reader_is_set_up(folder, keys, tmp_path):
    other = tmp_path / "other"
    other.write_text("words for the one who installs")
    other.chmod(0o600)
    sealed, out = tmp_path / "bus.sealed", tmp_path / "bus.json"
    code, said, _ = keys("sam", folder, "--export", "bus", "--out", sealed, "--new-passphrase-file", other)
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
