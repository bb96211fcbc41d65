"""Signatures, MACs and comparison on both runtimes, by vectors made with OpenSSL."""

from toy_signer import affine, pair_of, public_key, raw, root, sign_es256

from juzhu_protocol.crypto.comb import CombTable, TableBuilder, TablePair, build_table, joint_multiply
from juzhu_protocol.crypto.compare import equal
from juzhu_protocol.crypto.curve import P256, decode_point, encode_point, inverse
from juzhu_protocol.crypto.mac import hmac_sha256
from juzhu_protocol.crypto.signature import key_id, signed_digest, verify_es256
from juzhu_protocol.errors import KeyFormatError

CONTEXT = b"juzhu vector"
# Message, then X, Y, r and s; the last two keys are the generator and its opposite.
VECTORS = (
    (
        b"a",
        "3a96ede937e59086f86f84af4994e267ef987e2c23b64d0d186696324592492e",
        "b42b0432b624309de2f1f1d7f1494f633d5e4022a9b940c2061a500d3aa77347",
        "3db20b207b3710788b248814e18769fdeffb7f07c168aa773897e979552c7aa8",
        "43867df5f7f2965abbe4e36e7cd9457856e16bddf2443d6e4bbe3712713956be",
    ),
    (
        b"b",
        "7db025c5c8e46a8fb02f24d47ef0138f388f3cc7897ad06069b9ffd7391dbc07",
        "605b8bb1740cf6f18d2bc74e89d855d913aa11b5ebfa8f36c6592cb153eddbde",
        "1190bb0c4d619fff46102834fd71370ed194c044eac32b0d8bd0449617e3976a",
        "a29bbb0b9238769e2c1269b4bb55bbf0b82c2e9e08985c4549c0e87356859c92",
    ),
    (
        b"G",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        "58107ccffce4c82cb5946a4869f31da7b331ddbd42daadddd49284ae119ad1bb",
        "382a19611bc5b4319f57c5fc3494776f23160ca0086eb1ed8af7ce0db42dcd1e",
    ),
    (
        b"-G",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a",
        "b71596cbd28594ecc58fc54a3f0dcc6aeb6229d6334dc5b6da61544d3e515e46",
        "1f43c2d2fa49c6430b306e1d87a1016e5e8b042f8c8724309713cd8eb3e8b4df",
    ),
)
GENERATOR = build_table(P256, (P256.gx, P256.gy))


def vector(index):
    message, x, y, r, s = VECTORS[index]
    public_key = bytes.fromhex(x + y)
    pair = TablePair(GENERATOR, build_table(P256, decode_point(P256, public_key)))
    return public_key, pair, signed_digest(CONTEXT, message), bytes.fromhex(r + s)


def test_signatures_made_elsewhere_are_accepted():
    for index in range(len(VECTORS)):
        _, pair, digest, signature = vector(index)
        assert verify_es256(pair, digest, signature), index


def test_high_s_is_accepted():
    _, pair, digest, signature = vector(0)
    s = P256.n - int.from_bytes(signature[32:], "big")
    assert verify_es256(pair, digest, signature[:32] + int.to_bytes(s, 32, "big"))


def test_flipped_bits_are_refused():
    _, pair, digest, signature = vector(0)
    for bit in range(0, 512, 37):
        mutant = bytearray(signature)
        mutant[bit >> 3] ^= 1 << (bit & 7)
        assert not verify_es256(pair, digest, bytes(mutant)), bit
    for bit in range(0, 256, 51):
        mutant = bytearray(digest)
        mutant[bit >> 3] ^= 1 << (bit & 7)
        assert not verify_es256(pair, bytes(mutant), signature), bit


def test_signature_of_another_key_or_context_is_refused():
    _, pair, digest, signature = vector(0)
    _, other_pair, other_digest, _ = vector(1)
    assert not verify_es256(other_pair, digest, signature)
    assert not verify_es256(pair, other_digest, signature)
    assert not verify_es256(pair, signed_digest(b"juzhu other", VECTORS[0][0]), signature)


