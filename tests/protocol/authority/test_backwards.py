"""Acts dated before the permit's last one, and characters that an input method types."""

import pytest

from juzhu_protocol.authority.errors import ApplicationError, BackwardsError
from juzhu_protocol.authority.holder import check_address
from juzhu_protocol.authority.registry import Registry
from permit_tools import CITY, KEYS, at, issue

ACTS = {
    "suspend": lambda registry, now: registry.suspend(CITY, 1, 2, now=now),
    "lost": lambda registry, now: registry.revoke(CITY, 1, "lost", now=now),
    "cancelled": lambda registry, now: registry.revoke(CITY, 1, "cancelled", now=now),
}


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "permits.db", create=True) as opened:
        issue(opened, "2026-01-05")
        opened.endorse(CITY, 1, keys=KEYS, now=at("2026-12-20"))
        yield opened


@pytest.mark.parametrize("name", ACTS)
def test_act_before_the_last_endorsement_is_refused_and_changes_nothing(registry, name):
    before = registry.permit(CITY, 1), registry.events(CITY, 1)
    with pytest.raises(BackwardsError, match="last act on 2026-12-20"):
        ACTS[name](registry, at("2026-12-19"))
    assert (registry.permit(CITY, 1), registry.events(CITY, 1)) == before
    ACTS[name](registry, at("2026-12-20"))


def test_restoring_before_the_suspension_is_refused(registry):
    registry.suspend(CITY, 1, 2, now=at("2027-02-01"))
    with pytest.raises(BackwardsError, match="last act on 2027-02-01"):
        registry.restore(CITY, 1, now=at("2027-01-31"))
    assert registry.restore(CITY, 1, now=at("2027-02-01")).status == "valid"


def test_ideographic_space_of_an_input_method_is_taken(registry):
    check_address("开封市\u3000某街2号")


@pytest.mark.parametrize(
    ("character", "named"), [("\n", "U+000A"), ("\u200b", "U+200B"), ("\u00a0", "U+00A0")]
)
def test_character_that_cannot_be_printed_is_named(character, named):
    with pytest.raises(ApplicationError) as caught:
        check_address(f"开封市{character}某街2号")
    assert named in str(caught.value)
    assert character not in str(caught.value)


def test_address_of_ideographic_spaces_alone_is_none():
    with pytest.raises(ApplicationError):
        check_address("\u3000\u3000")
