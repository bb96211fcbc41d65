"""`juzhu verify`: a card image's INFO and SERVICE judged offline, as a reader would judge them once the chip proved
itself, by what is on this machine."""

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.hostside.exit_codes import EXIT_OK
from juzhu_protocol.rules.calendar import day_of, iso, start_of
from juzhu_protocol.rules.decide import KEY_UNKNOWN, STATUS_VALID, Clock, Verdict, decide
from juzhu_protocol.rules.reasons import ALLOW, DENY, REFER
from juzhu_protocol.rules.services import SERVICES

from .card_command import add_trust, option_day
from .cases import verdict_json
from .clock_option import add_clock_offset, shown_time
from .profile_option import add_profile, chosen_profile

if TYPE_CHECKING:
    from juzhu_protocol.profiles.catalogue import Explanation
    from juzhu_protocol.profiles.source import ProfileSource
    from juzhu_protocol.trust.bundle import TrustedKeys

    from .local_trust import HeldList

EXIT_CODES = {ALLOW: EXIT_OK, DENY: 10, REFER: 11}
"""Answer -> exit code; every other code is a fault, and no answer at all."""

LANGUAGES = ("zh", "en")
_LABELS = {
    "today": ("日期", "today"),
    "public": ("对外显示", "in public"),
    "staff": ("工作人员", "for staff"),
    "fact": ("事实", "fact"),
    "article": ("依据", "article"),
    "remedy": ("持证人可办", "remedy"),
    "office": ("办理地点", "where"),
    "by": ("最迟", "by"),
    "good_through": ("有效至", "good through"),
    "restorable_until": ("可补办至", "restorable until"),
    "resident_since": ("居住起算", "resident since"),
    "until": ("至", "until"),
    "list": ("名单", "list"),
    "bundle": ("信任包", "bundle"),
    "profile": ("地方规则", "profile"),
    "flags": ("提示", "flags"),
    "note": ("注", "note"),
}
_DEVELOPMENT = (
    "the answer rests on the development authority of this user: name another with --keys or --roots"
)
_BUNDLE_TOLD = ("第 {version} 版，{day}", "version {version} of {day}")
_PROFILE_TOLD = ("{name}，第 {version} 版，已签名", "{name}, version {version}, signed")
_LIST_TOLD = (
    "{division} 第 {sequence} 号，签发后 {age_hours} 小时",
    "{division} sequence {sequence}, {age_hours} hours old",
)
_LIST_AGE_UNKNOWN = (
    "{division} 第 {sequence} 号，不知多旧",
    "{division} sequence {sequence}, of unknown age",
)


