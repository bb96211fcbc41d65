"""10,000 random and mutated signatures of each suite: our verdict is that of every library, without exception.

`make nightly` runs twenty times as many, from other seeds each night; a failure names its seed.
"""

import os
from collections import Counter
from random import Random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sm2_libraries import der, libraries, raw

from juzhu_protocol.authority.signing import signer_of
from juzhu_protocol.crypto.curve import P256, SM2
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.trust.verifier import SignatureVerifier
from parts import needs, nightly

pytestmark = needs("openssl")
CURVES = {SUITE_ES256: P256, SUITE_SM2_SM3: SM2}
NAMES = {SUITE_ES256: "ES256", SUITE_SM2_SM3: "SM2-SM3"}
CASES = 200_000 if nightly() else 10_000
# Shares run on any worker; each signs a tenth of its cases afresh and mutates the rest from those.
SHARES = 40 if nightly() else 4
KEYS = 8
MUTANTS = 9
CONTEXT = b"juzhu differential"


class Case:
    """What a verifier is asked."""

    def __init__(self, public_key, message, signature):
        self.public_key = public_key
        self.message = message
        self.signature = signature


def octets(number):
    return (number % (1 << 256)).to_bytes(32, "big")


class World:
    """Keys, everybody who signs with them, and everybody who verifies."""

    def __init__(self, suite, rng):
        self.suite, self.rng, self.curve = suite, rng, CURVES[suite]
        self.secrets = [octets(rng.randrange(1, self.curve.n - 1)) for _ in range(KEYS)]
        self.signers = [signer_of(suite, secret) for secret in self.secrets]
        self.public_keys = [signer.public_key for signer in self.signers]
        # Room for all keys and their opposites.
        self.ours = SignatureVerifier(tables_kept=2 * KEYS)
        if suite == SUITE_SM2_SM3:
            self.library_signers = [library.sign for library in libraries()]
            self.judges = {library.name: library.verify for library in libraries()}
        else:
            self.library_signers = [_es256_sign]
            self.judges = {"cryptography": _es256_verify, "native": self._native_verify}
            self._native = NativeVerifier()

    def _native_verify(self, public_key, content, signature):
        message = content[len(CONTEXT) + 1 :]
        # It takes raw numbers alone; what does not fit those has the other library as its judge.
        if not _fits_raw(signature):
            return False
        return self._native.verify(self.suite, public_key, CONTEXT, message, raw(signature))

    def genuine(self):
        """A new message signed by one of the keys: by us or by a library."""
        which = self.rng.randrange(KEYS)
        message = self.rng.randbytes(self.rng.randrange(1, 120))
        by = self.rng.randrange(len(self.library_signers) + 1)
        if by == len(self.library_signers):
            signature = self.signers[which].sign(CONTEXT, message)
        else:
            signature = raw(self.library_signers[by](self.secrets[which], CONTEXT + b"\x00" + message))
        return Case(self.public_keys[which], message, signature)

    def judge(self, case):
        """The verdict of all; AssertionError when they differ."""
        found = self.ours.verify(self.suite, case.public_key, CONTEXT, case.message, case.signature)
        content, signature = CONTEXT + b"\x00" + case.message, der(case.signature)
        others = {name: judge(case.public_key, content, signature) for name, judge in self.judges.items()}
        assert set(others.values()) == {found}, (found, others, vars(case))
        return found


def _es256_sign(secret, content):
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def _es256_verify(public_key, content, signature):
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public_key)
    try:
        key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _fits_raw(signature):
    try:
        raw(signature)
    except OverflowError:
        return False
    return True


# -- Mutations: each changes a case and nothing else ----------------------------------------------


def numbers(case):
    return int.from_bytes(case.signature[:32], "big"), int.from_bytes(case.signature[32:], "big")


def flip(rng, data):
    bit = rng.randrange(8 * len(data))
    changed = bytearray(data)
    changed[bit >> 3] ^= 1 << (bit & 7)
    return bytes(changed)


def bit_of_r(world, case):
    case.signature = flip(world.rng, case.signature[:32]) + case.signature[32:]


def bit_of_s(world, case):
    case.signature = case.signature[:32] + flip(world.rng, case.signature[32:])


def bytes_of_signature(world, case):
    changed = bytearray(case.signature)
    for _ in range(world.rng.randrange(1, 5)):
        changed[world.rng.randrange(64)] ^= world.rng.randrange(1, 256)
    case.signature = bytes(changed)


