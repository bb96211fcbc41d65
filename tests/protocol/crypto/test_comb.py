"""Combs of every width on both curves against other people's code: (u1 + u2*d)*G for Q = d*G."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_curves import CURVES, curve_name, multiple

from juzhu_protocol.crypto.comb import (
    TEETH,
    CombTable,
    TableBuilder,
    TablePair,
    build_table,
    joint_multiply,
    table_size,
)
from juzhu_protocol.crypto.curve import P256, SM2
from parts import needs

pytestmark = needs("openssl")
WIDTHS = [2, 3, 4, 5, 6, 7, 8]
on_both_curves = pytest.mark.parametrize("curve", CURVES, ids=curve_name)


def edges(n):
    return [0, 1, 2, 3, n // 2, n // 2 + 1, n - 2, n - 1]


def scalars(n):
    return st.one_of(
        st.integers(0, n - 1), st.sampled_from(edges(n)), st.integers(0, 70), st.integers(n - 70, n - 1)
    )


@cache
def table_of(curve, d, teeth=TEETH):
    return build_table(curve, multiple(curve, d), teeth)


def joint(curve, d, u1, u2, teeth=TEETH):
    pair = TablePair(table_of(curve, 1, teeth), table_of(curve, d, teeth))
    x, y, zz, zzz = joint_multiply(pair, u1, u2)
    if zz == 0:
        return None
    p = curve.p
    return x * pow(zz, -1, p) % p, y * pow(zzz, -1, p) % p


@on_both_curves
@given(st.data())
def test_joint_multiple_is_right_for_any_key(curve, data):
    n = curve.n
    d, u1, u2 = data.draw(st.tuples(st.integers(1, n - 1), scalars(n), scalars(n)))
    assert joint(curve, d, u1, u2) == multiple(curve, u1 + u2 * d)


@on_both_curves
@pytest.mark.parametrize("teeth", WIDTHS)
@pytest.mark.parametrize("key", ["1", "n - 1", "2", "n / 3"])
def test_joint_multiple_is_right_at_the_edges_for_every_width(curve, teeth, key):
    n = curve.n
    d = {"1": 1, "n - 1": n - 1, "2": 2, "n / 3": n // 3}[key]
    for u1 in edges(n):
        for u2 in edges(n):
            assert joint(curve, d, u1, u2, teeth) == multiple(curve, u1 + u2 * d), (u1, u2)


# Equal and opposite combs, or nearly so, meet equal, opposite and infinite points in the chain.
@on_both_curves
@given(st.data(), st.booleans(), st.sampled_from([0, 1, -1, 2, -2]))
def test_key_equal_or_opposite_to_the_generator_gives_the_right_sum(curve, data, opposite, off):
    n = curve.n
    u, d = data.draw(scalars(n)), n - 1 if opposite else 1
    for u1 in (u, n - u):
        u2 = (u + off) % n
        assert joint(curve, d, u1 % n, u2) == multiple(curve, u1 + u2 * d)


@on_both_curves
@given(st.data())
def test_key_that_is_a_near_multiple_of_the_generator_gives_the_right_sum(curve, data):
    n = curve.n
    d = data.draw(st.sampled_from([2, 3, n - 2, n - 3, (n + 1) // 2, (n - 1) // 2, 2**43, n - 2**43]))
    u1, u2 = data.draw(st.tuples(scalars(n), scalars(n)))
    assert joint(curve, d, u1, u2) == multiple(curve, u1 + u2 * d)
    assert joint(curve, d, -u2 * d % n, u2) is None


@on_both_curves
@pytest.mark.parametrize("teeth", WIDTHS)
def test_entries_are_the_signed_sums_of_the_teeth(curve, teeth):
    table = table_of(curve, 7, teeth)
    columns = -(-256 // teeth)
    assert len(table.entries) == 2 ** (teeth - 1)
    for k, entry in enumerate(table.entries):
        factor = 2 ** ((teeth - 1) * columns)
        factor += sum((1 if k >> i & 1 else -1) * 2 ** (i * columns) for i in range(teeth - 1))
        assert entry == multiple(curve, 7 * factor)


@on_both_curves
@given(st.data(), st.sampled_from(WIDTHS))
def test_digits_stand_for_the_scalar(curve, data, teeth):
    u = data.draw(scalars(curve.n))
    columns = -(-256 // teeth)
    digits = table_of(curve, 1, teeth).digits(u)
    assert len(digits) == columns
    value = 0
    for digit in digits:
        assert digit < 2**teeth
        value = 2 * value + sum((1 if digit >> i & 1 else -1) * 2 ** (i * columns) for i in range(teeth))
    assert value % curve.n == u


@pytest.mark.parametrize("teeth", WIDTHS)
def test_stored_table_is_the_same_table(teeth):
    table = table_of(P256, 5, teeth)
    data = table.to_bytes()
    assert len(data) == table_size(teeth) == 64 << (teeth - 1)
    again = CombTable(P256, teeth, data)
    assert again.entries == table.entries
    assert again.to_bytes() == data


@pytest.mark.parametrize("change", [-64, -1, 1, 64])
def test_stored_table_of_another_size_is_refused(change):
    data = (table_of(P256, 5).to_bytes() + bytes(64))[: table_size(TEETH) + change]
    with pytest.raises(ValueError):
        CombTable(P256, TEETH, data)


@pytest.mark.parametrize("teeth", [-1, 0, 1, 9])
def test_unusable_width_is_refused(teeth):
    with pytest.raises(ValueError):
        TableBuilder(P256, (P256.gx, P256.gy), teeth)


def test_tables_of_different_widths_or_curves_do_not_pair():
    with pytest.raises(ValueError):
        TablePair(table_of(P256, 1, 5), table_of(P256, 5, 6))
    with pytest.raises(ValueError):
        TablePair(table_of(P256, 1), table_of(SM2, 1))


def test_interleaved_builders_do_not_disturb_each_other():
    builders = [TableBuilder(curve, multiple(curve, 3)) for curve in CURVES]
    while not all(builder.table for builder in builders):
        for builder in builders:
            builder.step()
    assert [builder.table.entries for builder in builders] == [table_of(curve, 3).entries for curve in CURVES]


def test_builder_has_no_table_before_step_says_so_and_keeps_it_after():
    builder = TableBuilder(P256, multiple(P256, 9))
    while not builder.step():
        assert builder.table is None
    table = builder.table
    assert builder.step()
    assert builder.table is table