@dataclass(frozen=True)
class Judged:
    """A verdict, with what it was judged by; notes say what on this machine could not be used.

    keys are the bundle's, None when none was believed. is_development: they are the user's development authority's.
    """

    verdict: Verdict
    service: str
    source: "ProfileSource"
    notes: list[str]
    keys: "TrustedKeys | None"
    is_development: bool
    is_signed_profile: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it: the form of tests/vectors, and what it was judged by."""
        clock, verdict = self.verdict.clock, self.verdict
        held = None
        if verdict.list_sequence:
            held = {
                "division": self.source.record.list_division,
                "sequence": verdict.list_sequence,
                "age_hours": verdict.list_age,
            }
        return {
            **verdict_json(verdict),
            "service": self.service,
            "profile": self.source.name,
            "profile_version": self.source.record.profile_version,
            "profile_signed": self.is_signed_profile,
            "bundle": {"version": self.keys.version, "time": self.keys.time} if self.keys else None,
            "development_authority": self.is_development,
            "today": [iso(clock.earliest), None if clock.latest is None else iso(clock.latest)],
            "list": held,
            "notes": self.notes,
        }


def register(subparsers: Any) -> None:
    """Add the command `verify`."""
    parser = subparsers.add_parser(
        "verify",
        help="judge a card image offline",
        description="Reads a card image, proves its signature, looks the card up in local lists, and decides.",
        epilog="Exit code: 0 ALLOW, 10 DENY, 11 REFER. Anything else is a fault, and no answer.",
    )
    parser.add_argument("card", type=Path, metavar="CARD", help="a card image's file")
    parser.add_argument(
        "--service", choices=SERVICES, required=True, metavar="NAME", help="such as bus.senior"
    )
    parser.add_argument(
        "--on",
        type=_days,
        metavar="DAY|A..B|A..",
        help="today, or the days that it may be; without B there is no last one (default: this machine's clock)",
    )
    add_clock_offset(parser)
    add_profile(parser, "Kaifeng's, as signed in --lists where it holds one")
    parser.add_argument(
        "--lists",
        type=Path,
        metavar="DIR",
        help="bundle.bin, DIVISION.manifest, DIVISION.list and perhaps DIVISION.profile, as signed; without it no list "
        "is held",
    )
    add_trust(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--explain", action="store_true", help="the fact, the article and what the holder can do"
    )
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="default: %(default)s")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.card_image import read_image

    from .local_trust import load_keys, load_list, load_profile_record

    image = read_image(args.card, checked=False)
    source = chosen_profile(args.profile)
    now = shown_time(args.clock_offset)
    # Of days that somebody names we know no right clock to hold signatures against.
    latest = now if args.on is None else None
    keys, notes = load_keys(args.roots, args.keys, args.lists, latest)
    held = signed = None
    if args.lists is not None:
        held, more = load_list(args.lists, source.record.list_division, keys, latest)
        notes += more
        if args.profile is None:
            signed, more = load_profile_record(args.lists, source.record.list_division, keys, latest)
            notes += more
            source = replace(source, record=signed) if signed else source
    clock, latest = _clock(args.on, now, keys, held)
    is_development = keys is not None and args.roots is None and args.keys is None
    if is_development:
        notes.append(_DEVELOPMENT)
    if args.on is not None and held is not None and latest is not None and held.manifest.time > latest:
        notes.append(f"a what-if: the list is from later, {iso(day_of(held.manifest.time))}")
    judged = Judged(
        verdict=judge_image(image, args.service, source, clock, latest, keys, held),
        service=args.service,
        source=source,
        notes=notes,
        keys=keys,
        is_development=is_development,
        is_signed_profile=signed is not None,
    )
    explanation = _explain(judged, args.lang) if args.explain else None
    if args.json:
        found = judged.as_json()
        if explanation is not None:
            found["explanation"] = asdict(explanation)
        print(json.dumps(found, ensure_ascii=False))
    else:
        print("\n".join(_told(judged, explanation, args.lang)))
    return EXIT_CODES[judged.verdict.answer]


def judge_image(
    image: CardImage,
    service: str,
    source: "ProfileSource",
    clock: Clock,
    latest: "int | None",
    keys: "TrustedKeys | None",
    held: "HeldList | None",
) -> Verdict:
    """Return the verdict on a card image; latest is the latest Unix time that it may be now, None when unknown."""
    from juzhu_protocol.hostside.native import NativeVerifier
    from juzhu_protocol.trust.service import read_card

    record, authenticity = None, KEY_UNKNOWN
    if keys is not None:
        record, authenticity = read_card(image.info, image.service, keys, NativeVerifier())
    status = STATUS_VALID
    if held is not None and record is not None:
        status = held.status_of(record.list_division, record.serial)
    profile = source.profile
    list_state = held.state(latest) if held is not None else None
    return decide(record, authenticity, status, profile.service(service), clock, list_state, profile)


def _clock(
    on: "tuple[int, int | None] | None", now: int, keys: "TrustedKeys | None", held: "HeldList | None"
) -> "tuple[Clock, int | None]":
    """Return the days that today may be, and the latest time (Unix seconds), None when unknown."""
    if on is not None:
        earliest, latest = on
        return Clock(earliest, latest), None if latest is None else start_of(latest + 1) - 1
    floor = max(keys.time if keys else 0, held.manifest.time if held else 0)
    if now < floor:
        # What was verified is newer than our clock, which is therefore behind by nobody knows how much.
        return Clock(day_of(floor), None), None
    return Clock(day_of(now), day_of(now)), now


def _explain(judged: Judged, language: str) -> "Explanation":
    from juzhu_protocol.profiles.catalogue import explain

    return explain(judged.verdict, judged.service, judged.source, language)


def _told(judged: Judged, explanation: "Explanation | None", language: str) -> list[str]:
    found = judged.as_json()
    at = LANGUAGES.index(language)
    rows = [("today", " .. ".join(day or "?" for day in dict.fromkeys(found["today"])))]
    if explanation is None:
        rows.append(("article", found["article"]))
    else:
        rows += [
            (name, getattr(explanation, name))
            for name in ("public", "staff", "fact", "article", "remedy", "office", "by")
        ]
    rows += [(name, found[name] or "") for name in ("good_through", "restorable_until", "resident_since")]
    if explanation is None:
        rows.append(("until", found["until"] or ""))
    if found["list"]:
        told = _LIST_AGE_UNKNOWN if found["list"]["age_hours"] is None else _LIST_TOLD
        rows.append(("list", told[at].format(**found["list"])))
    if judged.keys is not None:
        day = iso(day_of(judged.keys.time))
        rows.append(("bundle", _BUNDLE_TOLD[at].format(version=judged.keys.version, day=day)))
    if judged.is_signed_profile:
        told_profile = _PROFILE_TOLD[at]
        rows.append(("profile", told_profile.format(name=found["profile"], version=found["profile_version"])))
    rows.append(("flags", ", ".join(found["flags"])))
    rows += [("note", note) for note in (*(explanation.notes if explanation else ()), *judged.notes)]
    width = 18 if language == "en" else 6
    return [f"{found['answer']}  {found['reason']}"] + [
        f"  {_padded(_LABELS[name][at], width)}{value}" for name, value in rows if value
    ]


def _padded(label: str, width: int) -> str:
    # A Chinese character is as wide as two others; U+3000 is as wide as it.
    return label + "\u3000" * (width - len(label)) if not label.isascii() else label.ljust(width)


def _days(text: str) -> "tuple[int, int | None]":
    first, dots, last = text.partition("..")
    earliest = option_day(first)
    if not dots:
        return earliest, earliest
    latest = option_day(last) if last else None
    if latest is not None and latest < earliest:
        raise argparse.ArgumentTypeError(f"{first} is after {last}; put the earlier day first")
    return earliest, latest
