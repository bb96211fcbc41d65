"""Point arithmetic and key decoding against the cryptography package."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.crypto.curve import (
    INFINITY,
    P256,
    Curve,
    add,
    decode_point,
    double,
    encode_point,
    inverse,
)
from juzhu_protocol.errors import KeyFormatError

P, N = P256.p, P256.n
G = (P256.gx, P256.gy)
scalars = st.integers(1, N - 1)
scales = st.integers(1, P - 1)


def multiple(k):
    """k*G by OpenSSL, None at infinity."""
    if k % N == 0:
        return None
    numbers = ec.derive_private_key(k % N, ec.SECP256R1()).public_key().public_numbers()
    return numbers.x, numbers.y


def scaled(point, z):
    """One of the many representations of an affine point."""
    return point[0] * z**2 % P, point[1] * z**3 % P, z**2 % P, z**3 % P


def affine(point):
    x, y, zz, zzz = point
    if zz == 0:
        return None
    assert pow(zz, 3, P) == zzz * zzz % P
    return x * pow(zz, -1, P) % P, y * pow(zzz, -1, P) % P


def raw(x, y):
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def test_generator_is_the_one_of_p256():
    assert multiple(1) == G


@given(scalars)
def test_every_public_key_is_decoded_and_encoded_again(k):
    point = multiple(k)
    assert decode_point(P256, raw(*point)) == point
    assert encode_point(point) == raw(*point)


@pytest.mark.parametrize("size", [0, 1, 32, 33, 63, 65, 128])
def test_key_of_another_size_is_refused(size):
    with pytest.raises(KeyFormatError):
        decode_point(P256, (raw(*G) * 2)[:size])


def test_uncompressed_point_prefix_is_refused():
    with pytest.raises(KeyFormatError):
        decode_point(P256, b"\x04" + raw(*G))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (0, 0),  # the zeros some libraries write for infinity
        (0, 1),
        (1, 1),
        (G[0], G[1] + 1),
        (G[0] + 1, G[1]),
        (G[1], G[0]),
        (P, G[1]),
        (G[0], P),
        (2**256 - 1, 2**256 - 1),
    ],
)
def test_key_that_is_infinity_or_off_the_curve_is_refused(x, y):
    with pytest.raises(KeyFormatError):
        decode_point(P256, raw(x, y))


def test_coordinate_not_below_p_is_refused_though_its_residue_is_on_the_curve():
    x, y = 0, pow(P256.b, (P + 1) // 4, P)
    assert decode_point(P256, raw(x, y)) == (x, y)
    with pytest.raises(KeyFormatError):
        decode_point(P256, raw(x + P, y))


def test_either_coordinate_not_below_p_is_refused_on_a_small_curve():
    small = Curve(23, 9, 0, 0, 0)
    assert decode_point(small, raw(0, 3)) == (0, 3)
    for x, y in ((23, 3), (0, 26), (23, 26)):
        with pytest.raises(KeyFormatError):
            decode_point(small, raw(x, y))


@given(scalars, scalars, scales)
def test_sum_is_right_for_any_representation(j, k, z):
    assert affine(add(P, scaled(multiple(j), z), *multiple(k))) == multiple(j + k)


@given(scalars, scales)
def test_double_is_right_for_any_representation(k, z):
    assert affine(double(P, scaled(multiple(k), z))) == multiple(2 * k)


@given(scalars, scales)
def test_exceptional_sums_are_right(k, z):
    point = multiple(k)
    assert affine(add(P, scaled(point, z), *point)) == multiple(2 * k)
    assert affine(add(P, scaled(multiple(-k), z), *point)) is None
    assert affine(add(P, INFINITY, *point)) == point
    assert affine(double(P, INFINITY)) is None


@given(st.integers(1, 2**300), st.sampled_from([P, N]))
def test_inverse_times_number_is_one(a, m):
    if a % m:
        assert inverse(a, m) * a % m == 1
        assert 0 < inverse(a, m) < m


@pytest.mark.parametrize("m", [P, N])
@pytest.mark.parametrize("a", [1, 2, -1, -2])
def test_inverse_of_the_outermost_numbers(a, m):
    assert inverse(a % m, m) * a % m == 1
