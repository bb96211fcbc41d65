"""The cards of the demo, each made by the authority as its life would have made it, and what it must get."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.keys import KeyRing, KeySpec
from juzhu_protocol.authority.permits import Permit
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.card.keys import ROLE_BUS
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.records.card import Service
from juzhu_protocol.rules.calendar import add_months, add_years, from_iso
from juzhu_protocol.rules.kaifeng import KAIFENG

from ..population import Population, noon

TODAY = from_iso("2026-06-15")
"""The demo's own day."""

DIVISION = KAIFENG.list_division
ZHENGZHOU_ORGAN = 410102
LANKAO_ORGAN = 410225
LANKAO_KEY = "organ-lankao"
"""The key that is stolen and revoked while the demo runs; no other signs for that county."""

SEED = 20171230
BACKGROUND_PERMITS = 120
DAY_S = 86400


@dataclass(frozen=True)
class Step:
    """One tap: who, what must come of it, and what is special about it.

    clock_ahead_s and clock_uncertainty_s set the reader's clock for this tap; pull_at pulls the card away at
    that APDU.
    """

    card: str
    answer: str
    reason: str
    clock_ahead_s: int = 0
    clock_uncertainty_s: int = 0
    pull_at: int | None = None


@dataclass
class Cast:
    """The registry's file, the keys, and every card's image and permit by name.

    bus_masters: what a bus reader's SAM holds, {epoch: 32 bytes in hex}.
    """

    registry: Path
    keys: Path
    bus_masters: dict[str, str] = field(default_factory=dict, repr=False)
    images: dict[str, CardImage] = field(default_factory=dict)
    permits: dict[str, Permit] = field(default_factory=dict)


STEPS = (
    Step("66, in force", "ALLOW", "in-force"),
    Step("in the endorsement month", "ALLOW", "endorse-soon"),
    Step("40 days overdue", "DENY", "overdue"),
    Step("8 months overdue", "DENY", "lapsed"),
    Step("suspended, ground 1", "DENY", "suspended"),
    Step("suspended, ground 5", "DENY", "suspended"),
    Step("lost", "DENY", "revoked"),
    Step("replaced", "DENY", "revoked"),
    Step("the replaced card's successor", "ALLOW", "in-force"),
    Step("59 years old", "DENY", "under-age"),
    Step("another list division", "DENY", "other-division"),
    Step("of the other suite, SM2", "ALLOW", "in-force"),
    Step("signature forged", "REFER", "not-genuine"),
    Step("copied onto a blank chip", "REFER", "not-genuine"),
    Step("copied onto another card's chip", "REFER", "not-genuine"),
    Step("an older SERVICE written back", "REFER", "service-outdated"),
    Step("of an unknown authority", "REFER", "unknown-key"),
    Step("pulled away", "TRY AGAIN", "", pull_at=3),
    Step("pulled away", "ALLOW", "in-force"),
    Step("list too old for the service", "REFER", "list-too-old", clock_ahead_s=45 * DAY_S),
    Step("clock across the last good day", "REFER", "clock-unsure", clock_uncertainty_s=DAY_S),
    Step("newer than the list", "ALLOW", "in-force"),
)
"""The taps of the demo in order; what changes while it runs is in script.py."""


def key_specs() -> list[KeySpec]:
    """Return what a demo's keys are for."""
    first, last = from_iso("2020-01-01"), from_iso("2040-12-31")
    roots = [KeySpec(f"root-{number}", "root", (), first, last) for number in (1, 2, 3)]
    in_kaifeng = tuple(sorted(set(KAIFENG.units) - {LANKAO_ORGAN}))
    return [
        *roots,
        KeySpec("organ-kaifeng", "permit", in_kaifeng, first, last),
        KeySpec("organ-kaifeng-sm2", "permit", in_kaifeng, first, last, suite=SUITE_SM2_SM3),
        KeySpec(LANKAO_KEY, "permit", (LANKAO_ORGAN,), first, last),
        KeySpec("organ-zhengzhou", "permit", (ZHENGZHOU_ORGAN,), first, last),
        KeySpec("list-kaifeng", "list", (DIVISION,), first, last),
        KeySpec("policy-kaifeng", "policy", (DIVISION,), first, last),
    ]


