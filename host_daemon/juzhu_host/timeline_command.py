"""`juzhu permit timeline`: a permit's life on one line, from issue to lapse, in the terminal and as a picture."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juzhu_protocol.rules.calendar import day_of, iso
from juzhu_protocol.rules.kaifeng import KAIFENG

from .card_command import option_day
from .errors import ConfigError
from .private_file import write_named
from .profile_option import add_profile, home_profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from juzhu_protocol.authority.card_image import CardImage
    from juzhu_protocol.authority.events import Event

    from .timeline import Timeline

LANGUAGES = ("zh", "en")


def register_act(acts: Any) -> None:
    """Add `timeline` to the acts of `juzhu permit`."""
    text = "show a permit's life on one line, from issue to lapse"
    parser = acts.add_parser(
        "timeline",
        help=text,
        description=f"{text}. A card tells of its endorsements, a registry of suspensions too. Signatures are not "
        "checked: juzhu card show does that.",
    )
    parser.add_argument("card", nargs="?", type=Path, metavar="CARD", help="a card image's file")
    parser.add_argument("--registry", type=Path, metavar="FILE", help="in the place of CARD, with --serial")
    parser.add_argument("--serial", type=int, metavar="N")
    parser.add_argument(
        "--list-division", type=int, default=KAIFENG.list_division, help="default: %(default)s"
    )
    parser.add_argument("--on", type=option_day, metavar="DAY", help="the day to mark; default: today")
    add_profile(parser, "the issuing division's own")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a picture")
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="en", help="of the terminal; default: %(default)s"
    )
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from juzhu_protocol.records.card import Service

    from .timeline import timeline_of
    from .timeline_svg import svg_of
    from .timeline_text import UNICODE_CELLS, text_of
    from .timeline_words import title

    image, events, first_issued, earlier = _life(args)
    today = args.on if args.on is not None else day_of(int(time.time()))
    source = home_profile(Service.from_bytes(image.service).issuing_division, args.profile)
    timeline = timeline_of(image, source.profile, today, events, first_issued, earlier)
    titles = [
        title(timeline.list_division, timeline.serial, source.title, language) for language in LANGUAGES
    ]
    if args.svg is not None:
        try:
            write_named(args.svg, svg_of(timeline, (titles[0], titles[1])))
        except OSError as error:
            raise ConfigError(f"{args.svg}: {error.strerror}; give another file with --svg") from None
    if args.json:
        print(json.dumps(_as_json(timeline), ensure_ascii=False))
        return 0
    is_unicode = not args.ascii and _can_show("".join(UNICODE_CELLS.values()))
    sys.stdout.write(text_of(timeline, titles[LANGUAGES.index(args.lang)], args.lang, is_unicode=is_unicode))
    return 0


def _life(args: argparse.Namespace) -> "tuple[CardImage, Sequence[Event], int, Sequence[Event]]":
    """Return a card, its registry's events, the day of the first issue, and the events of the cards before it."""
    if (args.card is None) == (args.registry is None):
        raise ConfigError("give either CARD, or --registry with --serial")
    if args.card is not None:
        from juzhu_protocol.authority.card_image import read_image

        return read_image(args.card), (), 0, ()
    if args.serial is None:
        raise ConfigError("--registry needs --serial: which permit of it?")
    from juzhu_protocol.authority.registry import Registry

    with Registry(args.registry) as registry:
        image = registry.card_image(args.list_division, args.serial)
        events = registry.events(args.list_division, args.serial)
        permit, earlier = registry.permit(args.list_division, args.serial), []
        while permit.predecessor:
            permit = registry.permit(args.list_division, permit.predecessor)
            earlier += registry.events(args.list_division, permit.serial)
        return image, events, permit.issue_day, earlier


def _as_json(timeline: "Timeline") -> dict[str, Any]:
    found = asdict(timeline)
    for day in ("first", "last", "today"):
        found[day] = iso(found[day])
    for span in found["spans"]:
        span["first"], span["last"] = iso(span["first"]), iso(span["last"])
    for mark in found["marks"]:
        mark["day"] = iso(mark["day"])
        mark["good_through"] = iso(mark["good_through"]) if mark["good_through"] else None
    return found


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
