"""What must stand around a reader for it to meet a case: clock, list, bundle and card; and the tap itself.

Not every case can be met. A reader learns its list's age from the clock and the manifest's time, which is also a
floor under the clock's first day, and it holds the list of its own city alone.
"""

from dataclasses import dataclass
from random import Random

from reader_bench import KEY, Bench, RamFlash

from juzhu_device.core import ReaderCore
from juzhu_device.settings import ReaderSettings
from juzhu_host.cases import read_case
from juzhu_protocol.card.keys import ROLE_BUS
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.rules.calendar import SECONDS_A_DAY, day_of, start_of
from juzhu_protocol.rules.decide import STATUS_VALID, Clock, Verdict
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.profile import Profile, ServiceRule
from juzhu_protocol.trust.verifier import SignatureVerifier
from vectors import world

HOUR_S = 3600
LONG_AGO = 1
"""The time of a bundle that sets no floor."""

AHEAD_S = 24 * HOUR_S
"""So far may a signer's clock be ahead of a reader's before it refuses what was signed (trust/moments.py)."""

BEFORE_UNIX = "a day before 1970, which no clock or manifest tells"
AGE_WITHOUT_LATEST = "a list of known age by a clock that knows no last day"
NO_AGE_WITH_LATEST = "a list of unknown age by a clock that knows its last day"
LIST_RAISES_FLOOR = "a list so fresh that its time raises the clock's first day"
LIST_AFTER_KEYS = "a list signed later than the last day of any key"
OTHER_LIST = "a status in another city's list, which this reader does not hold"


class NeverMetError(Exception):
    """No reader can be asked this; the text says why."""


@dataclass(frozen=True)
class Meeting:
    """One tap: times in Unix seconds, uncertainty in seconds, None for a clock that nobody set."""

    profile: Profile
    service: ServiceRule
    card: world.Card
    now: int
    uncertainty: "int | None"
    bundle_time: int
    list_time: "int | None"
    content: bytes
    restarted: bool


def times(line: int, case: "dict[str, object]") -> "tuple[int, int | None, int]":
    """Return (now, uncertainty, time of the list or bundle) by which a reader comes to be asked this (stripped) case.

    NeverMetError when it cannot be.
    """
    rng = Random(f"times:{line}")
    read = read_case(case)
    if read.record.list_division != world.CITY and read.status != STATUS_VALID:
        raise NeverMetError(OTHER_LIST)
    clock, held = read.clock, read.list_state
    if start_of(clock.earliest) < 0:
        raise NeverMetError(BEFORE_UNIX)
    if clock.latest is None:
        if held is not None and held.age_hours is not None:
            raise NeverMetError(AGE_WITHOUT_LATEST)
        now, uncertainty, floor = _unbounded(clock.earliest, rng)
    elif held is None:
        now, uncertainty, _ = _bounded(clock, 0, rng)
        floor = LONG_AGO
    elif held.age_hours is None:
        raise NeverMetError(NO_AGE_WITH_LATEST)
    else:
        now, uncertainty, floor = _bounded(clock, held.age_hours, rng)
        if floor >= start_of(clock.earliest + 1):
            raise NeverMetError(LIST_RAISES_FLOOR)
        if floor < LONG_AGO:
            raise NeverMetError(BEFORE_UNIX)
    if held is not None and day_of(floor) > world.LAST_DAY:
        raise NeverMetError(LIST_AFTER_KEYS)
    return now, uncertainty, floor


def meet(line: int, case: "dict[str, object]") -> Meeting:
    """Return how a reader comes to be asked this (stripped) case; NeverMetError when it cannot be."""
    now, uncertainty, floor = times(line, case)
    rng = Random(f"card:{line}")
    read = read_case(case)
    covered = read.record.list_division == world.CITY
    serial = rng.choice(world.SERIALS)
    return Meeting(
        profile=read.profile,
        service=read.service,
        card=world.card(read, serial, rng, chip=True),
        now=now,
        uncertainty=uncertainty,
        bundle_time=LONG_AGO if read.list_state else floor,
        list_time=floor if read.list_state else None,
        content=world.list_content(serial, read.status, covered, rng) if read.list_state else b"",
        restarted=rng.random() < 0.5,
    )


