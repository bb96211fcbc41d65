"""The signed profile on a reader: taken, kept, refused, lost, and by which numbers it then decides."""

from reader_bench import LIST, PROFILE, TRUST, Bench, PowerCutError, installed
from reader_fixtures import (
    BUNDLE_2,
    BUNDLE_POLICY_REVOKED,
    GOOD,
    LIST_2,
    MANIFEST_2,
    NOW,
    PROFILE_1,
    PROFILE_2,
    PROFILE_2_OTHER,
    PROFILE_3,
    PROFILE_LIST_KEY,
    PROFILE_OTHER_DIVISION,
    PROFILE_WITHOUT_BUS,
    PROFILE_YEARS_AHEAD,
    REVOKED,
    SUSPENDED,
)

from juzhu_protocol.errors import (
    BadSignatureError,
    FutureTimeError,
    MalformedObjectError,
    OversizeError,
    RollbackError,
    StorageError,
    TransferStateError,
    TrustError,
    UnknownKeyError,
    WrongDivisionError,
)
from juzhu_protocol.records.profile import ProfileRecord, ProfileRecordExtension
from juzhu_protocol.rules import reasons
from juzhu_protocol.rules.reasons import ALLOW, DENY, REFER
from juzhu_protocol.trust.profile import MAX_SIGNED_PROFILE, open_profile, read_profile

# PROFILE_2 asks 70 years on the bus, and the card's holder is 66.
TOO_YOUNG = (DENY, reasons.UNDER_AGE)
IN_FORCE = (ALLOW, reasons.IN_FORCE)

WRITES = 2
"""Of a profile that fits one step: the record, then the state that takes it into use."""
TORN = (0, 1, 60, 400)
CASES = [
    (version, write, torn, blank)
    for version in (0, 1)
    for write in range(WRITES)
    for torn in TORN
    for blank in (False, True)
]
STEPS = {"test_power_cut_at_any_write_leaves_the_old_profile_or_the_new": ("step_power_cut", len(CASES))}


def version_of(bench):
    """The version of the signed profile held, 0 for none."""
    return bench.core.store.profile.version if bench.core.store.profile else 0


def with_profile(profile=PROFILE_2):
    bench = installed()
    assert bench.send(PROFILE, profile) == 0
    return bench


def refused(bench, error, data):
    """Whether the profile is refused with that error's code, and the reader decides as before, also restarted."""
    before = version_of(bench), bench.core.store.clock_floor, bench.verdict(GOOD)
    code = bench.send(PROFILE, data)
    assert code == error.code, code
    assert bench.reports
    assert (version_of(bench), bench.core.store.clock_floor, bench.verdict(GOOD)) == before
    bench.restart()
    return (version_of(bench), bench.core.store.clock_floor, bench.verdict(GOOD)) == before


def test_reader_decides_by_the_newest_profile_and_keeps_it_across_restarts():
    bench = installed()
    assert bench.hello().profile_version == 0
    assert bench.verdict(GOOD) == IN_FORCE
    assert bench.send(PROFILE, PROFILE_2) == 0
    assert bench.hello().profile_version == 2
    assert bench.verdict(GOOD) == TOO_YOUNG
    bench.restart()
    assert bench.hello().profile_version == 2
    assert bench.verdict(GOOD) == TOO_YOUNG
    assert bench.send(PROFILE, PROFILE_3) == 0
    assert bench.verdict(GOOD) == IN_FORCE


def test_profile_raises_the_floor_of_the_clock():
    assert with_profile().core.store.clock_floor == NOW - 1200


def test_profile_that_lacks_the_reader_s_service_refers():
    bench = with_profile(PROFILE_WITHOUT_BUS)
    assert bench.verdict(GOOD) == (REFER, reasons.RULE_UNKNOWN)
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)
    bench.restart()
    assert bench.verdict(GOOD) == (REFER, reasons.RULE_UNKNOWN)


def test_installed_profile_that_is_newer_than_the_signed_one_counts():
    bench = with_profile()
    bench.core._settings.profile.version, before = 3, bench.core._settings.profile.version
    try:
        bench.restart()
        assert bench.verdict(GOOD) == IN_FORCE
    finally:
        bench.core._settings.profile.version = before


