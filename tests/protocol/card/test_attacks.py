"""Attacks with cards, records and keys, each by its name; in both suites where it may matter."""

from dataclasses import replace

import pytest
from card_tools import (
    DIVISION,
    ENDORSEMENT_KEY,
    EPOCH,
    ISSUED,
    KEYS,
    PERMIT_KEY,
    SUITES,
    VERIFIER,
    Between,
    Draws,
    bus,
    bus_verdict,
    card_of,
    changed,
    chip_verdict,
    converse,
    desk,
    issued,
    log_of,
    sam_of,
    service_of,
    signed,
    trusting,
)

from juzhu_protocol.card import apdu
from juzhu_protocol.card.conversation import (
    DONE,
    NEWER,
    NOT_PROVEN,
    UNKNOWN_EPOCH,
)
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.records.card import CardKeys, Endorsement, Info, Security, Service
from juzhu_protocol.rules.decide import (
    FORGED,
    GARBLED,
    GENUINE,
    KEY_UNKNOWN,
    KEY_WITHDRAWN,
    NEWER_PROFILE,
    OUTDATED,
)
from juzhu_protocol.trust.chip import judge_files
from juzhu_protocol.trust.contexts import SECURITY_CONTEXT, SERVICE_CONTEXT, signed_part

MINE, OTHER = 7, 8
GET_CHALLENGE_AT, MUTUAL_AT, SERVICE_AT = 3, 4, 5
"""Which command of a bus's conversation is which, from 1."""


def flipped(data, at, bit=1):
    return data[:at] + bytes([data[at] ^ bit]) + data[at:][1:]


def key_entry(bundle, key):
    (entry,) = [entry for entry in bundle.keys if entry.public_key == key.public_key]
    return entry


def bus_finds(image, keys=KEYS.trusted):
    conversation = converse(bus(), card_of(image))
    assert conversation.state == DONE
    return bus_verdict(conversation, keys)


def counter_finds(image, keys=KEYS.trusted, **how):
    conversation = converse(desk(**how), card_of(image))
    assert conversation.state == DONE
    verdict = chip_verdict(conversation, keys=keys)
    # What files alone tell on is told on before the chip is asked, and with the same words.
    files = judge_files(image, keys, VERIFIER)
    assert files.hold() or (files.authenticity, files.fault) == verdict
    return verdict


@pytest.mark.parametrize("suite", SUITES)
def test_honest_card_is_genuine_to_bus_counter_and_authority(suite):
    image = issued(MINE, suite)
    assert bus_finds(image) == GENUINE
    for role in (ROLE_COUNTER, ROLE_AUTHORITY):
        conversation = converse(desk(role), card_of(image))
        assert conversation.state == DONE
        assert chip_verdict(conversation, role) == (GENUINE, "")


# -- cloned cards --


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("start", [bus, desk])
def test_copied_files_on_a_chip_without_keys_are_refused(suite, start):
    conversation = converse(start(), card_of(replace(issued(MINE, suite), card_keys=b"")))
    assert (conversation.state, conversation.service) == (NOT_PROVEN, b"")


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("start", [bus, desk])
def test_copied_files_on_another_genuine_chip_are_refused(suite, start):
    clone = replace(issued(MINE, suite), card_keys=issued(OTHER, suite).card_keys)
    conversation = converse(start(), card_of(clone))
    assert (conversation.state, conversation.service) == (NOT_PROVEN, b"")


def test_card_made_with_a_stolen_bus_master_is_no_genuine_chip_to_a_counter():
    # The thief of a bus reader's software SAM has this card's bus key and no other.
    keys = CardKeys.from_bytes(issued(MINE).card_keys)
    keys.counter_key = keys.authority_key = bytes(32)
    keys.signing_key = bytes(31) + b"\x01"
    clone = replace(issued(MINE), card_keys=keys.to_bytes())
    assert bus_finds(clone) == GENUINE
    assert converse(desk(), card_of(clone)).state == NOT_PROVEN


