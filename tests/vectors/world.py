"""Keys, bundles, cards and lists for the vectors, all really signed; every private key here is a small number.

The bundle holds an organ of Kaifeng, one of everywhere else that the vectors go, one whose key was withdrawn, and
the list's key. A stranger's key signs too, and no bundle holds it.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from random import Random

from juzhu_host.cases import Case
from juzhu_protocol.authority.keys import KeySpec, SigningKey, bundle_body, sign_bundle
from juzhu_protocol.authority.signing import signer_of
from juzhu_protocol.crypto.signature import SUITE_ES256
from juzhu_protocol.lists.plain import build_list
from juzhu_protocol.records.card import Info, Service
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.decide import (
    FORGED,
    GARBLED,
    GENUINE,
    KEY_UNKNOWN,
    KEY_WITHDRAWN,
    NEWER_PROFILE,
    STATUS_NEWER,
    STATUS_REVOKED,
    STATUS_SUSPENDED,
)
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.trust.bundle import Roots
from juzhu_protocol.trust.contexts import MANIFEST_CONTEXT, SERVICE_CONTEXT, signed_part

CITY = KAIFENG.list_division
DIVISIONS = tuple(KAIFENG.units)
FAR = (110101, 110105, 310115, 410102, 411002, 440106)
UNNAMED = (410211, 410224, 410299)
"""Divisions of this city that its profile does not name."""
FIRST_DAY, LAST_DAY = 1, 65534
WITHDRAWN_ON = 46000
SERIALS = range(2, 99_999_998)
THRESHOLD = 2


def _key(name: str, purpose: str, number: int, divisions: "tuple[int, ...]" = (), revoked_on: int = 0):
    spec = KeySpec(name, purpose, divisions, FIRST_DAY, LAST_DAY, revoked_on)
    return SigningKey(spec, signer_of(SUITE_ES256, number.to_bytes(32, "big")))


ROOTS = tuple(_key(f"root-{number}", "root", 1000 + number) for number in (1, 2, 3))
ORGAN = _key("organ-kaifeng", "permit", 2001, DIVISIONS)
ORGAN_ELSEWHERE = _key("organ-elsewhere", "permit", 2002, (*FAR, *UNNAMED))
WITHDRAWN = _key("organ-withdrawn", "permit", 2003, (*DIVISIONS, *FAR), WITHDRAWN_ON)
STRANGER = _key("organ-stranger", "permit", 2004, (*DIVISIONS, *FAR))
LIST_KEY = _key("list-kaifeng", "list", 2005, (CITY,))
BELIEVED = (ORGAN, ORGAN_ELSEWHERE, WITHDRAWN, LIST_KEY)


def roots() -> Roots:
    """Whom everybody here believes."""
    return Roots([root.signer.public_key for root in ROOTS], THRESHOLD)


@cache
def bundle(time: int) -> bytes:
    """The signed bundle, dated `time` (Unix seconds)."""
    return sign_bundle(bundle_body(BELIEVED, 1, time), ROOTS[:THRESHOLD])


def manifest(content: bytes, time: int, sequence: int = 1) -> bytes:
    """The manifest of a list's content, signed at `time`."""
    record = Manifest(
        suite=1,
        list_division=CITY,
        key_epoch=1,
        sequence=sequence,
        time=time,
        content_length=len(content),
        content_hash=sha256(content).digest(),
        key_id=LIST_KEY.key_id,
        signature=bytes(64),
    )
    record.signature = LIST_KEY.sign(MANIFEST_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def roots_toml() -> str:
    """The file that names the roots."""
    names = ", ".join(f'"{root.signer.public_key.hex()}"' for root in ROOTS)
    return f"threshold = {THRESHOLD}\nkeys = [{names}]\n"


def list_content(serial: int, status: int, covered: bool, rng: Random) -> bytes:
    """A list in which `serial` has that status and its neighbours have others.

    A card that the list does not cover bears the number of a revoked one of this city.
    """
    others = {number: rng.choice((STATUS_SUSPENDED, STATUS_REVOKED)) for number in (serial - 1, serial + 1)}
    if not covered:
        return build_list(CITY, serial + 1, {**others, serial: STATUS_REVOKED})
    if status == STATUS_NEWER:
        return build_list(CITY, serial - 1, {serial - 1: others[serial - 1]})
    listed = {serial: status} if status in (STATUS_SUSPENDED, STATUS_REVOKED) else {}
    highest = serial + rng.choice((0, 1, 1000))
    # A valid card at the list's very end is no newer one.
    return build_list(CITY, highest, {n: s for n, s in {**others, **listed}.items() if n <= highest})


def card(case: Case, serial: int, rng: Random) -> "tuple[bytes, bytes]":
    """INFO and SERVICE of a case's card, genuine or wrong in one of the ways that its authenticity stands for."""
    key = ORGAN if case.record.issuing_division in DIVISIONS else ORGAN_ELSEWHERE
    if case.authenticity == GENUINE:
        return _signed(case.record, serial, key)
    return rng.choice(_WRONG[case.authenticity])(case.record, serial, key)


def _signed(
    like: Service, serial: int, key: SigningKey, named: "SigningKey | None" = None, suite: int = 1
) -> "tuple[bytes, bytes]":
    fields = {name: getattr(like, name) for name in Service.__slots__}
    fields.update(suite=suite, serial=serial, key_id=(named or key).key_id)
    record = Service(**fields)
    record.signature = key.sign(SERVICE_CONTEXT, signed_part(record.to_bytes()))
    info = Info(
        suite=suite, list_division=record.list_division, serial=serial, key_id=record.key_id, card_key_epoch=0
    )
    return info.to_bytes(), record.to_bytes()


def _prolonged(record: Service, serial: int, key: SigningKey) -> "tuple[bytes, bytes]":
    """A genuine card, its good-through moved by its holder."""
    info, service = _signed(record, serial, key)
    longer = Service.from_bytes(service)
    longer.good_through += 1 if longer.good_through < LAST_DAY else -1
    return info, longer.to_bytes()


def _led_astray(record: Service, serial: int, key: SigningKey) -> "tuple[bytes, bytes]":
    """A genuine SERVICE behind the INFO of another card."""
    return _signed(record, serial + 1, key)[0], _signed(record, serial, key)[1]


def _changed(file: int, at: int, value: int) -> "Callable[..., tuple[bytes, bytes]]":
    def make(record: Service, serial: int, key: SigningKey) -> "tuple[bytes, bytes]":
        files = [bytearray(data) for data in _signed(record, serial, key)]
        files[file][at] = value
        return bytes(files[0]), bytes(files[1])

    return make


def _shortened(record: Service, serial: int, key: SigningKey) -> "tuple[bytes, bytes]":
    info, service = _signed(record, serial, key)
    return info, service[:-1]


_WRONG: "dict[int, tuple[Callable[..., tuple[bytes, bytes]], ...]]" = {
    FORGED: (
        lambda record, serial, key: _signed(record, serial, STRANGER, named=key),
        # An organ of another place, with a key that everybody knows.
        lambda record, serial, key: _signed(
            record, serial, ORGAN if key is ORGAN_ELSEWHERE else ORGAN_ELSEWHERE
        ),
        lambda record, serial, key: _signed(record, serial, LIST_KEY),
        _prolonged,
        _led_astray,
    ),
    KEY_UNKNOWN: (lambda record, serial, key: _signed(record, serial, STRANGER),),
    KEY_WITHDRAWN: (lambda record, serial, key: _signed(record, serial, WITHDRAWN),),
    NEWER_PROFILE: (
        _changed(0, 1, 2),
        _changed(1, 1, 2),
        lambda record, serial, key: _signed(record, serial, key, suite=2),
    ),
    GARBLED: (_changed(0, 0, 0), _changed(1, 0, 0x03), _shortened, _changed(1, 2, 9)),
}
