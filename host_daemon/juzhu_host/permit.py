"""`juzhu permit`: the clerk's acts on the registry, each one command."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juzhu_protocol.rules.calendar import from_iso, iso, start_of
from juzhu_protocol.rules.kaifeng import KAIFENG

from .clock_option import LAST_DAY, add_clock_offset, shown_time
from .errors import ConfigError
from .new_card_options import add_new_card, photo_of, suite_of
from .passphrase import add_passphrase, given_files
from .private_file import write_named
from .profile_option import add_profile, chosen_profile

if TYPE_CHECKING:
    from juzhu_protocol.authority.keys import KeyRing
    from juzhu_protocol.authority.permits import Permit
    from juzhu_protocol.authority.registry import Registry

    Act = Callable[[Registry, argparse.Namespace], Permit]

NOON = 12 * 3600
MAX_INPUT = 65536
"""Characters of an application or an address; a longer file is some other file."""


def register(subparsers: Any) -> None:
    """Add the command `permit` and its acts."""
    from . import permit_application, timeline_command

    parser = subparsers.add_parser(
        "permit", help="apply, issue, hand out, endorse, suspend, restore, revoke, replace, show"
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    permit_application.register(acts)

    add_act(acts, "hand-out", "note that the holder has been given the card (12)", _hand_out)

    endorse = add_act(
        acts, "endorse", "endorse: yearly (16), late (18), a new address or a move (17)", _endorse
    )
    add_keys(endorse)
    add_profile(endorse, "kaifeng")
    endorse.add_argument(
        "--kind",
        choices=["yearly", "address", "moved"],
        default="yearly",
        help="yearly (16); address: moved inside the city's districts or one county (17); "
        "moved: moved across, half a year after the registration there (17); default: %(default)s",
    )
    address = endorse.add_mutually_exclusive_group()
    address.add_argument("--address", default="", metavar="TEXT", help="the new address; made-up ones only")
    address.add_argument(
        "--address-file", metavar="FILE|-", help="the new address from a file or standard input"
    )
    endorse.add_argument(
        "--registered", type=day, default=0, metavar="YYYY-MM-DD", help="registration at the new place (17)"
    )
    endorse.add_argument(
        "--issuing-division", type=whole_division, default=0, metavar="N", help="of the organ that endorses"
    )
    endorse.add_argument(
        "--moved-on",
        type=day,
        default=0,
        metavar="YYYY-MM-DD",
        help="day of the move; later than 15 days is noted, and denies nobody (17)",
    )
    endorse.set_defaults(fee=no_fee)

    suspend = add_act(acts, "suspend", "suspend the permit's use (19)", _suspend)
    suspend.add_argument("--ground", type=int, required=True, metavar="1|2|4|5|6", help="of Article 19")

    restore = add_act(
        acts, "restore", "lift a suspension on ground 2 or 6 whose reason has ceased (19)", _restore
    )
    restore.add_argument(
        "--mistake", action="store_true", help="it was the authority's own mistake: lift it on any ground"
    )
    restore.add_argument("--note", default="", metavar="TEXT", help="why, for the event; name nobody in it")

    revoke = add_act(acts, "revoke", "revoke a card (20)", _revoke)
    revoke.add_argument("--cause", required=True, choices=["lost", "cancelled"])

    replace = add_act(acts, "replace", "replace a lost card, or a damaged one handed back (20)", _replace)
    add_keys(replace)
    add_profile(replace, "kaifeng")
    replace.add_argument(
        "--without-old-card",
        action="store_true",
        help="the old card cannot be handed back: it is revoked as lost",
    )
    add_new_card(replace, otherwise="the old card's")
    replace.set_defaults(fee=_fee, chip=True)

    show = add_act(acts, "show", "show a permit, without its holder", _show)
    add_keys(show, "whose SAM set the chip's keys in --card come from; without it, none are in it")
    show.set_defaults(chip=True)
    timeline_command.register_act(acts)


def add_common(acts: Any, name: str, text: str) -> argparse.ArgumentParser:
    """Add an act with the options that every act has."""
    parser: argparse.ArgumentParser = acts.add_parser(name, help=text, description=text)
    parser.add_argument("--registry", type=Path, required=True, metavar="FILE")
    parser.add_argument("--day", type=day, metavar="YYYY-MM-DD", help="the act's day; default: today")
    add_clock_offset(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(create=False, profile=None, chip=False)
    return parser


def add_keys(parser: argparse.ArgumentParser, text: str = "") -> None:
    """Add the option for the keys of an act that signs."""
    help_text = ", ".join(part for part in ("the folder of the authority's keys", text) if part)
    parser.add_argument("--keys", type=Path, metavar="DIR", help=help_text)
    add_passphrase(parser)


def add_card(parser: argparse.ArgumentParser, act: "Act") -> None:
    """Let an act end in showing its permit, and in writing the card."""
    parser.add_argument(
        "--card",
        type=Path,
        metavar="OUT.json",
        help="write what the card's files hold; of a new card with its chip's keys, for its owner's eyes",
    )
    parser.set_defaults(run=run_act, act=act, fee=None)


def add_act(acts: Any, name: str, text: str, act: "Act") -> argparse.ArgumentParser:
    """Add an act on a permit that its serial names."""
    parser = add_common(acts, name, text)
    parser.add_argument("--serial", type=_serial, required=True)
    parser.add_argument(
        "--list-division", type=whole_division, default=KAIFENG.list_division, help="default: %(default)s"
    )
    add_card(parser, act)
    return parser


def open_registry(args: argparse.Namespace) -> "Registry":
    """Open the registry of an act, which judges its days by --profile."""
    from juzhu_protocol.authority.registry import Registry

    profile = chosen_profile(args.profile).profile
    return Registry(args.registry, create=args.create, profile=profile)


def run_act(args: argparse.Namespace) -> int:
    """Do the act of `args`, write the card if asked, and show the permit."""
    with open_registry(args) as registry:
        permit = args.act(registry, args)
        # Where nobody makes a chip, no file gets its keys.
        keys = keys_of(args) if args.card and args.chip and args.keys else None
        image = registry.card_image(permit.list_division, permit.serial, keys)
        events = registry.events(permit.list_division, permit.serial)
    if args.card:
        try:
            write_named(args.card, image.to_json())
        except OSError as error:
            raise ConfigError(
                f"the act is done (serial {permit.serial}), but {args.card} was not written: {error.strerror}; "
                "show the permit with --card to write it"
            ) from None
    shown = _shown(permit)
    if args.fee:
        shown["fee_due"] = args.fee(permit)
    if args.json:
        shown["events"] = [
            {"time": event.time, "name": event.name, "detail": event.detail} for event in events
        ]
        print(json.dumps(shown, ensure_ascii=False))
    else:
        if args.fee:
            shown["fee_due"] = "yes (20)" if shown["fee_due"] else "no (20)"
        told = {name.replace("_", " "): value for name, value in shown.items() if value is not None}
        print("\n".join(f"{name:20}{value}" for name, value in told.items()))
    return 0


def _shown(permit: "Permit") -> dict[str, Any]:
    from juzhu_protocol.authority.codes import division_name
    from juzhu_protocol.authority.permits import way_back
    from juzhu_protocol.rules.lifecycle import KIND_NAMES

    return {
        "list_division": permit.list_division,
        "serial": permit.serial,
        "issuing_division": permit.issuing_division,
        "division_name": division_name(permit.issuing_division) or None,
        "status": permit.status,
        "ground": permit.ground or None,
        "way_back": way_back(permit) or None,
        "cause": permit.cause or None,
        "issued": iso(permit.issue_day),
        "handed_out": iso(permit.handed_out_day) if permit.handed_out_day else None,
        "good_through": iso(permit.good_through),
        "residence_since": iso(permit.residence_since),
        "endorsements": permit.endorsement_number,
        "endorsed": iso(permit.endorsement_day) if permit.endorsement_day else None,
        "kind": KIND_NAMES.get(permit.endorsement_kind),
        "predecessor": permit.predecessor or None,
        "successor": permit.successor or None,
    }


def read_private(source: str) -> str:
    """Return what a file, or standard input for "-", holds: how data of people reaches an act."""
    try:
        text = sys.stdin.read(MAX_INPUT + 1) if source == "-" else _read(Path(source))
    except OSError as error:
        raise ConfigError(f"{source}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{source} is no text in UTF-8") from None
    if len(text) > MAX_INPUT:
        raise ConfigError(f"{source} is longer than {MAX_INPUT} characters: check the file")
    return text


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(MAX_INPUT + 1)


def no_fee(_: "Permit") -> bool:
    """What an endorsement and a first issue cost (20)."""
    return False


def _fee(permit: "Permit") -> bool:
    from juzhu_protocol.authority.permits import fee_due

    return fee_due(permit)


def _hand_out(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.hand_out(args.list_division, args.serial, now=now_of(args))


def _endorse(registry: "Registry", args: argparse.Namespace) -> "Permit":
    from juzhu_protocol.rules.lifecycle import KIND_NAMES

    kinds = {name: kind for kind, name in KIND_NAMES.items()}
    return registry.endorse(
        args.list_division,
        args.serial,
        keys=keys_of(args),
        now=now_of(args),
        kind=kinds[args.kind],
        address=read_private(args.address_file).strip() if args.address_file else args.address,
        issuing_division=args.issuing_division,
        registered_day=args.registered,
        moved_on=args.moved_on,
    )


def _suspend(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.suspend(args.list_division, args.serial, args.ground, now=now_of(args))


def _restore(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.restore(
        args.list_division, args.serial, now=now_of(args), mistake=args.mistake, note=args.note
    )


def _revoke(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.revoke(args.list_division, args.serial, args.cause, now=now_of(args))


def _replace(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.replace(
        args.list_division,
        args.serial,
        keys=keys_of(args),
        now=now_of(args),
        handed_back=not args.without_old_card,
        photo=photo_of(args),
        suite=suite_of(args),
    )


def _show(registry: "Registry", args: argparse.Namespace) -> "Permit":
    return registry.permit(args.list_division, args.serial)


def keys_of(args: argparse.Namespace) -> "KeyRing":
    """Return the keys of an act's --keys, loaded once."""
    if "ring" not in args:
        args.ring = load_keys(args.keys, args.passphrase_file)
    ring: KeyRing = args.ring
    return ring


