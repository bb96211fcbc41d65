"""The vectors through `juzhu verify`: a signed card's file, a folder with bundle and list, and the days as an option.

Its lists tell no grounds, so its verdict is the oracle's of the case stripped of its ground.
"""

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from random import Random

import pytest

from juzhu_host import verify_command
from juzhu_host.cases import DEFAULT_PROFILE, read_case
from juzhu_host.cli import main
from juzhu_host.verify_command import EXIT_CODES
from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.profiles.source import find_profile
from juzhu_protocol.records.profile import ProfileRecord, ProfileRecordExtension
from juzhu_protocol.rules.calendar import from_iso, start_of
from juzhu_protocol.rules.decide import OUTDATED, STATUS_VALID
from juzhu_protocol.rules.reasons import ANSWER_NAMES
from oracle.case_form import FLAGS, REASONS
from vectors import world
from vectors.table import FOLDER, GROUNDS, difference, judged, sample, stripped, stripped_verdict

SAMPLE = 120
SEED = 1207
PARTS = 24
LONG_AGO = 1
PART_OF_AN_HOUR = 3599
EXIT_CODE = {ANSWER_NAMES[answer]: code for answer, code in EXIT_CODES.items()}

BEYOND = "a day that no card holds"
AGE_WITHOUT_LATEST = "a list of known age on days without a last one"
NO_AGE_WITH_LATEST = "a list of unknown age on days with a last one"
OUTDATED_SERVICE = "a chip's own word on its endorsements, given in a session and in no file"
OTHER_LIST = "a status in another city's list, which is not held"
BEFORE_UNIX = "a list from before 1970, which no manifest tells"


class NeverAskedError(Exception):
    """The command cannot be asked this; the text says why."""


@dataclass(frozen=True)
class Asking:
    """One call: what stands in the card's file, the lists folder and the profile, and the options."""

    card: world.Card
    service: str
    days: str
    list_time: "int | None"
    content: bytes
    extended: "list[list[str]]"


def signing_time(case):
    """When the list was signed, None when none is held; NeverAskedError for a case that is never asked."""
    read = read_case(case)
    if read.authenticity == OUTDATED:
        raise NeverAskedError(OUTDATED_SERVICE)
    clock, held = read.clock, read.list_state
    if read.record.list_division != world.CITY and read.status != STATUS_VALID:
        raise NeverAskedError(OTHER_LIST)
    if any(not world.FIRST_DAY <= day <= world.LAST_DAY for day in (clock.earliest, clock.latest or 1)):
        raise NeverAskedError(BEYOND)
    if held is None:
        return None
    if (held.age_hours is None) != (clock.latest is None):
        raise NeverAskedError(AGE_WITHOUT_LATEST if clock.latest is None else NO_AGE_WITH_LATEST)
    # The list's age is told at the end of the last day; without a last one its time is of no matter.
    signed = start_of((clock.latest or clock.earliest) + 1) - 1 - 3600 * (held.age_hours or 0)
    if signed - PART_OF_AN_HOUR < LONG_AGO:
        raise NeverAskedError(BEFORE_UNIX)
    return signed


def ask(line, case):
    """How the command comes to be asked this (stripped) case; NeverAskedError when it cannot be."""
    signed = signing_time(case)
    rng = Random(f"verify:{line}")
    read = read_case(case)
    first, last = case["today"]
    covered = read.record.list_division == world.CITY
    serial = rng.choice(world.SERIALS)
    return Asking(
        card=world.card(read, serial, rng, chip=False),
        service=case["service"],
        days=first if first == last and rng.random() < 0.9 else f"{first}..{last or ''}",
        list_time=None if signed is None else signed - rng.choice((0, PART_OF_AN_HOUR)),
        content=b"" if signed is None else world.list_content(serial, read.status, covered, rng),
        extended=case.get("extended", []),
    )


