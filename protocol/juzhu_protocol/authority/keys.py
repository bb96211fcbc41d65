"""The authority's keys: a folder of them, what each may sign, and the trust bundle that says so.

A folder holds `<name>.pem` (PKCS8, P-256), `keys.toml` (what each is for), `roots.toml` (the root's public
keys and their threshold) and `bundle.bin` (the bundle as signed). Root keys may be absent: they stay offline,
and only build_bundle() needs them.
"""

import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..crypto.signature import SUITE_ES256
from ..errors import JuzhuError, RootsFileError
from ..hostside.native import NativeVerifier
from ..hostside.roots import load_roots
from ..records.trust import Bundle, BundleKey, BundleKeyDivision, SignedBundle, SignedBundleSignature
from ..rules.calendar import from_iso, iso
from ..trust.bundle import (
    PURPOSE_ENDORSEMENT,
    PURPOSE_LIST,
    PURPOSE_PERMIT,
    PURPOSE_POLICY,
    Roots,
    TrustedKeys,
    open_bundle,
)
from ..trust.contexts import BUNDLE_CONTEXT
from .errors import KeysFolderError, NoKeyError
from .signing import SECRET_SIZE, Signer, signer_of

_NOT_P256 = "no P-256 key, and only P-256 is signed with today"

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

DEVELOPMENT_KEYS = Path(__file__).parent / "development_keys"
"""Keys that everybody can read: for demos and tests, never for a card that anyone carries."""


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

    def may_sign(self, purpose: str, division: int, day: int) -> bool:
        """Whether this key is for that purpose, division and day, and not revoked."""
        return (
            self.purpose == purpose
            and division in self.divisions
            and self.valid_from <= day <= self.valid_through
            and not self.revoked_on
        )


@dataclass(frozen=True)
class SigningKey:
    """A key of the ring, ready to sign."""

    spec: KeySpec
    signer: Signer

    @property
    def key_id(self) -> bytes:
        """The id by which records name this key."""
        return self.signer.key_id

    def sign(self, context: bytes, message: bytes) -> bytes:
        """Return r || s over `message` in `context`."""
        return self.signer.sign(context, message)

    def __repr__(self) -> str:
        return f"SigningKey({self.spec.name}, {self.key_id.hex()}, private part not shown)"


