"""`juzhu permit timeline`: the states of every day, the bar in 80 columns, the picture."""

import json
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juzhu_host import timeline_text
from juzhu_host.card_files import NewCard, new_image
from juzhu_host.cases import CLASSES, KINDS, judge
from juzhu_host.cli import main
from juzhu_host.timeline import (
    ENDED,
    IN_FORCE,
    LAPSED,
    OVERDUE,
    REVOKED_STATE,
    SUSPENDED_STATE,
    WINDOW,
    timeline_of,
)
from juzhu_host.timeline_svg import WIDTH, _width, svg_of
from juzhu_host.timeline_text import COLUMNS, text_of, width_of
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.errors import EndorsementRefusedError
from juzhu_protocol.profiles.source import find_profile
from juzhu_protocol.rules.calendar import from_iso, iso
from juzhu_protocol.rules.kaifeng import KAIFENG
from permit_tools import CITY, KEYS, at, issue

RING = KeyRing.load(DEVELOPMENT_KEYS)
TITLES = ("居住证 410200-1（开封市）", "Residence permit 410200-1 (Kaifeng)")
REASON_OF = {
    IN_FORCE: "in-force",
    WINDOW: "endorse-soon",
    OVERDUE: "overdue",
    LAPSED: "lapsed",
    ENDED: "transitional-ended",
}
SVG = "{http://www.w3.org/2000/svg}"


def image_of(issued, *endorsed, permit_class="ordinary", profile=KAIFENG, division=410202):
    organs, steps = [division], []
    for day, kind in endorsed:
        if kind == "moved":
            organs.append(next(one for one in profile.units if not profile.same_unit(one, organs[-1])))
        steps.append((from_iso(day), KINDS[kind], organs[-1]))
    return new_image(
        NewCard(
            division=division,
            born=from_iso("1950-03-01"),
            issued=from_iso(issued),
            permit_class=CLASSES[permit_class],
            endorsed=steps,
        ),
        profile,
        RING,
    )


def life(issued, *endorsed, today="2026-11-23", **named):
    return timeline_of(image_of(issued, *endorsed, **named), named.get("profile", KAIFENG), from_iso(today))


def state_on(timeline, day):
    (found,) = [span.state for span in timeline.spans if span.first <= from_iso(day) <= span.last]
    return found


LATE = ("2024-05-10", ("2025-05-02", "yearly"), ("2025-07-01", "address"), ("2026-08-20", "yearly"))


@pytest.mark.parametrize(
    ("day", "state"),
    [
        ("2024-05-10", IN_FORCE),
        ("2025-04-09", IN_FORCE),
        ("2025-04-10", WINDOW),
        ("2025-05-01", WINDOW),
        ("2025-05-02", IN_FORCE),
        ("2026-05-10", WINDOW),
        ("2026-05-11", OVERDUE),
        ("2026-08-19", OVERDUE),
        ("2026-08-20", IN_FORCE),
        ("2027-07-19", IN_FORCE),
        ("2027-07-20", WINDOW),
        ("2027-08-20", WINDOW),
        ("2027-08-21", OVERDUE),
        ("2028-02-20", OVERDUE),
        ("2028-02-21", LAPSED),
    ],
)
def test_state_at_boundaries(day, state):
    assert state_on(life(*LATE), day) == state


def test_marks_tell_what_happened_and_what_will():
    marks = [(mark.kind, iso(mark.day)) for mark in life(*LATE).marks]
    assert marks == [
        ("issued", "2024-05-10"),
        ("yearly", "2025-05-02"),
        ("address", "2025-07-01"),
        ("late", "2026-08-20"),
        ("today", "2026-11-23"),
        ("window", "2027-07-20"),
        ("good-through", "2027-08-20"),
        ("restorable", "2028-02-20"),
    ]


def test_a_transitional_permit_ends_and_has_no_window():
    timeline = life("2020-05-10", permit_class="transitional")
    assert [span.state for span in timeline.spans] == [IN_FORCE, ENDED]
    assert {mark.kind for mark in timeline.marks} == {"issued", "good-through", "today"}


def test_a_place_without_an_end_to_restoring_shows_none():
    source = find_profile("beijing")
    profile = source.profile
    profile.restorable_months = 255
    image = image_of("2024-05-10", division=410202)
    timeline = timeline_of(image, profile, from_iso("2030-01-01"))
    assert [span.state for span in timeline.spans] == [IN_FORCE, WINDOW, OVERDUE]


