"""What may be changed about an authority's keys, each change as a new keys.toml; nothing here touches a file.

A rotated key stays good beside its successor for a while, so that a machine which gets the new bundle late signs
nothing that would be called forged; a revoked key stays in the bundle so that its records are known to be withdrawn;
and epochs of card keys only rise.
"""

import re
from collections.abc import Collection
from dataclasses import replace

from ..rules.calendar import iso
from .errors import ProposalError
from .key_specs import EPOCH_ROLES, MAX_DAY, MAX_LIST_EPOCH, KeysFile, KeySpec, KnownKey, check_name
from .sam_set import MAX_EPOCH

OVERLAP_DAYS = 60
"""How long a rotated key stays good beside its successor: so late may a machine get the new bundle and still have
signed what holds. Two visits a month apart, one of them missed."""
NOTICE_DAYS = 14
"""How far ahead a rotation begins unless told otherwise: custodians meet within that."""

_NUMBERED = re.compile(r"(.*)-([1-9][0-9]{0,3})")


def free_name(file: KeysFile, like: str, files: Collection[str] = ()) -> str:
    """Return the first name after `like` that no key has or had: organ-x, organ-x-2, organ-x-3.

    files: names under which a private file lies there; it may be a thief's, or the key of a change that never came.
    """
    match = _NUMBERED.fullmatch(like)
    stem, number = (match[1], int(match[2])) if match else (like, 1)
    taken = {key.spec.name for key in file.keys} | set(file.dropped) | set(files)
    while f"{stem}-{number + 1}" in taken:
        number += 1
    return f"{stem}-{number + 1}"


def check_new(file: KeysFile, spec: KeySpec) -> None:
    """ProposalError for a key that cannot be added."""
    try:
        check_name(spec.name)
    except ValueError as error:
        raise ProposalError(f"{spec.name!r}: {error}") from None
    if any(key.spec.name == spec.name for key in file.keys):
        raise ProposalError(f"there is a key {spec.name} already: give another name, or rotate that one")
    if spec.name in file.dropped:
        raise ProposalError(f"a key {spec.name} left the bundle earlier: give another name")
    if spec.valid_through < spec.valid_from:
        raise ProposalError(f"{spec.name} would end before it begins")


def add(file: KeysFile, key: KnownKey) -> KeysFile:
    """Add a key; a list key counts on in the highest epoch of its divisions."""
    check_new(file, key.spec)
    return file.with_key(key)


def list_epoch(file: KeysFile, divisions: tuple[int, ...]) -> int:
    """Return the epoch in which a further list key of these divisions counts."""
    found = [
        key.spec.epoch
        for key in file.keys
        if key.spec.purpose == "list" and set(key.spec.divisions) & set(divisions)
    ]
    return max(found, default=1)


def successor(
    file: KeysFile,
    name: str,
    day: int,
    through: int = 0,
    *,
    stolen: bool = False,
    files: Collection[str] = (),
) -> KeySpec:
    """Return what takes a key's place from `day` on; through the same last day unless another is given.

    stolen: a list key's successor has the next epoch, so that what the thief numbered counts for nothing.
    files: as free_name has them.
    """
    spec = _changeable(file, name)
    last = through or spec.valid_through
    if not day <= last <= MAX_DAY:
        raise ProposalError(
            f"{name} ends on {iso(spec.valid_through)}: say with --through how long its successor is good"
        )
    epoch = spec.epoch
    if stolen and spec.purpose == "list":
        epoch = max(spec.epoch + 1, list_epoch(file, spec.divisions))
    if epoch > MAX_LIST_EPOCH:
        raise ProposalError(f"{name} is of the last epoch that there is")
    found = replace(
        spec, name=free_name(file, name, files), valid_from=day, valid_through=last, revoked_on=0, epoch=epoch
    )
    check_new(file, found)
    return found


def check_rotation(file: KeysFile, name: str, new: KeySpec) -> None:
    """ProposalError for a key that cannot take the place of the one of this name."""
    spec = _changeable(file, name)
    if spec.revoked_on:
        raise ProposalError(
            f"{name} is revoked: its successor is there already, or comes with juzhu keys add"
        )
    if new.valid_from <= spec.valid_from:
        raise ProposalError(f"{name} itself begins on {iso(spec.valid_from)}: its successor begins later")
    for key in file.keys:
        other = key.spec
        same = (other.purpose, other.suite, other.divisions) == (spec.purpose, spec.suite, spec.divisions)
        if same and not other.revoked_on and other.valid_from > spec.valid_from:
            raise ProposalError(f"{other.name} takes the place of {name} already: rotate that one")
    check_new(file, new)


