"""`juzhu card`: card images made, shown and endorsed, and the development authority that signs them."""

import json
import shutil
from dataclasses import replace
from hashlib import sha256

import pytest

from juzhu_host import card_command, development_authority
from juzhu_host.card_files import card_permit
from juzhu_host.cases import read_case
from juzhu_host.cli import main
from juzhu_protocol.authority.card_image import MAX_IMAGE, CardImage
from juzhu_protocol.authority.holder_file import HolderFile
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.personalise import build_security
from juzhu_protocol.profiles.source import find_profile, profile_names
from juzhu_protocol.records.card import CardKeys, Security, Service
from juzhu_protocol.trust.contexts import SERVICE_CONTEXT, signed_part
from juzhu_simulator.portrait import portrait

BORN = ("--division", "410202", "--born", "1950-03-01")
ISSUED = (*BORN, "--issued", "2024-05-10")


@pytest.fixture(scope="session")
def authority_home(tmp_path_factory):
    """A user's data folder in which the development authority is made already."""
    home = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        development_authority.open_or_make()
    return home


@pytest.fixture
def card(tmp_path, monkeypatch, capsys, authority_home):
    """Run `juzhu card` in tmp_path; return exit code, standard output and standard error."""
    monkeypatch.setenv("XDG_DATA_HOME", str(authority_home))
    monkeypatch.chdir(tmp_path)

    def run(*words):
        try:
            code = main(["card", *words])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def made(card):
    code, _, said = card("new", *ISSUED, "--endorsed", "2025-05-02", "--out", "card.json")
    assert (code, said) == (0, "")
    return card


MOVED = ("--on", "2025-06-01", "--kind", "moved", "--division", "410221")


def shown(card, name="card.json", *words):
    code, out, said = card("show", name, "--json", *words)
    assert code == 0, said
    return json.loads(out)


def test_a_card_is_made_shown_and_endorsed(card, tmp_path):
    life = ("--endorsed", "2025-05-02", "--endorsed", "2025-07-01:address", "--address", "开封市某街")
    assert card("new", *ISSUED, *life, "--serial", "77", "--out", "card.json")[0] == 0
    assert (tmp_path / "card.json").stat().st_mode & 0o777 == 0o600
    before = shown(card)
    assert before["authenticity"] == "genuine"
    assert (before["list_division"], before["serial"], before["issuing_division"]) == (410200, 77, 410202)
    assert (before["good_through"], before["anchor"], before["endorsement_number"]) == (
        "2026-05-10",
        "2024-05-10",
        2,
    )
    code, out, _ = card("endorse", "card.json", "--on", "2026-05-01", "--out", "next.json")
    assert (code, out) == (0, "endorsement 3, yearly, on 2026-05-01: good through 2027-05-10\n")
    assert shown(card) == before
    after = shown(card, "next.json")
    assert (after["authenticity"], after["good_through"]) == ("genuine", "2027-05-10")
    assert [(entry["kind"], entry["genuine"]) for entry in after["endorsements"]] == [
        ("yearly", True),
        ("address", True),
        ("yearly", True),
    ]


def test_a_late_endorsement_restarts_the_years_and_says_so(made):
    code, out, _ = made("endorse", "card.json", "--on", "2026-11-10")
    assert (code, out) == (0, "endorsement 2, yearly, late, on 2026-11-10: good through 2027-11-10\n")
    assert shown(made)["resident_since"] == "2026-11-10"