def test_card_made_with_a_stolen_counter_master_lacks_the_chips_own_signature():
    keys = CardKeys.from_bytes(issued(MINE).card_keys)
    keys.signing_key = bytes(31) + b"\x01"
    clone = replace(issued(MINE), card_keys=keys.to_bytes())
    assert counter_finds(clone) == (FORGED, "the chip did not sign the challenge")


# -- authentication --


class Player:
    """A chip that says again what it heard an honest card say, in the order it was said."""

    def __init__(self, recorded):
        self._answers = [response for _, response in recorded]

    def transmit(self, command):
        return self._answers.pop(0)


def test_replayed_authentication_proves_nothing():
    recorded = log_of(bus(), card_of(issued(MINE)))
    replayed = converse(bus(sam_of(ROLE_BUS, Draws(99))), Player(recorded))
    assert (replayed.state, replayed.apdus, replayed.service) == (NOT_PROVEN, MUTUAL_AT, b"")


def test_replayed_authentication_of_a_reader_proves_nothing_to_a_card():
    card = card_of(issued(MINE))
    recorded = log_of(bus(), card)
    answers = [card.transmit(command) for command, _ in recorded]
    assert answers[MUTUAL_AT - 1] == b"\x63\xc2"
    assert answers[SERVICE_AT - 1] == b"\x69\x82"


def test_challenge_is_good_for_one_authentication():
    card = card_of(issued(MINE))
    recorded = log_of(bus(), card)
    for command, _ in recorded[:2]:
        card.transmit(command)
    mutual = recorded[MUTUAL_AT - 1][0]
    assert card.transmit(mutual) == b"\x69\x85"
    card.transmit(recorded[GET_CHALLENGE_AT - 1][0])
    assert card.transmit(mutual) == b"\x63\xc2"
    # The challenge was used up by the wrong token: the right one comes too late.
    assert card.transmit(mutual) == b"\x69\x85"


def test_wrong_length_uses_the_challenge_up():
    card = card_of(issued(MINE))
    conversation = bus()
    while conversation.apdus < MUTUAL_AT - 1:
        conversation.receive(card.transmit(conversation.command))
    card.transmit(apdu.mutual_authenticate(ROLE_BUS, bytes(31)))
    assert card.transmit(conversation.command) == b"\x69\x85"


def test_card_that_repeats_its_challenge_gets_other_tokens_and_keys():
    image = issued(MINE)
    same = card_of(image, bytes)
    sam = sam_of(ROLE_BUS)
    first, second = log_of(bus(sam), same), log_of(bus(sam), same)
    assert first[GET_CHALLENGE_AT - 1] == second[GET_CHALLENGE_AT - 1]
    for at in (MUTUAL_AT, SERVICE_AT):
        assert first[at - 1][0] != second[at - 1][0]
        assert first[at - 1][1] != second[at - 1][1]
    # What was said under the same challenge of the card is no answer to another reader.
    assert converse(bus(sam), Player(first)).state == NOT_PROVEN


def test_reader_that_repeats_its_challenge_gets_other_tokens_and_keys():
    card = card_of(issued(MINE))
    first = log_of(bus(sam_of(ROLE_BUS, bytes)), card)
    second = log_of(bus(sam_of(ROLE_BUS, bytes)), card)
    for at in (MUTUAL_AT, SERVICE_AT):
        assert first[at - 1][0] != second[at - 1][0]
        assert first[at - 1][1] != second[at - 1][1]


def test_readers_token_sent_back_as_the_cards_proves_nothing():
    def reflect(number, command, response):
        return b"\x01" + command[21:37] + b"\x90\x00" if number == MUTUAL_AT else response

    assert converse(bus(), Between(card_of(issued(MINE)), response=reflect)).state == NOT_PROVEN


def test_cards_token_sent_back_as_a_readers_proves_nothing():
    # A man between two cards' worth of the same card: the token that it gave over swapped challenges.
    card = card_of(issued(MINE), bytes)
    sam = sam_of(ROLE_BUS, bytes)
    recorded = log_of(bus(sam), card)
    token = recorded[MUTUAL_AT - 1][1][1:17]
    card.transmit(apdu.select())
    card.transmit(apdu.get_challenge(16))
    assert card.transmit(apdu.mutual_authenticate(ROLE_BUS, bytes(16) + token)) == b"\x63\xc2"