def test_older_profile_is_refused():
    assert refused(with_profile(), RollbackError, PROFILE_1)


def test_second_profile_of_the_same_version_is_refused():
    assert refused(with_profile(), RollbackError, PROFILE_2_OTHER)


def test_same_profile_again_is_no_rollback():
    bench = with_profile()
    assert bench.send(PROFILE, PROFILE_2) == 0
    bench.restart()
    assert version_of(bench) == 2


def test_profile_of_another_division_is_refused():
    assert refused(with_profile(), WrongDivisionError, PROFILE_OTHER_DIVISION)


def test_profile_signed_by_the_list_key_is_refused():
    assert refused(with_profile(), UnknownKeyError, PROFILE_LIST_KEY)


def test_profile_dated_years_ahead_is_refused():
    assert refused(with_profile(), FutureTimeError, PROFILE_YEARS_AHEAD)


def test_profile_with_a_flipped_bit_is_refused():
    bench = with_profile()
    # Its window, a unit, and the signature: each of them parses.
    for at in (14, 22, len(PROFILE_3) - 1):
        bad = bytearray(PROFILE_3)
        bad[at] ^= 2
        assert refused(bench, BadSignatureError, bytes(bad)), at
    assert bench.send(PROFILE, PROFILE_3) == 0


def test_no_flipped_bit_anywhere_is_believed():
    bench = installed()
    keys, verifier = bench.core.store.keys, bench.core._verifier
    for at in range(0, len(PROFILE_3), 23):
        bad = bytearray(PROFILE_3)
        bad[at] ^= 1 << at % 8
        try:
            open_profile(bytes(bad), 410200, keys, verifier, 0)
        except TrustError:
            continue
        raise AssertionError(at)


def test_profile_that_is_no_record_or_whose_texts_are_none_is_refused():
    bench = with_profile()
    record = ProfileRecord.from_bytes(PROFILE_3)
    record.services[0].article = b"\xff\xfe"
    for data in (b"\x60", PROFILE_3[:-1], PROFILE_3 + b"\x00", record.to_bytes()):
        assert refused(bench, MalformedObjectError, data)


def test_profile_larger_than_a_slot_is_refused_before_a_byte_of_it():
    bench = installed()
    writes = bench.flash.writes
    assert bench.begin(PROFILE, MAX_SIGNED_PROFILE + 1).result == OversizeError.code
    assert bench.flash.writes == writes
    try:
        open_profile(bytes(MAX_SIGNED_PROFILE + 1), 410200, bench.core.store.keys, bench.core._verifier, 0)
    except OversizeError:
        return
    raise AssertionError("a profile of any size was read")


def test_reader_without_a_bundle_takes_no_profile():
    bench = Bench()
    assert bench.send(PROFILE, PROFILE_2) == UnknownKeyError.code


def test_truncated_profile_cannot_be_committed():
    bench = with_profile()
    bench.begin(PROFILE, len(PROFILE_3))
    bench.data(PROFILE, 0, PROFILE_3[:100])
    assert bench.commit(PROFILE).result == TransferStateError.code
    assert bench.commit(LIST).result == TransferStateError.code
    bench.restart()
    assert version_of(bench) == 2


def test_profile_under_way_is_forgotten_when_the_bundle_that_it_needs_comes_first():
    bench = installed()
    bench.begin(PROFILE, len(PROFILE_2))
    assert bench.send(TRUST, BUNDLE_2) == 0
    assert bench.data(PROFILE, 0, PROFILE_2[:100]).result == TransferStateError.code


def test_withdrawn_policy_key_leaves_the_rules_unknown_and_the_floor():
    bench = with_profile()
    assert bench.send(TRUST, BUNDLE_POLICY_REVOKED) == 0
    assert bench.hello().profile_version == 0
    assert bench.verdict(GOOD) == (REFER, reasons.RULE_UNKNOWN)
    assert bench.send(PROFILE, PROFILE_3) == UnknownKeyError.code
    bench.restart()
    assert bench.verdict(GOOD) == (REFER, reasons.RULE_UNKNOWN)
    assert bench.core.store.state.profile_floor == 2


