"""A permit's life as days: what state it was in on each, and what happened; without I/O.

The rules are rules/'s: an endorsement's good-through is signed on the card, the window and the half year that
restores follow from it. What was suspended and revoked only a registry knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.events import CANCELLED, ENDORSED, RESTORED, SUSPENDED, Event
from juzhu_protocol.records.card import Endorsement, Service
from juzhu_protocol.rules import lifecycle
from juzhu_protocol.rules.calendar import add_months, add_years, day_of
from juzhu_protocol.rules.decide import CLASS_TRANSITIONAL, restorable_until, window_opens
from juzhu_protocol.rules.profile import Profile

IN_FORCE, WINDOW, OVERDUE, LAPSED = "in-force", "window", "overdue", "lapsed"
SUSPENDED_STATE, REVOKED_STATE, ENDED, FUTURE = "suspended", "revoked", "ended", "future"

SHOWN_WITHOUT_END = 12
"""Months shown past good-through where no day ends the restoration."""


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included, in one state."""

    first: int
    last: int
    state: str


@dataclass(frozen=True)
class Mark:
    """What happened, or falls, on one day. kind: issued, reissued, yearly, late, address, moved, suspended,
    restored, revoked, window, good-through, restorable, today. detail: a ground, a cause,
    or a state; number: endorsements'.
    """

    day: int
    kind: str
    detail: str = ""
    number: int = 0
    good_through: int = 0


@dataclass(frozen=True)
class Timeline:
    """A permit's life from `first` to `last`; spans cover it without a gap, marks are in order of days."""

    list_division: int
    serial: int
    issuing_division: int
    first: int
    last: int
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    today: int
    state_today: str
    notes: tuple[str, ...] = ()


@dataclass
class _Life:
    """Good-through as signed from a day on, and what a registry adds."""

    is_transitional: bool
    profile: Profile
    signed: list[tuple[int, int]]
    suspended: list[tuple[int, int | None, str]] = field(default_factory=list)
    revoked: tuple[int, str] | None = None

    def good_through(self, day: int) -> int:
        return [good for since, good in self.signed if since <= day or since == self.signed[0][0]][-1]

    def state(self, day: int) -> str:
        if day < self.signed[0][0]:
            return FUTURE
        if self.revoked and day >= self.revoked[0]:
            return REVOKED_STATE
        if any(first <= day and (last is None or day < last) for first, last, _ in self.suspended):
            return SUSPENDED_STATE
        signed = self.good_through(day)
        effective = self.profile.good_through(signed)
        if day > effective:
            if self.is_transitional:
                return ENDED
            last_late = restorable_until(effective, self.profile)
            return OVERDUE if last_late is None or day <= last_late else LAPSED
        if not self.is_transitional and day >= window_opens(signed, self.profile):
            return WINDOW
        return IN_FORCE

    def turning_days(self) -> Iterable[int]:
        for since, signed in self.signed:
            effective = self.profile.good_through(signed)
            last_late = restorable_until(effective, self.profile)
            yield from (since, window_opens(signed, self.profile), effective + 1)
            if last_late is not None:
                yield last_late + 1
        for first, last, _ in self.suspended:
            yield from (first, first if last is None else last)
        if self.revoked:
            yield self.revoked[0]


def timeline_of(
    image: CardImage,
    profile: Profile,
    today: int,
    events: Sequence[Event] = (),
    first_issued: int = 0,
    earlier: Sequence[Event] = (),
) -> Timeline:
    """Return the life of the permit on a card; events are a registry's, none for what a card alone tells.

    Of a card that replaced others a registry tells too when the first was issued, and the others' events.
    """
    service = Service.from_bytes(image.service)
    records = sorted(
        (Endorsement.from_bytes(raw) for raw in image.endorsements), key=lambda record: record.number
    )
    is_successor = _is_successor(service, records, profile)
    begun = first_issued or min([service.issue_day, service.anchor_day, *(record.day for record in records)])
    transitional = service.permit_class == CLASS_TRANSITIONAL
    # The card holds no good-through as at issue once it was endorsed; the rules give it.
    at_issue = lifecycle.issued(begun).good_through if records else service.good_through
    notes = []
    signed = [(begun, at_issue), *((record.day, record.good_through) for record in records)]
    if signed[-1][1] != service.good_through:
        notes.append("SERVICE and the last endorsement record differ; SERVICE counts")
        signed.append((max(service.endorsement_day, signed[-1][0]), service.good_through))
    life = _Life(transitional, profile, signed)
    _add_events(life, events)
    late_days = {day_of(event.time) for event in (*earlier, *events) if _tells_late(event)}
    # What replaced a card bears its endorsements, and not the day of the first issue unless that is the anchor.
    is_known = not is_successor or first_issued or all(service.anchor_day < record.day for record in records)
    marks = list(_issued(service, first_issued, at_issue, is_successor=is_successor))
    for number, record in enumerate(records):
        kind = lifecycle.KIND_NAMES[record.kind]
        if record.kind == lifecycle.KIND_YEARLY:
            before = records[number - 1].good_through if number else at_issue if is_known else 0
            late = record.day in late_days if events else _was_late(record, before, profile)
            if late is None:
                notes.append(
                    f"the card was replaced, and alone cannot tell whether endorsement {record.number} was late"
                )
            kind = "late" if late else kind
        marks.append(Mark(record.day, kind, number=record.number, good_through=record.good_through))
    marks += _listed(life)
    # Without an end in the past there is a future to show.
    if life.revoked is None:
        marks += _to_come(service, profile, transitional)
    marks.append(Mark(today, "today", life.state(today)))
    marks.sort(key=lambda mark: mark.day)
    first, last = _range(begun, marks, service.good_through)
    return Timeline(
        service.list_division,
        service.serial,
        service.issuing_division,
        first,
        last,
        tuple(_spans(life, first, last)),
        tuple(marks),
        today,
        life.state(today),
        tuple(notes),
    )