def test_a_move_is_endorsed_by_the_new_place(made):
    words = ("--on", "2026-01-10", "--kind", "moved", "--registered", "2025-07-10", "--division", "410221")
    assert made("endorse", "card.json", *words, "--address", "杞县某街")[0] == 0
    found = shown(made)
    assert (found["issuing_division"], found["anchor"], found["good_through"]) == (
        410221,
        "2026-01-10",
        "2027-01-10",
    )
    assert found["authenticity"] == "genuine"
    assert [entry["issuing_division"] for entry in found["endorsements"]] == [410202, 410221]


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"endorsed": [["2025-05-02", "yearly"], ["2026-11-10", "yearly"]]},
        {"endorsed": [["2025-05-10", "yearly"], ["2025-06-01", "address"], ["2026-01-01", "moved"]]},
        {"issued": "2024-02-29", "endorsed": [["2025-02-28", "yearly"], ["2026-02-01", "yearly"]]},
        {"resident_since": "2020-01-01", "registered": "2024-05-01", "endorsed": [["2025-01-01", "moved"]]},
        {"class": "transitional", "issued": "2017-05-10", "good_through": "2018-01-01"},
        {"division": 110101, "endorsed": [["2025-05-02", "yearly"]], "profile": "beijing"},
    ],
)
def test_a_card_file_says_what_the_case_of_the_same_life_does(card, tmp_path, case):
    full = {
        "born": "1950-03-01",
        "issued": "2024-05-10",
        "service": "health",
        "today": ["2026-01-01", None],
        **case,
    }
    wanted = read_case(full).record
    words = [
        "--division",
        str(full.get("division", 410202)),
        "--born",
        full["born"],
        "--issued",
        full["issued"],
    ]
    for key in ("resident_since", "registered", "good_through", "class"):
        words += [f"--{key.replace('_', '-')}", full[key]] if key in full else []
    for day, kind in full.get("endorsed", ()):
        words += ["--endorsed", f"{day}:{kind}" + (":410221" if kind == "moved" else "")]
        # A case has one division, a move has two.
        wanted.issuing_division = 410221 if kind == "moved" else wanted.issuing_division
    code, _, said = card("new", *words, "--out", "card.json")
    assert code == 0, said
    found = Service.from_bytes(CardImage.from_json((tmp_path / "card.json").read_text()).service)
    for name in set(Service.__slots__) - {"key_id", "signature"}:
        assert getattr(found, name) == getattr(wanted, name), name


def test_the_development_authority_is_made_once_and_says_where(card, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    place = tmp_path / "data" / "juzhu" / "development-authority"
    code, out, said = card("new", *ISSUED, "--out", "a.json")
    assert (code, out) == (0, "")
    assert f"made a development authority in {place}" in said
    assert place.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in place.iterdir())
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert card("new", *ISSUED, "--out", "b.json") == (0, "", "")
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert [path.name for path in place.parent.iterdir()] == [place.name]
    assert shown(card, "a.json")["key"] == shown(card, "b.json")["key"]


def test_the_development_authority_signs_for_every_division_of_every_profile():
    specs = development_authority.specs()
    for name in profile_names():
        record = find_profile(name).record
        for entry in record.divisions:
            assert any(spec.may_sign("permit", entry.division, 46000) for spec in specs)
        assert any(spec.may_sign("list", record.list_division, 46000) for spec in specs)
    assert len({spec.name for spec in specs}) == len(specs)


def test_the_other_of_two_first_uses_takes_the_winners_keys(tmp_path, monkeypatch, authority_home):
    place = tmp_path / "keys"
    real = KeyRing.make

    def late(folder, *rest, **named):
        shutil.copytree(development_authority_of(authority_home), place)
        return real(folder, *rest, **named)

    monkeypatch.setattr(KeyRing, "make", late)
    ring = development_authority.open_or_make(place)
    assert ring.bundle == (development_authority_of(authority_home) / "bundle.bin").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def development_authority_of(home):
    return home / "juzhu" / "development-authority"


def test_keys_made_where_the_option_says(card, tmp_path):
    code, _, said = card("new", *ISSUED, "--keys", "mine", "--out", "card.json")
    assert code == 0
    assert "made a development authority in mine" in said
    assert shown(card, "card.json", "--keys", "mine")["authenticity"] == "genuine"
    assert shown(card, "card.json")["authenticity"] == "unknown-key"
    assert shown(card, "card.json", "--roots", "mine/roots.toml")["authenticity"] == "unknown-key"


