"""Keys, bundles, cards and lists for the vectors, all really signed; every private key here is a small number.

The bundle holds organs of Kaifeng and of everywhere else that the vectors go, each with a key of both suites, one
whose key was withdrawn, and the list's key. A stranger's key signs too, and no bundle holds it. Of the epochs of card
keys the first is withdrawn and the second is in use.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from bench_card import BUS_MASTER, BenchCard

from juzhu_host.cases import Case
from juzhu_protocol.authority.keys import KeySpec, SigningKey, bundle_body, sign_bundle
from juzhu_protocol.authority.signing import signer_of
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
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
    OUTDATED,
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
WITHDRAWN_EPOCH, EPOCH, UNKNOWN_EPOCH = 1, 2, 3
FOREIGN_MASTER = bytes(range(96, 128))
BUS_MASTERS = {WITHDRAWN_EPOCH: BUS_MASTER, EPOCH: BUS_MASTER}


def _key(
    name: str,
    purpose: str,
    number: int,
    divisions: "tuple[int, ...]" = (),
    revoked_on: int = 0,
    suite: int = SUITE_ES256,
):
    spec = KeySpec(name, purpose, divisions, FIRST_DAY, LAST_DAY, revoked_on, suite=suite)
    return SigningKey(spec, signer_of(suite, number.to_bytes(32, "big")))


ROOTS = tuple(_key(f"root-{number}", "root", 1000 + number) for number in (1, 2, 3))
ORGAN = _key("organ-kaifeng", "permit", 2001, DIVISIONS)
ORGAN_ELSEWHERE = _key("organ-elsewhere", "permit", 2002, (*FAR, *UNNAMED))
ORGAN_SM2 = _key("organ-kaifeng-sm2", "permit", 2006, DIVISIONS, suite=SUITE_SM2_SM3)
ELSEWHERE_SM2 = _key("organ-elsewhere-sm2", "permit", 2007, (*FAR, *UNNAMED), suite=SUITE_SM2_SM3)
WITHDRAWN = _key("organ-withdrawn", "permit", 2003, (*DIVISIONS, *FAR), WITHDRAWN_ON)
STRANGER = _key("organ-stranger", "permit", 2004, (*DIVISIONS, *FAR))
LIST_KEY = _key("list-kaifeng", "list", 2005, (CITY,))
BELIEVED = (ORGAN, ORGAN_ELSEWHERE, ORGAN_SM2, ELSEWHERE_SM2, WITHDRAWN, LIST_KEY)


def roots() -> Roots:
    """Whom everybody here believes."""
    return Roots([root.signer.public_key for root in ROOTS], THRESHOLD, SUITE_ES256)


@cache
def bundle(time: int) -> bytes:
    """The signed bundle, dated `time` (Unix seconds)."""
    return sign_bundle(bundle_body(BELIEVED, 1, time, epochs=(EPOCH, 1, 1)), ROOTS[:THRESHOLD])


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
    return f'suite = "ES256"\nthreshold = {THRESHOLD}\nkeys = [{names}]\n'


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


@dataclass(frozen=True)
class Card:
    """A card's files INFO and SERVICE, and what is special about its chip (BenchCard's options)."""

    info: bytes
    service: bytes
    chip: "dict[str, Any]" = field(default_factory=dict)

    def in_field(self) -> BenchCard:
        """The card as it lies on a reader."""
        return BenchCard(self.info, self.service, **self.chip)


def card(case: Case, serial: int, rng: Random, *, chip: bool) -> Card:
    """A case's card, genuine or wrong in one of the ways that its authenticity stands for.

    Without `chip` only its files can be looked at, so what is wrong is wrong there.
    """
    keys = (
        (ORGAN, ORGAN_SM2) if case.record.issuing_division in DIVISIONS else (ORGAN_ELSEWHERE, ELSEWHERE_SM2)
    )
    key = rng.choice(keys)
    if case.authenticity == GENUINE:
        return _signed(case.record, serial, key)
    ways = _WRONG_FILES.get(case.authenticity, ())
    if chip:
        ways += _WRONG_CHIPS.get(case.authenticity, ())
    return rng.choice(ways)(case.record, serial, key)


def _signed(
    like: Service, serial: int, key: SigningKey, named: "SigningKey | None" = None, suite: int = 0
) -> Card:
    fields = {name: getattr(like, name) for name in Service.__slots__}
    fields.update(suite=suite or key.suite, serial=serial, key_id=(named or key).key_id)
    record = Service(**fields)
    record.signature = key.sign(SERVICE_CONTEXT, signed_part(record.to_bytes()))
    info = Info(
        suite=record.suite,
        list_division=record.list_division,
        serial=serial,
        key_id=record.key_id,
        card_key_epoch=EPOCH,
    )
    return Card(info.to_bytes(), record.to_bytes())


def _prolonged(record: Service, serial: int, key: SigningKey) -> Card:
    """A genuine card, its good-through moved by its holder."""
    made = _signed(record, serial, key)
    longer = Service.from_bytes(made.service)
    longer.good_through += 1 if longer.good_through < LAST_DAY else -1
    return replace(made, service=longer.to_bytes())


def _led_astray(record: Service, serial: int, key: SigningKey) -> Card:
    """A genuine SERVICE behind the INFO of another card, whose keys the chip has."""
    return replace(_signed(record, serial, key), info=_signed(record, serial + 1, key).info)


def _other_suite(record: Service, serial: int, key: SigningKey) -> Card:
    """A card that says that its signature is of the suite of which its key is not."""
    return _signed(record, serial, key, suite=SUITE_ES256 if key.suite == SUITE_SM2_SM3 else SUITE_SM2_SM3)


def _changed(file: str, at: int, value: int) -> "Callable[..., Card]":
    def make(record: Service, serial: int, key: SigningKey) -> Card:
        made = _signed(record, serial, key)
        data = bytearray(getattr(made, file))
        data[at] = value
        return replace(made, **{file: bytes(data)})

    return make


def _shortened(record: Service, serial: int, key: SigningKey) -> Card:
    made = _signed(record, serial, key)
    return replace(made, service=made.service[:-1])


def _of_epoch(epoch: int) -> "Callable[..., Card]":
    def make(record: Service, serial: int, key: SigningKey) -> Card:
        made = _signed(record, serial, key)
        return replace(made, info=made.info[:-1] + bytes([epoch]))

    return make


def _foreign(record: Service, serial: int, key: SigningKey) -> Card:
    """A genuine card of an authority that nobody here knows, with masters of its own."""
    return replace(_signed(record, serial, STRANGER), chip={"master": FOREIGN_MASTER})


def _copied(record: Service, serial: int, key: SigningKey) -> Card:
    """A genuine card's files on a chip that no authority gave keys."""
    return replace(_signed(record, serial, key), chip={"master": bytes(32)})


