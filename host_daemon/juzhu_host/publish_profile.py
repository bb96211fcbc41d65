"""The profile that a publisher brings to its division: found, signed once for each content, journaled."""

import logging

from juzhu_protocol.authority.errors import NoKeyError, ProfileVersionError
from juzhu_protocol.authority.journal import Journal
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.errors import ProfileSourceError
from juzhu_protocol.profiles.source import ProfileSource, find_profile, profile_names
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.rules.calendar import day_of
from juzhu_protocol.trust.contexts import PROFILE_CONTEXT, signed_part

from .errors import ConfigError
from .profile_option import chosen_profile

log = logging.getLogger(__name__)


def signed_profile(
    wanted: str | None, journal: Journal, keys: KeyRing, division: int, now: int
) -> bytes | None:
    """Return the signed profile to publish, or None when none is asked for and none is at hand.

    wanted: the name of a profile that comes with the software, or a TOML file; None for the division's own.
    """
    try:
        source = _find(wanted, division)
    except ProfileSourceError as error:
        raise ConfigError(str(error)) from error
    if source is None:
        log.info("no profile comes with the software for division %d; none is published", division)
        return None
    try:
        return sign_profile(source.record, journal, keys, now)
    except (NoKeyError, ProfileVersionError) as error:
        # The list must not wait for the profile.
        if wanted is not None:
            raise
        log.warning("the profile %s is not published: %s", source.name, error)
        return None


def _find(wanted: str | None, division: int) -> ProfileSource | None:
    if wanted is None:
        own = (find_profile(name) for name in profile_names())
        return next((source for source in own if source.record.list_division == division), None)
    source = chosen_profile(wanted)
    if source.record.list_division != division:
        raise ProfileSourceError(
            f"the profile {wanted} is of list division {source.record.list_division}, and {division} is published"
        )
    return source


def sign_profile(source: ProfileRecord, journal: Journal, keys: KeyRing, now: int) -> bytes:
    """Return a compiled profile signed by its division's policy key; one content keeps its first signature."""
    key = keys.policy_key(source.list_division, day_of(now))
    record = ProfileRecord.from_bytes(source.to_bytes())
    record.suite = key.suite
    record.key_id = key.key_id

    def sign() -> bytes:
        record.time = now
        record.signature = key.sign(PROFILE_CONTEXT, signed_part(record.to_bytes()))
        return record.to_bytes()

    return journal.profile(record.profile_version, record.to_bytes(), sign)
