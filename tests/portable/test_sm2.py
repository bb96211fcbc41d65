"""Hostile SM2 signatures and keys on both runtimes, each made to pass but for the one rule that it breaks."""

from toy_signer import (
    GENERATORS,
    affine,
    multiple,
    number,
    pair_of,
    public_key,
    raw,
    root,
    sign_es256,
    sign_sm2,
    sm2_digest,
)

from juzhu_protocol.crypto.comb import TablePair, joint_multiply
from juzhu_protocol.crypto.curve import P256, SM2, decode_point, encode_point, inverse
from juzhu_protocol.crypto.signature import (
    SM2_SIGNER_ID,
    SUITE_ES256,
    SUITE_SM2_SM3,
    decode_key,
    signed_digest,
    sm2_z,
    verify_es256,
    verify_sm2,
)
from juzhu_protocol.crypto.sm3 import sm3
from juzhu_protocol.errors import KeyFormatError

D = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
N, P = SM2.n, SM2.p
KEY = public_key(SM2, D)
PAIR = pair_of(SM2, decode_point(SM2, KEY))
CONTEXT, MESSAGE = b"juzhu hostile", b"a message"
DIGEST = sm2_digest(KEY, CONTEXT, MESSAGE)
SIGNATURE = sign_sm2(D, K, DIGEST)
R, S = number(SIGNATURE[:32]), number(SIGNATURE[32:])


def test_the_signature_that_the_others_are_made_of_holds():
    assert verify_sm2(PAIR, DIGEST, SIGNATURE)


def test_signature_of_another_length_is_refused():
    for size in (0, 1, 32, 63, 65, 128):
        assert not verify_sm2(PAIR, DIGEST, (SIGNATURE + SIGNATURE)[:size]), size


def test_numbers_outside_one_to_n_less_one_are_refused():
    for outside in (0, N, N + 1, P, 2**256 - 1):
        assert not verify_sm2(PAIR, DIGEST, raw(outside, S)), outside
        assert not verify_sm2(PAIR, DIGEST, raw(R, outside)), outside


def test_r_or_s_with_n_added_is_refused():
    # A digest that makes r small, and a key that makes s small: both would fit into 32 bytes with n added.
    small_r = int.to_bytes((5 - affine_x(K)) % N, 32, "big")
    signature = sign_sm2(D, K, small_r)
    assert signature[:32] == int.to_bytes(5, 32, "big")
    assert verify_sm2(PAIR, small_r, signature)
    assert not verify_sm2(PAIR, small_r, raw(N + 5, number(signature[32:])))
    # s = 7: r + k = s * (1 + d) + r * (1 + d) is solved for the k of some digest.
    k = (7 * (1 + D) + 5 * D) % N
    digest = int.to_bytes((5 - affine_x(k)) % N, 32, "big")
    assert sign_sm2(D, k, digest) == raw(5, 7)
    assert verify_sm2(PAIR, digest, raw(5, 7))
    assert not verify_sm2(PAIR, digest, raw(5, N + 7))
    assert not verify_sm2(PAIR, digest, raw(N + 5, N + 7))


def affine_x(k):
    table = GENERATORS[P]
    return affine(SM2, joint_multiply(TablePair(table, table), k, 0))[0]


def test_t_of_zero_which_would_forge_under_any_key_is_refused():
    # With s = k and r = n - k the key drops out: s*G + 0*P = k*G, and e is chosen to fit.
    r, s = N - K, K
    digest = int.to_bytes((r - affine_x(K)) % N, 32, "big")
    assert (number(digest) + affine_x(s)) % N == r
    assert not verify_sm2(PAIR, digest, raw(r, s))


def test_sum_at_infinity_is_refused():
    # s + t*d = 0, so that s*G + t*P vanishes; e makes r what either coordinate of infinity would have to be.
    s = 12345
    t = -s * inverse(D, N) % N
    r = (t - s) % N
    assert joint_multiply(PAIR, s, t)[2] == 0
    for x in (0, 1):
        assert not verify_sm2(PAIR, int.to_bytes((r - x) % N, 32, "big"), raw(r, s))


