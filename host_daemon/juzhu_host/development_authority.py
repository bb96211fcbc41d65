"""The development authority: a folder of keys for trying things out, made on first use and good for nothing else.

It may sign for every division that a profile of this software names, and for one of Zhengzhou, a neighbour whose
permits Kaifeng does not serve. Whoever can read the folder can sign as it.
"""

import os
import sys
import time
from pathlib import Path

from juzhu_protocol.authority.errors import KeysFolderError, PassphraseNeededError
from juzhu_protocol.authority.keys import KeyRing, KeySpec
from juzhu_protocol.crypto.signature import SUITE_SM2_SM3
from juzhu_protocol.errors import JuzhuError
from juzhu_protocol.profiles.source import find_profile, profile_names
from juzhu_protocol.rules.kaifeng import KAIFENG

from .cases import FIRST_CARD_DAY, LAST_CARD_DAY
from .errors import ConfigError

ZHENGZHOU_JINSHUI = 410105
DIVISIONS_A_KEY = 16
"""What one entry of a bundle holds."""


def data_folder() -> Path:
    """Return where the development authority lives: $XDG_DATA_HOME, or ~/.local/share, and juzhu below it."""
    base = os.environ.get("XDG_DATA_HOME", "")
    if not Path(base).is_absolute():
        try:
            base = str(Path.home() / ".local" / "share")
        except RuntimeError:
            raise ConfigError("there is no home folder to keep keys in; name one with --keys DIR") from None
    return Path(base) / "juzhu" / "development-authority"


def open_or_make(folder: "Path | None" = None) -> KeyRing:
    """Return the keys of `folder`, or of the user's own; made, and said so on standard error, where none are."""
    place = folder or data_folder()
    if (place / "keys.toml").is_file() or (place.is_dir() and any(place.iterdir())):
        try:
            return KeyRing.load(place)
        except PassphraseNeededError:
            raise ConfigError(
                f"the keys of {place} are sealed, as real ones are; this command is for trying things out and takes "
                "development keys alone"
            ) from None
        except JuzhuError as error:
            if folder is not None:
                raise
            raise ConfigError(f"{error}; move {place} aside, and new keys are made") from None
    try:
        ring = KeyRing.make(place, specs(), int(time.time()))
    except KeysFolderError as error:
        # Of two first uses at once one wins, and the other takes the winner's keys.
        if (place / "keys.toml").is_file():
            return KeyRing.load(place)
        raise ConfigError(f"{error}; or name another with --keys DIR") from None
    print(f"juzhu: made a development authority in {place}; never use its keys for real", file=sys.stderr)
    return ring


def specs() -> list[KeySpec]:
    """Return the keys that a development authority has."""
    days = {"valid_from": FIRST_CARD_DAY, "valid_through": LAST_CARD_DAY}
    found = [KeySpec(f"root-{number}", "root", (), **days) for number in (1, 2, 3)]
    for name in profile_names():
        record = find_profile(name).record
        divisions = [entry.division for entry in record.divisions]
        for at in range(0, len(divisions), DIVISIONS_A_KEY):
            part = tuple(divisions[at : at + DIVISIONS_A_KEY])
            number = at // DIVISIONS_A_KEY + 1
            found.append(KeySpec(f"organ-{name}-{number}", "permit", part, **days))
            found.append(KeySpec(f"endorsement-{name}-{number}", "endorsement", part, **days))
        found.append(KeySpec(f"list-{name}", "list", (record.list_division,), **days))
        found.append(KeySpec(f"policy-{name}", "policy", (record.list_division,), **days))
    found.append(KeySpec("organ-zhengzhou", "permit", (ZHENGZHOU_JINSHUI,), **days))
    # One place has cards of the other suite too; a bundle has no room for all of them twice.
    found.append(
        KeySpec("organ-kaifeng-sm2", "permit", tuple(sorted(KAIFENG.units)), **days, suite=SUITE_SM2_SM3)
    )
    return found