def test_numbers_outside_the_range_are_refused():
    _, pair, digest, signature = vector(0)
    for outside in (0, P256.n, P256.n + 1, P256.p, 2**256 - 1):
        number = int.to_bytes(outside, 32, "big")
        assert not verify_es256(pair, digest, number + signature[32:])
        assert not verify_es256(pair, digest, signature[:32] + number)
    for size in (0, 63, 65):
        assert not verify_es256(pair, digest, (signature + signature)[:size])


def test_sum_at_infinity_is_refused():
    # With the generator's opposite as key, z = r makes u1*G + u2*Q vanish.
    _, pair, _, signature = vector(3)
    assert joint_multiply(pair, 5, 5)[2] == 0
    assert not verify_es256(pair, signature[:32], signature)


def test_r_or_s_with_n_added_is_refused():
    # r = x of a point just above n, and s so small that n fits above it.
    n = P256.n
    x = n
    while root(P256, x) is None:
        x += 1
    assert x < P256.p
    r, s, z = x - n, 7, 9
    # The key under which (r, s) leads to that point: Q = (s*point - z*G) / r.
    pair = pair_of(P256, (x, root(P256, x)))
    over_r = inverse(r, n)
    key = pair_of(P256, affine(P256, joint_multiply(pair, -z * over_r % n, s * over_r % n)))
    digest = int.to_bytes(z, 32, "big")
    assert verify_es256(key, digest, raw(r, s))
    for wrong in (raw(x, s), raw(r, n + s), raw(x, n + s), raw(r + 1, s), raw(r, s + 1)):
        assert not verify_es256(key, digest, wrong)


def test_digest_beyond_n_counts_modulo_n():
    pair = pair_of(P256, decode_point(P256, public_key(P256, 5)))
    for digest in (b"\xff" * 32, int.to_bytes(P256.n, 32, "big"), bytes(32)):
        assert verify_es256(pair, digest, sign_es256(5, 1234567, digest))


def test_wrong_digest_size_is_a_programming_error():
    _, pair, digest, signature = vector(0)
    try:
        verify_es256(pair, digest[:31], signature)
    except ValueError:
        return
    raise AssertionError("a digest of 31 bytes was taken")


def test_keys_off_the_curve_are_refused():
    public_key = vector(0)[0]
    assert encode_point(decode_point(P256, public_key)) == public_key
    swapped = public_key[32:] + public_key[:32]
    for wrong in (b"", bytes(64), public_key[:63], b"\x04" + public_key, swapped, b"\xff" * 64):
        try:
            decode_point(P256, wrong)
        except KeyFormatError:
            continue
        raise AssertionError(wrong)


def test_table_built_in_steps_is_the_one_that_was_stored():
    point = decode_point(P256, vector(1)[0])
    for teeth in (5, 7):
        builder = TableBuilder(P256, point, teeth)
        steps = 0
        while not builder.step():
            steps += 1
        assert steps > 200
        stored = builder.table.to_bytes()
        assert CombTable(P256, teeth, stored).entries == builder.table.entries
        # 1*Q through the comb is Q again.
        pair = TablePair(build_table(P256, (P256.gx, P256.gy), teeth), builder.table)
        x, y, zz, zzz = joint_multiply(pair, 0, 1)
        assert (x * inverse(zz, P256.p) % P256.p, y * inverse(zzz, P256.p) % P256.p) == point


def test_key_id_is_that_of_the_vector():
    assert key_id(vector(0)[0]).hex() == "3e855855"


def test_mac_is_that_of_rfc_4231():
    # Section 4: test cases 2 and 6.
    assert (
        hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex()
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    assert (
        hmac_sha256(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First").hex()
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    )


def test_comparison_tells_equal_from_unequal():
    assert equal(b"", b"")
    assert equal(b"\x00\x80", b"\x00\x80")
    assert not equal(b"\x00\x80", b"\x00\x00")
    assert not equal(b"\x00", b"\x00\x00")
