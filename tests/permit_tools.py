"""A registry for tests, its holders and its days."""

import itertools
from dataclasses import asdict

from juzhu_protocol.authority.application import Application
from juzhu_protocol.authority.citizen_number import synthetic
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.permits import Holder
from juzhu_protocol.rules.calendar import add_months, from_iso, start_of

KEYS = KeyRing.load(DEVELOPMENT_KEYS)
CITY = 410200
ISSUER = 410202
# A citizen number has room for 999; the even number of them keeps men and women in turn.
_sequence = itertools.cycle(range(1, 999))


def at(day):
    """Noon of a YYYY-MM-DD."""
    return start_of(from_iso(day)) + 12 * 3600


def holder(birth="1960-03-01", sequence=None):
    """A person who does not exist, another one each time."""
    sequence = sequence or next(_sequence)
    return Holder(
        "试验人",
        "男" if sequence % 2 else "女",
        "汉",
        synthetic(from_iso(birth), sequence),
        "某省某市某路1号",
    )


def issue(registry, day, **given):
    """Issue a permit of Kaifeng on a day to somebody new, registered half a year before."""
    values = {
        "address": "开封市某街2号",
        "issuing_division": ISSUER,
        "keys": KEYS,
        "now": at(day),
        "registered_day": add_months(from_iso(day), -6),
    } | given
    return registry.issue(values.pop("holder", None) or holder(), **values)


def application(registered="2025-01-05", **given):
    """A complete application of somebody new, registered on a day."""
    person = given.pop("holder", None) or holder()
    values = {
        "address": "开封市某街2号",
        "division": ISSUER,
        "ground": "employment",
        "papers": frozenset({"identity-card", "registration-voucher", "labour-contract"}),
        "registered": from_iso(registered),
    }
    return Application(**(asdict(person) | values | given))