def _unbounded(first: int, rng: Random) -> "tuple[int, int | None, int]":
    """Return (now, uncertainty, floor) that give a clock from `first` on without a last day."""
    inside = start_of(first) + rng.randrange(SECONDS_A_DAY)
    if rng.random() < 0.5:
        # Nobody set the clock: what it shows is of no matter, the floor is all that is known.
        return rng.choice((0, inside, 4_000_000_000)), None, inside
    # The floor contradicts the clock, and then neither is trusted.
    uncertainty = rng.choice((0, 1, 90_000))
    now = inside + uncertainty
    return now, uncertainty, now + uncertainty + rng.randint(1, AHEAD_S)


def _bounded(clock: Clock, age: int, rng: Random) -> "tuple[int, int, int]":
    """Return (now, uncertainty, the list's time) for a clock with a last day and a list of so many full hours.

    The list's time is as early as need be; one that is still after the clock's first day cannot be helped.
    """
    first, last = start_of(clock.earliest), start_of(clock.latest)
    end = last + SECONDS_A_DAY - 1
    latest = rng.choice((last, end, rng.randint(last, end)))
    signed = latest - HOUR_S * age - rng.choice((0, HOUR_S - 1, rng.randrange(HOUR_S)))
    if signed >= first + SECONDS_A_DAY:
        latest = last
        signed = latest - HOUR_S * age - (HOUR_S - 1)
    earliest = rng.randint(first, min(latest, first + SECONDS_A_DAY - 1))
    # Now lies in the middle of the two, on a whole second.
    if (latest - earliest) % 2:
        earliest += 1 if earliest < min(latest, first + SECONDS_A_DAY - 1) else -1
    return (latest + earliest) // 2, (latest - earliest) // 2, signed


_lent = SignatureVerifier(tables_kept=16)


def _lend_tables(core: ReaderCore) -> None:
    """Give the core the tables of every key here: only their making is slow."""
    if not _lent._tables:
        for key in (*world.ROOTS, *world.BELIEVED, world.STRANGER):
            _lent._table((key.signer.suite, key.signer.public_key))
    core._verifier._generators = _lent._generators
    core._verifier._tables = list(_lent._tables)
    core._verifier._tables_kept = 16


class RoadBench(Bench):
    """A bench whose reader believes this world's roots and gives a service of a meeting's profile."""

    def __init__(self, profile: Profile, service: ServiceRule, flash: "RamFlash | None" = None) -> None:
        self._settings = ReaderSettings(b"road-1", KEY, world.roots(), profile, service)
        super().__init__(flash, [root.signer.public_key for root in world.ROOTS], world.THRESHOLD)

    def restart(self) -> None:
        super().restart()
        self.sam = SoftwareSam(ROLE_BUS, world.BUS_MASTERS, self.random)
        self.core = ReaderCore(self._settings, self, int.from_bytes(self.random(4), "big"))
        _lend_tables(self.core)


_installed: "dict[str, RamFlash]" = {}


def tap(meeting: Meeting) -> Verdict:
    """Install a reader over its link, tap the card, and return the verdict that it showed."""
    if "flash" not in _installed:
        first = RoadBench(KAIFENG, KAIFENG.service("bus.senior"))
        assert first.send_bundle(world.bundle(LONG_AGO)) == 0
        _installed["flash"] = first.flash
    known = meeting.bundle_time == LONG_AGO
    bench = RoadBench(meeting.profile, meeting.service, _installed["flash"].copy() if known else None)
    bench.rtc.unix, bench.rtc.uncertainty = meeting.now, meeting.uncertainty
    if not known:
        assert bench.send_bundle(world.bundle(meeting.bundle_time)) == 0
    if meeting.list_time is not None:
        signed = world.manifest(meeting.content, meeting.list_time)
        assert bench.send_list(meeting.content, signed) == 0
    if meeting.restarted:
        bench.restart()
    shown = bench.tap(meeting.card.in_field())
    assert bench.reports == []
    assert shown.answer == shown.verdict.answer
    return shown.verdict
