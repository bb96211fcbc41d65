"""What the acts of `juzhu keys` share: the folder's passphrase, this machine's clock, and a key that was made."""

import argparse
import time

from juzhu_protocol.authority.key_specs import MAX_DAY, KeySpec
from juzhu_protocol.authority.keys_desk import KeysDesk
from juzhu_protocol.authority.private_files import PrivateFiles
from juzhu_protocol.authority.signing_key import SigningKey
from juzhu_protocol.rules.calendar import day_of, iso
from juzhu_protocol.trust.moments import FUTURE_LIMIT_S

from .errors import ConfigError
from .keys_show import fingerprint
from .passphrase import given_files, new_files

QUIET_DAYS = 400
"""How old the bundle in force may be for a change to be dated without a question: keys are looked at once a year."""


def folder_files(desk: KeysDesk, args: argparse.Namespace) -> PrivateFiles:
    """Return what opens and seals the folder's files; a passphrase that nothing here can tell is given twice."""
    if desk.state.keys.development:
        return desk.unlock(PrivateFiles())
    ask = given_files if desk.can_unlock() else new_files
    return desk.unlock(ask(args.passphrase_file, str(desk.folder)))


def made(desk: KeysDesk, spec: KeySpec, args: argparse.Namespace) -> SigningKey:
    """Make a key of the folder, and tell its fingerprint."""
    key = desk.make_key(spec, folder_files(desk, args))
    print(f"made {spec.name}: {fingerprint(key.public_key)}")
    return key


def clock() -> int:
    """Return the Unix time; ConfigError for one that no bundle can bear."""
    now = int(time.time())
    if not 0 < now < 1 << 32 or not 0 < day_of(now) <= MAX_DAY:
        raise ConfigError(f"this machine's clock is wrong (Unix time {now}): set it right")
    return now


def today() -> int:
    """Return this day's number."""
    return day_of(clock())


def date_of(desk: KeysDesk, args: argparse.Namespace) -> int:
    """Return the Unix time that dates the next bundle; ConfigError for a clock that may be wrong.

    Readers without a clock take a bundle's time for theirs, and no later bundle is dated before it.
    """
    now, last = clock(), desk.in_force.time
    if now < last - FUTURE_LIMIT_S:
        raise ConfigError(
            f"the clock shows {iso(day_of(now))}, before the bundle in force, which is of {iso(day_of(last))}: set the "
            "clock right; if the bundle's was wrong, docs/operations.md says what to do"
        )
    if now > last + QUIET_DAYS * 86400 and not args.accept_clock_jump:
        raise ConfigError(
            f"the clock shows {iso(day_of(now))}, and the bundle in force is of {iso(day_of(last))}: set the clock "
            "right; if it is right, --accept-clock-jump"
        )
    return now
