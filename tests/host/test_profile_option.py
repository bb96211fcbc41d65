"""`--profile NAME|FILE` on the desk's acts: an extension of the place's profile counts there as on its readers."""

import json

import pytest

from juzhu_host.cli import main
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.profiles.source import FOLDER
from permit_tools import CITY, application, issue

KEYS = ("--keys", str(DEVELOPMENT_KEYS))
EXTENSION = """
[[extension]]
first = 2024-03-01
last = 2024-03-31
through = 2024-05-31
source = "a holiday that nobody has"
"""


@pytest.fixture
def permit(tmp_path, monkeypatch, capsys):
    """Run `juzhu permit` beside a registry with serial 1, good through 2024-03-15; exit code, output, error."""
    monkeypatch.chdir(tmp_path)
    text = (FOLDER / "kaifeng.toml").read_text(encoding="utf-8")
    dated = EXTENSION.replace("= 2024-", '= "2024-').replace("-01\n", '-01"\n').replace("-31\n", '-31"\n')
    (tmp_path / "extended.toml").write_text(text + dated, encoding="utf-8")
    with Registry(tmp_path / "r.db", create=True) as registry:
        issue(registry, "2023-03-15")

    def run(act, *words):
        try:
            code = main(["permit", act, "--registry", "r.db", *words])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


ONE = ("--serial", "1", "--json")
EXTENDED = ("--profile", "extended.toml")


@pytest.mark.parametrize(("words", "since"), [((), "2024-05-31"), (EXTENDED, "2023-03-15")])
def test_an_extension_makes_an_endorsement_one_in_time(permit, words, since):
    code, out, said = permit("endorse", *ONE, *KEYS, "--day", "2024-05-31", *words)
    assert code == 0, said
    assert json.loads(out)["residence_since"] == since


@pytest.mark.parametrize(("words", "code"), [((), 1), (EXTENDED, 0)])
def test_an_extension_keeps_a_permit_from_lapsing_before_its_replacement(permit, words, code):
    assert permit("replace", *ONE, *KEYS, "--day", "2024-10-01", *words)[0] == code


@pytest.mark.parametrize(("words", "accepted"), [((), True), (EXTENDED, False)])
def test_an_extension_keeps_a_second_permit_from_its_holder(permit, tmp_path, words, accepted):
    with Registry(tmp_path / "r.db") as registry:
        holder = registry.holder(CITY, 1)
    second = application("2024-09-20", holder=holder)
    (tmp_path / "a.json").write_text(second.to_json(), encoding="utf-8")
    for act, more in (("apply", ()), ("issue", KEYS)):
        code, _, _ = permit(act, "--application", "a.json", "--day", "2025-04-01", *more, *words)
        assert (code == 0) == accepted
        if accepted:
            break


@pytest.mark.parametrize(("words", "state"), [((), "overdue"), (EXTENDED, "window")])
def test_an_extension_reaches_the_timeline(permit, words, state):
    code, out, said = permit("timeline", *ONE, "--on", "2024-05-31", *words)
    assert code == 0, said
    assert json.loads(out)["state_today"] == state


def test_a_profile_that_is_none_changes_nothing(permit):
    for name in ("atlantis", "gone.toml"):
        code, out, said = permit("endorse", *ONE, *KEYS, "--day", "2024-03-01", "--profile", name)
        assert (code, out) == (78, "")
        assert name in said
    assert json.loads(permit("show", *ONE)[1])["endorsements"] == 0


def test_a_card_written_for_the_holder_is_its_owners_alone(permit, tmp_path):
    card = tmp_path / "card.json"
    card.write_text("old")
    card.chmod(0o644)
    assert permit("show", "--serial", "1", "--card", "card.json")[0] == 0
    assert card.stat().st_mode & 0o777 == 0o600
    assert main(["card", "show", "card.json", *EXTENDED]) == 0


def test_an_extension_is_shown_beside_what_a_card_says(permit, tmp_path, capsys):
    permit("show", "--serial", "1", "--card", "card.json")
    for words, day in (((), "2024-03-15"), (EXTENDED, "2024-05-31")):
        assert main(["card", "show", "card.json", "--json", *KEYS, *words]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert (shown["good_through"], shown["counts_through"]) == ("2024-03-15", day)


def test_an_extension_counts_when_a_card_is_made(permit, tmp_path, capsys):
    made = (
        "--division",
        "410202",
        "--born",
        "1950-03-01",
        "--issued",
        "2023-03-15",
        "--endorsed",
        "2024-05-31",
    )
    for words, day in (((), "2025-05-31"), (EXTENDED, "2025-03-15")):
        assert main(["card", "new", *made, "--out", "card.json", *KEYS, *words]) == 0
        assert main(["card", "show", "card.json", "--json", *KEYS]) == 0
        assert json.loads(capsys.readouterr().out)["good_through"] == day