def bit_of_message(world, case):
    case.message = flip(world.rng, case.message)


def longer_message(world, case):
    case.message += world.rng.randbytes(world.rng.randrange(1, 70))


def shorter_message(world, case):
    case.message = case.message[: world.rng.randrange(len(case.message))]


def another_key(world, case):
    case.public_key = world.rng.choice([key for key in world.public_keys if key != case.public_key])


def opposite_key(world, case):
    y = int.from_bytes(case.public_key[32:], "big")
    case.public_key = case.public_key[:32] + octets(world.curve.p - y)


def negated_r(world, case):
    r, s = numbers(case)
    case.signature = octets(world.curve.n - r) + octets(s)


def negated_s(world, case):
    r, s = numbers(case)
    case.signature = octets(r) + octets(world.curve.n - s)


def both_negated(world, case):
    r, s = numbers(case)
    case.signature = octets(world.curve.n - r) + octets(world.curve.n - s)


def swapped(world, case):
    case.signature = case.signature[32:] + case.signature[:32]


def shifted(world, case):
    r, s = numbers(case)
    step = world.rng.choice([1, -1, world.curve.n, -world.curve.n, world.curve.p - world.curve.n])
    case.signature = octets(r + step) + octets(s) if world.rng.randrange(2) else octets(r) + octets(s + step)


def edge(world, case):
    n, p = world.curve.n, world.curve.p
    number = octets(world.rng.choice([0, 1, 2, n - 2, n - 1, n, n + 1, p - 1, p, p + 1, 2**256 - 1]))
    case.signature = number + case.signature[32:] if world.rng.randrange(2) else case.signature[:32] + number


def two_edges(world, case):
    n, p = world.curve.n, world.curve.p
    case.signature = b"".join(octets(world.rng.choice([0, 1, n - 1, n, p, 2**256 - 1])) for _ in range(2))


def sum_is_order(world, case):
    r, _ = numbers(case)
    case.signature = octets(r) + octets(world.curve.n - r)


def numbers_in_range(world, case):
    case.signature = b"".join(octets(world.rng.randrange(1, world.curve.n)) for _ in range(2))


def random_bytes(world, case):
    case.signature = world.rng.randbytes(64)


def other_length(world, case):
    good = case.signature
    cut, more = world.rng.randrange(64), world.rng.randbytes(world.rng.randrange(1, 9))
    case.signature = world.rng.choice([good[:cut], good + more, good + b"\x00", b"\x00" + good, good + good])


def der_as_raw(world, case):
    case.signature = der(case.signature)


MUTATIONS = (
    *(bit_of_r, bit_of_s, bytes_of_signature, bit_of_message, longer_message, shorter_message),
    *(another_key, opposite_key, negated_r, negated_s, both_negated, swapped, shifted, edge, two_edges),
    *(sum_is_order, numbers_in_range, random_bytes, other_length, der_as_raw),
)
# ES256 has no rule of a low s.
TAKEN = {SUITE_ES256: {"genuine", "negated_s"}, SUITE_SM2_SM3: {"genuine"}}


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("suite", CURVES, ids=NAMES.get)
def test_verdict_on_random_and_mutated_signatures_is_that_of_every_library(suite, share):
    seed = int.from_bytes(os.urandom(8), "big") if nightly() else 1000 * suite + share
    print("seed", seed)
    world = World(suite, Random(seed))
    asked, taken = Counter(), Counter()
    base, left = None, 0
    for _ in range(CASES // SHARES):
        kind = "genuine"
        if left:
            mutate = world.rng.choice(MUTATIONS)
            kind = mutate.__name__
            case = Case(base.public_key, base.message, base.signature)
            mutate(world, case)
            left -= 1
        else:
            base = case = world.genuine()
            left = MUTANTS
        asked[kind] += 1
        taken[kind] += world.judge(case)
    print(
        NAMES[suite], "judges:", *world.judges, "cases:", asked.total(), "taken:", taken.total(), dict(asked)
    )
    assert asked.total() == CASES // SHARES
    assert {kind for kind in taken if taken[kind]} == TAKEN[suite]
    assert all(taken[kind] == asked[kind] for kind in TAKEN[suite])
    assert set(asked) == {"genuine", *(mutate.__name__ for mutate in MUTATIONS)}
