"""The files of a keys folder, and what is in force in it."""

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import JuzhuError, RootsFileError
from ..hostside.roots import parse_roots
from ..trust.bundle import Roots
from .errors import KeysFolderError
from .key_specs import KeysFile, parse_keys, read_text
from .proposal import Proposal, read_proposal

KEYS_TOML, ROOTS_TOML, BUNDLE_BIN = "keys.toml", "roots.toml", "bundle.bin"
PROPOSAL_JSON, SIGNED_JSON = "proposal.json", "signed.json"
"""A change that waits for the root, and the last one that came into force, for the authority's other machines."""

_SAM_FILE = re.compile(r"sam-([1-9][0-9]{0,2})\.key")


@dataclass(frozen=True)
class FolderState:
    """What is in force in a folder, and the proposal that is not yet, if any."""

    keys: KeysFile
    roots: Roots
    roots_text: str
    bundle: bytes
    proposal: "Proposal | None"
    unfinished: bool
    """Whether bundle.bin is a proposal's, while keys.toml and roots.toml are still the ones before it."""


def key_path(folder: Path, name: str) -> Path:
    """Return where a key's private part is, if it is here."""
    return folder / f"{name}.key"


def sam_path(folder: Path, epoch: int) -> Path:
    """Return where a SAM set is, if it is here."""
    return folder / f"sam-{epoch}.key"


def sam_paths(folder: Path) -> "list[tuple[int, Path]]":
    """Return epoch and file of every SAM set that is here, the oldest first."""
    found = [(_SAM_FILE.fullmatch(path.name), path) for path in folder.iterdir()]
    return sorted((int(match[1]), path) for match, path in found if match)


def read_state(folder: Path) -> FolderState:
    """Read a folder's clear files; KeysFolderError says which is wrong and how.

    A proposal whose body bundle.bin holds is in force, though whoever signed it last was cut before
    keys.toml followed.
    """
    path = folder / KEYS_TOML
    if not path.is_file():
        raise KeysFolderError(f"{folder} is no keys folder: there is no keys.toml in it")
    bundle = _read(folder / BUNDLE_BIN)
    keys_text, roots_text = read_text(path), read_text(folder / ROOTS_TOML)
    proposal = _proposal(folder)
    unfinished = proposal is not None and proposal.is_in(bundle)
    if proposal is not None and unfinished:
        keys_text, roots_text = proposal.keys_text, proposal.roots_text
    keys = parse_keys(keys_text, path)
    try:
        roots = parse_roots(roots_text.encode(), folder / ROOTS_TOML)
    except RootsFileError as error:
        raise KeysFolderError(str(error)) from None
    return FolderState(keys, roots, roots_text, bundle, None if unfinished else proposal, unfinished)


def _proposal(folder: Path) -> "Proposal | None":
    path = folder / PROPOSAL_JSON
    if not path.exists():
        return None
    try:
        return read_proposal(path)
    except JuzhuError:
        # What is in force does not hang on a damaged proposal; whoever changes keys is told.
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeysFolderError(f"{path}: {error.strerror}") from None