def test_an_extension_moves_the_end_of_good_days():
    from juzhu_protocol.rules.profile import Extension

    day = from_iso("2025-05-10")
    profile = KAIFENG.with_extensions([Extension(day, day, day + 3)])
    timeline = timeline_of(image_of("2024-05-10"), profile, day)
    assert state_on(timeline, "2025-05-13") == WINDOW
    assert state_on(timeline, "2025-05-14") == OVERDUE


@st.composite
def lives(draw):
    """(issued, endorsements) of a life that no organ refused, days as ISO."""
    issued = draw(st.integers(from_iso("2020-01-01"), from_iso("2028-12-31")))
    endorsed = []
    day = issued
    for _ in range(draw(st.integers(0, 5))):
        day += draw(st.integers(0, 500))
        step = (iso(day), draw(st.sampled_from(["yearly", "address", "moved"])))
        try:
            image_of(iso(issued), *endorsed, step)
        except EndorsementRefusedError:
            continue
        endorsed.append(step)
    return iso(issued), endorsed


# On each day the bar shows what decide says of the card as it was on that day.
@settings(max_examples=40)
@given(lives(), st.data())
def test_the_bar_says_on_every_day_what_the_decision_says(found, data):
    issued, endorsed = found
    timeline = life(issued, *endorsed, today=issued)
    assert timeline.spans[0].first == timeline.first
    assert timeline.spans[-1].last == timeline.last
    assert all(
        one.last + 1 == other.first for one, other in zip(timeline.spans, timeline.spans[1:], strict=False)
    )
    turns = [span.first for span in timeline.spans] + [span.last for span in timeline.spans]
    for day in {*turns, data.draw(st.integers(timeline.first, timeline.last))}:
        until_now = [step for step in endorsed if from_iso(step[0]) <= day]
        verdict = judge(
            {
                "born": "1950-03-01",
                "issued": issued,
                "endorsed": [list(step) for step in until_now],
                "service": "health",
                "today": [iso(day), iso(day)],
            }
        )
        assert verdict["reason"] == REASON_OF[state_on(timeline, iso(day))], iso(day)


@settings(max_examples=40)
@given(lives(), st.sampled_from(["zh", "en"]), st.booleans())
def test_the_terminals_lines_fit_80_columns_and_have_no_colour(found, language, is_unicode):
    issued, endorsed = found
    text = text_of(life(issued, *endorsed), TITLES[language == "en"], language, is_unicode=is_unicode)
    assert "\x1b" not in text
    for line in text.splitlines():
        assert width_of(line) <= COLUMNS
        assert line == line.rstrip()
    if not is_unicode and language == "en":
        assert text.isascii()
    for day, _ in endorsed:
        assert day in text


def test_a_long_heading_is_cut():
    text = text_of(life(*LATE), "长" * 60, "zh", is_unicode=True)
    assert width_of(text.splitlines()[0]) == COLUMNS


def test_two_days_among_twenty_years_are_seen(tmp_path):
    with Registry(tmp_path / "r.db", create=True) as registry:
        issue(registry, "2021-03-15")
        registry.suspend(CITY, 1, 6, now=at("2021-06-01"))
        registry.restore(CITY, 1, now=at("2021-06-03"))
        for year in range(2022, 2040):
            registry.endorse(CITY, 1, keys=KEYS, now=at(f"{year}-03-01"))
        image, events = registry.card_image(CITY, 1), registry.events(CITY, 1)
    timeline = timeline_of(image, KAIFENG, from_iso("2026-11-23"), events)
    assert [iso(span.first) for span in timeline.spans if span.state == SUSPENDED_STATE] == ["2021-06-01"]
    assert [iso(span.last) for span in timeline.spans if span.state == SUSPENDED_STATE] == ["2021-06-02"]
    bar = text_of(timeline, "", "en", is_unicode=False).splitlines()[4]
    assert bar.count("x") == 1


@pytest.fixture
def registry(tmp_path):
    path = tmp_path / "r.db"
    with Registry(path, create=True) as registry:
        issue(registry, "2024-03-15")
        registry.suspend(CITY, 1, 6, now=at("2024-06-01"))
        registry.restore(CITY, 1, now=at("2024-07-01"))
        registry.suspend(CITY, 1, 5, now=at("2024-09-01"))
        registry.revoke(CITY, 1, "lost", now=at("2024-10-01"))
    return path