def test_endorsements_that_the_card_states_cannot_be_changed_on_the_way():
    def fewer(number, command, response):
        return flipped(response, 0) if number == MUTUAL_AT else response

    assert converse(bus(), Between(card_of(issued(MINE)), response=fewer)).state == NOT_PROVEN


def test_token_for_one_role_opens_no_other():
    card = card_of(issued(MINE))

    def promote(number, command):
        return flipped(command, 3, ROLE_BUS ^ ROLE_COUNTER) if number == MUTUAL_AT else command

    assert converse(bus(), Between(card, command=promote)).state == NOT_PROVEN


@pytest.mark.parametrize("wrong", [0, 2, 200])
def test_epoch_that_the_sam_lacks_is_no_fault_of_the_card(wrong):
    image = issued(MINE)
    image = replace(image, info=changed(image.info, Info, card_key_epoch=wrong))
    conversation = converse(bus(), card_of(image))
    assert (conversation.state, conversation.apdus) == (UNKNOWN_EPOCH, GET_CHALLENGE_AT)


def test_epoch_0_is_never_asked_of_a_sam_even_one_that_holds_it():
    image = issued(MINE)
    image = replace(image, info=changed(image.info, Info, card_key_epoch=0))
    conversation = converse(bus(sam_of(ROLE_BUS, epochs=(0, 1))), card_of(image))
    assert conversation.state == UNKNOWN_EPOCH


def test_epoch_of_another_master_proves_nothing():
    image = issued(MINE)
    image = replace(image, info=changed(image.info, Info, card_key_epoch=2))
    assert converse(bus(sam_of(ROLE_BUS, epochs=(1, 2))), card_of(image)).state == NOT_PROVEN


@pytest.mark.parametrize("suite", SUITES)
def test_epoch_that_the_bundle_withdrew_from_one_role_is_withdrawn_from_no_other(suite):
    image = issued(MINE, suite)
    assert bus_finds(image, trusting(epochs=(EPOCH + 1, EPOCH, EPOCH))) == KEY_WITHDRAWN
    assert counter_finds(image, trusting(epochs=(EPOCH + 1, EPOCH, EPOCH)))[0] == GENUINE
    assert bus_finds(image, trusting(epochs=(EPOCH, EPOCH + 1, EPOCH))) == GENUINE
    assert counter_finds(image, trusting(epochs=(EPOCH, EPOCH + 1, EPOCH)))[0] == KEY_WITHDRAWN


# -- mixed cards --


@pytest.mark.parametrize("suite", SUITES)
def test_service_of_one_card_with_info_of_another_is_refused(suite):
    mine, other = issued(MINE, suite), issued(OTHER, suite)
    assert bus_finds(replace(mine, service=other.service)) == FORGED
    assert counter_finds(replace(mine, service=other.service))[0] == FORGED


@pytest.mark.parametrize("suite", SUITES)
def test_service_of_one_card_with_endorsements_of_another_is_refused_at_a_counter(suite):
    mixed = replace(issued(MINE, suite), endorsements=issued(OTHER, suite).endorsements)
    assert counter_finds(mixed) == (FORGED, "endorsement 1 is another card's")
    # A bus reads no endorsement; it is told their number, and SERVICE stands by its own signature.
    assert bus_finds(mixed) == GENUINE


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", ["security", "holder", "photo"])
def test_another_cards_file_is_refused_at_a_counter(suite, name):
    mixed = replace(issued(MINE, suite), **{name: getattr(issued(OTHER, suite, photo=b""), name)})
    assert counter_finds(mixed)[0] == FORGED