def test_the_committed_keys_are_read_and_never_written(card):
    def digest():
        return {path.name: sha256(path.read_bytes()).digest() for path in DEVELOPMENT_KEYS.iterdir()}

    before = digest()
    assert card("new", *ISSUED, "--keys", str(DEVELOPMENT_KEYS), "--out", "card.json") == (0, "", "")
    assert shown(card, "card.json", "--keys", str(DEVELOPMENT_KEYS))["authenticity"] == "genuine"
    assert digest() == before


def test_a_folder_with_other_things_is_not_filled_with_keys(card, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(b"x")
    code, _, said = card("new", *ISSUED, "--keys", "photos", "--out", "card.json")
    assert code == 78
    assert "no keys folder" in said
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["1.jpg"]


def test_a_damaged_authority_says_to_move_it_aside(card, tmp_path, monkeypatch, authority_home):
    shutil.copytree(authority_home, tmp_path / "data")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (development_authority_of(tmp_path / "data") / "bundle.bin").write_bytes(b"")
    code, _, said = card("new", *ISSUED, "--out", "card.json")
    assert code == 78
    assert "aside, and new keys are made" in said
    assert not (tmp_path / "card.json").exists()


def test_keys_that_cannot_be_kept_are_a_fault(card, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    code, _, said = card("new", *ISSUED, "--out", "card.json")
    assert code == 78
    assert "--keys DIR" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((*BORN, "--issued", "1949-01-01"), 78, "after the issue"),
        (("--division", "410202", "--born", "1901-01-01", "--issued", "2024-05-10"), 78, "120 years"),
        ((*ISSUED, "--endorsed", "2024-05-09"), 1, "before the permit's last act"),
        ((*ISSUED, "--endorsed", "2025-05-02", "--endorsed", "2025-05-01:address"), 1, "last act"),
        ((*ISSUED, "--endorsed", "2025-04-09"), 1, "2025-04-10"),
        ((*ISSUED, "--endorsed", "2025-11-11"), 1, "register anew"),
        ((*ISSUED, "--endorsed", "2025-05-01:moved:410221", "--registered", "2025-01-01"), 1, "2025-07-01"),
        ((*ISSUED, "--class", "transitional", "--endorsed", "2025-05-02"), 78, "never endorsed"),
        ((*ISSUED, "--good-through", "2025-06-01"), 78, "transitional alone"),
        ((*ISSUED, "--class", "transitional", "--good-through", "2024-05-10"), 78, "after the issue"),
        ((*ISSUED, "--resident-since", "2024-05-11"), 78, "--resident-since"),
        ((*ISSUED, "--address", "长" * 36), 1, "address"),
        ((*ISSUED, "--profile", "atlantis"), 78, "kaifeng"),
        ((*BORN, "--issued", "2079-01-01"), 78, "120 years"),
        (("--division", "440305", "--born", "1990-01-01", "--issued", "2024-05-10"), 78, "440305"),
        ((*ISSUED, "--serial", "0"), 64, "serial"),
        ((*ISSUED, "--division", "4102"), 64, "4102"),
        ((*ISSUED, "--endorsed", "2025-05-02:monthly"), 64, "monthly"),
        ((*ISSUED, "--endorsed", "2025-02-30"), 64, "no such date"),
        ((*BORN, "--issued", "2080-01-01"), 64, "2079-06-05"),
        ((*ISSUED, "--class", "guest"), 64, "invalid choice"),
        (BORN, 64, "--issued"),
    ],
)
def test_a_card_that_no_organ_would_make_is_not_made(card, tmp_path, words, code, said):
    found, out, err = card("new", *words, "--out", "card.json")
    assert (found, out) == (code, "")
    assert said in err.splitlines()[-1]
    assert not (tmp_path / "card.json").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--on", "2026-04-09"), 1, "2026-04-10"),
        (("--on", "2026-11-11"), 1, "register anew"),
        (("--on", "2025-05-01", "--kind", "address", "--address", "新街"), 1, "last act"),
        (("--on", "2025-06-01", "--kind", "address"), 1, "--address"),
        (("--on", "2025-06-01", "--kind", "moved", "--division", "410203"), 1, "of the same unit"),
        (("--on", "2025-06-01", "--kind", "moved", "--division", "110101"), 1, "no division of this city"),
        (("--on", "2026-05-01", "--division", "410221"), 1, "--division"),
        ((*MOVED, "--registered", "2025-01-01"), 1, "2025-07-01"),
        (("--on", "2026-13-01"), 64, "no such date"),
        (("--kind", "monthly"), 64, "invalid choice"),
        (("--on", "2026-05-01", "--out", "no/card.json"), 78, "not written"),
    ],
)
def test_a_refused_endorsement_changes_nothing(made, tmp_path, words, code, said):
    before = (tmp_path / "card.json").read_bytes()
    found, out, err = made("endorse", "card.json", *words)
    assert (found, out) == (code, "")
    assert said in err.splitlines()[-1]
    assert (tmp_path / "card.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_a_forged_card_is_not_endorsed_into_a_genuine_one(made, tmp_path):
    image = json.loads((tmp_path / "card.json").read_text())
    service = Service.from_bytes(bytes.fromhex(image["service"]))
    service.birth_day -= 3650
    image["service"] = service.to_bytes().hex()
    (tmp_path / "card.json").write_text(json.dumps(image))
    assert shown(made)["authenticity"] == "forged"
    code, _, said = made("endorse", "card.json", "--on", "2026-05-01")
    assert code == 1
    assert "SERVICE is not as an organ signed it" in said


def test_another_authoritys_card_is_not_endorsed(made):
    code, _, said = made("endorse", "card.json", "--on", "2026-05-01", "--keys", str(DEVELOPMENT_KEYS))
    assert code == 1
    assert "the key that signed SERVICE is not known; if other keys signed it, see --keys" in said


def test_an_endorsement_of_another_card_is_not_proven(made, tmp_path):
    assert made("new", *ISSUED, "--endorsed", "2025-05-03", "--serial", "2", "--out", "other.json")[0] == 0
    image = json.loads((tmp_path / "card.json").read_text())
    image["endorsements"] = json.loads((tmp_path / "other.json").read_text())["endorsements"]
    (tmp_path / "card.json").write_text(json.dumps(image))
    found = shown(made)
    assert (found["authenticity"], found["fault"]) == ("forged", "endorsement 1 is another card's")
    assert [entry["genuine"] for entry in found["endorsements"]] == [False]
    assert "NOT PROVEN" in made("show", "card.json")[1]
    code, _, said = made("endorse", "card.json", "--on", "2026-05-01")
    assert code == 1
    assert "endorsement 1 is another card's" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "JSON"),
        (b"{}", "format"),
        (bytes(range(256)), "UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (MAX_IMAGE + 1), "no card image has"),
        (b'{"format": "juzhu card image 2"}', "juzhu card image 1"),
        (b'{"format": "juzhu card image 1", "info": "00", "service": "00"}', "a record"),
        (b'{"format": "juzhu card image 1", "info": "zz"}', "hex"),
    ],
)
def test_a_file_that_is_no_card_is_a_fault_in_one_line(card, tmp_path, content, said):
    if content is not None:
        (tmp_path / "card.json").write_bytes(content)
    for words in (("show", "card.json"), ("endorse", "card.json", "--on", "2026-05-01")):
        code, out, err = card(*words)
        assert (code, out) == (78, "")
        assert err.startswith("juzhu: card.json: ")
        assert said in err
        assert len(err.splitlines()) == 1