def make_cast(folder: Path) -> Cast:
    """Make new keys, a registry with a small population, and the demo's cards."""
    cast = Cast(folder / "registry.db", folder / "keys")
    keys = KeyRing.make(cast.keys, key_specs(), noon(TODAY - 30))
    sam = keys.sam_set()
    cast.bus_masters[str(sam.epoch)] = sam.master(ROLE_BUS).hex()
    with Registry(cast.registry, create=True) as registry:
        with registry.batch():
            population = Population(registry, keys, SEED)
            population.fill(BACKGROUND_PERMITS, TODAY)
            older = _live_their_lives(cast, registry, keys, population)
        for name, permit in cast.permits.items():
            cast.images[name] = registry.card_image(permit.list_division, permit.serial, keys)
    endorsed = cast.images["an older SERVICE written back"]
    cast.images["an older SERVICE written back"] = replace(endorsed, service=older)
    _forge(cast, folder)
    _copy(cast)
    _issue_after_the_list(cast, folder, keys)
    return cast


def _live_their_lives(cast: Cast, registry: Registry, keys: KeyRing, population: Population) -> bytes:
    """Issue the cards and let things happen to them; return the SERVICE that one card had before its endorsement."""
    senior = add_years(TODAY, -66) - 40
    recently = TODAY - 100

    def person(
        name: str,
        issue_day: int = recently,
        birth_day: int = senior,
        organ: int = 410202,
        suite: int = SUITE_ES256,
    ) -> Permit:
        cast.permits[name] = population.issue(birth_day, issue_day, organ, suite)
        return cast.permits[name]

    person("66, in force")
    person("in the endorsement month", add_years(TODAY + 20, -1))
    person("40 days overdue", add_years(TODAY - 40, -1))
    person("8 months overdue", add_years(add_months(TODAY, -8), -1))
    for ground in (1, 5):
        permit = person(f"suspended, ground {ground}")
        registry.suspend(DIVISION, permit.serial, ground, now=noon(TODAY - 10))
    lost = person("lost")
    registry.revoke(DIVISION, lost.serial, "lost", now=noon(TODAY - 5))
    replaced = person("replaced")
    successor = registry.replace(DIVISION, replaced.serial, keys=keys, now=noon(TODAY - 5))
    cast.permits["the replaced card's successor"] = successor
    person("59 years old", birth_day=add_years(TODAY, -60) + 1)
    person("another list division", organ=ZHENGZHOU_ORGAN)
    person("of the other suite, SM2", suite=SUITE_SM2_SM3)
    person("signed with a stolen key", organ=LANKAO_ORGAN)
    person("pulled away")
    person("list too old for the service")
    person("clock across the last good day", add_years(TODAY, -1))
    person("suspended while it runs")
    restored = person("restored while it runs")
    registry.suspend(DIVISION, restored.serial, 6, now=noon(TODAY - 10))
    endorsed = person("an older SERVICE written back", add_years(TODAY + 20, -1))
    older = registry.card_image(DIVISION, endorsed.serial).service
    registry.endorse(DIVISION, endorsed.serial, keys=keys, now=noon(TODAY - 1))
    return older


def _forge(cast: Cast, folder: Path) -> None:
    """A lapsed card whose good-through was written anew, and a genuine card of an authority that nobody here knows."""
    lapsed = cast.images["8 months overdue"]
    service = Service.from_bytes(lapsed.service)
    service.good_through = TODAY + 300
    cast.images["signature forged"] = replace(lapsed, service=service.to_bytes())
    strangers = KeyRing.make(folder / "stranger-keys", key_specs(), noon(TODAY - 30))
    with Registry(folder / "stranger.db", create=True) as registry:
        permit = Population(registry, strangers, SEED).issue(add_years(TODAY, -70), TODAY - 100)
        image = registry.card_image(permit.list_division, permit.serial, strangers)
    cast.images["of an unknown authority"] = image


def _copy(cast: Cast) -> None:
    """Every file of a genuine card, which nobody needs a key to write onto a chip of his own; its keys stay behind."""
    genuine, other = cast.images["66, in force"], cast.images["59 years old"]
    cast.images["copied onto a blank chip"] = replace(genuine, card_keys=b"")
    cast.images["copied onto another card's chip"] = replace(genuine, card_keys=other.card_keys)


def _issue_after_the_list(cast: Cast, folder: Path, keys: KeyRing) -> None:
    """A permit issued a moment ago, in a copy of the registry that is never published."""
    later = folder / "registry-later.db"
    shutil.copyfile(cast.registry, later)
    with Registry(later) as registry:
        permit = Population(registry, keys, SEED).issue(add_years(TODAY, -80) - 7, TODAY)
        cast.images["newer than the list"] = registry.card_image(permit.list_division, permit.serial, keys)
