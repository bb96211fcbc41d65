"""Card images as the authority writes them, with the development keys."""

from pathlib import Path

from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.rules.calendar import from_iso
from juzhu_simulator.population import Population, noon

BORN, ISSUED = from_iso("1950-01-01"), from_iso("2023-06-01")
KEYS = KeyRing.load(DEVELOPMENT_KEYS)


def make_images(folder: Path, endorsements: tuple[int, ...]) -> list[CardImage]:
    """One chip's image for each number: endorsed that often, year by year."""
    images = []
    with Registry(folder / "registry.db", create=True) as registry:
        population = Population(registry, KEYS, seed=1)
        for count in endorsements:
            permit = population.issue(BORN, ISSUED)
            for _ in range(count):
                permit = registry.endorse(
                    permit.list_division, permit.serial, keys=KEYS, now=noon(permit.good_through - 3)
                )
            images.append(registry.card_image(permit.list_division, permit.serial, KEYS))
    return images
