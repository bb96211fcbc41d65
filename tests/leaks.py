"""What must never be let out by anything of ours, and how to find it again in whatever was let out.

Keys are known by their bytes, and found by half of them, in the raw, in hex, base64, decimal, as a list of numbers
and as Python writes bytes. Made-up people are known by the marks that tests give them (docs/synthetic-data.md),
and found in UTF-8, UTF-16LE (the card's own encoding of HOLDER), and in everything that a key is found in.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from juzhu_protocol.authority.private_files import PrivateFiles
from juzhu_protocol.errors import JuzhuError

KEY, NAME, NUMBER, ADDRESS, PASSWORD = "key", "name", "citizen number", "address", "password"
PEOPLE = (NAME, NUMBER, ADDRESS)

CANARY_NAME = "金丝雀"
CANARY_NUMBER = "990000196002290029"
CANARY_ADDRESS = "矿井街7号"
"""A person whom only the leak tests know; the number is well-formed and belongs to nobody."""

MARKS: dict[str, tuple[str, ...]] = {
    NAME: (r"测试[0-9]", "试验人", CANARY_NAME),
    NUMBER: (r"990000(?:18|19|20)[0-9]{9}[0-9Xx]",),
    ADDRESS: ("虚构省", "虚构市", "虚构路", "样例路", "样例区", "开封市某", "某省某市", "矿井街"),
}
"""Kind -> patterns of what tests call their people and where those live, three characters or more, so that chance
writes none of them."""

HALF = 16
GAP = b"\xff" * 8
_HEX = re.compile(rb"[0-9a-fA-F]{12,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{10,}")
_NUMBERS = re.compile(rb"(?:[0-9]{1,3}[,;\s]\s?){15,}[0-9]{1,3}")
_DECIMAL = re.compile(rb"[0-9]{30,}")
_ESCAPES = re.compile(rb"(?:\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[^xu]))")
_NOISE = re.compile(rb"[\s:,'\"\\]+")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _encoded(pattern: str, encoding: str) -> bytes:
    """The pattern as it is met in bytes of an encoding; classes of digits stay classes."""
    parts = re.split(r"(\[[^\]]*\]|\(\?:|\||\)|\{[0-9]+\})", pattern)
    found = b""
    wide = b"\\x00" if encoding == "utf-16-le" else b""
    for part in parts:
        if part.startswith("["):
            found += b"(?:" + part.encode() + wide + b")"
        elif part.startswith("{") or part in ("(?:", "|", ")"):
            found += part.encode()
        else:
            found += re.escape(part.encode(encoding))
    return found


_PEOPLE = {
    kind: re.compile(
        b"|".join(_encoded(one, encoding) for one in patterns for encoding in ("utf-8", "utf-16-le"))
    )
    for kind, patterns in MARKS.items()
}


def bytes_of(text: "bytes | str") -> bytes:
    """The bytes of a text, those too that were no UTF-8 where it was read."""
    if not isinstance(text, str):
        return bytes(text)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def views(data: bytes) -> "Iterator[tuple[str, bytes]]":
    """Yield (how it is written, bytes) of the data itself and of everything that is encoded in it."""
    yield "as it stands", data
    squeezed = _NOISE.sub(b"", data)
    for text in (data, squeezed) if squeezed != data else (data,):
        # All that is written in one way makes one view, with something between that ends any match.
        runs = _HEX.findall(text)
        for start in (0, 1) if runs else ():
            digits = [run[start : len(run) - (len(run) - start) % 2] for run in runs]
            yield "in hex", GAP.join(map(binascii.unhexlify, digits))
        runs = [run.translate(_URL_SAFE) for run in _BASE64.findall(text)]
        for start in range(4) if runs else ():
            yield "in base64", GAP.join([_of_base64(run[start:]) for run in runs])
    for run in _NUMBERS.findall(data):
        numbers = [int(number) for number in re.findall(rb"[0-9]+", run)]
        if max(numbers) < 256:
            yield "as numbers", bytes(numbers)
    for run in _DECIMAL.findall(data):
        number = int(run[:2000])
        yield "in decimal", number.to_bytes((number.bit_length() + 7) // 8, "big")
    if b"\\x" in data or b"\\u" in data:
        once = _unescaped(data)
        yield "escaped", once
        # A repr within a repr, or a log line of one.
        yield "escaped twice", _unescaped(once)


def _of_base64(run: bytes) -> bytes:
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def _unescaped(data: bytes) -> bytes:
    def one(match: "re.Match[bytes]") -> bytes:
        escape = match[0]
        if escape[1:2] == b"x":
            return bytes([int(escape[2:], 16)])
        if escape[1:2] == b"u":
            return chr(int(escape[2:], 16)).encode("utf-8", "surrogatepass")
        return {b"\\n": b"\n", b"\\r": b"\r", b"\\t": b"\t"}.get(escape, escape[1:])

    return _ESCAPES.sub(one, data)


def is_guessable(secret: bytes) -> bool:
    """Whether bytes are too regular to be taken for a key when they are met: small numbers, runs, one byte."""
    steps = {(after - before) % 256 for before, after in pairwise(secret)}
    return len(set(secret)) < HALF // 2 or len(steps) < HALF // 4


class Detector:
    """Everything that must not be met, and find() that meets it."""

    def __init__(self, parent: "Detector | None" = None) -> None:
        self._halves: dict[bytes, str] = {}
        self._words: dict[bytes, tuple[str, str]] = {}
        self._parent = parent

    def __repr__(self) -> str:
        return f"Detector({len(self)} things, not shown)"

    def __len__(self) -> int:
        return len(self._halves) + len(self._words) + (len(self._parent) if self._parent else 0)

    def add_key(self, label: str, secret: bytes) -> None:
        """Know a secret of at least 16 bytes; guessable ones, as tests of arithmetic use, are left out."""
        for at in (
            {0, len(secret) - HALF} if len(secret) < 2 * HALF else range(0, len(secret) - HALF + 1, HALF)
        ):
            half = secret[at : at + HALF]
            if len(half) == HALF and not is_guessable(half):
                self._halves.setdefault(half, label)

    def add_word(self, kind: str, label: str, word: str) -> None:
        """Know a word of one kind, such as a password or a holder's name, of 2 characters or more."""
        for encoding in ("utf-8", "utf-16-le"):
            if len(word) >= 2:
                self._words.setdefault(word.encode(encoding, "surrogatepass"), (kind, label))

    def find(self, data: "bytes | str") -> "list[tuple[str, str, str]]":
        """Return (kind, label, how it is written) of what the data shows, each once, and never its text."""
        raw = bytes_of(data)
        found: dict[tuple[str, str, str], None] = {}
        for how, view in views(raw):
            for kind, label in self._in_view(view):
                found.setdefault((kind, label, how))
        return list(found)

    def _in_view(self, view: bytes) -> "Iterator[tuple[str, str]]":
        for kind, pattern in _PEOPLE.items():
            if pattern.search(view):
                yield kind, "of a made-up holder"
        knower: Detector | None = self
        while knower is not None:
            for word, (kind, label) in knower._words.items():
                if word in view:
                    yield kind, label
            # A key is no text.
            if not view.isascii():
                yield from ((KEY, label) for label in _met(knower._halves, view))
            knower = knower._parent


