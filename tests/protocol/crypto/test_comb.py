"""Combs of every width against the cryptography package: (u1 + u2*d)*G for Q = d*G."""

from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.crypto.comb import (
    TEETH,
    CombTable,
    TableBuilder,
    TablePair,
    build_table,
    joint_multiply,
    table_size,
)
from juzhu_protocol.crypto.curve import P256, Curve

P, N = P256.p, P256.n
WIDTHS = [2, 3, 4, 5, 6, 7, 8]
EDGES = [0, 1, 2, 3, N // 2, N // 2 + 1, N - 2, N - 1]
scalars = st.one_of(
    st.integers(0, N - 1), st.sampled_from(EDGES), st.integers(0, 70), st.integers(N - 70, N - 1)
)


def multiple(k):
    """k*G by OpenSSL, None at infinity."""
    if k % N == 0:
        return None
    numbers = ec.derive_private_key(k % N, ec.SECP256R1()).public_key().public_numbers()
    return numbers.x, numbers.y


@cache
def table_of(d, teeth=TEETH):
    return build_table(P256, multiple(d), teeth)


def joint(d, u1, u2, teeth=TEETH):
    x, y, zz, zzz = joint_multiply(TablePair(table_of(1, teeth), table_of(d, teeth)), u1, u2)
    if zz == 0:
        return None
    return x * pow(zz, -1, P) % P, y * pow(zzz, -1, P) % P


@given(st.integers(1, N - 1), scalars, scalars)
def test_joint_multiple_is_right_for_any_key(d, u1, u2):
    assert joint(d, u1, u2) == multiple(u1 + u2 * d)


@pytest.mark.parametrize("teeth", WIDTHS)
@pytest.mark.parametrize("d", [1, N - 1, 2, N // 3])
def test_joint_multiple_is_right_at_the_edges_for_every_width(teeth, d):
    for u1 in EDGES:
        for u2 in EDGES:
            assert joint(d, u1, u2, teeth) == multiple(u1 + u2 * d), (u1, u2)


# Equal and opposite combs, or nearly so, meet equal, opposite and infinite points in the chain.
@given(st.sampled_from([1, N - 1]), scalars, st.sampled_from([0, 1, -1, 2, -2]))
def test_key_equal_or_opposite_to_the_generator_gives_the_right_sum(d, u, off):
    for u1 in (u, N - u):
        u2 = (u + off) % N
        assert joint(d, u1 % N, u2) == multiple(u1 + u2 * d)


@given(st.sampled_from([2, 3, N - 2, N - 3, (N + 1) // 2, (N - 1) // 2, 2**43, N - 2**43]), scalars, scalars)
def test_key_that_is_a_near_multiple_of_the_generator_gives_the_right_sum(d, u1, u2):
    assert joint(d, u1, u2) == multiple(u1 + u2 * d)
    assert joint(d, -u2 * d % N, u2) is None


@pytest.mark.parametrize("teeth", WIDTHS)
def test_entries_are_the_signed_sums_of_the_teeth(teeth):
    table = table_of(7, teeth)
    columns = -(-256 // teeth)
    assert len(table.entries) == 2 ** (teeth - 1)
    for k, entry in enumerate(table.entries):
        factor = 2 ** ((teeth - 1) * columns)
        factor += sum((1 if k >> i & 1 else -1) * 2 ** (i * columns) for i in range(teeth - 1))
        assert entry == multiple(7 * factor)


@given(scalars, st.sampled_from(WIDTHS))
def test_digits_stand_for_the_scalar(u, teeth):
    columns = -(-256 // teeth)
    digits = table_of(1, teeth).digits(u)
    assert len(digits) == columns
    value = 0
    for digit in digits:
        assert digit < 2**teeth
        value = 2 * value + sum((1 if digit >> i & 1 else -1) * 2 ** (i * columns) for i in range(teeth))
    assert value % N == u


@pytest.mark.parametrize("teeth", WIDTHS)
def test_stored_table_is_the_same_table(teeth):
    table = table_of(5, teeth)
    data = table.to_bytes()
    assert len(data) == table_size(teeth) == 64 << (teeth - 1)
    again = CombTable(P256, teeth, data)
    assert again.entries == table.entries
    assert again.to_bytes() == data


@pytest.mark.parametrize("change", [-64, -1, 1, 64])
def test_stored_table_of_another_size_is_refused(change):
    data = (table_of(5).to_bytes() + bytes(64))[: table_size(TEETH) + change]
    with pytest.raises(ValueError):
        CombTable(P256, TEETH, data)


@pytest.mark.parametrize("teeth", [-1, 0, 1, 9])
def test_unusable_width_is_refused(teeth):
    with pytest.raises(ValueError):
        TableBuilder(P256, (P256.gx, P256.gy), teeth)


def test_tables_of_different_widths_or_curves_do_not_pair():
    other = Curve(P256.p, P256.b, P256.n, P256.gx, P256.gy)
    foreign = CombTable(other, TEETH, table_of(5).to_bytes())
    with pytest.raises(ValueError):
        TablePair(table_of(1, 5), table_of(5, 6))
    with pytest.raises(ValueError):
        TablePair(table_of(1), foreign)


def test_interleaved_builders_do_not_disturb_each_other():
    builders = [TableBuilder(P256, multiple(d)) for d in (3, 5)]
    while not all(builder.table for builder in builders):
        for builder in builders:
            builder.step()
    assert [builder.table.entries for builder in builders] == [table_of(3).entries, table_of(5).entries]


def test_builder_has_no_table_before_step_says_so_and_keeps_it_after():
    builder = TableBuilder(P256, multiple(9))
    while not builder.step():
        assert builder.table is None
    table = builder.table
    assert builder.step()
    assert builder.table is table
