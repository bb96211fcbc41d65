"""`juzhu permit apply`, `issue`, `due` and `withdraw`: from an application to a permit (7 to 15)."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from juzhu_protocol.crypto.signature import SUITE_ES256
from juzhu_protocol.rules.calendar import day_of, iso

from .new_card_options import add_new_card, photo_of, suite_of
from .permit import (
    add_card,
    add_common,
    add_keys,
    day,
    keys_of,
    no_fee,
    now_of,
    open_registry,
    read_private,
    run_act,
    whole_division,
)
from .profile_option import add_profile

if TYPE_CHECKING:
    from juzhu_protocol.authority.application import Application
    from juzhu_protocol.authority.errors import IncompleteApplicationError
    from juzhu_protocol.authority.permits import Permit
    from juzhu_protocol.authority.registry import Registry

NEAR_DAYS = 5

_SINGLE = ("division", "name", "sex", "citizen_number", "household_address", "address", "registered")
"""Single options that together make an application whose papers were looked at elsewhere."""


def register(acts: Any) -> None:
    """Add the acts on applications."""
    apply = add_common(acts, "apply", "accept a complete application (11), or say in one list what it lacks")
    _add_create(apply)
    add_profile(apply, "kaifeng")
    apply.add_argument(
        "--application", required=True, metavar="FILE|-", help="JSON, as docs/operations.md has it"
    )
    apply.set_defaults(run=_apply)

    issue = add_common(
        acts, "issue", "issue a permit: for an application, or for one accepted before (8 to 15)"
    )
    _add_create(issue)
    add_profile(issue, "kaifeng")
    add_keys(issue)
    add_new_card(issue)
    add_card(issue, _issue)
    issue.set_defaults(run=_issue_or_list, parser=issue, fee=no_fee, chip=True)
    forms = issue.add_mutually_exclusive_group()
    forms.add_argument("--application", metavar="FILE|-", help="accept this application and issue its permit")
    forms.add_argument("--accepted", type=int, metavar="NUMBER", help="issue the permit of this application")
    single = issue.add_argument_group(
        "for made-up people only",
        "What stands on a command line can be read by every user of the machine and stays in the shell's "
        "history: a real person's data belongs in --application.",
    )
    single.add_argument("--division", type=whole_division, help="the issuing division, county level")
    single.add_argument("--name")
    single.add_argument("--sex", choices=["男", "女"])
    single.add_argument("--ethnicity", default="汉")
    single.add_argument("--citizen-number", metavar="NUMBER")
    single.add_argument("--household-address", metavar="TEXT", help="of the registered residence")
    single.add_argument("--address", metavar="TEXT", help="of the place of residence")
    single.add_argument("--residence-since", type=day, default=0, metavar="YYYY-MM-DD")
    single.add_argument(
        "--registered",
        type=day,
        metavar="YYYY-MM-DD",
        help="day of the temporary registration (8)",
    )

    due = add_common(acts, "due", "list applications whose 15 days (12) end soon or have ended")
    due.add_argument(
        "--within", type=int, default=NEAR_DAYS, metavar="DAYS", help="how soon; default: %(default)s"
    )
    due.set_defaults(run=_due)

    withdraw = add_common(acts, "withdraw", "end an accepted application without a permit")
    withdraw.add_argument("--accepted", type=int, required=True, metavar="NUMBER")
    withdraw.set_defaults(run=_withdraw)


def _add_create(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--create", action="store_true", help="make the registry file when it is not there")


def _apply(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.errors import IncompleteApplicationError

    application = _read(args.application)
    try:
        with open_registry(args) as registry:
            waiting = registry.accept(application, now=now_of(args))
    except IncompleteApplicationError as error:
        return _list(error, as_json=args.json)
    shown = {
        "accepted": True,
        "application": waiting.number,
        "list_division": waiting.list_division,
        "accepted_on": iso(waiting.accepted_day),
        "issue_by": iso(waiting.issue_by),
        "fee_due": False,
    }
    if args.json:
        print(json.dumps(shown))
    else:
        print(
            f"application {waiting.number} is accepted (11); its permit is issued by {iso(waiting.issue_by)} "
            "(12); no fee (20)"
        )
    return 0


def _issue_or_list(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.errors import IncompleteApplicationError

    single = [name for name in _SINGLE if getattr(args, name) is not None]
    if args.application or args.accepted is not None:
        if single:
            args.parser.error(f"--{single[0].replace('_', '-')} stands in the application already")
    elif len(single) < len(_SINGLE):
        missing = ", ".join(f"--{name.replace('_', '-')}" for name in _SINGLE if name not in single)
        args.parser.error(
            f"give --application FILE, --accepted NUMBER, or all single options (not given: {missing})"
        )
    try:
        return run_act(args)
    except IncompleteApplicationError as error:
        return _list(error, as_json=args.json)


def _issue(registry: "Registry", args: argparse.Namespace) -> "Permit":
    from juzhu_protocol.authority.permits import Holder

    keys, now = keys_of(args), now_of(args)
    photo, suite = photo_of(args) or b"", suite_of(args) or SUITE_ES256
    if args.application:
        application = _read(args.application)
        with registry.batch():
            number = registry.accept(application, now=now).number
            return registry.issue_accepted(number, keys=keys, now=now, photo=photo, suite=suite)
    if args.accepted is not None:
        return registry.issue_accepted(args.accepted, keys=keys, now=now, photo=photo, suite=suite)
    return registry.issue(
        Holder(args.name, args.sex, args.ethnicity, args.citizen_number, args.household_address),
        address=args.address,
        issuing_division=args.division,
        keys=keys,
        now=now,
        residence_since=args.residence_since,
        registered_day=args.registered,
        photo=photo,
        suite=suite,
    )


def _due(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.registry import Registry

    today = day_of(now_of(args))
    with Registry(args.registry) as registry:
        waiting = registry.waiting(today + args.within)
    if args.json:
        listed = [
            {
                "application": one.number,
                "list_division": one.list_division,
                "accepted_on": iso(one.accepted_day),
                "issue_by": iso(one.issue_by),
                "days_left": one.issue_by - today,
            }
            for one in waiting
        ]
        print(json.dumps({"waiting": listed}))
        return 0
    for one in waiting:
        left = one.issue_by - today
        told = f"{left} days left" if left >= 0 else f"{-left} days late"
        print(
            f"application {one.number}: accepted {iso(one.accepted_day)}, issue by {iso(one.issue_by)}, {told}"
        )
    return 0


def _withdraw(args: argparse.Namespace) -> int:
    from juzhu_protocol.authority.registry import Registry

    with Registry(args.registry) as registry:
        registry.withdraw(args.accepted, now=now_of(args))
    if args.json:
        print(json.dumps({"application": args.accepted, "withdrawn": True}))
    else:
        print(f"application {args.accepted} is withdrawn")
    return 0


def _read(source: str) -> "Application":
    from juzhu_protocol.authority.application import Application

    return Application.from_json(read_private(source))


def _list(error: "IncompleteApplicationError", *, as_json: bool) -> int:
    if as_json:
        listed = [
            {"code": lack.code, "text": lack.text, "chinese": lack.chinese, "article": lack.article}
            for lack in error.lacks
        ]
        print(json.dumps({"accepted": False, "lacks": listed}, ensure_ascii=False))
        return error.exit_code
    print("申请材料不全或不符合条件，需要补充的全部内容如下（第十一条）：")
    print("The application is not complete; this is all that it lacks (Article 11):")
    for number, lack in enumerate(error.lacks, 1):
        print(f"{number}. {lack.chinese}\n   {lack.text} ({lack.article})")
    return error.exit_code
