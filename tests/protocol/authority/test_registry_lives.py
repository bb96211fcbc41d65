"""Random lives through the registry: whatever was accepted, the card says what rules/lifecycle.py says."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.authority import permits
from juzhu_protocol.authority.errors import RefusedError
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.errors import EndorsementRefusedError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.records.card import Endorsement, Service
from juzhu_protocol.rules import lifecycle
from juzhu_protocol.rules.calendar import add_months, from_iso, start_of
from juzhu_protocol.rules.decide import GENUINE, STATUS_REVOKED, STATUS_SUSPENDED
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.profile import Extension
from juzhu_protocol.trust.service import check_service
from permit_tools import CITY, KEYS, holder

GROUNDS = (1, 2, 4, 5, 6)
DIVISIONS = (410202, 410203, 410221, 410225)
FIRST, LAST = from_iso("2023-01-01"), from_iso("2024-12-31")
PROFILES = (
    KAIFENG,
    KAIFENG.with_extensions(
        [Extension(from_iso("2024-12-01"), from_iso("2025-04-30"), from_iso("2025-09-30"))]
    ),
)

BOUNDARIES = {"window": 6, "window - 1": 2, "good": 4, "good + 1": 2, "last": 1, "last + 1": 0.3}
WEIGHTS = {
    "yearly": 8,
    "address": 3,
    "moved": 4,
    "suspend": 4,
    "restore": 4,
    "replace": 3,
    "hand out": 1,
    "lose": 1,
    "cancel": 0.3,
}
STEPS_A_LIFE = 14


def draw_steps(draw):
    """A life's steps: half on days at which an answer may change, the others soon after the last act or before it."""
    for name in draw.choices([*WEIGHTS], [*WEIGHTS.values()], k=STEPS_A_LIFE):
        step = draw.randrange(-3, 40)
        if draw.random() < 0.5:
            (step,) = draw.choices([*BOUNDARIES], [*BOUNDARIES.values()])
        if name in ("yearly", "address"):
            yield step, (name, draw.choice((0, 0, 0, *DIVISIONS)))
        elif name == "moved":
            yield step, (name, draw.choice(DIVISIONS), draw.randrange(4, 9))
        elif name == "suspend":
            yield step, (name, draw.choice((5, 5, *GROUNDS)))
        else:
            yield step, (name, draw.random() < 0.5)


KINDS = {name: kind for kind, name in lifecycle.KIND_NAMES.items()}


@pytest.fixture(scope="module")
def registries():
    with tempfile.TemporaryDirectory() as folder:
        opened = [
            Registry(Path(folder) / f"{number}.db", create=True, profile=profile)
            for number, profile in enumerate(PROFILES)
        ]
        yield opened
        for registry in opened:
            registry.close()


class UndoError(Exception):
    """Ends an example's batch, so that the next one finds an empty register."""


class Model:
    """What a permit must be after the acts so far; its days are the life of rules/lifecycle.py."""

    def __init__(self, profile, day):
        self.profile = profile
        self.life = lifecycle.issued(day)
        self.confirmed = day
        self.division = 410202
        self.issue_day = day
        self.status, self.ground, self.cause = "valid", 0, ""
        self.serial = 1
        self.last_act = day

    def last_late(self):
        good = self.profile.good_through(self.life.good_through)
        return add_months(good, 6)

    def day(self, step, day):
        """The day of a step: a named boundary of the permit's own, or so many days after the last."""
        good = self.profile.good_through(self.life.good_through)
        named = {
            "window": add_months(self.life.good_through, -1),
            "window - 1": add_months(self.life.good_through, -1) - 1,
            "good": good,
            "good + 1": good + 1,
            "last": self.last_late(),
            "last + 1": self.last_late() + 1,
        }
        return max(day, named[step]) if step in named else day + step

    def endorse(self, kind, division, day, registered):
        """Whether the endorsement is allowed; then the model has it."""
        away = kind == "moved"
        if self.status == "revoked" or (self.status == "suspended" and (not away or self.ground != 5)):
            return False
        inside = self.profile.same_unit(division, self.division)
        if inside == away or (away and registered < self.confirmed):
            return False
        try:
            self.life = lifecycle.endorsed(self.life, KINDS[kind], day, self.profile, registered)
        except EndorsementRefusedError:
            return False
        self.division, self.status, self.ground = division, "valid", 0
        self.confirmed = day
        return True

    def restore(self, mistake):
        if self.status == "valid" or self.cause == "cancelled" or not self.ground:
            return False
        if self.ground not in (2, 6) and not mistake:
            return False
        self.ground = 0
        if self.status == "suspended":
            self.status = "valid"
        return True

    def replace(self, day):
        if self.ground or self.cause == "cancelled" or day < self.life.last or day > self.last_late():
            return False
        self.serial += 1
        self.issue_day, self.status, self.cause, self.life.last = day, "valid", "", day
        return True


def snapshot(registry, serial):
    return (
        registry.permit(CITY, serial),
        registry.card_image(CITY, serial),
        registry.events(CITY, serial),
        registry.exceptions(CITY),
    )


