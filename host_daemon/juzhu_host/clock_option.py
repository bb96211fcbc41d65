"""`--clock-offset S`: the option, its bounds, and the time that this machine's clock shows with it."""

import argparse
import time

from juzhu_protocol.rules.calendar import day_of, iso

from .errors import ConfigError

MAX_CLOCK_OFFSET_S = 200 * 366 * 86400
"""Two centuries: a demo may show any day that a permit can bear."""

LAST_DAY = 0xFFFE
"""The last day that a card, a bundle or a list can name."""


def add_clock_offset(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--clock-offset",
        type=clock_offset,
        default=0,
        metavar="S",
        help="seconds added to this machine's clock",
    )


def clock_offset(text: str) -> int:
    """Read the option."""
    try:
        seconds = int(text) if len(text) <= 12 else MAX_CLOCK_OFFSET_S + 1
    except ValueError:
        raise argparse.ArgumentTypeError("wants a whole number of seconds") from None
    if abs(seconds) > MAX_CLOCK_OFFSET_S:
        raise argparse.ArgumentTypeError(
            f"wants seconds from -{MAX_CLOCK_OFFSET_S} to {MAX_CLOCK_OFFSET_S}, 200 years"
        )
    return seconds


def shown_time(offset_s: float) -> int:
    """Return the Unix time of this machine's clock with the offset; ConfigError when no record can bear it."""
    shown = int(time.time()) + int(offset_s)
    if shown < 0 or day_of(shown) > LAST_DAY:
        raise ConfigError(
            f"the clock, with its offset, is not between 1970-01-01 and {iso(LAST_DAY)}: set either right"
        )
    return shown
