"""`juzhu permit` as a clerk types it: acts, refusals, exit codes, card files."""

import json
import time

import pytest

from juzhu_host.cli import main
from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.citizen_number import synthetic
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.records.card import CardKeys, Security, Service
from juzhu_protocol.rules.calendar import from_iso, iso
from juzhu_simulator.portrait import portrait
from permit_tools import CITY

KEYS = ("--keys", str(DEVELOPMENT_KEYS))
NUMBER = synthetic(from_iso("1960-03-01"), 7)
PERSON = (
    *("--division", "410202", "--name", "试验人", "--sex", "男", "--citizen-number", NUMBER),
    *("--household-address", "某省某市", "--address", "开封市某街", "--registered", "2024-08-01"),
)


@pytest.fixture
def permit(tmp_path, capsys):
    """Run `juzhu permit`; return exit code, standard output and standard error."""

    def run(act, *words):
        try:
            code = main(["permit", act, "--registry", str(tmp_path / "permits.db"), *words])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def issued(permit):
    code, _, said = permit("issue", "--create", *KEYS, *PERSON, "--day", "2025-03-15")
    assert code == 0, said
    return permit


def test_a_permits_life_by_its_commands(issued, tmp_path):
    out = ()
    for act, words in (
        ("endorse", ("--serial", "1", *KEYS, "--day", "2026-03-01", "--address", "新街")),
        ("suspend", ("--serial", "1", "--ground", "6", "--day", "2026-03-02")),
        ("restore", ("--serial", "1", "--day", "2026-03-03")),
        ("replace", ("--serial", "1", *KEYS, "--day", "2026-03-04", "--card", str(tmp_path / "card.json"))),
        ("revoke", ("--serial", "2", "--cause", "lost", "--day", "2026-03-05")),
    ):
        code, out, said = issued(act, *words, "--json")
        assert code == 0, said
    shown = json.loads(out)
    assert (shown["serial"], shown["status"], shown["cause"], shown["predecessor"]) == (
        2,
        "revoked",
        "lost",
        1,
    )
    assert shown["good_through"] == "2027-03-15"
    assert [event["name"] for event in shown["events"]] == ["issued", "cancelled"]
    image = CardImage.from_json((tmp_path / "card.json").read_text())
    service = Service.from_bytes(image.service)
    assert (service.serial, iso(service.good_through), len(image.endorsements)) == (2, "2027-03-15", 1)
    with Registry(tmp_path / "permits.db") as registry:
        assert [event.name for event in registry.events(CITY, 1)] == [
            *("accepted", "issued", "endorsed", "address changed", "suspended", "restored", "cancelled"),
        ]


def test_what_is_shown_names_no_holder(issued):
    for words in ((), ("--json",)):
        code, out, _ = issued("show", "--serial", "1", *words)
        assert code == 0
        assert "2026-03-15" in out
        for private in ("试验人", NUMBER, "某街", "1960"):
            assert private not in out


@pytest.mark.parametrize(
    ("act", "words", "code", "said"),
    [
        ("suspend", ("--serial", "1", "--ground", "3"), 1, "never listed"),
        ("suspend", ("--serial", "9", "--ground", "1"), 1, "no permit has serial 9"),
        ("restore", ("--serial", "1"), 1, "not suspended"),
        ("endorse", ("--serial", "1", *KEYS, "--day", "2026-02-14"), 1, "2026-02-15"),
        ("endorse", ("--serial", "1", *KEYS, "--day", "2026-09-16"), 1, "register anew"),
        ("endorse", ("--serial", "1"), 78, "--keys"),
        ("replace", ("--serial", "1", "--keys", "/nowhere"), 78, "no keys folder"),
        ("issue", (*KEYS, *PERSON, "--day", "2025-03-15"), 1, "holds serial 1"),
        ("issue", (*KEYS, *PERSON, "--division", "410103", "--day", "2025-03-15"), 78, "410103"),
        ("show", ("--serial", "1", "--card", "/nowhere/card.json"), 78, "not written"),
        ("show", (), 64, "--serial"),
        ("show", ("--serial", "0"), 64, "whole number"),
        ("show", ("--serial", "1", "--day", "2026-02-30"), 64, "2026-2-30"),
        ("suspend", ("--serial", "1", "--ground", "x"), 64, "invalid int"),
        ("revoke", ("--serial", "1", "--cause", "replaced"), 64, "invalid choice"),
    ],
)
def test_refusal_is_one_line_with_its_exit_code_and_changes_nothing(issued, tmp_path, act, words, code, said):
    with Registry(tmp_path / "permits.db") as registry:
        before = registry.permit(CITY, 1), registry.events(CITY, 1)
    found, out, err = issued(act, *words)
    assert (found, out) == (code, "")
    assert said in err.splitlines()[-1]
    assert NUMBER not in err
    with Registry(tmp_path / "permits.db") as registry:
        assert (registry.permit(CITY, 1), registry.events(CITY, 1)) == before