class KeyRing:
    """The keys of one folder, checked against its bundle and roots."""

    def __init__(self, keys: Sequence[SigningKey], roots: Roots, bundle: bytes) -> None:
        self.keys = tuple(keys)
        self.roots = roots
        self.bundle = bundle
        try:
            self.trusted: TrustedKeys = open_bundle(bundle, roots, NativeVerifier(), 0)
        except JuzhuError as error:
            raise KeysFolderError(f"the bundle is not to be believed: {error}") from error
        for key in self.keys:
            if key.spec.purpose == "root":
                continue
            entry = self.trusted.get(key.key_id)
            if entry is None or entry.to_bytes() != _bundle_key(key).to_bytes():
                raise KeysFolderError(
                    f"the bundle does not hold key {key.spec.name} as keys.toml does: build and sign it anew"
                )

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(key.spec.name for key in self.keys)}; bundle {self.trusted.version})"

    def permit_key(self, division: int, day: int) -> SigningKey:
        """Return the key of the organ that issues in this division; NoKeyError when there is none (14)."""
        return self._find("permit", division, day)

    def list_key(self, division: int, day: int) -> SigningKey:
        """Return the key that signs this division's list; NoKeyError when there is none."""
        return self._find("list", division, day)

    def policy_key(self, division: int, day: int) -> SigningKey:
        """Return the key that signs this list division's profile; NoKeyError when there is none."""
        return self._find("policy", division, day)

    def _find(self, purpose: str, division: int, day: int) -> SigningKey:
        for key in self.keys:
            if key.spec.may_sign(purpose, division, day):
                return key
        raise NoKeyError(
            f"no {purpose} key of the keys folder may sign for division {division} on {iso(day)}: "
            "add one, and have the root sign a bundle with it"
        )

    @classmethod
    def load(cls, folder: Path) -> "KeyRing":
        """Read a folder; KeysFolderError says which file is wrong and how."""
        if not (folder / "keys.toml").is_file():
            raise KeysFolderError(f"{folder} is no keys folder: there is no keys.toml in it")
        specs = [_spec(folder, entry) for entry in _tables(_toml(folder / "keys.toml"), folder)]
        keys = []
        for spec in specs:
            pem = folder / f"{spec.name}.pem"
            if spec.purpose == "root" and not pem.exists():
                continue
            keys.append(SigningKey(spec, _signer(pem)))
        try:
            roots = load_roots(folder / "roots.toml")
        except RootsFileError as error:
            raise KeysFolderError(str(error)) from None
        return cls(keys, roots, _read(folder / "bundle.bin"))

    @classmethod
    def make(
        cls,
        folder: Path,
        specs: Sequence[KeySpec],
        time: int,
        *,
        threshold: int = 2,
        new_key: Callable[[], ec.EllipticCurvePrivateKey] = lambda: ec.generate_private_key(ec.SECP256R1()),
    ) -> "KeyRing":
        """Make a folder of new keys and bundle version 1, dated `time` (Unix seconds); never over another."""
        if (folder / "keys.toml").exists():
            raise KeysFolderError(f"{folder} holds keys already; they are not overwritten")
        made = [(spec, new_key()) for spec in specs]
        keys = [SigningKey(spec, _es256_signer(key)) for spec, key in made]
        roots = [key for key in keys if key.spec.purpose == "root"]
        public = [key.signer.public_key for key in roots]
        bundle = sign_bundle(bundle_body(keys, 1, time), roots[:threshold])
        ring = cls(keys, Roots(public, threshold), bundle)
        files = {f"{spec.name}.pem": _pem(key) for spec, key in made}
        files["roots.toml"] = _roots_toml(public, threshold).encode()
        files["bundle.bin"] = bundle
        files["keys.toml"] = "\n".join(_spec_toml(key.spec) for key in keys).encode()
        _write_folder(folder, files)
        return ring

    def build_bundle(self, version: int, time: int, signers: "Sequence[str] | None" = None) -> bytes:
        """Return a bundle of this ring's keys signed by the named root keys, or by as many as must agree.

        KeysFolderError when too few root keys are here.
        """
        roots = [key for key in self.keys if key.spec.purpose == "root"]
        if signers is not None:
            roots = [key for key in roots if key.spec.name in signers]
        if len(roots) < self.roots.threshold:
            raise KeysFolderError(
                f"{len(roots)} root keys are here, {self.roots.threshold} must sign a bundle"
            )
        return sign_bundle(bundle_body(self.keys, version, time), roots[: self.roots.threshold])


def bundle_body(
    keys: Sequence[SigningKey], version: int, time: int, epochs: tuple[int, int, int] = (1, 1, 1)
) -> bytes:
    """Return the bundle's bytes that the roots sign: every key but theirs.

    epochs: the lowest epoch of card keys that the bus, counter and authority roles accept.
    """
    entries = [_bundle_key(key) for key in keys if key.spec.purpose != "root"]
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


def _bundle_key(key: SigningKey) -> BundleKey:
    return BundleKey(
        purpose=PURPOSES[key.spec.purpose],
        suite=SUITE_ES256,
        public_key=key.signer.public_key,
        divisions=[BundleKeyDivision(division) for division in key.spec.divisions],
        valid_from=key.spec.valid_from,
        valid_through=key.spec.valid_through,
        revoked_on=key.spec.revoked_on,
        epoch=key.spec.epoch if key.spec.purpose == "list" else 0,
    )