def _met(halves: "dict[bytes, str]", view: bytes) -> "Iterator[str]":
    if len(halves) * 50 < len(view):
        yield from (label for half, label in halves.items() if half in view)
        return
    for at in range(len(view) - HALF + 1):
        half = view[at : at + HALF]
        if half in halves:
            yield halves[half]


def told(found: "Iterable[tuple[str, str, str]]", where: str) -> "list[str]":
    """One line for each thing found, without the thing."""
    return [
        f"{where} shows {'an' if kind[0] in 'aeiou' else 'a'} {kind} {how}: {label}"
        for kind, label, how in found
    ]


# ---------------------------------------------------------------- the secrets of files


def secrets_of_folder(folder: Path) -> "Iterator[tuple[str, bytes]]":
    """Yield (label, secret) of every private file in a keys folder that no passphrase seals.

    A sealed one's secret is known from the moment at which somebody opens it (leak_watch.KEY_HOLDERS).
    """
    for path in sorted(folder.glob("*.key")):
        try:
            yield f"{folder.name}/{path.name}", PrivateFiles().open(path, {})[1]
        except JuzhuError:
            continue


def keys_folders(top: Path) -> "Iterator[Path]":
    """Yield every keys folder at or below a folder."""
    yield from (path.parent for path in top.rglob("keys.toml"))