def rotate(file: KeysFile, name: str, key: KnownKey, overlap: int = OVERLAP_DAYS) -> KeysFile:
    """Let `key` take the place of the one of this name, which stays good for `overlap` days beside it."""
    check_rotation(file, name, key.spec)
    spec = _changeable(file, name)
    ended = replace(spec, valid_through=min(spec.valid_through, key.spec.valid_from - 1 + overlap))
    return add(file.with_key(replace(file.find(name), spec=ended)), key)


def revoke(file: KeysFile, name: str, day: int) -> KeysFile:
    """Revoke a key: from the moment that a reader has the bundle nothing of it counts, whenever it signed."""
    spec = _changeable(file, name)
    if spec.revoked_on:
        raise ProposalError(f"{name} was revoked on {iso(spec.revoked_on)} already")
    if not 0 < day <= MAX_DAY:
        raise ProposalError(f"a day is from {iso(1)} to {iso(MAX_DAY)}")
    if spec.purpose == "list":
        # What the thief numbered must be below what the keys beside it number.
        file = _counting_from(file, spec, spec.epoch + 1)
    return file.with_key(replace(file.find(name), spec=replace(spec, revoked_on=day)))


def drop(file: KeysFile, name: str) -> KeysFile:
    """Let a key leave the bundle, which has little room; records that it signed are of an unknown key then."""
    _changeable(file, name)
    kept = tuple(key for key in file.keys if key.spec.name != name)
    if all(key.spec.purpose == "root" for key in kept):
        raise ProposalError(f"{name} is the last key of the bundle")
    return replace(file, keys=kept, dropped=(*file.dropped, name))


def raise_epoch(file: KeysFile, role: str, lowest: int) -> KeysFile:
    """Let a role accept cards of this epoch and later ones alone; epochs only rise."""
    at = EPOCH_ROLES.index(role)
    now = file.epochs[at]
    if not now < lowest <= MAX_EPOCH:
        raise ProposalError(
            f"role {role} accepts epoch {now} and later ones; the lowest only rises, to {MAX_EPOCH} at most"
        )
    bus, counter, authority = (lowest if number == at else epoch for number, epoch in enumerate(file.epochs))
    return replace(file, epochs=(bus, counter, authority))


def raise_list_epoch(file: KeysFile, name: str) -> KeysFile:
    """Let a list key count anew, in the next epoch: its journal was lost, or it signed with a wrong clock.

    The keys beside it, of the same divisions, count with it.
    """
    spec = _changeable(file, name)
    if spec.purpose != "list" or spec.revoked_on:
        raise ProposalError(f"{name} is no list key that signs: only those have epochs of their own")
    if spec.epoch >= MAX_LIST_EPOCH:
        raise ProposalError(f"{name} is of the last epoch that there is")
    found = file.with_key(replace(file.find(name), spec=replace(spec, epoch=spec.epoch + 1)))
    return _counting_from(found, spec, spec.epoch + 1)


def replace_roots(file: KeysFile, gone: "tuple[str, ...]", new: "tuple[KnownKey, ...]") -> KeysFile:
    """Let new root keys take the place of these."""
    for name in gone:
        if file.find(name).spec.purpose != "root":
            raise ProposalError(f"{name} is no root key: juzhu keys revoke is for it")
    for key in new:
        check_new(file, key.spec)
    kept = tuple(key for key in file.keys if key.spec.name not in gone)
    roots = (*(key for key in kept if key.spec.purpose == "root"), *new)
    others = tuple(key for key in kept if key.spec.purpose != "root")
    return replace(file, keys=(*roots, *others), dropped=(*file.dropped, *gone))


def _counting_from(file: KeysFile, spec: KeySpec, epoch: int) -> KeysFile:
    """Let the other list keys of these divisions count in this epoch, or in the later one that they are in."""
    for key in file.keys:
        other = key.spec
        if (
            other.purpose == "list"
            and other.name != spec.name
            and not other.revoked_on
            and other.epoch < epoch <= MAX_LIST_EPOCH
            and set(other.divisions) & set(spec.divisions)
        ):
            file = file.with_key(replace(key, spec=replace(other, epoch=epoch)))
    return file


def _changeable(file: KeysFile, name: str) -> KeySpec:
    spec = file.find(name).spec
    if spec.purpose == "root":
        raise ProposalError(f"{name} is a root key, which no bundle names: juzhu keys root replaces it")
    return spec