def test_x_between_n_and_p_is_taken_modulo_n_and_no_other_x_is():
    x = N
    while root(SM2, x) is None:
        x += 1
    assert x < P
    point = x, root(SM2, x)
    # A key under which (r, s) leads to that very point: P = (point - s*G) / t.
    s, t = 3, 5
    r = (t - s) % N
    pair = pair_of(SM2, point)
    inverted = inverse(t, N)
    key = affine(SM2, joint_multiply(pair, -s * inverted % N, inverted))
    digest = int.to_bytes((r - x) % N, 32, "big")
    assert verify_sm2(pair_of(SM2, key), digest, raw(r, s))
    for wrong in (x - 1, x + 1, x - P):
        digest = int.to_bytes((r - wrong) % N, 32, "big")
        assert not verify_sm2(pair_of(SM2, key), digest, raw(r, s))


def test_a_digest_beyond_n_counts_modulo_n():
    for digest in (b"\xff" * 32, int.to_bytes(N, 32, "big"), bytes(32)):
        assert verify_sm2(PAIR, digest, sign_sm2(D, K, digest))
    same = int.to_bytes(N + 1, 32, "big")
    assert verify_sm2(PAIR, same, sign_sm2(D, K, int.to_bytes(1, 32, "big")))


def test_negated_or_swapped_numbers_are_refused():
    for r, s in ((R, N - S), (N - R, S), (N - R, N - S), (S, R)):
        assert not verify_sm2(PAIR, DIGEST, raw(r, s))


def test_flipped_bits_are_refused():
    for bit in range(0, 512, 41):
        mutant = bytearray(SIGNATURE)
        mutant[bit >> 3] ^= 1 << (bit & 7)
        assert not verify_sm2(PAIR, DIGEST, bytes(mutant)), bit
    for bit in range(0, 256, 37):
        mutant = bytearray(DIGEST)
        mutant[bit >> 3] ^= 1 << (bit & 7)
        assert not verify_sm2(PAIR, bytes(mutant), SIGNATURE), bit


def test_digest_of_another_size_is_a_programming_error():
    for digest in (b"", DIGEST[:31], DIGEST + b"\x00"):
        try:
            verify_sm2(PAIR, digest, SIGNATURE)
        except ValueError:
            continue
        raise AssertionError(digest)


def test_signature_over_another_z_is_refused():
    other = public_key(SM2, D + 1)
    # The standard's bytes before the key, with another signer id and with the curve's parameters left out.
    fixed = b"".join([int.to_bytes(n, 32, "big") for n in (P - 3, SM2.b, SM2.gx, SM2.gy)])
    assert sm2_z(KEY, sm3) == sm3(b"\x00\x80" + SM2_SIGNER_ID + fixed + KEY)
    for z in (
        b"",
        bytes(32),
        sm2_z(other, sm3),
        sm3(b"\x00\x80" + b"8765432187654321" + fixed + KEY),
        sm3(b"\x00\x00" + fixed + KEY),
        sm3(b"\x00\x10" + SM2_SIGNER_ID + fixed + KEY),
        sm3(b"\x00\x80" + SM2_SIGNER_ID + KEY),
    ):
        signature = sign_sm2(D, K, sm2_digest(KEY, CONTEXT, MESSAGE, z))
        assert not verify_sm2(PAIR, DIGEST, signature)


