"""What keys are for, as keys.toml says it and a bundle repeats it: purpose, suite, divisions, days, public key."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..card.keys import ROLE_CARD, ROLES
from ..crypto.signature import SUITE_ES256, SUITE_NAMES, SUITES, decode_key, key_id
from ..errors import KeyFormatError
from ..hostside.regular_file import read_regular
from ..records.trust import Bundle, BundleKey, BundleKeyDivision
from ..rules.calendar import from_iso, iso
from ..trust.bundle import PURPOSE_ENDORSEMENT, PURPOSE_LIST, PURPOSE_PERMIT, PURPOSE_POLICY
from .errors import KeysFolderError
from .sam_set import MAX_EPOCH

if TYPE_CHECKING:
    from .signing_key import SigningKey

PURPOSES = {
    "permit": PURPOSE_PERMIT,
    "endorsement": PURPOSE_ENDORSEMENT,
    "list": PURPOSE_LIST,
    "policy": PURPOSE_POLICY,
    "root": 0,
}
"""Purposes as keys.toml names them; a root key is in no bundle."""

MAX_DAY = 0xFFFE
"""The last day that a bundle can name."""
MAX_NAME = 40
MAX_LIST_EPOCH = 0xFFFF

EPOCH_ROLES = tuple(name for name, role in ROLES.items() if role != ROLE_CARD)
"""The roles whose lowest epoch of card keys a bundle states, in the bundle's order."""

_OLDER = (
    "an older version of this software made this folder: move it aside and make another with juzhu keys make"
)


@dataclass(frozen=True)
class KeySpec:
    """What a key is for: purpose, divisions, first and last day (day numbers); epoch counts list keys."""

    name: str
    purpose: str
    divisions: tuple[int, ...]
    valid_from: int
    valid_through: int
    revoked_on: int = 0
    epoch: int = 1
    suite: int = SUITE_ES256

    def may_sign(self, purpose: str, division: int, day: int) -> bool:
        """Whether this key is for that purpose, division and day, and not revoked."""
        return (
            self.purpose == purpose
            and division in self.divisions
            and self.valid_from <= day <= self.valid_through
            and not self.revoked_on
        )


