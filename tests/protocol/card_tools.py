"""Cards of both suites as the authority personalises them with the development keys, and whoever talks to them."""

from dataclasses import replace
from functools import cache

from juzhu_protocol.authority import permits
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing, bundle_body
from juzhu_protocol.authority.made_up import ADDRESS, holder
from juzhu_protocol.authority.personalise import card_keys_of, endorse_card, issue_card
from juzhu_protocol.card.conversation import RUNNING, BusConversation, CounterConversation
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.hostside.aes import AesCbc
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.records.card import Service
from juzhu_protocol.records.trust import Bundle
from juzhu_protocol.rules.calendar import from_iso
from juzhu_protocol.rules.decide import GENUINE
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.trust.bundle import TrustedKeys
from juzhu_protocol.trust.chip import judge_chip
from juzhu_protocol.trust.contexts import SERVICE_CONTEXT, signed_part
from juzhu_protocol.trust.service import check_session, read_card
from juzhu_simulator.card import VirtualCard

KEYS = KeyRing.load(DEVELOPMENT_KEYS)
SUITES = (SUITE_ES256, SUITE_SM2_SM3)
ROLES = (ROLE_BUS, ROLE_COUNTER, ROLE_AUTHORITY)
EPOCH = 1
DIVISION = 410225
BORN, ISSUED = from_iso("1956-04-12"), from_iso("2023-06-15")
PERMIT_KEY = KEYS.permit_key(DIVISION, ISSUED, SUITE_ES256)
ENDORSEMENT_KEY = KEYS.endorsement_key(DIVISION, ISSUED, SUITE_ES256)
PHOTO = b"\xff\xd8" + bytes(range(256)) * 15 + b"\xff\xd9"
VERIFIER = NativeVerifier()


class Draws:
    """Bytes that look random and are the same each time; no two draws are alike."""

    def __init__(self, seed=0):
        self.drawn = seed << 32

    def __call__(self, size):
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")


@cache
def issued(serial=7, suite=SUITE_ES256, *, photo=PHOTO, endorsements=1):
    """The image of a card, endorsed in time each year, its keys with it."""
    permit = permits.issue(
        list_division=410200,
        serial=serial,
        issuing_division=DIVISION,
        permit_class=1,
        birth_day=BORN,
        address=ADDRESS,
        day=ISSUED,
        residence_since=ISSUED,
        registered_day=0,
    )
    image = issue_card(permit, holder(BORN, serial), photo, KEYS, suite)
    for _ in range(endorsements):
        permit = permits.endorse(permit, permit.good_through - 3, KAIFENG)
        image = endorse_card(image, permit, KEYS)
    return replace(image, card_keys=card_keys_of(image, KEYS))


def changed(raw, kind, **values):
    """A record with other values, its signature as it was."""
    record = kind.from_bytes(raw)
    for name, value in values.items():
        setattr(record, name, value)
    return record.to_bytes()


def signed(raw, kind, context, key, **values):
    """A record with other values, signed by a key that names itself."""
    raw = changed(raw, kind, key_id=key.key_id, suite=key.suite, **values)
    return raw[:-64] + key.sign(context, signed_part(raw))


def service_of(image, key, **values):
    return replace(image, service=signed(image.service, Service, SERVICE_CONTEXT, key, **values))


def card_of(image, random=None):
    return VirtualCard(image, random or Draws(1))


def sam_of(role, random=None, epochs=(EPOCH,)):
    return SoftwareSam(role, {epoch: KEYS.sam_set().master(role) for epoch in epochs}, random or Draws(2))


def bus(sam=None):
    return BusConversation(sam or sam_of(ROLE_BUS))


def desk(role=ROLE_COUNTER, *, sam=None, random=None, with_photo=True):
    return CounterConversation(sam or sam_of(role), AesCbc, random or Draws(3), with_photo=with_photo)


def converse(conversation, card):
    """The conversation over a card that stays, to its end."""
    while conversation.state == RUNNING:
        conversation.receive(card.transmit(conversation.command))
    return conversation


def log_of(conversation, card):
    """The (command, response) pairs of a whole conversation."""
    pairs = []
    while conversation.state == RUNNING:
        command = conversation.command
        pairs.append((command, card.transmit(command)))
        conversation.receive(pairs[-1][1])
    return pairs


class Between:
    """A man in the middle: `command` and `response` change what passes, by its number from 1."""

    def __init__(self, card, *, command=None, response=None):
        self._card = card
        self._command = command or (lambda number, command: command)
        self._response = response or (lambda number, command, response: response)
        self.passed = 0
        self.seen = []

    def transmit(self, command):
        self.passed += 1
        command = self._command(self.passed, command)
        response = self._response(self.passed, command, self._card.transmit(command))
        self.seen.append((command, response))
        return response


def bus_verdict(conversation, keys=KEYS.trusted):
    """The authenticity that a bus finds, after read_card and check_session (the reader's core does the same)."""
    service, authenticity = read_card(conversation.info, conversation.service, keys, VERIFIER)
    if service is None or authenticity != GENUINE:
        return authenticity
    return check_session(conversation.info, service, ROLE_BUS, conversation.endorsements_held, keys)


def chip_verdict(conversation, role=ROLE_COUNTER, keys=KEYS.trusted):
    """(authenticity, fault) that a counter finds."""
    chip = judge_chip(conversation, role, keys, VERIFIER)
    return chip.authenticity, chip.fault


def trusting(edit=lambda bundle: None, epochs=(1, 1, 1)):
    """The development keys' bundle, changed by `edit`."""
    bundle = Bundle.from_bytes(bundle_body(KEYS.known, 2, 1_700_000_000, epochs))
    edit(bundle)
    return TrustedKeys(bundle)