def try_act(registry, model, act, day, number):
    """Do one act on both; return what the model expects and what the registry did."""
    now = start_of(day) + 12 * 3600
    serial = model.serial
    if act[0] in KINDS:
        division = act[1] or model.division
        registered = add_months(day, -act[2]) if act[0] == "moved" else 0
        expected = model.endorse(act[0], division, day, registered)

        def work():
            registry.endorse(
                CITY,
                serial,
                keys=KEYS,
                now=now,
                kind=KINDS[act[0]],
                address=f"样例路{number}号",
                issuing_division=act[1],
                registered_day=registered,
            )

    elif act[0] == "suspend":
        expected = model.status == "valid" and day >= model.last_act
        if expected:
            model.status, model.ground = "suspended", act[1]

        def work():
            registry.suspend(CITY, serial, act[1], now=now)

    elif act[0] == "restore":
        expected = day >= model.last_act and model.restore(act[1])

        def work():
            registry.restore(CITY, serial, now=now, mistake=act[1])

    elif act[0] in ("lose", "cancel"):
        cause = "lost" if act[0] == "lose" else "cancelled"
        # A lost card can be cancelled still, with the suspension that it had.
        expected = model.status != "revoked" or (cause, model.cause) == ("cancelled", "lost")
        expected = expected and day >= model.last_act
        if expected:
            model.status, model.cause = "revoked", cause

        def work():
            registry.revoke(CITY, serial, cause, now=now)

    elif act[0] == "replace":
        # A card that is not handed back is revoked as lost first.
        is_lost_first = not act[1] and model.status != "revoked"
        expected = not (is_lost_first and day < model.last_act) and model.replace(day)
        if expected:
            model.last_act = day

        def work():
            registry.replace(CITY, serial, keys=KEYS, now=now, handed_back=act[1])

    else:
        handed = registry.permit(CITY, serial).handed_out_day
        expected = model.status != "revoked" and not handed and day >= model.issue_day

        def work():
            registry.hand_out(CITY, serial, now=now)

    try:
        work()
    except RefusedError:
        return expected, False
    model.last_act = max(model.last_act, day)
    return expected, True


def agree(registry, model):
    """Permit, card and list say what the model says; SERVICE is genuine."""
    permit = registry.permit(CITY, model.serial)
    image = registry.card_image(CITY, model.serial)
    service = Service.from_bytes(image.service)
    life = model.life
    assert (permit.status, permit.ground, permit.cause) == (model.status, model.ground, model.cause)
    assert (
        service.anchor_day,
        service.residence_since,
        service.good_through,
        service.endorsement_number,
    ) == (
        life.anchor,
        life.since,
        life.good_through,
        life.number,
    )
    assert max(service.issue_day, service.endorsement_day) == life.last
    assert (service.issue_day, service.issuing_division) == (model.issue_day, model.division)
    assert check_service(image.service, service, KEYS.trusted, NativeVerifier()) == GENUINE
    records = [Endorsement.from_bytes(raw) for raw in image.endorsements]
    assert [record.number for record in records] == list(range(1, life.number + 1))
    assert all(record.serial == model.serial for record in records)
    if records:
        assert (records[-1].good_through, records[-1].day) == (service.good_through, service.endorsement_day)
    listed = dict.fromkeys(range(1, model.serial), STATUS_REVOKED)
    if model.status != "valid":
        listed[model.serial] = {"suspended": STATUS_SUSPENDED, "revoked": STATUS_REVOKED}[model.status]
    assert registry.exceptions(CITY) == (model.serial, listed)


@given(
    st.integers(0, len(PROFILES) - 1),
    st.integers(FIRST, LAST),
    st.integers(0, 2**32),
)
def test_every_accepted_act_leaves_the_card_as_the_lifecycle_says_and_a_refused_one_changes_nothing(
    registries, which, first, seed
):
    registry, model, day = registries[which], Model(PROFILES[which], first), first

    def live():
        nonlocal day
        with registry.batch():
            registry.issue(
                holder(sequence=1),
                address="样例路0号",
                issuing_division=410202,
                keys=KEYS,
                now=start_of(first) + 12 * 3600,
                registered_day=add_months(first, -6),
            )
            agree(registry, model)
            for number, (step, act) in enumerate(draw_steps(random.Random(seed)), 1):
                day = model.day(step, day)
                before = snapshot(registry, model.serial)
                serial = model.serial
                expected, done = try_act(registry, model, act, day, number)
                assert done == expected, (act, day)
                if not done:
                    assert snapshot(registry, serial) == before
                agree(registry, model)
            raise UndoError

    with pytest.raises(UndoError):
        live()


@given(
    st.integers(FIRST, LAST),
    st.lists(st.integers(0, 30), max_size=3),
    st.sampled_from(GROUNDS),
    st.integers(0, 400),
)
def test_lifting_a_suspension_brings_back_exactly_what_it_took(
    registries, first, endorsed_before, ground, later
):
    registry = registries[0]

    def live():
        with registry.batch():
            permit = registry.issue(
                holder(sequence=1),
                address="样例路0号",
                issuing_division=410202,
                keys=KEYS,
                now=start_of(first) + 12 * 3600,
                registered_day=add_months(first, -6),
            )
            for early in endorsed_before:
                day = max(permit.good_through - early, add_months(permit.good_through, -1))
                permit = registry.endorse(CITY, 1, keys=KEYS, now=start_of(day) + 12 * 3600)
            before, image, listed = permit, registry.card_image(CITY, 1), registry.exceptions(CITY)
            now = start_of(permit.last_day + later) + 12 * 3600
            registry.suspend(CITY, 1, ground, now=now)
            assert registry.exceptions(CITY) == (1, {1: STATUS_SUSPENDED})
            mistake = ground not in permits.RESTORABLE_GROUNDS
            assert registry.restore(CITY, 1, now=now, mistake=mistake) == before
            assert (registry.card_image(CITY, 1), registry.exceptions(CITY)) == (image, listed)
            raise UndoError

    with pytest.raises(UndoError):
        live()
