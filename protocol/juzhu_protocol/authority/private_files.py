"""Secrets at rest: one format for signing keys and for sets of SAM masters.

A file is JSON: `format`, the clear `head` (what the secret is: kind, name, purpose, suite, epoch, role),
`protection`, and the secret. With protection scrypt-aes256gcm, the key is scrypt's (RFC 7914) of the
passphrase, the cipher AES-256-GCM (SP 800-38D), and everything that is clear is its associated data: a file that
was renamed, or whose head was changed, opens under no passphrase. With protection none the secret stands in hex;
that is for development keys alone.
"""

import json
import os
import secrets
import shutil
import stat
import tempfile
import unicodedata
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ..hostside.private_file import sync_folder
from ..hostside.regular_file import read_regular
from .errors import KeysFolderError, PassphraseError, PassphraseNeededError, PrivateFileError
from .private_key import Hidden

FORMAT = "juzhu private key 1"
SCRYPT, NONE = "scrypt-aes256gcm", "none"

COST = 1 << 17
"""scrypt's N for new files: 128 MiB and about half a second, once for a folder."""
MIN_COST, MAX_COST = 1 << 14, 1 << 18
"""What is accepted on reading: a hostile file takes 256 MiB and a second or so, and no more."""
BLOCK_SIZE, PARALLEL = 8, 1
SALT_SIZE, NONCE_SIZE, CHECK_SIZE = 16, 12, 8
MAX_FILE = 4096
"""Bytes of a sealed file; ours have under 1,000."""
MIN_PASSPHRASE = 12
"""Characters that a new passphrase must have."""
MAX_PASSPHRASE = 1024

Head = dict[str, "str | int"]


def passphrase_bytes(text: str) -> bytes:
    """Return a passphrase as it is hashed: NFC and UTF-8, so that two keyboards agree on it."""
    return unicodedata.normalize("NFC", text).encode()


class PrivateFiles(Hidden):
    """Seals and opens files under one passphrase, or leaves them open where there is none (development keys).

    The costly key is derived once for each salt; new files share one.
    """

    __slots__ = ("__keys", "__passphrase", "__salt")

    def __init__(self, passphrase: "bytes | None" = None) -> None:
        if passphrase is not None and not 0 < len(passphrase) <= MAX_PASSPHRASE:
            raise PassphraseError(f"a passphrase has 1 to {MAX_PASSPHRASE} bytes")
        self.__passphrase = passphrase
        self.__salt = secrets.token_bytes(SALT_SIZE)
        self.__keys: dict[tuple[bytes, int], bytes] = {}

    @property
    def protects(self) -> bool:
        """Whether what is sealed needs a passphrase to be opened."""
        return self.__passphrase is not None

    def seal(self, head: Head, secret: bytes) -> bytes:
        """Return the file of a secret."""
        clear: dict[str, Any] = {
            "format": FORMAT,
            "head": head,
            "protection": SCRYPT if self.protects else NONE,
        }
        if not self.protects:
            return _text(clear | {"check": _digest(clear, secret), "secret": secret.hex()})
        clear["kdf"] = {"salt": self.__salt.hex(), "n": COST, "r": BLOCK_SIZE, "p": PARALLEL}
        derived = self._derive(self.__salt, COST)
        nonce = secrets.token_bytes(NONCE_SIZE)
        sealed = AESGCM(derived[:32]).encrypt(nonce, secret, _canonical(clear))
        return _text(
            clear | {"check": _passphrase_check(derived), "nonce": nonce.hex(), "ciphertext": sealed.hex()}
        )

    def open(self, path: Path, expected: Head) -> "tuple[Head, bytes]":
        """Return the head and secret of a file whose head must say all of `expected`.

        PrivateFileError for a damaged, swapped or hostile file, PassphraseNeededError, PassphraseError.
        """
        content = _load(path)
        head: Head = content["head"]
        for name, value in expected.items():
            if head.get(name) != value:
                raise PrivateFileError(
                    f"{path} says that it is of another {name}: the file was renamed or swapped; "
                    "put the right one there"
                )
        if content["protection"] == NONE:
            return head, _open_clear(path, content)
        return head, self._open_sealed(path, content)

    def _open_sealed(self, path: Path, content: dict[str, Any]) -> bytes:
        if self.__passphrase is None:
            raise PassphraseNeededError(f"{path} is sealed: its passphrase is needed")
        kdf = content.get("kdf")
        if not isinstance(kdf, dict) or set(kdf) != {"salt", "n", "r", "p"}:
            raise PrivateFileError(f"{path}: kdf holds salt, n, r and p")
        cost = kdf["n"]
        if (
            type(cost) is not int
            or not MIN_COST <= cost <= MAX_COST
            or cost & (cost - 1)
            or (kdf["r"], kdf["p"]) != (BLOCK_SIZE, PARALLEL)
        ):
            raise PrivateFileError(
                f"{path} asks for a cost of scrypt that this software does not pay: n is a power of two from "
                f"{MIN_COST} to {MAX_COST}, r {BLOCK_SIZE}, p {PARALLEL}"
            )
        salt = _hex(path, kdf, "salt", SALT_SIZE)
        check = _hex(path, content, "check", CHECK_SIZE)
        nonce = _hex(path, content, "nonce", NONCE_SIZE)
        sealed = _hex(path, content, "ciphertext", None)
        derived = self._derive(salt, cost)
        # Compared in the clear: who has the file can try passphrases with or without this.
        if _passphrase_check(derived) != check.hex():
            raise PassphraseError(
                f"{path} does not open: the passphrase is wrong, or salt or check of the file were changed"
            )
        clear = {name: content[name] for name in ("format", "head", "protection", "kdf")}
        try:
            secret = AESGCM(derived[:32]).decrypt(nonce, sealed, _canonical(clear))
        except InvalidTag:
            raise PrivateFileError(
                f"{path} was changed since it was sealed (the passphrase is right): restore it from a backup"
            ) from None
        # New files of this folder open with the same derivation.
        self.__salt = salt if cost == COST else self.__salt
        return secret

    def _derive(self, salt: bytes, cost: int) -> bytes:
        if self.__passphrase is None:
            raise PassphraseNeededError("a passphrase is needed")
        if (salt, cost) not in self.__keys:
            scrypt = Scrypt(salt=salt, length=64, n=cost, r=BLOCK_SIZE, p=PARALLEL)
            self.__keys[salt, cost] = scrypt.derive(self.__passphrase)
        return self.__keys[salt, cost]

    def __repr__(self) -> str:
        return f"PrivateFiles({'passphrase not shown' if self.protects else 'no passphrase'})"