@pytest.fixture
def timeline(tmp_path, monkeypatch, capsys):
    """Run `juzhu permit timeline` in tmp_path; return exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "card.json").write_text(image_of(*LATE).to_json())

    def run(*words):
        try:
            code = main(["permit", "timeline", *words])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.mark.parametrize(
    ("day", "state"),
    [
        ("2024-05-31", IN_FORCE),
        ("2024-06-01", SUSPENDED_STATE),
        ("2024-06-30", SUSPENDED_STATE),
        ("2024-07-01", IN_FORCE),
        ("2024-09-01", SUSPENDED_STATE),
        ("2024-10-01", REVOKED_STATE),
        ("2026-01-01", REVOKED_STATE),
    ],
)
def test_a_registry_tells_of_suspensions_and_the_end(timeline, registry, day, state):
    code, out, said = timeline("--registry", "r.db", "--serial", "1", "--json", "--on", day)
    assert (code, said) == (0, "")
    found = json.loads(out)
    assert found["state_today"] == state
    assert [
        (mark["kind"], mark["day"], mark["detail"]) for mark in found["marks"] if mark["kind"] != "today"
    ] == [
        ("issued", "2024-03-15", ""),
        ("suspended", "2024-06-01", "6"),
        ("restored", "2024-07-01", ""),
        ("suspended", "2024-09-01", "5"),
        ("revoked", "2024-10-01", "lost"),
    ]


def test_a_terminal_without_unicode_gets_ascii(timeline, monkeypatch):
    monkeypatch.setattr("juzhu_host.timeline_command._can_show", lambda text: False)
    code, out, _ = timeline("card.json", "--on", "2026-11-23")
    assert code == 0
    assert out.isascii()
    assert "T  2026-11-23  today: in force" in out
    assert timeline("card.json", "--on", "2026-11-23", "--ascii")[1] == out


def test_both_languages_on_the_terminal(timeline):
    assert "补办签注，有效至 2027-08-20" in timeline("card.json", "--lang", "zh")[1]
    assert "endorsed late, good through 2027-08-20" in timeline("card.json")[1]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 78, "CARD"),
        (("card.json", "--registry", "r.db"), 78, "either"),
        (("--registry", "r.db"), 78, "--serial"),
        (("--registry", "r.db", "--serial", "9"), 1, "serial 9"),
        (("--registry", "gone.db", "--serial", "1"), 78, "gone.db"),
        (("gone.json",), 78, "gone.json"),
        (("card.json", "--svg", "no/a.svg"), 78, "--svg"),
        (("card.json", "--on", "2026-02-30"), 64, "no such date"),
        (("card.json", "--profile", "atlantis"), 78, "no profile is called"),
    ],
)
def test_what_cannot_be_shown_is_one_line(timeline, registry, words, code, said):
    found, out, err = timeline(*words)
    assert (found, out) == (code, "")
    assert said in err.splitlines()[-1]


def picture(found):
    return ET.fromstring(svg_of(found, TITLES))


def boxes(root):
    """The rough place of every text that is not centred: (left, top, right, bottom, text)."""
    for text in root.iter(f"{SVG}text"):
        left, base, size = float(text.get("x")), float(text.get("y")), float(text.get("font-size"))
        width = _width(text.text, size)
        if text.get("text-anchor") == "end":
            left -= width
        if text.get("text-anchor") != "middle":
            yield left, base - size * 0.8, left + width, base + 1, text.text


def overlapping(root):
    return [
        (one[4], other[4])
        for one, other in combinations(boxes(root), 2)
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]


@settings(max_examples=40)
@given(lives(), st.integers(from_iso("2020-01-01"), from_iso("2035-01-01")))
def test_no_text_of_the_picture_covers_another_or_leaves_it(found, today):
    root = picture(life(found[0], *found[1], today=iso(today)))
    assert overlapping(root) == []
    height = float(root.get("height"))
    for left, top, right, bottom, text in boxes(root):
        assert 0 <= left <= right <= WIDTH, text
        assert 0 <= top <= bottom <= height, text


def test_a_crowded_life_is_a_numbered_table():
    steps = [(iso(from_iso("2024-05-11") + number), "address") for number in range(255)]
    root = picture(life("2024-05-10", *steps))
    told = [text.text for text in root.iter(f"{SVG}text")]
    for day, _ in steps:
        assert any(text.startswith(day) for text in told)
    assert len(list(root.iter(f"{SVG}circle"))) == 256 + 1
    assert overlapping(root) == []


def test_the_picture_needs_nothing_from_elsewhere(timeline, tmp_path):
    assert timeline("card.json", "--svg", "a.svg", "--on", "2026-11-23")[0] == 0
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert text.count("http") == 1
    assert not any("href" in name for element in root.iter() for name in element.attrib)
    assert not {"script", "image", "style"} & {element.tag.removeprefix(SVG) for element in root.iter()}
    for words in (
        "居住证",
        "Residence permit",
        "补办签注",
        "endorsed late",
        "今日：有效",
        "today: in force",
        "2027",
    ):
        assert words in text


def test_text_of_a_picture_is_escaped():
    svg = svg_of(life(*LATE), ("<&>", "<script>"))
    assert "<script>" not in svg
    assert ET.fromstring(svg).find(f"{SVG}title").text == "<&> / <script>"


def test_numbers_beyond_the_letters_are_starred():
    assert [timeline_text._sign("yearly", number) for number in (1, 9, 10, 35, 36, 255)] == list("19az**")


def replaced(path, endorsed_on, card_on):
    """A registry whose permit of 2024-03-15 was endorsed and then replaced by serial 2."""
    with Registry(path, create=True) as registry:
        issue(registry, "2024-03-15")
        registry.endorse(CITY, 1, keys=KEYS, now=at(endorsed_on))
        registry.replace(CITY, 1, keys=KEYS, now=at(card_on))
        return registry.card_image(CITY, 2)


def told(found):
    return [
        (mark["kind"], mark["day"])
        for mark in found["marks"]
        if mark["kind"] in ("issued", "reissued", "yearly", "late")
    ]


@pytest.mark.parametrize(
    ("endorsed_on", "kind"), [("2025-03-01", "yearly"), ("2025-03-15", "yearly"), ("2025-05-20", "late")]
)
def test_a_replaced_card_keeps_its_late_endorsement_and_its_first_issue(
    timeline, tmp_path, endorsed_on, kind
):
    image = replaced(tmp_path / "r.db", endorsed_on, "2025-06-01")
    code, out, said = timeline("--registry", "r.db", "--serial", "2", "--json", "--on", "2025-07-01")
    assert (code, said) == (0, "")
    found = json.loads(out)
    assert told(found) == [("issued", "2024-03-15"), (kind, endorsed_on), ("reissued", "2025-06-01")]
    assert found["notes"] == []
    assert (found["first"], found["state_today"]) == ("2024-03-15", "in-force")
    # The predecessor's end is not this card's.
    assert "revoked" not in [mark["kind"] for mark in found["marks"]]
    (tmp_path / "card.json").write_text(image.to_json())
    alone = json.loads(timeline("card.json", "--json", "--on", "2025-07-01")[1])
    if kind == "late":
        assert told(alone) == [("yearly", endorsed_on), ("reissued", "2025-06-01")]
        (note,) = alone["notes"]
        assert "cannot tell whether endorsement 1 was late" in note
    else:
        assert told(alone) == [("yearly", endorsed_on), ("reissued", "2025-06-01")]
        assert alone["notes"] == []


def test_a_replaced_card_that_was_never_endorsed_has_no_late_endorsement(timeline, tmp_path):
    with Registry(tmp_path / "r.db", create=True) as registry:
        issue(registry, "2024-03-15")
        registry.replace(CITY, 1, keys=KEYS, now=at("2024-06-01"))
    for words in (("--registry", "r.db", "--serial", "2"),):
        found = json.loads(timeline(*words, "--json", "--on", "2024-07-01")[1])
        assert told(found) == [("issued", "2024-03-15"), ("reissued", "2024-06-01")]
        assert (found["notes"], found["state_today"]) == ([], "in-force")


def test_the_picture_of_a_life_is_its_owners_alone(timeline, tmp_path):
    (tmp_path / "a.svg").write_text("old")
    (tmp_path / "a.svg").chmod(0o644)
    assert timeline("card.json", "--svg", "a.svg")[0] == 0
    assert (tmp_path / "a.svg").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob(".a.svg*")] == []