@dataclass(frozen=True)
class KnownKey:
    """A key of the folder, whether its private part is here or not."""

    spec: KeySpec
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The id by which records name this key."""
        return key_id(self.public_key)

    def entry(self) -> BundleKey:
        """Return what a bundle says of this key."""
        spec = self.spec
        return BundleKey(
            purpose=PURPOSES[spec.purpose],
            suite=spec.suite,
            public_key=self.public_key,
            divisions=[BundleKeyDivision(division) for division in spec.divisions],
            valid_from=spec.valid_from,
            valid_through=spec.valid_through,
            revoked_on=spec.revoked_on,
            epoch=spec.epoch if spec.purpose == "list" else 0,
        )


@dataclass(frozen=True)
class KeysFile:
    """What keys.toml holds. `epochs` are the lowest that bus, counter and authority accept; `dropped` are names of
    keys that left the bundle, so that no other key takes their name."""

    keys: tuple[KnownKey, ...]
    epochs: tuple[int, int, int] = (1, 1, 1)
    development: bool = False
    dropped: tuple[str, ...] = ()

    def find(self, name: str) -> KnownKey:
        """Return the key of this name; KeysFolderError when there is none."""
        for key in self.keys:
            if key.spec.name == name:
                return key
        known = ", ".join(key.spec.name for key in self.keys)
        raise KeysFolderError(f"no key is called {name!r}; there are: {known}")

    def with_key(self, key: KnownKey) -> "KeysFile":
        """Return this with a key in place of the one of its name, or added."""
        names = [other.spec.name for other in self.keys]
        if key.spec.name not in names:
            return replace(self, keys=(*self.keys, key))
        return replace(
            self, keys=tuple(key if other.spec.name == key.spec.name else other for other in self.keys)
        )

    def to_toml(self) -> str:
        """Return the text of keys.toml."""
        lines = []
        if self.development:
            lines.append(
                "# The private keys of this folder are open: for trying things out, never for a real card."
            )
            lines.append("development = true")
        if self.dropped:
            lines.append(f"dropped = [{', '.join(f'{chr(34)}{name}{chr(34)}' for name in self.dropped)}]")
        lines += ["", "[card_keys]"]
        lines += [f"{role}_epoch = {epoch}" for role, epoch in zip(EPOCH_ROLES, self.epochs, strict=True)]
        return "\n".join([*lines, "", *(_key_toml(key) for key in self.keys)]).lstrip("\n")


def check_name(name: str) -> None:
    """ValueError for a name that no key may have: it is a file's name too, and sam-1.key is a SAM set's."""
    if not name.isascii() or not name.replace("-", "").isalnum() or len(name) > MAX_NAME:
        raise ValueError(f"a name has letters, digits and hyphens only, at most {MAX_NAME}")
    if name.startswith("sam-"):
        raise ValueError("a name that begins with sam- is a SAM set's")


def parse_keys(text: str, path: Path) -> KeysFile:
    """Read keys.toml's text; KeysFolderError names the key and what is wrong with it."""
    content = parse_toml(text, path)
    entries = content.get("key")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise KeysFolderError(f"{path} holds no [[key]] tables")
    names = [entry.get("name") for entry in entries]
    if len(set(map(str, names))) != len(names):
        raise KeysFolderError(f"{path}: two keys share a name")
    unknown = set(content) - {"key", "card_keys", "development", "dropped"}
    if unknown:
        raise KeysFolderError(f"{path}: {', '.join(sorted(unknown))} is nothing that a keys folder has")
    dropped = content.get("dropped", [])
    if not isinstance(dropped, list) or not all(isinstance(name, str) for name in dropped):
        raise KeysFolderError(f"{path}: dropped is a list of names")
    for name in dropped:
        try:
            check_name(name)
        except ValueError as error:
            raise KeysFolderError(f"{path}: dropped: {error}") from None
    development = content.get("development", False)
    if type(development) is not bool:
        raise KeysFolderError(f"{path}: development is true or false")
    epochs = _epochs(path, content)
    keys = tuple(_key(path, entry) for entry in entries)
    return KeysFile(keys, epochs, development, tuple(dropped))


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Return a TOML text's content; KeysFolderError when it is none."""
    try:
        return tomllib.loads(text)
    # A number of thousands of digits is a ValueError of its own.
    except ValueError as error:
        raise KeysFolderError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise KeysFolderError(f"{path} is not TOML of ours: it is nested too deep") from None


def read_text(path: Path) -> str:
    """Return a text file's content; KeysFolderError."""
    try:
        return read_regular(path).decode()
    except OSError as error:
        raise KeysFolderError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise KeysFolderError(f"{path} is not TOML: {error.reason}") from None


def roots_toml(public_keys: Sequence[bytes], threshold: int, suite: int) -> str:
    """Return the text of roots.toml: what hosts and readers are installed with."""
    lines = "".join(f'    "{key.hex()}",\n' for key in public_keys)
    return f'suite = "{SUITE_NAMES[suite]}"\nthreshold = {threshold}\nkeys = [\n{lines}]\n'


def bundle_body(
    keys: "Sequence[SigningKey | KnownKey]",
    version: int,
    time: int,
    epochs: tuple[int, int, int] = (1, 1, 1),
) -> bytes:
    """Return the bundle's bytes that the roots sign: every key but theirs.

    epochs: the lowest epoch of card keys that the bus, counter and authority roles accept.
    """
    entries = [KnownKey(key.spec, key.public_key).entry() for key in keys if key.spec.purpose != "root"]
    bus, counter, authority = epochs
    bundle = Bundle(
        bundle_version=version,
        time=time,
        bus_epoch=bus,
        counter_epoch=counter,
        authority_epoch=authority,
        keys=entries,
    )
    return bundle.to_bytes()