def test_a_broken_plugin_takes_its_own_act_down_and_no_other(card, monkeypatch):
    def broken():
        raise ImportError("gone")

    monkeypatch.setattr(card_command, "plugins", lambda group, taken: [("vpcd", broken)])
    assert card("new", *ISSUED, "--out", "card.json")[0] == 0
    code, _, said = card("vpcd", "--image", "card.json")
    assert code == 69
    assert "gone" in said


def test_the_simulators_act_stands_beside_our_own(card):
    code, out, _ = card("--help")
    assert code == 0
    for act in ("new", "show", "endorse", "vpcd"):
        assert act in out
    assert "not available" not in out


@pytest.mark.parametrize("place", [(), ("--division", "410202"), ("--division", "410203")])
def test_a_move_inside_the_unit_is_not_endorsed_as_moved(made, tmp_path, place):
    before = (tmp_path / "card.json").read_bytes()
    code, _, said = made("endorse", "card.json", "--on", "2025-06-01", "--kind", "moved", *place)
    assert (code, (tmp_path / "card.json").read_bytes()) == (1, before)
    assert "of the same unit" in said


@pytest.mark.parametrize("place", ["", ":410202", ":410203"])
def test_a_new_card_bears_no_move_inside_the_unit(card, tmp_path, place):
    code, _, said = card("new", *ISSUED, "--endorsed", f"2025-05-01:moved{place}", "--out", "card.json")
    assert (code, (tmp_path / "card.json").exists()) == (1, False)
    assert "of the same unit" in said


