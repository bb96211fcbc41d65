"""Any row of changes keeps what must not be lost: revocations, names, epochs, and keys.toml as it is written."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.authority import key_changes
from juzhu_protocol.authority.errors import KeysFolderError, ProposalError
from juzhu_protocol.authority.key_specs import EPOCH_ROLES, KeysFile, KeySpec, KnownKey, parse_keys
from juzhu_protocol.authority.keys import bundle_body
from juzhu_protocol.authority.signing import signer_of
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.records.trust import Bundle
from juzhu_protocol.rules.calendar import from_iso
from juzhu_protocol.trust.bundle import TrustedKeys

FIRST, LAST = from_iso("2020-01-01"), from_iso("2040-12-31")
POOL = {
    suite: [signer_of(suite, number.to_bytes(32, "big")).public_key for number in range(1, 13)]
    for suite in (SUITE_ES256, SUITE_SM2_SM3)
}
START = KeysFile(
    tuple(
        KnownKey(KeySpec(name, name.partition("-")[0], divisions, FIRST, LAST), POOL[SUITE_ES256][at])
        for at, (name, divisions) in enumerate(
            [
                ("root-1", ()),
                ("root-2", ()),
                ("permit-x", (410202,)),
                ("list-x", (410200,)),
                ("policy-x", (410200,)),
            ]
        )
    )
)
NAMES = st.sampled_from(
    ["root-1", "permit-x", "permit-x-2", "list-x", "list-x-2", "list-x-3", "policy-x", "new"]
)
DAYS = st.integers(FIRST - 10, LAST + 10)


def _fresh(file: KeysFile, suite: int) -> bytes:
    used = {key.public_key for key in file.keys}
    return next(key for key in POOL[suite] if key not in used)


def _add(file, name, day, suite):
    spec = KeySpec(name, "permit", (410203,), day, LAST, suite=suite)
    return key_changes.add(file, KnownKey(spec, _fresh(file, suite)))


def _rotate(file, name, day, suite):
    spec = key_changes.successor(file, name, day)
    return key_changes.rotate(file, name, KnownKey(spec, _fresh(file, spec.suite)))


def _revoke(file, name, day, suite):
    revoked = key_changes.revoke(file, name, day)
    spec = key_changes.successor(file, name, day, stolen=True)
    return key_changes.add(revoked, KnownKey(spec, _fresh(file, spec.suite)))


def _drop(file, name, day, suite):
    return key_changes.drop(file, name)


def _epoch(file, name, day, suite):
    return key_changes.raise_epoch(file, EPOCH_ROLES[day % 3], 1 + day % 7)


def _list_epoch(file, name, day, suite):
    return key_changes.raise_list_epoch(file, name)


CHANGES = st.lists(
    st.tuples(
        st.sampled_from([_add, _rotate, _revoke, _drop, _epoch, _list_epoch]),
        NAMES,
        DAYS,
        st.sampled_from([SUITE_ES256, SUITE_SM2_SM3]),
    ),
    max_size=7,
)


# Whatever is asked for in a row, each change is refused in our words, or leaves a keys.toml that reads back as it is,
# makes a bundle that a reader takes, and takes back no revocation, no epoch and no name.
@given(CHANGES)
def test_no_row_of_changes_takes_anything_back(changes):
    file = START
    for change, name, day, suite in changes:
        before = file
        try:
            file = change(before, name, day, suite)
        except KeysFolderError:
            continue
        assert parse_keys(file.to_toml(), Path("keys.toml")) == file
        bundle = Bundle.from_bytes(bundle_body(file.keys, 1, 1, file.epochs))
        assert len(TrustedKeys(bundle).keys) == sum(key.spec.purpose != "root" for key in file.keys)
        assert all(new >= old for old, new in zip(before.epochs, file.epochs, strict=True))
        after = {key.spec.name: key for key in file.keys}
        names = {key.spec.name for key in before.keys}
        for old in before.keys:
            new = after.get(old.spec.name)
            if new is None:
                assert old.spec.name in file.dropped
                continue
            assert new.public_key == old.public_key
            # What an honest machine signed with it before the next key begins, or within the overlap, stays good.
            rotated = [key.spec.valid_from for key in file.keys if key.spec.name not in names]
            kept = min([old.spec.valid_through, *(day + key_changes.OVERLAP_DAYS - 1 for day in rotated)])
            assert kept <= new.spec.valid_through <= old.spec.valid_through
            if change is not _rotate or old.spec.name != name:
                assert new.spec.valid_through == old.spec.valid_through
            assert new.spec.epoch >= old.spec.epoch
            changeable = {"valid_through": 0, "revoked_on": 0, "epoch": 1}
            assert replace(new.spec, **changeable) == replace(old.spec, **changeable)
            if old.spec.revoked_on:
                assert new == old
        assert not set(file.dropped) & set(after)
        assert set(before.dropped) <= set(file.dropped)
        assert [key for key in file.keys if key.spec.purpose == "root"] == list(START.keys[:2])


def _list(name, day, epoch, number):
    return KnownKey(KeySpec(name, "list", (410200,), day, LAST, epoch=epoch), POOL[SUITE_ES256][number])


def test_stolen_list_key_beside_its_successor_leaves_no_epoch_to_the_thief():
    """Both were good for a while: what the thief numbered must be below what either key numbers from now on."""
    file = key_changes.rotate(START, "list-x", _list("list-x-2", FIRST + 100, 1, 6))
    revoked = key_changes.revoke(file, "list-x", FIRST + 110)
    assert revoked.find("list-x").spec.epoch == 1
    assert revoked.find("list-x-2").spec.epoch == 2
    assert key_changes.successor(file, "list-x", FIRST + 110, stolen=True).epoch == 2


def test_list_key_that_counts_anew_takes_the_key_beside_it_along():
    file = key_changes.rotate(START, "list-x", _list("list-x-2", FIRST + 100, 1, 6))
    for name in ("list-x", "list-x-2"):
        raised = key_changes.raise_list_epoch(file, name)
        assert [raised.find(each).spec.epoch for each in ("list-x", "list-x-2")] == [2, 2]


def test_key_that_has_its_successor_is_not_rotated_again():
    """Its own last day is near: a second successor would end with it."""
    file = key_changes.rotate(START, "list-x", _list("list-x-2", FIRST + 100, 1, 6))
    with pytest.raises(ProposalError, match="list-x-2 takes the place of list-x already"):
        key_changes.rotate(file, "list-x", _list("list-x-3", FIRST + 120, 1, 7))


@pytest.mark.parametrize(("overlap", "last"), [(1, 100), (60, 159), (40_000, LAST - FIRST)])
def test_rotated_key_stays_good_beside_its_successor(overlap, last):
    file = key_changes.rotate(START, "list-x", _list("list-x-2", FIRST + 100, 1, 6), overlap)
    assert file.find("list-x").spec.valid_through == FIRST + last