def test_bundle_under_which_the_profile_stands_leaves_it_in_force():
    bench = with_profile()
    assert bench.send(TRUST, BUNDLE_2) == 0
    assert bench.verdict(GOOD) == TOO_YOUNG
    assert bench.core.store.clock_floor == NOW - 1200


def test_profile_lost_from_flash_is_named_and_no_older_one_decides():
    for worn in (False, True):
        flash = with_profile().flash
        slot = "profile%d" % Bench(flash.copy()).core.store.state.profile_slot
        if worn:
            flash.bad = [(slot, 0, 2048)]
        else:
            flash.regions[slot][30] ^= 1
        bench = Bench(flash)
        bench.pass_time(20)
        assert any("profile on flash is not usable" in report for report in bench.reports)
        assert bench.verdict(GOOD) == (REFER, reasons.RULE_UNKNOWN)
        # The floor stands, and the next one mends it.
        assert bench.send(PROFILE, PROFILE_1) == RollbackError.code
        assert bench.send(PROFILE, PROFILE_2) == 0
        assert bench.core.store.damage == ""
        assert bench.verdict(GOOD) == TOO_YOUNG


def test_flash_that_refuses_the_profile_leaves_what_was_held():
    bench = with_profile()
    bench.flash.fail = True
    assert bench.send(PROFILE, PROFILE_3) == StorageError.code
    bench.flash.fail = False
    assert bench.verdict(GOOD) == TOO_YOUNG


def test_list_and_profile_stand_side_by_side():
    bench = with_profile()
    assert bench.send(LIST, LIST_2, MANIFEST_2) == 0
    bench.restart()
    assert bench.held() == (1, 2)
    assert version_of(bench) == 2
    assert bench.verdict(REVOKED) == (DENY, reasons.REVOKED)


def step_power_cut(index):
    version, write, torn, blank = CASES[index]
    flash = (with_profile(PROFILE_1) if version else installed()).flash
    start = Bench(flash.copy())
    floor = start.core.store.clock_floor
    flash.cut_after, flash.torn, flash.blank = flash.writes + write, torn, blank
    try:
        Bench(flash).send(PROFILE, PROFILE_2)
    except PowerCutError:
        pass
    else:
        raise AssertionError("the power was not cut")
    flash.cut_after = None
    bench = Bench(flash)
    assert version_of(bench) in (version, 2)
    assert bench.held() == (1, 1)
    assert bench.core.store.clock_floor >= floor
    assert bench.core.store.damage == ""
    assert bench.verdict(GOOD) == (TOO_YOUNG if version_of(bench) == 2 else IN_FORCE)
    assert bench.send(PROFILE, PROFILE_2) == 0
    bench.restart()
    assert version_of(bench) == 2
    assert bench.verdict(SUSPENDED) == (DENY, reasons.SUSPENDED)


def test_power_cut_at_any_write_leaves_the_old_profile_or_the_new():
    for index in range(len(CASES)):
        step_power_cut(index)


def test_profile_that_contradicts_itself_is_no_profile():
    def wrong(change):
        record = ProfileRecord.from_bytes(PROFILE_2)
        change(record)
        try:
            read_profile(record.to_bytes())
        except MalformedObjectError:
            return True
        return False

    def condition_without_years(record):
        record.services[0].condition = 1
        record.services[0].years = 0

    def years_without_condition(record):
        record.services[0].condition = 0
        record.services[0].years = 60

    def warns_after_limit(record):
        record.services[0].warn_hours = record.services[0].limit_hours + 1

    def service_twice(record):
        record.services.append(record.services[0])

    def division_twice(record):
        record.divisions.append(record.divisions[0])

    def article_twice(record):
        record.articles.append(record.articles[0])

    def extension_backwards(record):
        record.extensions.append(ProfileRecordExtension(100, 100, 100))

    assert not wrong(lambda record: None)
    for change in (
        condition_without_years,
        years_without_condition,
        warns_after_limit,
        service_twice,
        division_twice,
        article_twice,
        extension_backwards,
    ):
        assert wrong(change), change
