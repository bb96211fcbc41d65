"""`juzhu permit apply`, `issue --application`, `due`, `withdraw`, and what keeps people's data off the command line."""

import io
import json
import os
import re
import stat
import sys
from dataclasses import fields

import pytest

from juzhu_host import permit_application
from juzhu_host.cli import main
from juzhu_protocol.authority.application import GROUND_PAPERS, Application
from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.crypto.signature import SUITE_SM2_SM3
from juzhu_protocol.records.card import Security
from juzhu_protocol.rules.calendar import from_iso
from juzhu_simulator.portrait import portrait
from permit_tools import CITY, KEYS, application, at, holder, issue
from portable_files import ROOT

FOLDER = ("--keys", str(DEVELOPMENT_KEYS))
DAY = ("--day", "2026-01-05")


@pytest.fixture
def permit(tmp_path, capsys):
    """Run `juzhu permit`; return exit code, standard output and standard error."""

    def run(act, *words):
        try:
            code = main(["permit", act, "--registry", str(tmp_path / "permits.db"), *map(str, words)])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def form(tmp_path):
    """Write an application's file."""

    def write(**given):
        path = tmp_path / "application.json"
        path.write_text(application(**given).to_json(), encoding="utf-8")
        return path

    return write


def test_complete_application_is_accepted_watched_issued_and_handed_out(permit, form):
    code, out, said = permit("apply", "--create", "--application", form(), *DAY, "--json")
    assert (code, said) == (0, "")
    assert json.loads(out) == {
        "accepted": True,
        "application": 1,
        "list_division": CITY,
        "accepted_on": "2026-01-05",
        "issue_by": "2026-01-20",
        "fee_due": False,
    }
    code, out, _ = permit("due", "--day", "2026-01-14", "--json")
    assert (code, json.loads(out)) == (0, {"waiting": []})
    code, out, _ = permit("due", "--day", "2026-01-15", "--json")
    assert json.loads(out)["waiting"] == [
        {
            "application": 1,
            "list_division": CITY,
            "accepted_on": "2026-01-05",
            "issue_by": "2026-01-20",
            "days_left": 5,
        }
    ]
    assert "5 days left" in permit("due", "--day", "2026-01-15")[1]
    assert "2 days late" in permit("due", "--day", "2026-01-22")[1]
    code, out, _ = permit("issue", "--accepted", "1", *FOLDER, "--day", "2026-01-21", "--json")
    shown = json.loads(out)
    assert (code, shown["serial"], shown["fee_due"], shown["division_name"]) == (0, 1, False, "龙亭区")
    assert permit("due", "--day", "2026-02-15")[1] == ""
    code, out, _ = permit("hand-out", "--serial", "1", "--day", "2026-01-22", "--json")
    assert (code, json.loads(out)["handed_out"]) == (0, "2026-01-22")
    assert [(event["name"], event["detail"]) for event in json.loads(out)["events"]] == [
        ("accepted", ""),
        ("issued", "1 day late"),
        ("handed out", ""),
    ]


@pytest.mark.parametrize("act", [("apply",), ("issue", *FOLDER)])
def test_incomplete_application_gets_its_one_list_in_both_languages(permit, form, act):
    path = form(papers=frozenset({"identity-card"}), address="", registered="2025-09-01")
    words = (*act, "--create", "--application", path, *DAY)
    code, out, said = permit(*words)
    assert (code, said) == (1, "")
    assert "一次性" not in said
    for line in (
        "居住地住址",
        "暂住登记凭证",
        "2026-03-01",
        "the address (14)",
        "(8)",
        "(9)",
        "(9(1))",
        "4. ",
    ):
        assert line in out
    assert "5. " not in out
    code, out, _ = permit(*words, "--json")
    listed = json.loads(out)
    assert (code, listed["accepted"]) == (1, False)
    assert [lack["code"] for lack in listed["lacks"]] == [
        "address",
        "registered",
        "registration-voucher",
        "employment",
    ]
    assert permit("due", "--day", "2026-02-15")[1] == ""


