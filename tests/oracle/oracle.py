"""A slow, obvious judge of one case, written from the articles of the Kaifeng measures (汴政办〔2017〕162号).

With case_form.py it imports the standard library alone, so that any implementation can be held against it.
`judge(case)` returns the verdict of a case or {"error": why}; the forms are in tests/vectors/README.md.
Every day of the clock's interval is judged by itself, one after the other, by comparing calendar dates.
An unknown latest day is replaced by 400 days after the permit's last day of any meaning (UNBOUNDED_DAYS).

Readings, where the text leaves something open. They are ours:
- A year or month after a day ends on the corresponding day, or on that month's last day (Civil Code, 202).
- "以上" and "不超过" include the day itself (Civil Code, 1259): 60 on the birthday (22(7)); restorable on the day half
  a year after good-through (18); residence shown on the day one year after it began (26(3)).
- 16 says "每满1年之日前1个月内": the yearly day is the last good day; the window opens on the corresponding day of the
  month before it. Yearly days are counted from the day of issue, never from the yearly day before.
- 18 says that the years of residence run anew from a late endorsement; the permit's year then does too.
- 29, "施行之前": the measures bear 30 December 2017 and hold from their issue (31); 29 December is the last day before.
  (Their colophon says printed 2 January 2018; we follow the date that the document bears.)
- Civil age, not penal: an age is reached on the birthday, not the day after.
- The list's age is one number for the whole interval; an unknown age is past every limit, also for a suspension.
- A listed status where no list is held contradicts itself: an error. So does residence that begins after issue,
  a good-through for a permit that is not transitional, and an extension whose range ends before it begins.
- A new registration (`registered`) is asked of every endorsement of kind moved in the case.
- An extension counts for a transitional permit as for any other; it has no restoration, late or not.
- The flag clock-spans-days stands beside every verdict over more than one day, whatever its answer.
- On time within an extension moves the signed good-through to the next yearly day all the same, even where an
  extension of more than a year reaches further than that day.
- A day before the card was last signed tells nothing (clock-unsure): were it today, the clock would be behind.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from .case_form import (
    ASK_KEYS,
    DIVISIONS,
    LIFE_KEYS,
    NOT_JUDGED,
    REVOKED,
    SUSPENDED,
    CaseError,
    Facts,
    Question,
    read_keys,
    read_life,
    read_question,
)

ONE_DAY = timedelta(days=1)
UNBOUNDED_DAYS = timedelta(days=400)
FIRST_DAY_OF_THE_MEASURES = date(2017, 12, 30)
OLDEST_AT_ISSUE = 120
KAIFENG = 4102
MOST_ENDORSEMENTS = 255


# ---------------------------------------------------------------- the calendar


def on_or_before(year: int, month: int, day: int) -> date:
    """That day of that month, or the month's last day where it has no such day (Civil Code, 202)."""
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            if day <= 28:
                raise CaseError(f"{year}-{month} is outside the calendar")
            day -= 1


def years_after(start: date, years: int) -> date:
    return on_or_before(start.year + years, start.month, start.day)


def months_after(start: date, months: int) -> date:
    year, month = start.year, start.month
    for _ in range(months):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    return on_or_before(year, month, start.day)


def month_before(end: date) -> date:
    if end.month == 1:
        return on_or_before(end.year - 1, 12, end.day)
    return on_or_before(end.year, end.month - 1, end.day)


# ---------------------------------------------------------------- the permit's life, endorsement by endorsement


@dataclass
class Permit:
    """A permit as its last signature left it. `good_through` is the signed day; `effective` counts extensions."""

    anchor: date
    resident_since: date
    last_signed: date
    good_through: date
    effective: date
    window_opens: date
    restorable_until: date


def stand(facts: Facts, anchor: date, resident_since: date, last_signed: date, good_through: date) -> Permit:
    """The days that follow from a signed good-through."""
    effective = good_through
    for first, last, through in facts.extended:
        # An extension for holidays or an emergency: of several that match, the latest.
        if first <= good_through <= last and through > effective:
            effective = through
    return Permit(
        anchor=anchor,
        resident_since=resident_since,
        last_signed=last_signed,
        good_through=good_through,
        effective=effective,
        window_opens=month_before(good_through),  # 16: within one month before the yearly day
        restorable_until=months_after(effective, 6),  # 18: up to half a year late
    )