def test_signature_of_the_other_suite_is_refused():
    es256 = sign_es256(D, K, signed_digest(CONTEXT, MESSAGE))
    pair = pair_of(P256, decode_point(P256, public_key(P256, D)))
    assert verify_es256(pair, signed_digest(CONTEXT, MESSAGE), es256)
    assert not verify_sm2(pair, signed_digest(CONTEXT, MESSAGE), es256)
    assert not verify_es256(PAIR, DIGEST, SIGNATURE)
    # ECDSA's own equation on the SM2 curve is no SM2 signature either.
    n = N
    r = affine_x(K) % n
    ecdsa = raw(r, inverse(K, n) * (number(DIGEST) + r * D) % n)
    assert verify_es256(PAIR, DIGEST, ecdsa)
    assert not verify_sm2(PAIR, DIGEST, ecdsa)


def refused(curve, data):
    try:
        decode_point(curve, data)
    except KeyFormatError:
        return True
    return False


def test_key_of_the_other_curve_is_refused():
    assert decode_point(SM2, KEY)
    assert refused(P256, KEY)
    other = public_key(P256, D)
    assert decode_point(P256, other)
    assert refused(SM2, other)
    assert refused(SM2, encode_point((P256.gx, P256.gy)))
    assert refused(P256, encode_point((SM2.gx, SM2.gy)))


def test_tables_of_two_curves_do_not_make_a_pair():
    try:
        TablePair(GENERATORS[P256.p], PAIR.key)
    except ValueError:
        return
    raise AssertionError("tables of two curves")


def test_keys_that_are_no_point_are_refused():
    x, y = KEY[:32], KEY[32:]
    for wrong in (
        b"",
        KEY[:63],
        KEY + b"\x00",
        b"\x04" + KEY,
        b"\x02" + x,
        bytes(64),
        b"\xff" * 64,
        y + x,
        x + int.to_bytes((number(y) + 1) % P, 32, "big"),
        x + int.to_bytes(P, 32, "big"),
        int.to_bytes(P, 32, "big") + y,
    ):
        assert refused(SM2, wrong), wrong


def test_coordinates_that_are_not_below_p_are_refused_though_their_remainder_is_on_the_curve():
    for curve in (P256, SM2):
        x = 1
        while root(curve, x) is None:
            x += 1
        y = root(curve, x)
        assert decode_point(curve, raw(x, y)) == (x, y)
        assert x + curve.p < 2**256
        assert refused(curve, raw(x + curve.p, y))


def test_second_coordinates_that_are_not_below_p_are_refused():
    # Points of the smallest y that there is on each curve.
    for curve, x, y in (
        (P256, 0xD7325D7646CD60D80A92738CEB345F844CFFAF35841022CAB176F692DE8DE1D7, 5),
        (SM2, 0x9C17043EFFE1A805A74A9A5E70B9D659705D3242094A566DC016F49311178D1F, 1),
    ):
        assert decode_point(curve, raw(x, y)) == (x, y)
        assert refused(curve, raw(x, y + curve.p))


def test_y_may_be_either_root_and_each_is_another_key():
    x, y = decode_point(SM2, KEY)
    opposite = encode_point((x, P - y))
    assert decode_point(SM2, opposite) == (x, P - y)
    assert not verify_sm2(pair_of(SM2, (x, P - y)), DIGEST, SIGNATURE)


def test_generators_opposite_is_no_key_of_the_standard():
    opposite = raw(SM2.gx, P - SM2.gy)
    # Its private key would be n - 1, and then s may be anything: x1 is that of -r*G whatever s was chosen. A digest
    # that fits an r is easily computed, as here; a message that has it is not.
    r = next(r for r in (number(sm3(bytes([i]))) % N for i in range(1, 9)) if r)
    digest = int.to_bytes((r - multiple(SM2, r)[0]) % N, 32, "big")
    for s in (1, 5, N - 1):
        if (r + s) % N:
            assert verify_sm2(pair_of(SM2, decode_point(SM2, opposite)), digest, raw(r, s))
    try:
        decode_key(SUITE_SM2_SM3, opposite)
    except KeyFormatError:
        assert decode_key(SUITE_ES256, raw(P256.gx, P256.p - P256.gy))
        return
    raise AssertionError("the key of n - 1 was taken")
