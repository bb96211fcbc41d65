"""`juzhu permit`: the clerk's acts on the registry, each one command."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juzhu_protocol.rules.calendar import from_iso, iso, start_of
from juzhu_protocol.rules.kaifeng import KAIFENG

from .errors import ConfigError

if TYPE_CHECKING:
    from juzhu_protocol.authority.keys import KeyRing
    from juzhu_protocol.authority.permits import Permit
    from juzhu_protocol.authority.registry import Registry

NOON = 12 * 3600


def register(subparsers: Any) -> None:
    """Add the command `permit` and its acts."""
    parser = subparsers.add_parser("permit", help="issue, endorse, suspend, restore, revoke, replace, show")
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)

    issue = _act(acts, "issue", "issue a permit (8 to 15)", _issue, keys=True, serial=False)
    issue.add_argument("--create", action="store_true", help="make the registry file when it is not there")
    issue.add_argument(
        "--division", type=whole_division, required=True, help="the issuing division, county level"
    )
    issue.add_argument("--name", required=True)
    issue.add_argument("--sex", required=True, choices=["男", "女"])
    issue.add_argument("--ethnicity", default="汉")
    issue.add_argument("--citizen-number", required=True, metavar="NUMBER")
    issue.add_argument(
        "--household-address", required=True, metavar="TEXT", help="of the registered residence"
    )
    issue.add_argument("--address", required=True, metavar="TEXT", help="of the place of residence")
    issue.add_argument("--residence-since", type=_day, default=0, metavar="YYYY-MM-DD")
    issue.add_argument(
        "--registered",
        type=_day,
        default=0,
        metavar="YYYY-MM-DD",
        help="day of the temporary registration (8)",
    )

    endorse = _act(acts, "endorse", "make the yearly endorsement (16, 18)", _endorse, keys=True)
    endorse.add_argument("--address", default="", metavar="TEXT", help="the new address, when it changed")

    suspend = _act(acts, "suspend", "suspend the permit's use (19)", _suspend)
    suspend.add_argument("--ground", type=int, required=True, metavar="1|2|4|5|6", help="of Article 19")

    _act(acts, "restore", "lift a suspension (19)", _restore)

    revoke = _act(acts, "revoke", "revoke a card (20)", _revoke)
    revoke.add_argument("--cause", required=True, choices=["lost", "cancelled"])

    _act(acts, "replace", "replace a damaged or lost card (20)", _replace, keys=True)
    _act(acts, "show", "show a permit, without its holder", _show)


def _act(
    acts: Any,
    name: str,
    text: str,
    act: "Callable[[Registry, argparse.Namespace], Permit]",
    *,
    keys: bool = False,
    serial: bool = True,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = acts.add_parser(name, help=text, description=text)
    parser.add_argument("--registry", type=Path, required=True, metavar="FILE")
    if serial:
        parser.add_argument("--serial", type=_serial, required=True)
        parser.add_argument(
            "--list-division", type=whole_division, default=KAIFENG.list_division, help="default: %(default)s"
        )
    if keys:
        parser.add_argument("--keys", type=Path, metavar="DIR", help="the folder of the authority's keys")
    parser.add_argument("--day", type=_day, metavar="YYYY-MM-DD", help="the act's day; default: today")
    parser.add_argument(
        "--clock-offset", type=int, default=0, metavar="S", help="seconds added to this clock"
    )
    parser.add_argument("--card", type=Path, metavar="OUT.json", help="write what the card's files hold")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run, act=act, create=False)
    return parser


def _run(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.registry import Registry

    with Registry(args.registry, create=args.create) as registry:
        permit = args.act(registry, args)
        image = registry.card_image(permit.list_division, permit.serial)
        events = registry.events(permit.list_division, permit.serial)
    if args.card:
        try:
            args.card.write_text(image.to_json())
        except OSError as error:
            raise ConfigError(
                f"the act is done (serial {permit.serial}), but {args.card} was not written: {error.strerror}; "
                "show the permit with --card to write it"
            ) from None
    shown = _shown(permit)
    if args.json:
        shown["events"] = [
            {"time": event.time, "name": event.name, "detail": event.detail} for event in events
        ]
        print(json.dumps(shown, ensure_ascii=False))
    else:
        told = {name.replace("_", " "): value for name, value in shown.items() if value is not None}
        print("\n".join(f"{name:20}{value}" for name, value in told.items()))
    return 0


def _shown(permit: "Permit") -> dict[str, Any]:
    return {
        "list_division": permit.list_division,
        "serial": permit.serial,
        "issuing_division": permit.issuing_division,
        "status": permit.status,
        "ground": permit.ground or None,
        "cause": permit.cause or None,
        "issued": iso(permit.issue_day),
        "good_through": iso(permit.good_through),
        "residence_since": iso(permit.residence_since),
        "endorsements": permit.endorsement_number,
        "endorsed": iso(permit.endorsement_day) if permit.endorsement_day else None,
        "predecessor": permit.predecessor or None,
        "successor": permit.successor or None,
    }


def _issue(registry: "Registry", args: argparse.Namespace) -> "Permit":
    from juzhu_protocol.authority.permits import Holder

    holder = Holder(args.name, args.sex, args.ethnicity, args.citizen_number, args.household_address)
    return registry.issue(
        holder,
        address=args.address,
        issuing_division=args.division,
        keys=_keys(args),
        now=_now(args),
        residence_since=args.residence_since,
        registered_day=args.registered,
    )


def _endorse(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.endorse(
        args.list_division, args.serial, keys=_keys(args), now=_now(args), address=args.address
    )


def _suspend(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.suspend(args.list_division, args.serial, args.ground, now=_now(args))


def _restore(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.restore(args.list_division, args.serial, now=_now(args))


def _revoke(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.revoke(args.list_division, args.serial, args.cause, now=_now(args))


def _replace(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.replace(args.list_division, args.serial, keys=_keys(args), now=_now(args))


def _show(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.permit(args.list_division, args.serial)


def load_keys(folder: "Path | None") -> "KeyRing":
    """Load the keys folder of an option --keys; ConfigError tells how when it was not given."""
    from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing

    if folder is None:
        raise ConfigError(
            "give the authority's keys with --keys DIR; for demos and tests there is a folder of development "
            f"keys: --keys {DEVELOPMENT_KEYS}"
        )
    return KeyRing.load(folder)


def _keys(args: argparse.Namespace) -> "KeyRing":
    return load_keys(args.keys)


def _now(args: argparse.Namespace) -> int:
    if args.day is not None:
        return start_of(args.day) + NOON
    return int(time.time()) + int(args.clock_offset)


def _day(text: str) -> int:
    try:
        return from_iso(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _serial(text: str) -> int:
    return _whole(text, 1, 99_999_999)


def whole_division(text: str) -> int:
    """Read a division of an option."""
    return _whole(text, 110000, 829999)


def _whole(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} to {high}")
    return int(text)