def _holding_fewer(record: Service, serial: int, key: SigningKey) -> Card:
    """A chip with fewer endorsements than its SERVICE tells, which no authority writes; one of none is a copy."""
    if not record.endorsement_number:
        return _copied(record, serial, key)
    return replace(_signed(record, serial, key), chip={"held": record.endorsement_number - 1})


def _holding_more(record: Service, serial: int, key: SigningKey) -> Card:
    """A chip to which an older SERVICE of its own was written back."""
    return replace(_signed(record, serial, key), chip={"held": record.endorsement_number + 1})


def _last_bit_flipped(answer: bytes) -> bytes:
    return answer[:-3] + bytes([answer[-3] ^ 1]) + answer[-2:]


def _tampered(record: Service, serial: int, key: SigningKey) -> Card:
    """A genuine card whose answers somebody changes on the air."""
    return replace(_signed(record, serial, key), chip={"tamper": _last_bit_flipped})


_WRONG_FILES: "dict[int, tuple[Callable[..., Card], ...]]" = {
    FORGED: (
        lambda record, serial, key: _signed(record, serial, STRANGER, named=key),
        # An organ of another place, with a key that everybody knows.
        lambda record, serial, key: _signed(
            record, serial, ORGAN if key in (ORGAN_ELSEWHERE, ELSEWHERE_SM2) else ORGAN_ELSEWHERE
        ),
        lambda record, serial, key: _signed(record, serial, LIST_KEY),
        _prolonged,
        _led_astray,
        _other_suite,
    ),
    # Also of this authority: an organ whose key the bundle does not hold, or not yet.
    KEY_UNKNOWN: (lambda record, serial, key: _signed(record, serial, STRANGER),),
    KEY_WITHDRAWN: (lambda record, serial, key: _signed(record, serial, WITHDRAWN),),
    NEWER_PROFILE: (_changed("info", 1, 2), _changed("service", 1, 2)),
    GARBLED: (
        _changed("info", 0, 0),
        _changed("service", 0, 0x03),
        _shortened,
        _changed("service", 2, 9),
    ),
}
_WRONG_CHIPS: "dict[int, tuple[Callable[..., Card], ...]]" = {
    FORGED: (_copied, _holding_fewer),
    KEY_UNKNOWN: (_of_epoch(UNKNOWN_EPOCH), _of_epoch(0), _foreign),
    KEY_WITHDRAWN: (_of_epoch(WITHDRAWN_EPOCH),),
    GARBLED: (_tampered,),
    OUTDATED: (_holding_more,),
}
