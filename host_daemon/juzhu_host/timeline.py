"""A permit's life as days: what state it was in on each, and what happened; without I/O.

The rules are rules/'s: an endorsement's good-through is signed on the card, the window and the half year that
restores follow from it. What was suspended and revoked only a registry knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.events import CANCELLED, RESTORED, SUSPENDED, Event
from juzhu_protocol.records.card import Endorsement, Service
from juzhu_protocol.rules import lifecycle
from juzhu_protocol.rules.calendar import add_months, day_of
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
    """What happened, or falls, on one day. kind: issued, yearly, late, address, moved, suspended, restored,
    revoked, window, good-through, restorable, today. detail: a ground, a cause, or a state; number: endorsements'.
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


def timeline_of(image: CardImage, profile: Profile, today: int, events: Sequence[Event] = ()) -> Timeline:
    """Return the life of the permit on a card; events are a registry's, none for what a card alone tells."""
    service = Service.from_bytes(image.service)
    records = sorted(
        (Endorsement.from_bytes(raw) for raw in image.endorsements), key=lambda record: record.number
    )
    begun = min([service.issue_day, service.anchor_day, *(record.day for record in records)])
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
    marks = [Mark(service.issue_day, "issued", good_through=at_issue), *_endorsed(records, at_issue, profile)]
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


def _endorsed(records: Sequence[Endorsement], at_issue: int, profile: Profile) -> Iterable[Mark]:
    good = at_issue
    for record in records:
        kind = lifecycle.KIND_NAMES[record.kind]
        if record.kind == lifecycle.KIND_YEARLY and record.day > profile.good_through(good):
            kind = "late"
        good = record.good_through
        yield Mark(record.day, kind, number=record.number, good_through=good)


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