def read_head(path: Path) -> Head:
    """Return what a file says that it holds; nothing proves it before the file was opened. PrivateFileError."""
    head: Head = _load(path)["head"]
    return head


def is_protected(path: Path) -> bool:
    """Whether a file needs a passphrase; PrivateFileError for a file that is none of ours."""
    return bool(_load(path)["protection"] == SCRYPT)


def refuse_loose(path: Path) -> None:
    """PrivateFileError for a file that others than its owner may read or write."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise PrivateFileError(f"{path}: {error.strerror}") from None
    if mode & 0o077:
        raise PrivateFileError(f"{path} can be read by others (mode {mode:o}): chmod 600 {path}")


def refuse_loose_folder(folder: Path) -> None:
    """PrivateFileError for a folder in which others than its owner may put and remove files."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise PrivateFileError(f"{folder}: {error.strerror}") from None
    if mode & 0o022:
        raise PrivateFileError(f"{folder} can be written by others (mode {mode:o}): chmod 700 {folder}")


def make_private_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Make a folder (0700) with these files (0600), whole or not at all; KeysFolderError when files are there."""
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
            sync_folder(folder.parent)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    except OSError as error:
        raise KeysFolderError(
            f"{folder} cannot be made: {error.strerror}; name a folder that is not there yet, or is empty"
        ) from None


def _load(path: Path) -> dict[str, Any]:
    try:
        raw = read_regular(path, MAX_FILE)
    except OSError as error:
        raise PrivateFileError(f"{path}: {error.strerror}") from None
    try:
        content = json.loads(raw.decode())
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError
        names = {"format", "head", "protection", "check"}
        names |= {SCRYPT: {"kdf", "nonce", "ciphertext"}, NONE: {"secret"}}[content["protection"]]
        head = content["head"]
        if (
            set(content) != names
            or not isinstance(head, dict)
            or not all(type(v) in (str, int) for v in head.values())
        ):
            raise ValueError
    # The library's message may quote the file.
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PrivateFileError(
            f"{path} is no private file of ours, or damaged: restore it from a backup"
        ) from None
    return content


def _open_clear(path: Path, content: dict[str, Any]) -> bytes:
    secret = _hex(path, content, "secret", None)
    clear = {name: content[name] for name in ("format", "head", "protection")}
    if content["check"] != _digest(clear, secret):
        raise PrivateFileError(f"{path} was changed since it was written: restore it from a backup")
    return secret


def _hex(path: Path, content: dict[str, Any], name: str, size: "int | None") -> bytes:
    value = content[name]
    try:
        found = bytes.fromhex(value)
    except (TypeError, ValueError):
        found = b""
    if not found or (size is not None and len(found) != size):
        raise PrivateFileError(f"{path}: {name} is damaged: restore the file from a backup")
    return found


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1).encode() + b"\n"


def _digest(clear: dict[str, Any], secret: bytes) -> str:
    """What tells that a development key is as it was written; it protects nothing."""
    return sha256(_canonical(clear) + b"\x00" + secret).digest()[:CHECK_SIZE].hex()


def _passphrase_check(derived: bytes) -> str:
    """What tells a wrong passphrase from a changed file: of the half of scrypt's output that encrypts nothing."""
    return sha256(b"juzhu passphrase check" + derived[32:]).digest()[:CHECK_SIZE].hex()