@cache
def askings():
    """([(line, stripped case, the oracle's verdict)], why the others are never asked)."""
    met, never = [], Counter()
    for line, case, verdict in judged():
        case, verdict = stripped(case), stripped_verdict(case, verdict)
        try:
            signing_time(case)
            met.append((line, case, verdict))
        except NeverAskedError as error:
            never[str(error)] += 1
    return met, never


kept_profile = cache(find_profile)


def extended_profile(rows):
    """chosen_profile, with extensions that the place's authority has added to its profile since."""

    def find(name):
        source = kept_profile(name or DEFAULT_PROFILE)
        fields = {key: getattr(source.record, key) for key in ProfileRecord.__slots__}
        fields["extensions"] = [ProfileRecordExtension(*map(from_iso, row)) for row in rows]
        return replace(source, record=ProfileRecord(**fields))

    return find


@pytest.fixture
def verify(tmp_path, capsys, monkeypatch):
    """Run the command on an asking."""

    def run(asking):
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        monkeypatch.setattr(verify_command, "chosen_profile", extended_profile(asking.extended))
        return run_verify(asking, tmp_path, capsys)

    return run


def run_verify(asking, folder, capsys):
    """(exit code, what the command printed as JSON)."""
    card, lists, roots = folder / "card.json", folder / "lists", folder / "roots.toml"
    lists.mkdir(exist_ok=True)
    card.write_text(CardImage(asking.card.info, asking.card.service).to_json(), encoding="utf-8")
    roots.write_text(world.roots_toml(), encoding="utf-8")
    (lists / "bundle.bin").write_bytes(world.bundle(LONG_AGO))
    for name in (f"{world.CITY}.manifest", f"{world.CITY}.list"):
        (lists / name).unlink(missing_ok=True)
    if asking.list_time is not None:
        (lists / f"{world.CITY}.manifest").write_bytes(world.manifest(asking.content, asking.list_time))
        (lists / f"{world.CITY}.list").write_bytes(asking.content)
    options = ["--service", asking.service, "--on", asking.days, "--roots", str(roots), "--lists", str(lists)]
    code = main(["verify", str(card), *options, "--json"])
    return code, json.loads(capsys.readouterr().out)


def verify_all(some, verify):
    wrong = []
    for line, case, expected in some:
        asking = ask(line, case)
        code, printed = verify(asking)
        got = {key: printed[key] for key in expected}
        if got != expected or code != EXIT_CODE[expected["answer"]]:
            wrong.append(f"line {line}: exit code {code}, {difference(case, got, expected)}\n  {asking}")
        elif case.get("list", True):
            assert printed["list"]["age_hours"] == case.get("list_age_hours", 0)
    assert not wrong, f"{len(wrong)} of {len(some)}\n" + "\n".join(wrong[:10])


def test_commands_verdict_is_the_oracles_without_grounds(verify):
    some = sample(SAMPLE, SEED, askings()[0])
    assert {verdict["reason"] for _, _, verdict in some} == set(REASONS) - GROUNDS - {"service-outdated"}
    assert {flag for _, _, verdict in some for flag in verdict["flags"]} == set(FLAGS)
    verify_all(some, verify)


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(PARTS))
def test_commands_every_verdict_is_the_oracles_without_grounds(part, verify):
    verify_all(askings()[0][part::PARTS], verify)


def test_what_the_command_is_never_asked_is_told():
    met, never = askings()
    assert len(met) + sum(never.values()) == len(judged())
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"`juzhu verify` can be asked {len(met):,} of them" in readme
    for why, count in never.items():
        assert f"| {count} | {why} |" in readme


def test_a_card_on_another_day_has_another_verdict(verify):
    asking = next(ask(line, case) for line, case, verdict in askings()[0] if verdict["reason"] == "lapsed")
    assert verify(asking)[1]["reason"] == "lapsed"
    assert verify(replace(asking, days="1990-01-01"))[1]["reason"] == "clock-unsure"
