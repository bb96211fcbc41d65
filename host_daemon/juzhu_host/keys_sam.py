"""`juzhu keys sam`: a new set of masters, and what one role's readers are installed with."""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from juzhu_protocol.authority.key_specs import EPOCH_ROLES
from juzhu_protocol.authority.keys_desk import KeysDesk
from juzhu_protocol.authority.keys_folder import sam_paths
from juzhu_protocol.authority.private_files import MAX_FILE, PrivateFiles
from juzhu_protocol.authority.sam_set import MAX_EPOCH
from juzhu_protocol.authority.signing_key import open_sam
from juzhu_protocol.card.keys import ROLES
from juzhu_protocol.hostside.private_file import write_private

from .errors import ConfigError
from .keys_files import folder_files
from .passphrase import add_passphrase, new_files

EXPORT_KIND = "SAM masters of one role"
SEALED_START = b'{\n "format"'


def register(acts: Any) -> None:
    """Add the act `sam`."""
    text = "make the SAM set of a new epoch, or export one role's masters for its readers"
    sam = acts.add_parser("sam", help=text, description=text)
    sam.add_argument("folder", type=Path, metavar="FOLDER")
    sam.add_argument("--epoch", type=_epoch, default=0, metavar="N", help="of the new set; default: the next")
    sam.add_argument("--export", choices=EPOCH_ROLES, metavar="ROLE", help=f"one of {', '.join(EPOCH_ROLES)}")
    sam.add_argument("--out", type=Path, metavar="FILE", help="where --export writes; for its owner alone")
    sam.add_argument(
        "--open", action="store_true", help="--export writes in the clear; else under a passphrase of its own"
    )
    add_passphrase(sam)
    add_passphrase(sam, "--new-passphrase-file")
    sam.set_defaults(run=_run)


def _epoch(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_EPOCH:
        raise argparse.ArgumentTypeError(f"{text!r} is no epoch: 1 to {MAX_EPOCH}")
    return int(text)


def _run(args: argparse.Namespace) -> int:
    if (args.export is None) != (args.out is None):
        raise ConfigError("--export ROLE and --out FILE go together")
    if args.open and args.export is None:
        raise ConfigError("--open is of --export: SAM sets are made sealed")
    with KeysDesk(args.folder) as desk:
        files = folder_files(desk, args)
        if args.export is not None:
            return _export(desk, files, args)
        sam = desk.make_sam(args.epoch, files)
    checks = ", ".join(f"{name} {sam.check_value(role).hex()}" for name, role in ROLES.items())
    print(f"SAM set {sam.epoch} is made; check values {checks}")
    print(
        "next: bring its masters to every reader (--export ROLE --out FILE), then sam-*.key to where cards are"
    )
    print("personalised; cards get the newest epoch that is there")
    return 0


def _export(desk: KeysDesk, files: PrivateFiles, args: argparse.Namespace) -> int:
    lowest = desk.state.keys.epochs[EPOCH_ROLES.index(args.export)]
    masters = {}
    for epoch, path in sam_paths(desk.folder):
        if epoch >= lowest and args.epoch in (0, epoch):
            sam = open_sam(path, epoch, files, development=desk.state.keys.development)
            masters[str(epoch)] = sam.master(ROLES[args.export]).hex()
    if not masters:
        raise ConfigError(f"no SAM set is here that role {args.export} still accepts")
    content = json.dumps({f"{args.export}_masters": masters}, indent=1).encode() + b"\n"
    if not args.open:
        sealer = new_files(args.new_passphrase_file, str(args.out))
        content = sealer.seal({"kind": EXPORT_KIND, "role": args.export, "made": int(time.time())}, content)
        if len(content) > MAX_FILE:
            raise ConfigError("there are too many epochs for one file: name one with --epoch N")
    write_export(args.out, content)
    print(
        f"{args.out}: masters of role {args.export}, epochs {', '.join(masters)}{'' if args.open else ', sealed'}"
    )
    return 0


def write_export(out: Path, content: bytes) -> None:
    """Write what a reader is installed with, never over another file, and say what it is worth."""
    if os.path.lexists(out):
        raise ConfigError(f"{out} is there already; it is not overwritten")
    try:
        write_private(out, content)
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}") from None
    if not content.startswith(SEALED_START):
        print(
            f"{out} IS NOT SEALED: whoever reads it can read cards as this role does. Put it into the reader's"
        )
        print("settings, and destroy it")