def _epochs(path: Path, content: dict[str, Any]) -> tuple[int, int, int]:
    table = content.get("card_keys")
    names = [f"{role}_epoch" for role in EPOCH_ROLES]
    if table is None:
        raise KeysFolderError(f"{path} has no [card_keys]: {_OLDER}")
    if not isinstance(table, dict) or set(table) != set(names):
        raise KeysFolderError(f"{path}: card_keys holds {', '.join(names)}")
    bus, counter, authority = (table[name] for name in names)
    if not all(type(epoch) is int and 1 <= epoch <= MAX_EPOCH for epoch in (bus, counter, authority)):
        raise KeysFolderError(f"{path}: card_keys: an epoch is a whole number from 1 to {MAX_EPOCH}")
    return bus, counter, authority


def _key(path: Path, entry: dict[str, Any]) -> KnownKey:
    where = f"{path}: key {entry.get('name')!r}"
    try:
        if "public_key" not in entry:
            raise KeysFolderError(f"{where} has no public_key: {_OLDER}")
        spec = _spec(entry)
        text = entry["public_key"]
        if not isinstance(text, str):
            raise ValueError("public_key is X||Y in hex")
        public_key = bytes.fromhex(text)
        decode_key(spec.suite, public_key)
    except KeyError as error:
        raise KeysFolderError(f"{where}: {error.args[0]} is missing") from None
    except (ValueError, KeyFormatError) as error:
        raise KeysFolderError(f"{where}: {error}") from None
    return KnownKey(spec, public_key)


def _spec(entry: dict[str, Any]) -> KeySpec:
    name = str(entry["name"])
    check_name(name)
    if not isinstance(entry["purpose"], str) or entry["purpose"] not in PURPOSES:
        raise ValueError(f"purpose {entry['purpose']!r} is none of {', '.join(PURPOSES)}")
    suite = entry["suite"]
    if not isinstance(suite, str) or suite not in SUITES:
        raise ValueError(f"suite is one of {', '.join(SUITES)}")
    listed = entry.get("divisions", [])
    if not isinstance(listed, list):
        raise ValueError("divisions is a list of numbers")
    divisions = tuple(listed)
    if not all(type(division) is int and 110000 <= division <= 829999 for division in divisions):
        raise ValueError("a division is a number of six digits (GB/T 2260)")
    if not divisions and entry["purpose"] != "root":
        raise ValueError("it names no division")
    epoch = entry.get("epoch", 1)
    if type(epoch) is not int or not 1 <= epoch <= MAX_LIST_EPOCH:
        raise ValueError(f"an epoch is a whole number from 1 to {MAX_LIST_EPOCH}")
    spec = KeySpec(
        name=name,
        purpose=entry["purpose"],
        divisions=divisions,
        valid_from=_day(entry, "valid_from"),
        valid_through=_day(entry, "valid_through"),
        revoked_on=_day(entry, "revoked_on") if "revoked_on" in entry else 0,
        epoch=epoch,
        suite=SUITES[suite],
    )
    if spec.valid_through < spec.valid_from:
        raise ValueError("it ends before it begins")
    return spec


def _day(entry: dict[str, Any], name: str) -> int:
    value = entry[name]
    if not isinstance(value, str):
        raise ValueError(f'{name} is a day in quotation marks: {name} = "2026-11-23"')
    day = from_iso(value)
    if not 0 < day <= MAX_DAY:
        raise ValueError(f"{name} is a day from {iso(1)} to {iso(MAX_DAY)}")
    return day


def _key_toml(key: KnownKey) -> str:
    spec = key.spec
    lines = ["[[key]]", f'name = "{spec.name}"', f'purpose = "{spec.purpose}"']
    lines.append(f'suite = "{SUITE_NAMES[spec.suite]}"')
    lines.append(f'public_key = "{key.public_key.hex()}"')
    if spec.divisions:
        lines.append(f"divisions = [{', '.join(map(str, spec.divisions))}]")
    lines += [f'valid_from = "{iso(spec.valid_from)}"', f'valid_through = "{iso(spec.valid_through)}"']
    if spec.revoked_on:
        lines.append(f'revoked_on = "{iso(spec.revoked_on)}"')
    if spec.purpose == "list":
        lines.append(f"epoch = {spec.epoch}")
    return "\n".join(lines) + "\n"