def _is_successor(service: Service, records: Sequence[Endorsement], profile: Profile) -> bool:
    """Whether a card took another's place: it bears endorsements that are older than it, or of too early a day."""
    if service.endorsement_number == 0 or not records:
        return service.anchor_day < service.issue_day
    first = records[0]
    if min(service.anchor_day, first.day) < service.issue_day:
        return True
    opens = window_opens(lifecycle.issued(service.issue_day).good_through, profile)
    return first.kind == lifecycle.KIND_YEARLY and first.day == service.issue_day < opens


def _issued(service: Service, first_issued: int, at_issue: int, *, is_successor: bool) -> Iterable[Mark]:
    if not is_successor:
        yield Mark(service.issue_day, "issued", good_through=at_issue)
        return
    if first_issued:
        yield Mark(first_issued, "issued", good_through=at_issue)
    yield Mark(service.issue_day, "reissued")


def _tells_late(event: Event) -> bool:
    return event.name == ENDORSED and event.detail.endswith(", late")


def _was_late(record: Endorsement, before: int, profile: Profile) -> "bool | None":
    """Whether a yearly endorsement was late; before: good-through until then, 0 for unknown. None: cannot tell."""
    if before:
        return record.day > profile.good_through(before)
    # A late one is good for a year from its own day, and one in time for longer, but on the very last day.
    if record.good_through != add_years(record.day, 1):
        return False
    return None


def _add_events(life: _Life, events: Sequence[Event]) -> None:
    for event in events:
        day = day_of(event.time)
        if event.name == SUSPENDED:
            life.suspended.append((day, None, event.detail.removeprefix("ground ")))
        elif event.name in (RESTORED, CANCELLED) and life.suspended and life.suspended[-1][1] is None:
            first, _, ground = life.suspended[-1]
            life.suspended[-1] = (first, day, ground)
        if event.name == CANCELLED:
            life.revoked = (day, event.detail)


def _listed(life: _Life) -> Iterable[Mark]:
    for first, last, ground in life.suspended:
        yield Mark(first, "suspended", ground)
        if last is not None and (life.revoked is None or last != life.revoked[0]):
            yield Mark(last, "restored")
    if life.revoked is not None:
        yield Mark(life.revoked[0], "revoked", life.revoked[1])


def _to_come(service: Service, profile: Profile, transitional: bool) -> Iterable[Mark]:
    effective = profile.good_through(service.good_through)
    yield Mark(effective, "good-through")
    if not transitional:
        yield Mark(window_opens(service.good_through, profile), "window")
        last_late = restorable_until(effective, profile)
        if last_late is not None:
            yield Mark(last_late, "restorable")


def _range(begun: int, marks: Sequence[Mark], good_through: int) -> tuple[int, int]:
    last = max(mark.day for mark in marks)
    if not any(mark.kind in ("restorable", "revoked") for mark in marks):
        last = max(last, add_months(good_through, SHOWN_WITHOUT_END))
    margin = max(14, (last - begun) // 16)
    return min(begun, marks[0].day), last + margin


def _spans(life: _Life, first: int, last: int) -> Iterable[Span]:
    turns = sorted({day for day in life.turning_days() if first < day <= last} | {first})
    begins, state = first, life.state(first)
    for turn in turns[1:]:
        if life.state(turn) != state:
            yield Span(begins, turn - 1, state)
            begins, state = turn, life.state(turn)
    yield Span(begins, last, state)
