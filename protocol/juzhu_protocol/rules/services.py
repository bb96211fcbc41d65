"""The measures' own services (Articles 21, 22, 26): one name and one code each, the same in every place.

What a place asks for each, and under which article, stands in its profile.
"""

from ..card.keys import ROLE_BUS, ROLE_COUNTER

SERVICES = (
    "bus.senior",
    "senior-card",
    "employment",
    "social-insurance",
    "housing-fund",
    "education",
    "job-service",
    "health",
    "culture-sport",
    "legal-aid",
    "other-service",
    "exit-entry",
    "identity-card",
    "vehicle-registration",
    "driving-licence",
    "professional-exam",
    "family-planning",
    "subsidy",
    "other-convenience",
    "settle-housing",
    "settle-housing-work",
    "settle-permit",
)
"""Names in the order of their codes, which begin at 1 and never change."""


def service_code(name: str) -> int:
    """Return the code of a service; KeyError for a name that no service has."""
    if name not in SERVICES:
        raise KeyError(name)
    return SERVICES.index(name) + 1


def service_name(code: int) -> str:
    """Return the name of a service by its code; KeyError for a code that no service has."""
    if not 1 <= code <= len(SERVICES):
        raise KeyError(code)
    return SERVICES[code - 1]


def service_role(code: int) -> int:
    """Return the role in which a service reads a card: a bus sees SERVICE alone, a counter more (card/keys.py)."""
    return ROLE_BUS if service_name(code).startswith("bus.") else ROLE_COUNTER