def next_yearly_day(anchor: date, good_through: date) -> date:
    """The first yearly day of the permit after its good-through, counting the years one by one (16)."""
    years = 1
    while years_after(anchor, years) <= good_through:
        years += 1
    return years_after(anchor, years)


def endorse(facts: Facts, permit: Permit, day: date, kind: str) -> Permit:
    """The permit after one endorsement; CaseError where the organ must refuse it."""
    if day < permit.last_signed:
        raise CaseError(f"endorsed {day}: before the issue or the endorsement before it")
    if day > permit.restorable_until:
        # 18: more than half a year late, the holder must register anew.
        raise CaseError(f"endorsed {day}: lapsed, only a new registration helps")
    if kind == "address":
        # 17, first paragraph: a new address inside the 市区 or one county changes no day.
        return stand(facts, permit.anchor, permit.resident_since, day, permit.good_through)
    if kind == "moved":
        # 17, second paragraph: after half a year of new temporary registration the years begin again.
        if facts.registered is not None and day < months_after(facts.registered, 6):
            raise CaseError(f"endorsed {day}: registered for less than half a year")
        return stand(facts, day, day, day, years_after(day, 1))
    if day < permit.window_opens:
        # 16: the window is one month.
        raise CaseError(f"endorsed {day}: the window opens {permit.window_opens}")
    if day <= permit.effective:
        # 16: in time, so the years run on.
        following = next_yearly_day(permit.anchor, permit.good_through)
        return stand(facts, permit.anchor, permit.resident_since, day, following)
    # 18: late, so residence, and with it the permit's year, runs from this day.
    return stand(facts, day, day, day, years_after(day, 1))


def live(facts: Facts) -> Permit:
    """Issue, then every endorsement in order."""
    if facts.issued > years_after(facts.born, OLDEST_AT_ISSUE):
        raise CaseError("older than 120 years at issue")
    if facts.permit_class == "transitional":
        # 29: good to its own end and never endorsed.
        if facts.endorsed:
            raise CaseError("a transitional permit is never endorsed")
        end = facts.transitional_end or years_after(facts.issued, 1)
        return stand(facts, facts.issued, facts.resident_since, facts.issued, end)
    permit = stand(facts, facts.issued, facts.resident_since, facts.issued, years_after(facts.issued, 1))
    if len(facts.endorsed) > MOST_ENDORSEMENTS:
        raise CaseError("more than 255 endorsements")
    for day, kind in facts.endorsed:
        permit = endorse(facts, permit, day, kind)
    return permit


# ---------------------------------------------------------------- one day


@dataclass(frozen=True)
class Finding:
    answer: str
    reason: str
    article: str = ""
    until: date | None = None


def answer_on(day: date, facts: Facts, permit: Permit, question: Question) -> Finding:
    """The first rule that holds on this one day."""
    service = question.service
    list_is_old = question.list_age is None or question.list_age > service.limit

    if facts.authenticity in NOT_JUDGED:
        return Finding("REFER", NOT_JUDGED[facts.authenticity])

    if day < permit.last_signed:
        # A genuine signature from a day after this one: if it were this day, the clock would be behind.
        return Finding("REFER", "clock-unsure")

    if facts.status in REVOKED:
        # 20, however old the list is: a dead card does not come back.
        return Finding("DENY", REVOKED[facts.status], "20")

    if facts.status in SUSPENDED:
        # 19; but on an old list the suspension may have been lifted since.
        if list_is_old:
            return Finding("REFER", "list-too-old")
        return Finding("DENY", *SUSPENDED[facts.status])

    if day > permit.effective:
        if facts.permit_class == "transitional":
            return Finding("DENY", "transitional-ended", "29")
        if day <= permit.restorable_until:
            # 16 was missed, 19(3) stops the use, 18 still restores it.
            return Finding("DENY", "overdue", "16, 18, 19(3)", permit.restorable_until)
        return Finding("DENY", "lapsed", "18")

    if facts.division not in DIVISIONS and facts.division // 100 == KAIFENG:
        # A division of this very city that these rules do not name: it may be younger than they are.
        return Finding("REFER", "rule-unknown")
    if facts.division not in DIVISIONS:
        # 2: the measures hold in this city.
        return Finding("DENY", "other-division", "2")
    if facts.permit_class == "hong-kong-macao-taiwan":
        return Finding("REFER", "other-rules", "28")
    if facts.permit_class == "transitional" and facts.issued >= FIRST_DAY_OF_THE_MEASURES:
        # 29 speaks of temporary permits received before the measures took effect.
        return Finding("REFER", "other-rules", "29")

    if service.asks == "60 years" and day < years_after(facts.born, 60):
        return Finding("DENY", "under-age", service.article)
    if service.asks == "papers":
        return Finding("REFER", "papers-decide", service.article)
    if service.asks == "a year of residence" and day < years_after(permit.resident_since, 1):
        # The permit can show a year of residence; it cannot show that there was none.
        return Finding("REFER", "residence-not-shown", service.article)

    if not facts.list_held:
        return Finding("REFER", "no-list")
    if list_is_old:
        return Finding("REFER", "list-too-old")

    if day >= permit.window_opens and facts.permit_class != "transitional":
        return Finding("ALLOW", "endorse-soon", "16", permit.effective)
    return Finding("ALLOW", "in-force", service.article)