def test_application_is_read_from_standard_input(permit, form, monkeypatch):
    text = form().read_text(encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code, out, said = permit("issue", "--create", "--application", "-", *FOLDER, *DAY, "--json")
    assert code == 0, said
    assert [event["name"] for event in json.loads(out)["events"]] == ["accepted", "issued"]


def test_what_is_printed_and_refused_names_no_holder(permit, form):
    person = holder()
    path = form(holder=person)
    said = []
    for act in (
        ("apply", "--create", "--application", path, *DAY),
        ("apply", "--application", path, *DAY),
        ("due", "--day", "2026-01-20"),
        ("issue", "--accepted", "1", *FOLDER, *DAY),
        ("apply", "--application", path, *DAY),
        ("issue", "--application", path, *FOLDER, *DAY),
    ):
        said += permit(*act)[1:]
    assert any("serial 1" in text for text in said)
    for private in (person.name, person.citizen_number, "某街", "1960"):
        assert not any(private in text for text in said)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("issue", *FOLDER), 64, "--application FILE"),
        (("issue", *FOLDER, "--name", "试验人"), 64, "all single options"),
        (("issue", *FOLDER, "--accepted", "1", "--name", "试验人"), 64, "--name stands in the application"),
        (("issue", *FOLDER, "--accepted", "1", "--application", "x"), 64, "not allowed with"),
        (("issue", *FOLDER, "--accepted", "7"), 1, "no application 7 waits"),
        (("withdraw", "--accepted", "7"), 1, "no application 7 waits"),
        (("apply", "--application", "/nowhere/a.json"), 78, "No such file"),
        (("apply",), 64, "--application"),
    ],
)
def test_wrong_use_is_one_line_with_its_exit_code(permit, tmp_path, words, code, said):
    Registry(tmp_path / "permits.db", create=True).close()
    found, out, err = permit(*words)
    assert (found, out) == (code, "")
    assert said in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"\xff\xfe", 78, "UTF-8"),
        (b" " * 65537, 78, "longer than"),
        (b"{", 1, "no JSON"),
        ('{"姓名": "密"}'.encode(), 1, "nothing but"),
    ],
)
def test_file_that_is_no_application_is_refused_without_repeating_it(permit, tmp_path, content, code, said):
    Registry(tmp_path / "permits.db", create=True).close()
    path = tmp_path / "application.json"
    path.write_bytes(content)
    found, out, err = permit("apply", "--application", path)
    assert (found, out) == (code, "")
    assert said in err
    assert "密" not in err


def test_application_in_operations_is_complete(permit, tmp_path):
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    path = tmp_path / "application.json"
    path.write_text(example, encoding="utf-8")
    code, out, _ = permit(
        "issue", "--create", "--application", path, *FOLDER, "--day", "2026-07-05", "--json"
    )
    assert (code, json.loads(out)["serial"]) == (0, 1)
    section = page.split("### Applying")[1].split("\n### ")[0]
    keys = {field.name for field in fields(Application)}
    assert keys <= set(json.loads(example)) | set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    for ground, papers in GROUND_PAPERS.items():
        assert f"| `{ground}` | {', '.join(f'`{name}`' for name in papers)} |" in section


def test_withdrawn_application_makes_room_for_another(permit, form):
    path = form()
    assert permit("apply", "--create", "--application", path, *DAY)[0] == 0
    assert permit("apply", "--application", path, *DAY)[0] == 1
    code, out, _ = permit("withdraw", "--accepted", "1", *DAY, "--json")
    assert (code, json.loads(out)) == (0, {"application": 1, "withdrawn": True})
    assert permit("apply", "--application", path, *DAY)[0] == 0
    assert "withdrawn" in permit("withdraw", "--accepted", "2", *DAY)[1]


def test_help_warns_of_data_on_the_command_line(permit):
    out = permit("issue", "--help")[1]
    assert "for made-up people only" in out
    assert "can be read by every user" in " ".join(out.split())
    assert len(permit_application._SINGLE) == 7


# -- Cards are written for their owner alone -------------------------------------------------------


@pytest.fixture
def issued(permit, tmp_path):
    with Registry(tmp_path / "permits.db", create=True) as registry:
        issue(registry, "2025-03-15")
    return permit


@pytest.mark.parametrize("before", [None, 0o644, 0o600])
def test_card_file_is_its_owners_alone_whatever_stood_there(issued, tmp_path, before):
    card = tmp_path / "card.json"
    if before is not None:
        card.write_text("older, and longer than nothing" * 500)
        card.chmod(before)
    mask = os.umask(0)
    try:
        assert issued("show", "--serial", "1", "--card", card)[0] == 0
    finally:
        os.umask(mask)
    assert stat.S_IMODE(card.stat().st_mode) == 0o600
    assert json.loads(card.read_text())["format"] == "juzhu card image 1"


def test_card_goes_to_a_pipe_as_well(issued, tmp_path):
    code, out, said = issued("show", "--serial", "1", "--card", "/dev/null")
    assert (code, said) == (0, "")
    assert out


# -- Endorsing moves, restoring, replacing by their options ----------------------------------------