@pytest.mark.parametrize("suite", SUITES)
def test_old_service_written_back_is_outdated(suite):
    newest, before = issued(MINE, suite, endorsements=2), issued(MINE, suite, endorsements=1)
    rolled_back = replace(newest, service=before.service)
    assert bus_finds(newest) == GENUINE
    assert bus_finds(rolled_back) == OUTDATED
    assert counter_finds(rolled_back)[0] == OUTDATED


@pytest.mark.parametrize("suite", SUITES)
def test_fewer_endorsements_than_service_says_are_not_genuine(suite):
    image = issued(MINE, suite, endorsements=2)
    for kept in (0, 1):
        fewer = replace(image, endorsements=image.endorsements[:kept])
        assert bus_finds(fewer) == FORGED
        assert counter_finds(fewer)[0] == FORGED


def test_endorsements_in_another_order_are_refused_at_a_counter():
    image = issued(MINE, endorsements=2)
    assert counter_finds(replace(image, endorsements=image.endorsements[::-1]))[0] == FORGED


def test_one_endorsement_twice_is_refused_at_a_counter():
    image = issued(MINE, endorsements=2)
    assert counter_finds(replace(image, endorsements=image.endorsements[:1] * 2))[0] == FORGED


# -- suites and versions --


@pytest.mark.parametrize(("suite", "other"), [SUITES, SUITES[::-1]])
def test_downgrade_of_info_from_one_suite_to_the_other_is_refused(suite, other):
    image = issued(MINE, suite)
    image = replace(image, info=changed(image.info, Info, suite=other))
    assert bus_finds(image) == FORGED
    assert counter_finds(image)[0] == FORGED


@pytest.mark.parametrize(("suite", "other"), [SUITES, SUITES[::-1]])
def test_downgrade_of_service_from_one_suite_to_the_other_is_refused(suite, other):
    image = issued(MINE, suite)
    both = replace(
        image,
        info=changed(image.info, Info, suite=other),
        service=changed(image.service, Service, suite=other),
    )
    assert bus_finds(both) == FORGED
    assert bus_finds(replace(both, info=image.info)) == FORGED
    security = changed(image.security, Security, suite=other)
    assert counter_finds(replace(image, security=security))[0] == FORGED
    endorsements = (changed(image.endorsements[0], Endorsement, suite=other),)
    assert counter_finds(replace(image, endorsements=endorsements))[0] == FORGED


def test_signature_of_one_suite_under_a_key_of_the_other_is_refused():
    image = issued(MINE, SUITE_SM2_SM3)
    key = KEYS.permit_key(DIVISION, ISSUED, SUITE_SM2_SM3)
    # Signed by the right organ's key of the other suite, and said to be of this one.
    raw = changed(image.service, Service, key_id=key.key_id, suite=SUITE_ES256)
    raw = raw[:-64] + key.sign(SERVICE_CONTEXT, signed_part(raw))
    info = changed(image.info, Info, suite=SUITE_ES256)
    assert bus_finds(replace(image, info=info, service=raw)) == FORGED


@pytest.mark.parametrize("start", [bus, desk])
def test_newer_card_profile_asks_for_a_newer_reader(start):
    image = issued(MINE)
    newer = converse(start(), card_of(replace(image, info=flipped(image.info, 1, 3))))
    assert (newer.state, newer.apdus) == (NEWER, 2)


def test_newer_service_asks_for_a_newer_reader():
    image = issued(MINE)
    assert bus_finds(replace(image, service=flipped(image.service, 1, 3))) == NEWER_PROFILE
    assert counter_finds(replace(image, service=flipped(image.service, 1, 3)))[0] == NEWER_PROFILE
    assert counter_finds(replace(image, security=flipped(image.security, 1, 3)))[0] == NEWER_PROFILE


@pytest.mark.parametrize("name", ["service", "security"])
def test_garbled_file_accuses_nobody(name):
    image = issued(MINE)
    garbled = replace(image, **{name: getattr(image, name)[:-1]})
    assert counter_finds(garbled)[0] == GARBLED


# -- organs beyond their right --