# ---------------------------------------------------------------- the whole interval


def find(facts: Facts, permit: Permit, question: Question) -> Finding:
    """The same answer on every day of the interval is the answer, with the first day's reason."""
    last = question.last
    if last is None:
        # Past the last restorable day every day is like the one before it, so that a day more tells nothing new.
        last = max(question.first, permit.restorable_until) + UNBOUNDED_DAYS
    opening = answer_on(question.first, facts, permit, question)
    day = question.first
    while day < last:
        day += ONE_DAY
        if answer_on(day, facts, permit, question).answer != opening.answer:
            return Finding("REFER", "clock-unsure")
    return opening


def flags_beside(finding: Finding, facts: Facts, question: Question) -> list[str]:
    allowed = finding.answer == "ALLOW"
    flags = []
    if allowed and question.list_age is not None and question.list_age > question.service.warn:
        flags.append("list-ageing")
    if question.last != question.first:
        flags.append("clock-spans-days")
    if allowed and facts.status == "newer-than-list":
        flags.append("newer-than-list")
    if allowed and question.service.counter and question.first < years_after(facts.born, 16):
        # 10: under 16 a guardian or near relative acts, and shows papers of both.
        flags.append("agent")
    return flags


def written(facts: Facts, permit: Permit, question: Question) -> dict[str, Any]:
    finding = find(facts, permit, question)
    genuine = facts.authenticity == "genuine"
    restorable = genuine and facts.permit_class != "transitional"
    return {
        "answer": finding.answer,
        "reason": finding.reason,
        "article": finding.article,
        "good_through": permit.effective.isoformat() if genuine else None,
        "restorable_until": permit.restorable_until.isoformat() if restorable else None,
        "resident_since": permit.resident_since.isoformat() if genuine else None,
        "until": finding.until.isoformat() if finding.until is not None else None,
        "flags": flags_beside(finding, facts, question),
    }


def judge(case: dict[str, Any]) -> dict[str, Any]:
    """The verdict of a case, or {"error": why}."""
    try:
        read_keys(case, (*LIFE_KEYS, *ASK_KEYS))
        facts = read_life(case)
        return written(facts, live(facts), read_question(case))
    except (CaseError, OverflowError) as error:
        return {"error": str(error)}


def permit_of(case: dict[str, Any]) -> Permit:
    """The permit of a case, for those who look for its boundary days; CaseError as in judge."""
    return live(read_life(case))


def judge_life(life: dict[str, Any], asks: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """judge({**life, **ask}) for each ask (service, today, list_age_hours), reading and living the life only once."""
    try:
        read_keys(life, LIFE_KEYS)
        facts = read_life(life)
        permit = live(facts)
    except CaseError as error:
        for _ in asks:
            yield {"error": str(error)}
        return
    for ask in asks:
        try:
            read_keys(ask, ASK_KEYS)
            question = read_question(ask)
            verdict = written(facts, permit, question)
        except (CaseError, OverflowError) as error:
            verdict = {"error": str(error)}
        yield verdict