def test_a_division_of_another_kind_than_moved_is_wrong_usage(card):
    code, _, said = card("new", *ISSUED, "--endorsed", "2025-05-02:yearly:410221", "--out", "card.json")
    assert code == 64
    assert "of kind moved alone" in said


@pytest.mark.parametrize("act", ["new", "endorse"])
def test_the_help_of_address_says_made_up_people_only(card, act):
    assert "made-up people's only" in " ".join(card(act, "--help")[1].split())


# -- HOLDER, PHOTO, SECURITY and the chip's keys ---------------------------------------------------


def holder_of(path):
    image = CardImage.from_json(path.read_text())
    return HolderFile.from_bytes(image.holder), image


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_card_is_shown_without_its_holder_and_never_with_its_keys(made, tmp_path, words):
    assert (
        made("endorse", "card.json", "--on", "2025-06-01", "--kind", "address", "--address", "开封市某街9号")[
            0
        ]
        == 0
    )
    code, out, _ = made("show", "card.json", *words)
    holder, image = holder_of(tmp_path / "card.json")
    assert code == 0
    for item in (holder.name, holder.citizen_number, holder.household_address, holder.address, "某街9号"):
        assert item not in out
    keys = CardKeys.from_bytes(image.card_keys)
    for name in ("bus_key", "counter_key", "authority_key", "signing_key"):
        assert getattr(keys, name).hex() not in out
    for raw in (image.holder, image.security, image.card_keys):
        assert raw.hex()[:40] not in out


@pytest.mark.shows("stdout", "name", "citizen number", "address", why="it is asked to show the holder")
def test_the_holder_is_shown_to_whoever_asks(made, tmp_path):
    holder, image = holder_of(tmp_path / "card.json")
    found = shown(made, "card.json", "--holder")
    assert found["holder"]["name"] == holder.name
    assert (found["holder"]["birth_day"], found["holder"]["issue_day"]) == ("1950-03-01", "2024-05-10")
    assert [entry["address"] for entry in found["endorsements"]] == [holder.address]
    out = made("show", "card.json", "--holder")[1]
    for item in (holder.name, holder.citizen_number, holder.household_address, holder.address, holder.organ):
        assert item in out
    assert CardKeys.from_bytes(image.card_keys).signing_key.hex() not in out


