"""What endorsements make of a permit, at every boundary of Articles 16 to 18, on this runtime."""

from juzhu_protocol.errors import EndorsementRefusedError
from juzhu_protocol.rules.calendar import add_years, from_iso, iso
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.lifecycle import (
    KIND_ADDRESS,
    KIND_MOVED,
    KIND_NAMES,
    KIND_YEARLY,
    MAX_ENDORSEMENTS,
    Life,
    endorsed,
    issued,
)
from juzhu_protocol.rules.profile import UNLIMITED, Extension

ISSUED = from_iso("2024-06-15")


def days(life):
    return iso(life.anchor), iso(life.since), iso(life.good_through), iso(life.last), life.number


def refusal(life, kind, day, profile=KAIFENG, registered=0):
    try:
        endorsed(life, kind, from_iso(day), profile, registered)
    except EndorsementRefusedError as error:
        return str(error)
    return ""


def after(life, kind, day, profile=KAIFENG, registered=0):
    return days(endorsed(life, kind, from_iso(day), profile, registered))


def test_a_new_permit_is_good_to_its_first_yearly_day():
    assert days(issued(ISSUED)) == ("2024-06-15", "2024-06-15", "2025-06-15", "2024-06-15", 0)
    earlier = issued(ISSUED, from_iso("2023-01-01"))
    assert days(earlier) == ("2024-06-15", "2023-01-01", "2025-06-15", "2024-06-15", 0)
    assert iso(issued(from_iso("2024-02-29")).good_through) == "2025-02-28"


def test_on_time_moves_good_through_to_the_next_yearly_day_and_nothing_else():
    life = issued(ISSUED)
    for day in ("2025-05-15", "2025-06-15"):
        assert after(life, KIND_YEARLY, day) == ("2024-06-15", "2024-06-15", "2026-06-15", day, 1)


def test_29_february_comes_back():
    life = issued(from_iso("2024-02-29"))
    for year, good in (
        (2025, "2026-02-28"),
        (2026, "2027-02-28"),
        (2027, "2028-02-29"),
        (2028, "2029-02-28"),
    ):
        life = endorsed(life, KIND_YEARLY, from_iso("%d-02-10" % year), KAIFENG)
        assert iso(life.good_through) == good


def test_before_the_window_is_refused():
    assert refusal(issued(ISSUED), KIND_YEARLY, "2025-05-14") == (
        "good through 2025-06-15, it can be endorsed from 2025-05-15 on (16)"
    )


def test_late_restores_and_starts_the_years_anew():
    life = issued(ISSUED, from_iso("2020-01-01"))
    for day, good in (("2025-06-16", "2026-06-16"), ("2025-12-15", "2026-12-15")):
        assert after(life, KIND_YEARLY, day) == (day, day, good, day, 1)


def test_after_half_a_year_every_kind_is_refused():
    for kind in KIND_NAMES:
        assert refusal(issued(ISSUED), kind, "2025-12-16") == (
            "good through 2025-06-15, a late endorsement was possible until 2025-12-15: register anew and apply for a"
            " new permit (18)"
        )


def test_a_place_without_an_end_restores_years_later():
    profile = KAIFENG.with_extensions([])
    profile.restorable_months = UNLIMITED
    assert after(issued(ISSUED), KIND_YEARLY, "2030-01-01", profile)[2] == "2031-01-01"


def test_within_an_extension_is_on_time_and_half_a_year_counts_from_its_end():
    profile = KAIFENG.with_extensions(
        [Extension(from_iso("2025-06-01"), from_iso("2025-06-30"), from_iso("2025-08-31"))]
    )
    life = issued(ISSUED)
    assert after(life, KIND_YEARLY, "2025-08-31", profile)[:3] == ("2024-06-15", "2024-06-15", "2026-06-15")
    assert after(life, KIND_YEARLY, "2025-09-01", profile)[:3] == ("2025-09-01", "2025-09-01", "2026-09-01")
    assert refusal(life, KIND_YEARLY, "2025-05-14", profile)
    assert after(life, KIND_YEARLY, "2026-02-28", profile)[0] == "2026-02-28"
    assert "2025-08-31" in refusal(life, KIND_YEARLY, "2026-03-01", profile)


def test_an_address_endorsement_leaves_the_years_alone():
    life = issued(ISSUED)
    for day in ("2024-06-15", "2025-06-16", "2025-12-15"):
        assert after(life, KIND_ADDRESS, day) == ("2024-06-15", "2024-06-15", "2025-06-15", day, 1)


def test_a_moved_endorsement_starts_anew_half_a_year_after_registration():
    life = issued(ISSUED, from_iso("2020-01-01"))
    registered = from_iso("2024-09-30")
    assert refusal(life, KIND_MOVED, "2025-03-29", KAIFENG, registered) == (
        "registered on 2024-09-30, it can be endorsed from 2025-03-30 on (17)"
    )
    assert after(life, KIND_MOVED, "2025-03-30", KAIFENG, registered) == (
        "2025-03-30",
        "2025-03-30",
        "2026-03-30",
        "2025-03-30",
        1,
    )
    assert after(life, KIND_MOVED, "2024-06-15")[2] == "2025-06-15"


def test_acts_out_of_order_are_refused():
    life = endorsed(issued(ISSUED), KIND_ADDRESS, from_iso("2025-01-10"), KAIFENG)
    assert refusal(life, KIND_ADDRESS, "2025-01-09") == (
        "2025-01-09 is before the permit's last act on 2025-01-10: check the date (16)"
    )
    assert after(life, KIND_ADDRESS, "2025-01-10")[4] == 2
    assert refusal(issued(ISSUED), KIND_ADDRESS, "2024-06-14")


def test_a_card_holds_no_more_than_255_endorsements():
    life = Life(ISSUED, ISSUED, add_years(ISSUED, 1), ISSUED, MAX_ENDORSEMENTS)
    assert refusal(life, KIND_ADDRESS, "2024-07-01") == "a card holds 255 endorsements: replace it (20)"
    life.number = MAX_ENDORSEMENTS - 1
    assert after(life, KIND_ADDRESS, "2024-07-01")[4] == 255
