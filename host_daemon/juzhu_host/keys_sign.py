"""`juzhu keys sign`, `reseal` and `unseal`: what custodians do, together or apart."""

import argparse
import os
from pathlib import Path
from typing import Any

from juzhu_protocol.authority.errors import PassphraseError
from juzhu_protocol.authority.keys_desk import KeysDesk, Progress
from juzhu_protocol.authority.keys_folder import PROPOSAL_JSON, SIGNED_JSON, key_path
from juzhu_protocol.authority.private_files import PrivateFiles, is_protected, read_head
from juzhu_protocol.authority.proposal import Proposal, check_text, read_proposal, sign_carried
from juzhu_protocol.authority.signing_key import SigningKey, open_root
from juzhu_protocol.hostside.private_file import write_private
from juzhu_protocol.rules.calendar import day_of, iso

from .errors import ConfigError
from .keys_files import clock
from .keys_sam import EXPORT_KIND, write_export
from .keys_show import ROOT_CHANGES, fingerprint, proposal_changes, signed_fingerprint
from .passphrase import add_passphrase, given_files, new_files


def register(acts: Any) -> None:
    """Add the acts `sign`, `reseal` and `unseal`."""
    text = "sign the proposed bundle with a root key; when enough have, it is in force"
    sign = acts.add_parser("sign", help=text, description=text)
    sign.add_argument("folder", type=Path, metavar="FOLDER", help="the keys folder, or a custodian's own")
    sign.add_argument("--root", action="append", default=[], metavar="NAME", help="FOLDER/NAME.key signs")
    sign.add_argument(
        "--root-folder",
        type=Path,
        metavar="DIR",
        help="where NAME.key is, when not in FOLDER: a custodian's medium",
    )
    sign.add_argument(
        "--proposal",
        type=Path,
        metavar="FILE",
        help="with --root: sign this copy, away from its folder; without: take its signatures into FOLDER",
    )
    add_passphrase(sign)
    sign.set_defaults(run=_sign)
    text = "seal private files with another passphrase, such as a root key with its custodian's own"
    reseal = acts.add_parser("reseal", help=text, description=text)
    reseal.add_argument("files", type=Path, nargs="+", metavar="FILE")
    add_passphrase(reseal)
    add_passphrase(reseal, "--new-passphrase-file")
    reseal.set_defaults(run=_reseal)
    text = "open what juzhu keys sam --export made, where the reader is set up"
    unseal = acts.add_parser("unseal", help=text, description=text)
    unseal.add_argument("file", type=Path, metavar="FILE")
    unseal.add_argument("--out", type=Path, required=True, metavar="FILE", help="for its owner alone")
    add_passphrase(unseal)
    unseal.set_defaults(run=_unseal)


def _sign(args: argparse.Namespace) -> int:
    if args.proposal is not None and not args.root:
        return _take(args)
    if not args.root:
        raise ConfigError(
            "say which root key signs: --root NAME, or bring a signed copy with --proposal FILE"
        )
    if args.proposal is not None:
        return _sign_away(args)
    with KeysDesk(args.folder) as desk:
        proposal = desk.pending()
        _show(proposal, desk.proposal_path, root_changes=desk.changes_roots(proposal))
        for name in args.root:
            root = _root(args, name, development=desk.state.keys.development)
            progress = desk.sign([root], clock())
            if progress.in_force:
                break
        return _told(desk, progress)


def _sign_away(args: argparse.Namespace) -> int:
    proposal = read_proposal(args.proposal)
    development = check_text(proposal, args.proposal).development
    _show(proposal, args.proposal)
    roots = proposal.roots(args.proposal)
    for name in args.root:
        root = _root(args, name, development=development)
        # What was shown is signed, whatever the file holds by now.
        proposal = sign_carried(args.proposal, proposal, root, clock())
    signed, threshold = len(proposal.agreeing(roots)), roots.threshold
    print(f"{args.proposal} is signed by {signed} of {threshold}")
    if signed < threshold:
        print("next: carry it to the next custodian; the fingerprint above must be the same there")
    else:
        print(f"next: carry it back, and juzhu keys sign KEYS --proposal {args.proposal.name}")
    return 0


def _take(args: argparse.Namespace) -> int:
    carried = read_proposal(args.proposal)
    with KeysDesk(args.folder) as desk:
        _show(carried, args.proposal)
        return _told(desk, desk.take(carried, clock()))


def _root(args: argparse.Namespace, name: str, *, development: bool) -> SigningKey:
    path = key_path(args.root_folder or args.folder, name)
    if not os.path.isfile(path):  # noqa: PTH113  which is no error for a name that is too long
        raise ConfigError(f"{path} is not there: name the custodian's folder with --root-folder DIR")
    files = given_files(args.passphrase_file, name) if is_protected(path) else PrivateFiles()
    return open_root(path, name, files, development=development)


def _show(proposal: Proposal, path: Path, *, root_changes: bool = False) -> None:
    bundle = proposal.bundle
    print(f"bundle version {bundle.bundle_version}, dated {iso(day_of(bundle.time))}:")
    for line in proposal_changes(proposal, path):
        print(f"  {line}")
    if proposal.anew:
        print("  THE ROOT ITSELF IS GIVEN UP, and every host and reader is installed with the new one")
    if root_changes:
        print(f"  {ROOT_CHANGES}")
    roots = proposal.roots(path)
    print(f"roots.toml after it: {roots.threshold} of")
    for key in proposal.keys(path).keys:
        if key.spec.purpose == "root":
            print(f"  {key.spec.name}: {fingerprint(key.public_key)}")
    if not proposal.shows_what_changes(path):
        print("  WHAT CHANGES CANNOT BE PROVEN FROM THIS FILE: compare the fingerprint with the folder's own")
    print(f"fingerprint of what is signed: {signed_fingerprint(proposal)}")


def _told(desk: KeysDesk, progress: Progress) -> int:
    if not progress.in_force:
        print(f"signed by {progress.signed} of {progress.threshold}")
        print(f"next: another custodian signs, here or on a copy of {desk.folder / PROPOSAL_JSON}")
        return 0
    print(f"bundle version {progress.version} is in force in {desk.folder}")
    print(
        "next: restart juzhu publish, which brings the bundle to hosts and readers; on the authority's other"
    )
    print(
        f"machines juzhu keys sign FOLDER --proposal {SIGNED_JSON}, and bring them the new .key files they use"
    )
    return 0


def _reseal(args: argparse.Namespace) -> int:
    if args.new_passphrase_file is not None and args.new_passphrase_file == args.passphrase_file:
        raise ConfigError("--new-passphrase-file is another file than --passphrase-file")
    # A link stays one: what it leads to is sealed anew.
    files = [Path(os.path.realpath(path)) for path in args.files]
    for path in files:
        read_head(path)
    old = given_files(args.passphrase_file, "the files as they are")
    new = new_files(args.new_passphrase_file, "the files from now on")
    for path in files:
        if not is_protected(path):
            raise ConfigError(f"{path} is a development key; real keys are made sealed")
        try:
            head, secret = old.open(path, {})
        except PassphraseError:
            # A run that was cut had come this far.
            new.open(path, {})
            print(f"{path} is sealed with the new passphrase already")
            continue
        try:
            write_private(path, new.seal(head, secret))
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; it stays as it was") from None
        print(f"{path} is sealed anew; copies of it elsewhere still open with the old passphrase")
    return 0


def _unseal(args: argparse.Namespace) -> int:
    _, content = given_files(args.passphrase_file, str(args.file)).open(args.file, {"kind": EXPORT_KIND})
    write_export(args.out, content)
    return 0