def load_keys(folder: "Path | None", passphrase_file: "Path | None" = None) -> "KeyRing":
    """Load the keys folder of an option --keys; ConfigError tells how when it was not given."""
    from juzhu_protocol.authority.errors import PassphraseNeededError
    from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing

    if folder is None:
        raise ConfigError(
            "give the authority's keys with --keys DIR; for demos and tests there is a folder of development "
            f"keys: --keys {DEVELOPMENT_KEYS}"
        )
    try:
        return KeyRing.load(folder)
    except PassphraseNeededError:
        return KeyRing.load(folder, given_files(passphrase_file, str(folder)))


def now_of(args: argparse.Namespace) -> int:
    """Return the Unix time of an act: noon of --day, or now."""
    if args.day is not None:
        return start_of(args.day) + NOON
    return shown_time(args.clock_offset)


def day(text: str) -> int:
    """Read a day of an option."""
    try:
        found = from_iso(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not 0 < found <= LAST_DAY:
        raise argparse.ArgumentTypeError(f"wants a day from {iso(1)} to {iso(LAST_DAY)}")
    return found


def _serial(text: str) -> int:
    return _whole(text, 1, 99_999_999)


def whole_division(text: str) -> int:
    """Read a division of an option."""
    return _whole(text, 110000, 829999)


def _whole(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} to {high}")
    return int(text)
