"""Keys and SAM sets between memory and their sealed files."""

from dataclasses import dataclass
from pathlib import Path

from ..crypto.signature import SUITE_NAMES, SUITES
from .errors import PrivateFileError
from .key_specs import KeySpec, KnownKey
from .private_files import Head, PrivateFiles, is_protected, refuse_loose, refuse_loose_folder
from .sam_set import CHECK_NAMES, SamSet
from .signing import Signer, signer_of

KEY_KIND, SAM_KIND = "signing key", "SAM set"


@dataclass(frozen=True)
class SigningKey:
    """A key of the ring, ready to sign."""

    spec: KeySpec
    signer: Signer

    @property
    def key_id(self) -> bytes:
        """The id by which records name this key."""
        return self.signer.key_id

    @property
    def public_key(self) -> bytes:
        """X||Y, 64 bytes."""
        return self.signer.public_key

    @property
    def suite(self) -> int:
        """The suite of every signature of this key."""
        return self.signer.suite

    def known(self) -> KnownKey:
        """Return what everybody may know of it."""
        return KnownKey(self.spec, self.public_key)

    def sign(self, context: bytes, message: bytes) -> bytes:
        """Return r || s over `message` in `context`."""
        return self.signer.sign(context, message)

    def __repr__(self) -> str:
        return f"SigningKey({self.spec.name}, {self.key_id.hex()}, private part not shown)"


def seal_key(key: SigningKey, files: PrivateFiles) -> bytes:
    """Return the file of a key."""
    return files.seal(key_head(key.spec), key.signer._secret())  # noqa: SLF001  sealing is what it is for


def open_key(path: Path, known: KnownKey, files: PrivateFiles, *, development: bool) -> SigningKey:
    """Return the key of a file, if it is the one that keys.toml knows; PrivateFileError and the passphrase's errors."""
    refuse_careless(path, development=development)
    _, secret = files.open(path, key_head(known.spec))
    try:
        signer = signer_of(known.spec.suite, secret)
    except ValueError:
        raise PrivateFileError(
            f"{path} holds no private key of its suite: restore it from a backup"
        ) from None
    if signer.public_key != known.public_key:
        raise PrivateFileError(
            f"{path} is not the key that keys.toml has under its name: put the right one there"
        )
    return SigningKey(known.spec, signer)


def open_root(path: Path, name: str, files: PrivateFiles, *, development: bool) -> SigningKey:
    """Return a root key that may stand in a folder of its own, without a keys.toml beside it.

    development: whether the bundle that it signs is of a folder for development.
    """
    refuse_careless(path, development=development)
    head, secret = files.open(path, {"kind": KEY_KIND, "name": name, "purpose": "root"})
    try:
        suite = SUITES[str(head.get("suite"))]
        signer = signer_of(suite, secret)
    except (KeyError, ValueError):
        raise PrivateFileError(
            f"{path} holds no private key of its suite: restore it from a backup"
        ) from None
    return SigningKey(KeySpec(name, "root", (), 0, 0, suite=suite), signer)


def seal_sam(sam: SamSet, files: PrivateFiles) -> bytes:
    """Return the file of a SAM set; its check values stand in the clear head."""
    head: Head = {"kind": SAM_KIND, "name": f"sam-{sam.epoch}", "epoch": sam.epoch}
    return files.seal(head | sam.check_values(), sam._secret())  # noqa: SLF001  sealing is what it is for


def open_sam(path: Path, epoch: int, files: PrivateFiles, *, development: bool) -> SamSet:
    """Return the SAM set of a file; PrivateFileError and the passphrase's errors."""
    refuse_careless(path, development=development)
    head, secret = files.open(path, {"kind": SAM_KIND, "name": f"sam-{epoch}", "epoch": epoch})
    try:
        sam = SamSet(epoch, secret)
    except ValueError as error:
        raise PrivateFileError(f"{path}: {error}: restore it from a backup") from None
    if {name: head.get(name) for name in CHECK_NAMES.values()} != sam.check_values():
        raise PrivateFileError(f"{path} does not hold the masters that its check values are of")
    return sam


def refuse_careless(path: Path, *, development: bool) -> None:
    """PrivateFileError for a file open to others or without a passphrase; in a development folder for a sealed one."""
    if development:
        # Or whoever can write keys.toml would have the next key of a real folder written open.
        if is_protected(path):
            raise PrivateFileError(
                f"{path} is sealed, and its keys.toml says that the folder is for development: one of them was changed"
            )
        return
    refuse_loose(path)
    refuse_loose_folder(path.parent)
    if not is_protected(path):
        raise PrivateFileError(
            f"{path} is not sealed, and its keys.toml does not say that it is for development: "
            "a real key is sealed with a passphrase"
        )


def key_head(spec: KeySpec) -> Head:
    """Return what the file of such a key says of itself in the clear."""
    return {"kind": KEY_KIND, "name": spec.name, "purpose": spec.purpose, "suite": SUITE_NAMES[spec.suite]}
