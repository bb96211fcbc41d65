"""`--profile NAME|FILE`: one of the places that come with the software, or a profile's own TOML file."""

import argparse
from pathlib import Path

from juzhu_protocol.errors import ProfileSourceError
from juzhu_protocol.profiles.source import ProfileSource, find_profile, load_profile, profile_names

from .cases import DEFAULT_PROFILE
from .errors import ConfigError

METAVAR = "NAME|FILE"


def add_profile(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option; default says what holds without it."""
    parser.add_argument(
        "--profile",
        metavar=METAVAR,
        help=f"the place whose measures hold: {', '.join(profile_names())}, or a TOML file (default: {default})",
    )


def chosen_profile(wanted: "str | None") -> ProfileSource:
    """Return the profile of an option, Kaifeng's without one; ConfigError says what is wrong with it."""
    wanted = wanted or DEFAULT_PROFILE
    try:
        return load_profile(Path(wanted)) if is_file(wanted) else find_profile(wanted)
    except ProfileSourceError as error:
        raise ConfigError(str(error)) from None


def home_profile(division: int, wanted: "str | None") -> ProfileSource:
    """Return the profile of an option, else that of the place the division lies in, else Kaifeng's; ConfigError."""
    if wanted is None:
        for name in profile_names():
            source = chosen_profile(name)
            if division in source.division_names:
                return source
    return chosen_profile(wanted)


def is_file(wanted: str) -> bool:
    """Whether an option means a file, and no name."""
    return "/" in wanted or wanted.endswith(".toml")