def test_a_card_carries_its_portrait_and_says_so(card, tmp_path):
    (tmp_path / "face.jpg").write_bytes(portrait(1, 1))
    assert card("new", *ISSUED, "--photo", "face.jpg", "--out", "card.json")[0] == 0
    assert holder_of(tmp_path / "card.json")[1].photo == portrait(1, 1)
    found = shown(card)
    assert (found["photo_bytes"], found["security"]) == (len(portrait(1, 1)), True)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 78, "face.jpg: No such file"),
        (b"", 78, "empty"),
        (b"GIF89a", 1, "no whole JPEG"),
        (b"\xff\xd8" + bytes(5000) + b"\xff\xd9", 1, "5004 bytes, a card holds 4096"),
    ],
)
def test_a_portrait_that_no_card_holds_is_refused(card, tmp_path, content, code, said):
    if content is not None:
        (tmp_path / "face.jpg").write_bytes(content)
    found, _, err = card("new", *ISSUED, "--photo", "face.jpg", "--out", "card.json")
    assert found == code
    assert said in err
    assert not (tmp_path / "card.json").exists()


def test_a_card_of_the_other_suite_is_made_endorsed_and_genuine(card, tmp_path):
    assert card("new", *ISSUED, "--suite", "SM2-SM3", "--out", "card.json") == (0, "", "")
    assert card("endorse", "card.json", "--on", "2025-05-01")[0] == 0
    found = shown(card)
    assert (found["authenticity"], found["suite"], found["security"]) == ("genuine", "SM2-SM3", True)
    assert [entry["genuine"] for entry in found["endorsements"]] == [True]


def test_a_suite_without_a_key_is_refused_and_named(card, tmp_path):
    beijing = ("--division", "110101", "--born", "1950-03-01", "--issued", "2024-05-10")
    code, _, said = card("new", *beijing, "--suite", "SM2-SM3", "--out", "card.json")
    assert code == 78
    assert "no permit key of suite SM2-SM3" in said
    assert not (tmp_path / "card.json").exists()


def test_an_endorsement_leaves_what_was_issued_as_it_was(made, tmp_path):
    before = holder_of(tmp_path / "card.json")[1]
    assert made("endorse", "card.json", "--on", "2026-05-01")[0] == 0
    after = holder_of(tmp_path / "card.json")[1]
    for name in ("info", "holder", "photo", "security", "card_keys"):
        assert getattr(after, name) == getattr(before, name)


@pytest.mark.parametrize("name", ["holder", "photo", "security"])
def test_a_card_with_another_file_than_was_signed_is_shown_so_and_not_endorsed(card, tmp_path, name):
    (tmp_path / "face.jpg").write_bytes(portrait(1, 1))
    assert card("new", *ISSUED, "--photo", "face.jpg", "--out", "card.json")[0] == 0
    assert card("new", *ISSUED, "--serial", "2", "--out", "other.json")[0] == 0
    image, other = (json.loads((tmp_path / path).read_text()) for path in ("card.json", "other.json"))
    image[name] = other[name]
    (tmp_path / "card.json").write_text(json.dumps(image))
    found = shown(card)
    assert (found["authenticity"], found["security"]) == ("forged", False)
    assert found["fault"].startswith(name.upper())
    assert "NOT PROVEN" in card("show", "card.json")[1]
    code, _, said = card("endorse", "card.json", "--on", "2025-05-01")
    assert code == 1
    assert found["fault"] in said


def test_a_service_that_a_stolen_endorsement_key_signed_is_shown_so_and_not_endorsed(
    made, tmp_path, authority_home
):
    """He can write another birth date into SERVICE, never into HOLDER: what would be endorsed is his lie."""
    path = tmp_path / "card.json"
    image = CardImage.from_json(path.read_text())
    stolen = endorsement_key_of(authority_home)
    service = Service.from_bytes(image.service)
    service.birth_day -= 3650
    service.key_id = stolen.key_id
    service.signature = stolen.sign(SERVICE_CONTEXT, signed_part(service.to_bytes()))
    path.write_text(replace(image, service=service.to_bytes()).to_json())
    before = path.read_bytes()
    found = shown(made)
    assert (found["authenticity"], found["security"]) == ("forged", False)
    assert found["fault"] == "HOLDER and SERVICE tell of two birth dates"
    assert found["fault"] in made("show", "card.json")[1]
    code, _, said = made("endorse", "card.json", "--on", "2026-05-01")
    assert code == 1
    assert found["fault"] in said
    assert path.read_bytes() == before


