"""SAM sets: the derivations, computed here a second time from the standards, and what must not repeat or show."""

import copy
import hmac
import pickle
from hashlib import sha256

import pytest

from juzhu_protocol.authority.sam_set import SamSet, new_masters
from juzhu_protocol.authority.signing import signer_of
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_CARD, ROLE_COUNTER, ROLES
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3, curve_of
from juzhu_protocol.hostside.native import NativeVerifier

MASTERS = b"".join(bytes([role + 1]) * 32 for role in range(4))
SAM = SamSet(7, MASTERS)
CITY, SERIAL = 410200, 1234567
SUITES = (SUITE_ES256, SUITE_SM2_SM3)


def derived(key, label, context):
    """SP 800-108r1, section 4.1: HMAC-SHA256(key, [1]32 || label || 00 || context || [256]32)."""
    return hmac.new(key, b"\0\0\0\1" + label + b"\0" + context + b"\0\0\1\0", sha256).digest()


def test_role_keys_are_as_the_protocol_has_them():
    context = bytes([7]) + CITY.to_bytes(3, "big") + SERIAL.to_bytes(4, "big")
    keys = SAM.card_keys(SUITE_ES256, CITY, SERIAL)
    # The file holds bus, counter, authority, card in this order; roles are numbered 1, 2, 3 and 0.
    assert keys.bus_key == derived(b"\1" * 32, b"juzhu/1/card-key", b"\1" + context)
    assert keys.counter_key == derived(b"\2" * 32, b"juzhu/1/card-key", b"\2" + context)
    assert keys.authority_key == derived(b"\3" * 32, b"juzhu/1/card-key", b"\3" + context)
    assert (keys.epoch, keys.suite) == (7, SUITE_ES256)
    assert [SAM.master(role)[0] for role in (ROLE_BUS, ROLE_COUNTER, ROLE_AUTHORITY, ROLE_CARD)] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize(("suite", "below"), [(SUITE_ES256, 1), (SUITE_SM2_SM3, 2)])
def test_signing_key_is_512_derived_bits_reduced(suite, below):
    """FIPS 186-5, A.2.1: (c mod (n - 1)) + 1; SM2's last scalar is n - 2."""
    context = bytes([0, 7]) + CITY.to_bytes(3, "big") + SERIAL.to_bytes(4, "big") + bytes([suite])
    wide = b"".join(
        derived(b"\4" * 32, b"juzhu/1/card-signing-key/" + half, context) for half in (b"1", b"2")
    )
    expected = int.from_bytes(wide, "big") % (curve_of(suite).n - below) + 1
    assert SAM.card_keys(suite, CITY, SERIAL).signing_key == expected.to_bytes(32, "big")


@pytest.mark.parametrize("suite", SUITES)
def test_signing_key_signs(suite):
    signer = signer_of(suite, SAM.card_keys(suite, CITY, SERIAL).signing_key)
    signature = signer.sign(b"juzhu/test", b"message")
    assert NativeVerifier().verify(suite, signer.public_key, b"juzhu/test", b"message", signature)


def test_no_two_cards_roles_epochs_or_suites_share_a_key():
    found = []
    for epoch in (1, 2):
        sam = SamSet(epoch, MASTERS)
        for suite in SUITES:
            for division in (CITY, CITY + 100):
                for serial in (1, 2, 256):
                    keys = sam.card_keys(suite, division, serial)
                    found.append(keys.signing_key)
                    if suite == SUITE_ES256:
                        found += [keys.bus_key, keys.counter_key, keys.authority_key]
    assert len(set(found)) == len(found) == 2 * 2 * 3 * (2 + 3)


def test_same_master_for_every_role_still_gives_other_keys():
    keys = SamSet(1, bytes(128)).card_keys(SUITE_ES256, CITY, 1)
    assert len({keys.bus_key, keys.counter_key, keys.authority_key, keys.signing_key}) == 4


@pytest.mark.parametrize("suite", [0, 3, 255])
def test_unknown_suite_gives_no_keys(suite):
    with pytest.raises(ValueError, match="suite"):
        SAM.card_keys(suite, CITY, SERIAL)


@pytest.mark.parametrize(
    ("epoch", "masters"), [(0, MASTERS), (256, MASTERS), (1, MASTERS[:-1]), (1, MASTERS + b"x")]
)
def test_set_that_is_none_is_refused(epoch, masters):
    with pytest.raises(ValueError, match=r"epoch|SAM set"):
        SamSet(epoch, masters)


def test_role_that_is_none_has_no_master():
    with pytest.raises(ValueError, match="role 4"):
        SAM.master(4)


def test_check_values_tell_masters_apart_and_give_nothing_away():
    values = SAM.check_values()
    assert len(set(values.values())) == len(ROLES)
    assert values != SamSet(8, MASTERS).check_values()
    changed = SamSet(7, MASTERS[:-1] + bytes([MASTERS[-1] ^ 1])).check_values()
    assert [name for name in values if values[name] != changed[name]] == ["card_check"]
    # 4 bytes of a MAC under the master, over something that no card key is derived from.
    assert all(len(bytes.fromhex(value)) == 4 for value in values.values())
    for role in ROLES.values():
        value = SAM.check_value(role)
        assert value not in SAM.master(role)
        for suite in SUITES:
            assert value not in SAM.card_keys(suite, CITY, SERIAL).to_bytes()


def test_masters_are_not_shown_pickled_or_copied():
    shown = repr(SAM) + str([SAM]) + repr(dir(SAM))
    assert not any(
        SAM.master(role).hex() in shown or repr(SAM.master(role)) in shown for role in ROLES.values()
    )
    assert not hasattr(SAM, "__dict__")
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            act(SAM)


def test_new_masters_are_new():
    both = new_masters() + new_masters()
    assert len({both[at : at + 32] for at in range(0, len(both), 32)}) == 8