def sign_bundle(body: bytes, roots: Sequence[SigningKey]) -> bytes:
    """Return the SignedBundle of a body with the signatures of these root keys."""
    signatures = [SignedBundleSignature(root.key_id, root.sign(BUNDLE_CONTEXT, body)) for root in roots]
    return SignedBundle(body=body, signatures=signatures).to_bytes()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Make a private folder with these files, whole or not at all; KeysFolderError when it is there with files."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name, content in files.items():
                # roots.toml is for everybody, but the folder is not.
                with os.fdopen(
                    os.open(making / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"
                ) as out:
                    out.write(content)
                    out.flush()
                    os.fsync(out.fileno())
            making.rename(folder)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    except OSError as error:
        raise KeysFolderError(
            f"{folder} cannot be made: {error.strerror}; name a folder that is not there yet, or is empty"
        ) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeysFolderError(f"{path}: {error.strerror}") from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KeysFolderError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise KeysFolderError(f"{path} is not TOML of ours: it is nested too deep") from None


def _tables(content: dict[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    entries = content.get("key")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise KeysFolderError(f"{folder / 'keys.toml'} holds no [[key]] tables")
    names = [entry.get("name") for entry in entries]
    if len(set(map(str, names))) != len(names):
        raise KeysFolderError(f"{folder / 'keys.toml'}: two keys share a name")
    yield from entries


def _spec(folder: Path, entry: dict[str, Any]) -> KeySpec:
    where = f"{folder / 'keys.toml'}: key {entry.get('name')!r}"
    try:
        name = str(entry["name"])
        if not name.replace("-", "").isalnum() or not name.isascii():
            raise ValueError("a name has letters, digits and hyphens only")
        if not isinstance(entry["purpose"], str) or entry["purpose"] not in PURPOSES:
            raise ValueError(f"purpose {entry['purpose']!r} is none of {', '.join(PURPOSES)}")
        listed = entry.get("divisions", [])
        if not isinstance(listed, list):
            raise ValueError("divisions is a list of numbers")
        divisions = tuple(listed)
        if not all(type(division) is int and 110000 <= division <= 829999 for division in divisions):
            raise ValueError("a division is a number of six digits (GB/T 2260)")
        if not divisions and entry["purpose"] != "root":
            raise ValueError("it names no division")
        epoch = entry.get("epoch", 1)
        if type(epoch) is not int or not 1 <= epoch <= 0xFFFF:
            raise ValueError("an epoch is a whole number from 1 to 65535")
        return KeySpec(
            name=name,
            purpose=entry["purpose"],
            divisions=divisions,
            valid_from=_day(entry, "valid_from"),
            valid_through=_day(entry, "valid_through"),
            revoked_on=_day(entry, "revoked_on") if "revoked_on" in entry else 0,
            epoch=epoch,
        )
    except KeyError as error:
        raise KeysFolderError(f"{where}: {error.args[0]} is missing") from None
    except ValueError as error:
        raise KeysFolderError(f"{where}: {error}") from None


def _day(entry: dict[str, Any], name: str) -> int:
    value = entry[name]
    if not isinstance(value, str):
        raise ValueError(f'{name} is a day in quotation marks: {name} = "2026-11-23"')
    day = from_iso(value)
    if not 0 < day <= MAX_DAY:
        raise ValueError(f"{name} is a day from {iso(1)} to {iso(MAX_DAY)}")
    return day


def _signer(path: Path) -> Signer:
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError):
        # The library's message may quote the file.
        raise KeysFolderError(f"{path} is no PEM of an unencrypted private key") from None
    except UnsupportedAlgorithm:
        # SM2 and whatever else the library cannot read.
        raise KeysFolderError(f"{path} is {_NOT_P256}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeysFolderError(f"{path} is {_NOT_P256}")
    return _es256_signer(key)


def _es256_signer(key: ec.EllipticCurvePrivateKey) -> Signer:
    return signer_of(SUITE_ES256, key.private_numbers().private_value.to_bytes(SECRET_SIZE, "big"))


def _roots_toml(public_keys: Sequence[bytes], threshold: int) -> str:
    lines = "".join(f'    "{key.hex()}",\n' for key in public_keys)
    return f"threshold = {threshold}\nkeys = [\n{lines}]\n"


def _spec_toml(spec: KeySpec) -> str:
    lines = ["[[key]]", f'name = "{spec.name}"', f'purpose = "{spec.purpose}"']
    if spec.divisions:
        lines.append(f"divisions = [{', '.join(map(str, spec.divisions))}]")
    lines += [f'valid_from = "{iso(spec.valid_from)}"', f'valid_through = "{iso(spec.valid_through)}"']
    if spec.revoked_on:
        lines.append(f'revoked_on = "{iso(spec.revoked_on)}"')
    if spec.purpose == "list":
        lines.append(f"epoch = {spec.epoch}")
    return "\n".join(lines) + "\n"