def test_a_card_that_claims_an_epoch_is_not_endorsed_without_its_security(made, tmp_path):
    path = tmp_path / "card.json"
    image = CardImage.from_json(path.read_text())
    path.write_text(replace(image, holder=b"", photo=b"", security=b"").to_json())
    assert shown(made)["authenticity"] == "unreadable"
    code, _, said = made("endorse", "card.json", "--on", "2026-05-01")
    assert code == 1
    assert "this card is not endorsed: SECURITY" in said


def test_a_security_under_an_endorsement_key_is_shown_so_and_not_endorsed(made, tmp_path, authority_home):
    path = tmp_path / "card.json"
    image = CardImage.from_json(path.read_text())
    stolen = endorsement_key_of(authority_home)
    public_key = Security.from_bytes(image.security).public_key
    raw = build_security(card_permit(image), image.holder, image.photo, public_key, stolen)
    path.write_text(replace(image, security=raw).to_json())
    assert shown(made)["authenticity"] == "forged"
    code, _, said = made("endorse", "card.json", "--on", "2026-05-01")
    assert code == 1
    assert "the key that signed SECURITY may not issue permits" in said


def endorsement_key_of(home):
    keys = KeyRing.load(development_authority_of(home)).keys
    return next(key for key in keys if key.spec.purpose == "endorsement" and 410202 in key.spec.divisions)


@pytest.mark.shows("stdout", "address", why="it is asked to show the addresses of endorsements")
def test_a_card_file_of_an_older_version_is_read_shown_and_endorsed(made, tmp_path):
    image = json.loads((tmp_path / "card.json").read_text())
    image.update(holder="", photo="", security="", card_keys="", info=image["info"][:-2] + "00")
    (tmp_path / "card.json").write_text(json.dumps(image))
    found = shown(made)
    assert (found["authenticity"], found["card_key_epoch"], found["security"]) == ("genuine", 0, False)
    assert shown(made, "card.json", "--holder")["holder"] is None
    assert "NOT PROVEN" not in made("show", "card.json")[1]
    assert made("endorse", "card.json", "--on", "2026-05-01")[0] == 0
    assert shown(made)["endorsement_number"] == 2


@pytest.mark.shows(
    "stdout",
    "name",
    "citizen number",
    "address",
    why="--holder is the option that shows a holder to its user",
)
def test_address_that_would_drive_the_clerks_terminal_is_shown_without_its_controls(card, tmp_path):
    life = ("--endorsed", "2025-05-02", "--address", "开封市某街某某某某号")
    assert card("new", *ISSUED, *life, "--out", "card.json")[0] == 0
    content = json.loads((tmp_path / "card.json").read_text())
    honest, hostile = (
        "开封市某街某某某某号".encode("utf-16-le"),
        "\x1b[2J\x07\u202e某街某号".encode("utf-16-le"),
    )
    assert len(honest) == len(hostile)
    raw = bytes.fromhex(content["endorsements"][0])
    assert raw.count(honest) == 1
    content["endorsements"][0] = raw.replace(honest, hostile).hex()
    (tmp_path / "card.json").write_text(json.dumps(content))
    for words in ((), ("--json",)):
        code, out, said = card("show", "card.json", "--holder", *words)
        assert code == 0, said
        assert "某街某号" in out
        assert not set(out) & {"\x1b", "\x07", "\u202e"}
        assert "\\u001b" not in out
