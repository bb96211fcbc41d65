"""`juzhu keys`: an authority's keys made, shown, changed, and signed into force by its root."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from juzhu_protocol.authority import key_changes
from juzhu_protocol.authority.key_specs import EPOCH_ROLES, MAX_DAY, PURPOSES, KeySpec
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.keys_desk import KeysDesk
from juzhu_protocol.authority.private_files import PrivateFiles
from juzhu_protocol.crypto.signature import SUITES
from juzhu_protocol.hostside.exit_codes import EXIT_CONFIG, EXIT_OK
from juzhu_protocol.profiles.source import find_profile, profile_names
from juzhu_protocol.rules.calendar import add_years, iso
from juzhu_protocol.trust.bundle import Roots

from . import keys_sam, keys_sign
from .errors import ConfigError
from .keys_files import clock, date_of, folder_files, made, today
from .keys_show import describe, fingerprint, lines
from .passphrase import add_passphrase, new_files
from .permit import day, whole_division

DIVISIONS_A_KEY = 16
"""What one entry of a bundle holds."""
MAX_ROOTS = 8
"""What the signatures of a bundle have room for."""
YEARS = 10
"""How long a key is good unless told otherwise; a permit key's records are judged by the day they were signed."""


def register(subparsers: Any) -> None:
    """Add the command `keys` and its acts."""
    parser = subparsers.add_parser(
        "keys",
        help="make, show, rotate, revoke and sign an authority's keys",
        description="Changes of keys are proposed first and come into force when enough root keys have signed. "
        "Private parts are sealed with a passphrase, and never printed.",
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    _register_make(acts)
    _register_show(acts)
    _register_add(acts)
    _register_rotate(acts)
    _register_revoke(acts)
    drop = add_act(
        acts, "drop", "let a key leave the bundle: what it signed is of an unknown key then", _drop
    )
    _add_clock(drop)
    drop.add_argument("name", metavar="NAME")
    _register_epoch(acts)
    _register_root(acts)
    keys_sam.register(acts)
    keys_sign.register(acts)


def add_act(acts: Any, name: str, text: str, act: Any) -> argparse.ArgumentParser:
    """Add an act on a keys folder."""
    parser: argparse.ArgumentParser = acts.add_parser(name, help=text, description=text)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.set_defaults(run=act)
    return parser


def whole(text: str) -> int:
    """Read a whole number from 1 on of an option."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 0xFFFF:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 65535")
    return int(text)


def _register_make(acts: Any) -> None:
    make = add_act(
        acts, "make", "make a folder: root, permit, endorsement, list and policy keys, SAM set 1", _make
    )
    make.add_argument(
        "--division",
        type=whole_division,
        action="append",
        default=[],
        metavar="N",
        help="that issues; repeatable",
    )
    make.add_argument(
        "--profile", metavar="NAME", help="all divisions of a profile that comes with the software"
    )
    make.add_argument(
        "--list-division", type=whole_division, metavar="N", help="default: the prefecture of --division"
    )
    make.add_argument("--suite", choices=SUITES, default="ES256", help="default: %(default)s")
    make.add_argument("--roots", type=whole, default=3, metavar="N", help="root keys; default: %(default)s")
    make.add_argument(
        "--threshold", type=whole, default=2, metavar="N", help="that must sign; default: %(default)s"
    )
    _add_days(make, f"{YEARS} years")
    make.add_argument("--development", action="store_true", help="no passphrase: for trying things out alone")
    add_passphrase(make)


def _register_show(acts: Any) -> None:
    show = add_act(acts, "show", "show the keys with their fingerprints, and what waits for the root", _show)
    show.add_argument("--on", type=day, metavar="YYYY-MM-DD", help="states as of that day; default: today")
    show.add_argument("--json", action="store_true", help="print one JSON object")


def _register_add(acts: Any) -> None:
    add = add_act(acts, "add", "make a further key", _add)
    add.add_argument("--name", required=True, metavar="NAME")
    add.add_argument("--purpose", choices=[name for name in PURPOSES if name != "root"], required=True)
    add.add_argument(
        "--division", type=whole_division, action="append", required=True, metavar="N", help="repeatable"
    )
    add.add_argument("--suite", choices=SUITES, default="ES256", help="default: %(default)s")
    _add_days(add, f"{YEARS} years")
    _add_clock(add)
    add_passphrase(add)


def _register_rotate(acts: Any) -> None:
    rotate = add_act(
        acts, "rotate", "a new key from a day on; the old one stays good beside it for a while", _rotate
    )
    rotate.add_argument("name", metavar="NAME")
    notice, overlap = key_changes.NOTICE_DAYS, key_changes.OVERLAP_DAYS
    _add_days(rotate, "the old key's last day", f"in {notice} days; the root signs before it")
    rotate.add_argument(
        "--overlap",
        type=whole,
        default=overlap,
        metavar="DAYS",
        help="the old key is good from then, where a new bundle comes late; default: %(default)s",
    )
    _add_clock(rotate)
    add_passphrase(rotate)


def _register_revoke(acts: Any) -> None:
    revoke = add_act(acts, "revoke", "a stolen key: nothing of it counts any more; with a successor", _revoke)
    revoke.add_argument("name", metavar="NAME")
    revoke.add_argument("--on", type=day, metavar="YYYY-MM-DD", help="noted with the key; default: today")
    revoke.add_argument(
        "--without-successor", action="store_true", help="needs no passphrase; juzhu keys add makes one later"
    )
    revoke.add_argument(
        "--through",
        type=day,
        default=0,
        metavar="YYYY-MM-DD",
        help="the successor's last day; default: the old key's",
    )
    _add_clock(revoke)
    add_passphrase(revoke)


def _register_epoch(acts: Any) -> None:
    text = "let a role accept cards of later epochs alone, or let a list key count anew"
    epoch = add_act(acts, "epoch", text, _epoch)
    which = epoch.add_mutually_exclusive_group(required=True)
    which.add_argument("--role", choices=EPOCH_ROLES, help="whose SAM was stolen; with --lowest")
    which.add_argument(
        "--list", metavar="NAME", help="the list key whose journal was lost; needs no --lowest"
    )
    epoch.add_argument(
        "--lowest", type=whole, metavar="N", help="the lowest epoch that the role accepts then"
    )
    _add_clock(epoch)


def _register_root(acts: Any) -> None:
    root = add_act(acts, "root", "replace root keys: one that was stolen, or all of them", _root)
    which = root.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--replace", action="append", default=[], metavar="NAME", help="repeatable, below the threshold"
    )
    which.add_argument(
        "--anew",
        action="store_true",
        help="give the whole root up: every host and reader is installed anew with its roots.toml",
    )
    _add_clock(root)
    add_passphrase(root)


def _add_clock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accept-clock-jump",
        action="store_true",
        help="the clock is right, though the bundle in force is long ago",
    )


def _add_days(parser: argparse.ArgumentParser, default: str, start: str = "today") -> None:
    parser.add_argument("--from", dest="start", type=day, metavar="YYYY-MM-DD", help=f"default: {start}")
    parser.add_argument(
        "--through", type=day, default=0, metavar="YYYY-MM-DD", help=f"the last day; default: {default}"
    )


def _make(args: argparse.Namespace) -> int:
    if not 1 <= args.threshold <= args.roots <= MAX_ROOTS:
        raise ConfigError(f"--threshold is at most --roots, and those are at most {MAX_ROOTS}")
    specs = _make_specs(args)
    if os.path.lexists(args.folder / "keys.toml"):
        raise ConfigError(f"{args.folder} holds keys already; they are not overwritten")
    files = PrivateFiles() if args.development else new_files(args.passphrase_file, str(args.folder))
    ring = KeyRing.make(args.folder, specs, clock(), threshold=args.threshold, passphrase=files)
    print(f"{args.folder}: {len(ring.keys)} keys and SAM set 1; bundle version 1 is signed")
    for key in ring.keys:
        print(f"  {key.spec.name}: {fingerprint(key.public_key)}")
    if args.development:
        print("DEVELOPMENT KEYS: whoever reads the folder can sign as this authority", file=sys.stderr)
    print(
        f"next: give {args.folder / 'roots.toml'} to hosts and readers; let every custodian seal a root key with a"
    )
    print(
        "passphrase of his or her own (juzhu keys reseal), and move root-*.key off this machine; keep a backup"
    )
    return 0


def _make_specs(args: argparse.Namespace) -> list[KeySpec]:
    divisions: list[int] = list(dict.fromkeys(args.division))
    label, list_division = "", args.list_division
    if args.profile is not None:
        if args.profile not in profile_names():
            raise ConfigError(
                f"no profile is called {args.profile!r}; there are: {', '.join(profile_names())}"
            )
        record = find_profile(args.profile).record
        divisions = divisions or [entry.division for entry in record.divisions]
        label, list_division = args.profile, list_division or record.list_division
    if not divisions:
        raise ConfigError("say for which divisions: --division N, once for each, or --profile NAME")
    list_division = list_division or divisions[0] // 100 * 100
    label = label or str(list_division)
    start = args.start or today()
    through = args.through or _years_on(start)
    _check_days(start, through)
    days = {"valid_from": start, "valid_through": through, "suite": SUITES[args.suite]}
    specs = [KeySpec(f"root-{number}", "root", (), **days) for number in range(1, args.roots + 1)]
    for at in range(0, len(divisions), DIVISIONS_A_KEY):
        part, number = tuple(divisions[at : at + DIVISIONS_A_KEY]), at // DIVISIONS_A_KEY + 1
        for purpose in ("permit", "endorsement"):
            specs.append(KeySpec(f"{purpose}-{label}" + (f"-{number}" if at else ""), purpose, part, **days))
    specs.append(KeySpec(f"list-{label}", "list", (list_division,), **days))
    specs.append(KeySpec(f"policy-{label}", "policy", (list_division,), **days))
    return specs


def _show(args: argparse.Namespace) -> int:
    found = describe(args.folder, args.on or today())
    print(json.dumps(found, ensure_ascii=False) if args.json else "\n".join(lines(found)))
    return EXIT_OK if found["bundle"]["believed"] else EXIT_CONFIG


def _add(args: argparse.Namespace) -> int:
    with KeysDesk(args.folder) as desk:
        start = args.start or today()
        # The parser makes a list of --name=--.
        if not isinstance(args.name, str):
            raise ConfigError("--name wants a name: letters, digits and hyphens")
        divisions = tuple(dict.fromkeys(args.division))
        if len(divisions) > DIVISIONS_A_KEY:
            raise ConfigError(f"a key is for {DIVISIONS_A_KEY} divisions at most: add another for the rest")
        spec = KeySpec(
            name=args.name,
            purpose=args.purpose,
            divisions=divisions,
            valid_from=start,
            valid_through=args.through or _years_on(start),
            epoch=key_changes.list_epoch(desk.next_keys, divisions) if args.purpose == "list" else 1,
            suite=SUITES[args.suite],
        )
        key_changes.check_new(desk.next_keys, spec)
        now = date_of(desk, args)
        key = made(desk, spec, args)
        desk.propose(key_changes.add(desk.next_keys, key.known()), now)
        return proposed(desk)


def _rotate(args: argparse.Namespace) -> int:
    with KeysDesk(args.folder) as desk:
        start = args.start or today() + key_changes.NOTICE_DAYS
        if start <= today():
            raise ConfigError(
                f"--from {iso(start)} is not ahead: what the old key signs before its machine has the new bundle "
                f"would be called forged; without --from it is {key_changes.NOTICE_DAYS} days ahead"
            )
        spec = key_changes.successor(desk.next_keys, args.name, start, args.through, files=desk.private_names)
        key_changes.check_rotation(desk.next_keys, args.name, spec)
        now = date_of(desk, args)
        key = made(desk, spec, args)
        keys = key_changes.rotate(desk.next_keys, args.name, key.known(), args.overlap)
        desk.propose(keys, now)
        last = keys.find(args.name).spec.valid_through
        print(f"{spec.name} signs from {iso(start)} on, and {args.name} is good to {iso(last)}")
        print(f"the root signs before {iso(start)}")
        return proposed(desk)


def _revoke(args: argparse.Namespace) -> int:
    with KeysDesk(args.folder) as desk:
        on = args.on or today()
        if on > today():
            raise ConfigError(f"--on {iso(on)} is ahead: a revoked key counts for nothing at once")
        now = date_of(desk, args)
        keys = key_changes.revoke(desk.next_keys, args.name, on)
        if not args.without_successor:
            spec = key_changes.successor(
                desk.next_keys, args.name, on, args.through, stolen=True, files=desk.private_names
            )
            keys = key_changes.add(keys, made(desk, spec, args).known())
        desk.propose(keys, now)
        print(f"{args.name} is revoked; records that it ever signed refer their holders to staff")
        return proposed(desk)


def _drop(args: argparse.Namespace) -> int:
    with KeysDesk(args.folder) as desk:
        desk.propose(key_changes.drop(desk.next_keys, args.name), date_of(desk, args))
        return proposed(desk)


def _epoch(args: argparse.Namespace) -> int:
    if (args.role is None) != (args.lowest is None):
        raise ConfigError("--role ROLE and --lowest N go together")
    with KeysDesk(args.folder) as desk:
        if args.list is not None:
            keys = key_changes.raise_list_epoch(desk.next_keys, args.list)
            told = f"{args.list} counts anew, in epoch {keys.find(args.list).spec.epoch}"
        else:
            newest = desk.newest_sam()
            if newest and newest < args.lowest:
                raise ConfigError(
                    f"the newest SAM set here is of epoch {newest}: no card could be accepted; make epoch "
                    f"{args.lowest} first with juzhu keys sam"
                )
            keys = key_changes.raise_epoch(desk.next_keys, args.role, args.lowest)
            told = f"role {args.role}: cards of an epoch below {args.lowest} refer their holders to staff"
        desk.propose(keys, date_of(desk, args))
        print(told)
        return proposed(desk)


def _root(args: argparse.Namespace) -> int:
    with KeysDesk(args.folder) as desk:
        file, old = desk.next_keys, desk.state.roots
        names = [key.spec.name for key in file.keys if key.spec.purpose == "root"]
        gone = tuple(names if args.anew else dict.fromkeys(args.replace))
        # Those that sign are of the root in force, whatever an unsigned change put in beside them.
        left = {key.spec.name for key in desk.state.keys.keys if key.spec.purpose == "root"} & set(names)
        left -= set(gone)
        if not args.anew and len(left) < old.threshold:
            raise ConfigError(
                f"{len(left)} root keys would be left to sign, and {old.threshold} must: the root is "
                "lost; give it up with --anew, and install every host and reader anew"
            )
        now = date_of(desk, args)
        files = folder_files(desk, args)
        keys = key_changes.replace_roots(file, gone, ())
        new = []
        like = file.find(names[-1]).spec
        for _ in gone:
            spec = KeySpec(
                key_changes.free_name(keys, f"root-{len(names)}", desk.private_names),
                "root",
                (),
                like.valid_from,
                like.valid_through,
                suite=old.suite,
            )
            key = desk.make_key(spec, files)
            new.append(key)
            keys = key_changes.replace_roots(keys, (), (key.known(),))
        public = [key.public_key for key in keys.keys if key.spec.purpose == "root"]
        roots = Roots(public, old.threshold, old.suite)
        desk.propose(keys, now, roots=roots, anew=args.anew)
        for key in new:
            print(f"made {key.spec.name}: {fingerprint(key.public_key)}")
        return proposed(desk)


def _years_on(start: int) -> int:
    return min(add_years(start, YEARS), MAX_DAY)


def _check_days(start: int, through: int) -> None:
    if through < start:
        raise ConfigError(f"the keys would end on {iso(through)}, before they begin on {iso(start)}")


def proposed(desk: KeysDesk) -> int:
    """Say what waits for the root, and what to do next."""
    progress = desk.progress()
    if progress is not None:
        print(
            f"bundle version {progress.version} waits for the root: {progress.threshold} of its keys must sign"
        )
        print(f"next: juzhu keys sign {desk.folder} --root NAME, once for each custodian")
    return 0
