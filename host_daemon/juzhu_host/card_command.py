"""`juzhu card`: card images as files, for trying the rules on: new, show, endorse; and what plugins do with them."""

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juzhu_protocol.crypto.signature import SUITE_ES256
from juzhu_protocol.rules.calendar import day_of, iso
from juzhu_protocol.rules.lifecycle import KIND_YEARLY

from .cases import AUTHENTICITIES, CLASSES, KINDS, card_day
from .errors import CardRefusedError, CaseError
from .new_card_options import add_new_card, photo_of, suite_of
from .permit import whole_division
from .plugins import add_command, plugins
from .profile_option import add_profile, home_profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from juzhu_protocol.authority.keys import KeyRing

PLUGIN_GROUP = "juzhu.card_commands"
OWN_COMMANDS = ("endorse", "new", "show")
AUTHENTICITY_NAMES = {code: name for name, code in AUTHENTICITIES.items()}


def register(subparsers: Any) -> None:
    """Add the command `card`, its own acts and those of plugins."""
    parser = subparsers.add_parser(
        "card",
        help="make, show and endorse card images for trying things out",
        description="Card images are files, really signed: by a development authority that is made on first use "
        "in $XDG_DATA_HOME/juzhu (~/.local/share/juzhu), or by the keys of --keys.",
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    _register_new(acts)
    _register_show(acts)
    _register_endorse(acts)
    for name, load in plugins(PLUGIN_GROUP, OWN_COMMANDS):
        add_command(acts, name, load)


def _register_new(acts: Any) -> None:
    text = "make a card with its life up to now"
    new = acts.add_parser("new", help=text, description=text)
    new.add_argument("--division", type=whole_division, required=True, help="that issues it, such as 410202")
    new.add_argument("--born", type=option_day, required=True, metavar="DAY", help="YYYY-MM-DD")
    new.add_argument("--issued", type=option_day, required=True, metavar="DAY")
    new.add_argument(
        "--endorsed",
        type=_endorsement,
        action="append",
        default=[],
        metavar="DAY[:KIND[:DIVISION]]",
        help=f"in order, once for each; KIND is {', '.join(KINDS)} (default: yearly); DIVISION, the new place's, "
        "belongs to kind moved",
    )
    new.add_argument("--class", dest="permit_class", choices=CLASSES, default="ordinary")
    new.add_argument("--resident-since", type=option_day, default=0, metavar="DAY", help="default: --issued")
    new.add_argument(
        "--registered",
        type=option_day,
        default=0,
        metavar="DAY",
        help="anew, before a moved endorsement (17)",
    )
    new.add_argument(
        "--good-through", type=option_day, default=0, metavar="DAY", help="of class transitional (29)"
    )
    new.add_argument("--serial", type=option_serial, default=1, help="in its list division (default: 1)")
    new.add_argument(
        "--address",
        metavar="TEXT",
        help="that HOLDER and the endorsements carry; made-up people's only (default: a made-up one)",
    )
    add_new_card(new)
    new.add_argument("--out", type=Path, required=True, metavar="FILE")
    _add_signing(new)
    new.set_defaults(run=_new)


def _register_show(acts: Any) -> None:
    text = "show what a card's files say, and whether they are as an organ signed them"
    show = acts.add_parser("show", help=text, description=text)
    show.add_argument("card", type=Path, metavar="FILE")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.add_argument("--holder", action="store_true", help="show HOLDER and the addresses too")
    add_trust(show)
    add_profile(show, "the division's own")
    show.set_defaults(run=_show)


def _register_endorse(acts: Any) -> None:
    text = "endorse a card (16 to 18)"
    endorse = acts.add_parser("endorse", help=text, description=text)
    endorse.add_argument("card", type=Path, metavar="FILE")
    endorse.add_argument("--on", type=option_day, metavar="DAY", help="default: today")
    endorse.add_argument("--kind", choices=KINDS, default="yearly")
    endorse.add_argument(
        "--address",
        default="",
        metavar="TEXT",
        help="the new one, made-up people's only; kind address needs it",
    )
    endorse.add_argument(
        "--registered", type=option_day, default=0, metavar="DAY", help="anew, before kind moved (17)"
    )
    endorse.add_argument(
        "--division",
        type=whole_division,
        default=0,
        help="the new place's: kind moved needs it, and no other",
    )
    endorse.add_argument("--out", type=Path, metavar="FILE", help="default: the card's own file")
    _add_signing(endorse)
    endorse.set_defaults(run=_endorse)


def _add_signing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="DIR",
        help="a keys folder; made when it is not there (default: the user's own)",
    )
    add_profile(parser, "the division's own")


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whom to believe."""
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument(
        "--keys", type=Path, metavar="DIR", help="a keys folder (default: the user's own, if any)"
    )
    trust.add_argument(
        "--roots", type=Path, metavar="FILE", help="roots.toml alone; needs --lists for the bundle"
    )


def option_day(text: str) -> int:
    """Read a day of an option that a card can hold."""
    try:
        return card_day(text, "day")
    except CaseError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _new(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.made_up import ADDRESS

    from .card_files import NewCard, new_image, write_image

    profile = home_profile(args.division, args.profile).profile
    new = NewCard(
        division=args.division,
        born=args.born,
        issued=args.issued,
        permit_class=CLASSES[args.permit_class],
        endorsed=args.endorsed,
        resident_since=args.resident_since,
        registered=args.registered,
        good_through=args.good_through,
        serial=args.serial,
        address=ADDRESS if args.address is None else args.address,
        photo=photo_of(args) or b"",
        suite=suite_of(args) or SUITE_ES256,
    )
    write_image(args.out, new_image(new, profile, _signing_keys(args)))
    return 0


def _endorse(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.card_image import read_image

    from .card_files import card_permit, endorse_image, write_image

    image = read_image(args.card)
    kind = KINDS[args.kind]
    if args.kind == "address" and not args.address:
        raise CardRefusedError("an address endorsement carries the new address: give it with --address")
    if args.division and args.kind != "moved":
        raise CardRefusedError("--division is the new place's, of kind moved alone (17); leave it out")
    day = args.on if args.on is not None else day_of(int(time.time()))
    permit = card_permit(image)
    endorsed = endorse_image(
        image,
        kind,
        day,
        home_profile(permit.issuing_division, args.profile).profile,
        _signing_keys(args),
        registered=args.registered,
        address=args.address,
        division=args.division,
    )
    write_image(args.out or args.card, endorsed)
    after = card_permit(endorsed)
    late = kind == KIND_YEARLY and after.anchor_day == day
    print(
        f"endorsement {after.endorsement_number}, {args.kind}{', late' if late else ''}, "
        f"on {iso(day)}: good through {iso(after.good_through)}"
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.card_image import read_image
    from juzhu_protocol.hostside.native import NativeVerifier
    from juzhu_protocol.records.card import Service
    from juzhu_protocol.rules.decide import GENUINE, KEY_UNKNOWN
    from juzhu_protocol.trust.chip import Files, judge_files

    from .card_files import shown
    from .local_trust import load_keys

    image = read_image(args.card)
    keys, notes = load_keys(args.roots, args.keys, None, None)
    judged = Files()
    if keys is None:
        judged.refuse(KEY_UNKNOWN, "no keys are here to judge it by")
    else:
        judged = judge_files(image, keys, NativeVerifier())
    found = {
        "authenticity": AUTHENTICITY_NAMES[judged.authenticity],
        "fault": judged.fault or None,
        **shown(image, holder=args.holder),
        "security": judged.hold() and judged.security is not None,
    }
    service = Service.from_bytes(image.service)
    profile = home_profile(service.issuing_division, args.profile).profile
    found["counts_through"] = iso(profile.good_through(service.good_through))
    proven = [authenticity == GENUINE for _, authenticity in judged.endorsements]
    for at, entry in enumerate(found["endorsements"]):
        entry["genuine"] = judged.hold() and proven[at]
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print(found, notes)
    return 0


def _print(found: dict[str, Any], notes: "Sequence[str]") -> None:
    endorsements, holder = found.pop("endorsements"), found.pop("holder", None)
    if not found["security"]:
        found["security"] = "NOT PROVEN" if found["card_key_epoch"] else None
    for name, value in found.items():
        print(f"{name.replace('_', ' '):20}{'-' if value is None else value}")
    for name, value in (holder or {}).items():
        print(f"HOLDER {name.replace('_', ' '):24}{value}")
    for entry in endorsements:
        told = (
            f"by {entry['issuing_division']}",
            "" if entry["genuine"] else "NOT PROVEN",
            entry.get("address"),
        )
        print(
            f"{entry['number']:3}  {entry['day']}  {entry['kind']:8} good through {entry['good_through']}  "
            + "  ".join(word for word in told if word)
        )
    for note in notes:
        print(f"note: {note}")


def _signing_keys(args: argparse.Namespace) -> "KeyRing":
    from .development_authority import open_or_make

    return open_or_make(args.keys)


def _endorsement(text: str) -> tuple[int, int, int]:
    day, _, rest = text.partition(":")
    kind, _, division = rest.partition(":")
    if kind and kind not in KINDS:
        raise argparse.ArgumentTypeError(f"no kind is called {kind!r}; there are: {', '.join(KINDS)}")
    if division and kind != "moved":
        raise argparse.ArgumentTypeError(
            "DIVISION is the new place's, of kind moved alone (17); leave it out"
        )
    return option_day(day), KINDS[kind or "yearly"], whole_division(division) if division else 0


def option_serial(text: str) -> int:
    """Read a serial of an option."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 99_999_999:
        raise argparse.ArgumentTypeError(f"{text!r} is no serial: 1 to 99999999")
    return int(text)