def test_address_comes_from_a_file_and_the_move_is_noted(issued, tmp_path):
    address = tmp_path / "address.txt"
    address.write_text("开封市样例路9号\n", encoding="utf-8")
    words = ("--serial", "1", *FOLDER, "--kind", "address", "--address-file", address)
    code, out, said = issued("endorse", *words, "--day", "2025-06-01", "--moved-on", "2025-05-01", "--json")
    assert code == 0, said
    shown = json.loads(out)
    assert (shown["kind"], shown["fee_due"], shown["good_through"]) == ("address", False, "2026-03-15")
    assert shown["events"][-1]["detail"] == "moved on 2025-05-01, later than 15 days"
    with Registry(tmp_path / "permits.db") as registry:
        assert registry.permit(CITY, 1).address == "开封市样例路9号"


def test_move_across_is_endorsed_by_the_new_place(issued):
    assert issued("suspend", "--serial", "1", "--ground", "5", "--day", "2025-05-01")[0] == 0
    code, out, _ = issued("show", "--serial", "1")
    assert "the new place's organ endorses it as moved" in out
    words = ("--serial", "1", *FOLDER, "--kind", "moved", "--address", "杞县样例路1号")
    place = ("--issuing-division", "410221", "--registered", "2025-05-01")
    code, _, said = issued("endorse", *words, *place, "--day", "2025-10-31")
    assert (code, "2025-11-01 on (17)" in said) == (1, True)
    code, _, said = issued("endorse", *words, "--day", "2025-11-01", "--registered", "2025-05-01")
    assert (code, "kind address (17)" in said) == (1, True)
    code, out, said = issued("endorse", *words, *place, "--day", "2025-11-01", "--json")
    assert code == 0, said
    shown = json.loads(out)
    assert (shown["status"], shown["issuing_division"], shown["division_name"], shown["kind"]) == (
        "valid",
        410221,
        "杞县",
        "moved",
    )
    assert shown["good_through"] == "2026-11-01"


def test_mistake_is_restored_with_its_note_and_a_lost_card_replaced(issued):
    issued("suspend", "--serial", "1", "--ground", "1", "--day", "2025-05-01")
    issued("revoke", "--serial", "1", "--cause", "lost", "--day", "2025-05-02")
    code, _, said = issued("replace", "--serial", "1", *FOLDER, "--day", "2025-05-03")
    assert (code, "own mistake" in said) == (1, True)
    code, _, said = issued("restore", "--serial", "1", "--day", "2025-05-03")
    assert (code, "19(1)" in said) == (1, True)
    code, out, said = issued(
        "restore", "--serial", "1", "--mistake", "--note", "档案有误", "--day", "2025-05-03", "--json"
    )
    assert code == 0, said
    assert json.loads(out)["status"] == "revoked"
    assert json.loads(out)["events"][-1]["detail"] == "ground 1, mistake: 档案有误"
    code, out, _ = issued("replace", "--serial", "1", *FOLDER, "--day", "2025-05-04", "--json")
    assert (code, json.loads(out)["fee_due"]) == (0, True)


def test_damaged_card_that_is_gone_is_revoked_as_lost(issued, tmp_path):
    code, out, _ = issued("replace", "--serial", "1", *FOLDER, "--without-old-card", "--day", "2025-05-04")
    assert code == 0
    assert "yes (20)" in out
    with Registry(tmp_path / "permits.db") as registry:
        assert registry.permit(CITY, 1).cause == "lost"


def test_registry_of_another_clock_still_counts_days_in_china(permit, tmp_path):
    # 23:30 UTC on the 4th is the morning of the 5th in China.
    with Registry(tmp_path / "permits.db", create=True) as registry:
        waiting = registry.accept(application(), now=at("2026-01-05") - 12 * 3600 + 1800)
        assert waiting.accepted_day == from_iso("2026-01-05")
        assert registry.issue_accepted(1, keys=KEYS, now=at("2026-01-05")).serial == 1


@pytest.mark.parametrize("way", ["accepted", "application"])
def test_permit_of_an_application_gets_the_portrait_and_suite_of_its_issue(permit, form, tmp_path, way):
    (tmp_path / "face.jpg").write_bytes(portrait(1, 1))
    path, card = form(division=410225), tmp_path / "card.json"
    given = ("--application", path)
    if way == "accepted":
        assert permit("apply", "--create", *given, *DAY)[0] == 0
        given = ("--accepted", "1")
    new = ("--photo", str(tmp_path / "face.jpg"), "--suite", "SM2-SM3", "--card", str(card))
    code, _, said = permit("issue", "--create", *given, *FOLDER, *DAY, *new)
    assert code == 0, said
    image = CardImage.from_json(card.read_text())
    assert image.photo == portrait(1, 1)
    assert Security.from_bytes(image.security).suite == SUITE_SM2_SM3