def test_issue_by_options_without_a_registration_is_refused(permit, tmp_path):
    assert PERSON[-2] == "--registered"
    code, _, said = permit("issue", "--create", *KEYS, *PERSON[:-2], "--day", "2025-03-15")
    assert code == 64
    assert "--registered" in said
    assert not (tmp_path / "permits.db").exists()


def test_registration_of_less_than_half_a_year_is_refused_by_options_too(permit):
    code, _, said = permit("issue", "--create", *KEYS, *PERSON, "--day", "2025-01-31")
    assert code == 1
    assert "2025-02-01 on (8)" in said


def test_missing_registry_is_not_made_by_accident(permit, tmp_path):
    code, _, said = permit("issue", *KEYS, *PERSON)
    assert code == 78
    assert "there is no" in said
    assert not (tmp_path / "permits.db").exists()


def test_clock_offset_moves_the_acts_day(issued, tmp_path):
    now = int(time.time())
    wanted = 1_773_000_000
    code, _, said = issued("suspend", "--serial", "1", "--ground", "1", "--clock-offset", str(wanted - now))
    assert code == 0, said
    with Registry(tmp_path / "permits.db") as registry:
        assert wanted <= registry.events(CITY, 1)[-1].time < wanted + 120


# -- What a chip gets ------------------------------------------------------------------------------


def image_of(path):
    return CardImage.from_json(path.read_text())


def test_only_the_file_of_a_card_that_is_made_holds_its_chips_keys(permit, tmp_path):
    def card_of(act, *words):
        path = tmp_path / "card.json"
        path.unlink(missing_ok=True)
        code, out, said = permit(act, *words, "--card", str(path))
        assert code == 0, said
        assert path.stat().st_mode & 0o777 == 0o600
        image = image_of(path)
        if image.card_keys:
            assert CardKeys.from_bytes(image.card_keys).signing_key.hex() not in out
        return image

    made = card_of("issue", "--create", *KEYS, *PERSON, "--day", "2025-03-15")
    assert (len(made.holder), len(made.security), made.photo) == (326, 211, b"")
    keys = made.card_keys
    assert keys
    assert card_of("show", "--serial", "1").card_keys == b""
    assert card_of("show", "--serial", "1", *KEYS).card_keys == keys
    assert card_of("hand-out", "--serial", "1", "--day", "2025-03-16").card_keys == b""
    endorsed = card_of("endorse", "--serial", "1", *KEYS, "--day", "2026-03-01")
    assert (endorsed.card_keys, endorsed.security) == (b"", made.security)
    successor = card_of("replace", "--serial", "1", *KEYS, "--day", "2026-03-04")
    assert successor.card_keys not in (b"", keys)


def test_portrait_and_suite_go_from_the_options_to_the_card_and_its_successor(permit, tmp_path):
    face, other, card = tmp_path / "face.jpg", tmp_path / "other.jpg", tmp_path / "card.json"
    face.write_bytes(portrait(1, 1))
    other.write_bytes(portrait(1, 2))
    in_lankao = (*PERSON, "--division", "410225")
    sm2 = ("--suite", "SM2-SM3", "--photo", str(face))
    code, _, said = permit(
        "issue", "--create", *KEYS, *in_lankao, *sm2, "--day", "2025-03-15", "--card", str(card)
    )
    assert code == 0, said
    assert (image_of(card).photo, Security.from_bytes(image_of(card).security).suite) == (portrait(1, 1), 2)
    replace = ("replace", *KEYS, "--day", "2025-04-01", "--card", str(card))
    assert permit(*replace, "--serial", "1")[0] == 0
    assert (image_of(card).photo, Security.from_bytes(image_of(card).security).suite) == (portrait(1, 1), 2)
    assert permit(*replace, "--serial", "2", "--suite", "ES256", "--photo", str(other))[0] == 0
    assert (image_of(card).photo, Security.from_bytes(image_of(card).security).suite) == (portrait(1, 2), 1)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--suite", "SM2-SM3"), 78, "no permit key of suite SM2-SM3"),
        (("--suite", "RSA"), 64, "invalid choice"),
        (("--photo", "/nowhere/face.jpg"), 78, "/nowhere/face.jpg"),
        (("--photo", __file__), 1, "(14)"),
    ],
)
def test_card_that_cannot_be_made_is_not_issued(permit, tmp_path, words, code, said):
    found, out, err = permit("issue", "--create", *KEYS, *PERSON, "--day", "2025-03-15", *words)
    assert (found, out) == (code, "")
    assert said in err.splitlines()[-1]
    if code != 64:
        with Registry(tmp_path / "permits.db") as registry:
            assert registry.exceptions(CITY) == (0, {})