def test_organ_beyond_its_divisions_signs_no_service():
    other = KEYS.permit_key(410102, ISSUED, SUITE_ES256)
    assert bus_finds(service_of(issued(MINE), other)) == FORGED
    # What it may sign is its own division's, which is another place's card.
    assert bus_finds(service_of(issued(MINE), other, issuing_division=410102)) == GENUINE


def test_organ_beyond_its_divisions_signs_no_security():
    image, other = issued(MINE), KEYS.permit_key(410102, ISSUED, SUITE_ES256)
    security = signed(image.security, Security, SECURITY_CONTEXT, other)
    assert counter_finds(replace(image, security=security))[0] == FORGED


def test_endorsement_key_signs_no_permit():
    image = issued(MINE, endorsements=0)
    fresh = service_of(image, ENDORSEMENT_KEY)
    assert ENDORSEMENT_KEY.key_id != PERMIT_KEY.key_id
    assert bus_finds(service_of(image, PERMIT_KEY)) == GENUINE
    assert bus_finds(fresh) == FORGED
    security = signed(image.security, Security, SECURITY_CONTEXT, ENDORSEMENT_KEY)
    assert counter_finds(replace(image, security=security))[0] == FORGED
    assert bus_finds(service_of(issued(MINE), ENDORSEMENT_KEY)) == GENUINE


@pytest.mark.parametrize("purpose", [2, 3])
def test_list_or_policy_key_signs_no_service(purpose):
    def degrade(bundle):
        entry = key_entry(bundle, ENDORSEMENT_KEY)
        entry.purpose = purpose
        entry.epoch = int(purpose == 2)

    assert bus_finds(issued(MINE), trusting(degrade)) == FORGED


def valid(first, last):
    def edit(bundle):
        for key in (PERMIT_KEY, ENDORSEMENT_KEY):
            entry = key_entry(bundle, key)
            entry.valid_from, entry.valid_through = first, last

    return trusting(edit)


def test_expired_organ_key_signed_in_time_and_not_after():
    image = issued(MINE)
    day = Service.from_bytes(image.service).endorsement_day
    assert bus_finds(image, valid(1, day)) == GENUINE
    assert bus_finds(image, valid(1, day - 1)) == FORGED
    assert bus_finds(image, valid(day + 1, 65534)) == FORGED
    assert counter_finds(image, valid(ISSUED, day))[0] == GENUINE
    assert counter_finds(image, valid(ISSUED + 1, day))[0] == FORGED


def test_service_backdated_into_an_expired_keys_time_still_needs_its_signature():
    image = issued(MINE)
    day = Service.from_bytes(image.service).endorsement_day
    backdated = replace(image, service=changed(image.service, Service, endorsement_day=day - 2))
    assert bus_finds(backdated, valid(1, day - 1)) == FORGED


@pytest.mark.parametrize("suite", SUITES)
def test_revoked_organ_key_proves_nothing_any_more(suite):
    image = issued(MINE, suite)
    signer = Service.from_bytes(image.service).key_id

    def revoke(bundle):
        for entry in bundle.keys:
            if entry.public_key == KEYS.trusted.get(signer).public_key:
                entry.revoked_on = ISSUED

    assert bus_finds(image, trusting(revoke)) == KEY_WITHDRAWN
    assert counter_finds(image, trusting(revoke))[0] == KEY_WITHDRAWN


def test_key_that_no_bundle_holds_is_unknown_and_no_forgery():
    image = issued(MINE)

    def forget(bundle):
        bundle.keys.remove(key_entry(bundle, ENDORSEMENT_KEY))

    assert bus_finds(image, trusting(forget)) == KEY_UNKNOWN


def test_thief_of_an_endorsement_key_is_found_at_a_counter_by_the_birth_date():
    """He can make a genuine card older for a bus; HOLDER, which he cannot sign, tells on him where papers are seen."""
    image = issued(MINE)
    older = Service.from_bytes(image.service).birth_day - 3650
    forged = service_of(image, ENDORSEMENT_KEY, birth_day=older)
    assert bus_finds(forged) == GENUINE
    assert counter_finds(forged) == (FORGED, "HOLDER and SERVICE tell of two birth dates")
