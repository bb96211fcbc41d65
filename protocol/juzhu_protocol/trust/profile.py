"""The signed profile of a place: by which numbers readers and counters decide, on the word of its policy key.

Checks of open_profile, in this order: size; record; division; key known, for policy, for this division, valid
then and not revoked; signature; not dated ahead of a clock known to be right; version not below the floor; not
another content under the held version.
"""

from ..errors import (
    BadSignatureError,
    MalformedObjectError,
    OversizeError,
    RecordError,
    RollbackError,
    WrongDivisionError,
)
from ..records.profile import ProfileRecord
from ..records.trust import BundleKey
from ..rules.profile import CONDITION_AGE, CONDITION_RESIDENCE, Profile
from .bundle import PURPOSE_POLICY, TrustedKeys
from .contexts import PROFILE_CONTEXT, is_signed_by, signed_part
from .moments import refuse_future
from .verifier import SignatureVerifier

MAX_SIGNED_PROFILE = 2048
"""A reader holds the whole record in RAM while it checks it."""


def open_profile(
    data: bytes,
    division: int,
    keys: TrustedKeys,
    verifier: SignatureVerifier,
    floor_version: int,
    held: "bytes | None" = None,
    latest: "int | None" = None,
) -> ProfileRecord:
    """Return a believable profile of list division `division`; else TrustError.

    held is the record in force, None for none. latest is the latest Unix time that it may be now, None when no
    clock is known to be right.
    """
    if len(data) > MAX_SIGNED_PROFILE:
        raise OversizeError("a profile of %d bytes, at most %d are held" % (len(data), MAX_SIGNED_PROFILE))
    record = read_profile(data)
    if record.list_division != division:
        raise WrongDivisionError("a profile of %d, wanted %d" % (record.list_division, division))
    key = find_policy_key(record, keys)
    if not is_signed_by(key, record, data, PROFILE_CONTEXT, verifier):
        raise BadSignatureError("the profile's signature does not hold")
    refuse_future(record.time, latest, "the profile")
    if record.profile_version < floor_version:
        raise RollbackError("profile version %d is below %d" % (record.profile_version, floor_version))
    same_version = held is not None and read_profile(held).profile_version == record.profile_version
    if held is not None and same_version and signed_part(held) != signed_part(data):
        raise RollbackError("two different profiles are version %d" % record.profile_version)
    return record


def read_profile(data: bytes) -> ProfileRecord:
    """Return the record of bytes that rules/profile.py can make a Profile of; MalformedObjectError."""
    try:
        record = ProfileRecord.from_bytes(data)
        Profile.of(record)
    except (RecordError, ValueError) as error:
        raise MalformedObjectError("profile: " + str(error))
    fault = _contradiction(record)
    if fault:
        raise MalformedObjectError("profile: " + fault)
    return record


def _contradiction(record: ProfileRecord) -> str:
    """Say where a record contradicts itself, so that no value of it could let somebody pass by mistake."""
    for name, values in (
        ("division", [entry.division for entry in record.divisions]),
        ("service", [entry.code for entry in record.services]),
        ("reason", [entry.reason for entry in record.articles]),
    ):
        for value in values:
            if values.count(value) > 1:
                return "%s %d stands twice" % (name, value)
    for entry in record.services:
        if (entry.condition in (CONDITION_AGE, CONDITION_RESIDENCE)) != (entry.years > 0):
            return "service %d has a condition and years that contradict each other" % entry.code
        if entry.warn_hours > entry.limit_hours:
            return "service %d warns after its limit" % entry.code
    for range_ in record.extensions:
        if not range_.first <= range_.last < range_.through:
            return "an extension ends before what it extends"
    return ""


def find_policy_key(record: ProfileRecord, keys: TrustedKeys) -> BundleKey:
    """Return the key that may have signed this profile; UnknownKeyError when it may not, or no more."""
    return keys.find(record.key_id, PURPOSE_POLICY, record.list_division, record.time)
