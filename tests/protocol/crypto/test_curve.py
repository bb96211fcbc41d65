"""Point arithmetic and key decoding on both curves against other people's code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_curves import CURVES, curve_name, multiple

from juzhu_protocol.crypto.curve import (
    INFINITY,
    P256,
    SM2,
    Curve,
    add,
    decode_point,
    double,
    encode_point,
    inverse,
)
from juzhu_protocol.errors import KeyFormatError
from parts import needs

pytestmark = needs("openssl")
on_both_curves = pytest.mark.parametrize("curve", CURVES, ids=curve_name)
# Below either order and either field prime.
scalars = st.integers(1, min(P256.n, SM2.n) - 1)
scales = st.integers(1, min(P256.p, SM2.p) - 1)


def generator(curve):
    return curve.gx, curve.gy


def scaled(curve, point, z):
    """One of the many representations of an affine point."""
    p = curve.p
    return point[0] * z**2 % p, point[1] * z**3 % p, z**2 % p, z**3 % p


def affine(curve, point):
    p = curve.p
    x, y, zz, zzz = point
    if zz == 0:
        return None
    assert pow(zz, 3, p) == zzz * zzz % p
    return x * pow(zz, -1, p) % p, y * pow(zzz, -1, p) % p


def raw(x, y):
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


@on_both_curves
def test_generator_is_the_standards(curve):
    assert multiple(curve, 1) == generator(curve)


@on_both_curves
@given(k=scalars)
def test_every_public_key_is_decoded_and_encoded_again(curve, k):
    point = multiple(curve, k)
    assert decode_point(curve, raw(*point)) == point
    assert encode_point(point) == raw(*point)


@on_both_curves
@pytest.mark.parametrize("size", [0, 1, 32, 33, 63, 65, 128])
def test_key_of_another_size_is_refused(curve, size):
    with pytest.raises(KeyFormatError):
        decode_point(curve, (raw(*generator(curve)) * 2)[:size])


@on_both_curves
def test_uncompressed_point_prefix_is_refused(curve):
    with pytest.raises(KeyFormatError):
        decode_point(curve, b"\x04" + raw(*generator(curve)))


@on_both_curves
def test_key_that_is_infinity_or_off_the_curve_is_refused(curve):
    gx, gy = generator(curve)
    # The first is the zeros some libraries write for infinity.
    wrong = [(0, 0), (0, 1), (1, 1), (gx, gy + 1), (gx + 1, gy), (gy, gx)]
    for x, y in [*wrong, (curve.p, gy), (gx, curve.p), (2**256 - 1, 2**256 - 1)]:
        with pytest.raises(KeyFormatError):
            decode_point(curve, raw(x, y))


@pytest.mark.parametrize(("curve", "other"), [(P256, SM2), (SM2, P256)])
@given(k=scalars)
def test_key_of_the_other_curve_is_refused(curve, other, k):
    with pytest.raises(KeyFormatError):
        decode_point(curve, raw(*multiple(other, k)))


@on_both_curves
def test_coordinate_not_below_p_is_refused_though_its_residue_is_on_the_curve(curve):
    p = curve.p
    x = next(x for x in range(100) if pow(x**3 - 3 * x + curve.b, (p - 1) // 2, p) == 1)
    y = pow(x**3 - 3 * x + curve.b, (p + 1) // 4, p)
    assert decode_point(curve, raw(x, y)) == (x, y)
    with pytest.raises(KeyFormatError):
        decode_point(curve, raw(x + p, y))


def test_either_coordinate_not_below_p_is_refused_on_a_small_curve():
    small = Curve(23, 9, 0, 0, 0)
    assert decode_point(small, raw(0, 3)) == (0, 3)
    for x, y in ((23, 3), (0, 26), (23, 26)):
        with pytest.raises(KeyFormatError):
            decode_point(small, raw(x, y))


@on_both_curves
@given(j=scalars, k=scalars, z=scales)
def test_sum_is_right_for_any_representation(curve, j, k, z):
    point = scaled(curve, multiple(curve, j), z)
    assert affine(curve, add(curve.p, point, *multiple(curve, k))) == multiple(curve, j + k)


@on_both_curves
@given(k=scalars, z=scales)
def test_double_is_right_for_any_representation(curve, k, z):
    point = scaled(curve, multiple(curve, k), z)
    assert affine(curve, double(curve.p, point)) == multiple(curve, 2 * k)


@on_both_curves
@given(k=scalars, z=scales)
def test_exceptional_sums_are_right(curve, k, z):
    p = curve.p
    point = multiple(curve, k)
    assert affine(curve, add(p, scaled(curve, point, z), *point)) == multiple(curve, 2 * k)
    assert affine(curve, add(p, scaled(curve, multiple(curve, -k), z), *point)) is None
    assert affine(curve, add(p, INFINITY, *point)) == point
    assert affine(curve, double(p, INFINITY)) is None


MODULI = [P256.p, P256.n, SM2.p, SM2.n]


@given(st.integers(1, 2**300), st.sampled_from(MODULI))
def test_inverse_times_number_is_one(a, m):
    if a % m:
        assert inverse(a, m) * a % m == 1
        assert 0 < inverse(a, m) < m


@pytest.mark.parametrize("m", MODULI)
@pytest.mark.parametrize("a", [1, 2, -1, -2])
def test_inverse_of_the_outermost_numbers(a, m):
    assert inverse(a % m, m) * a % m == 1
