"""A card's files judged without their chip: what tells on them, and what no file can show."""

from dataclasses import replace

import pytest
from card_tools import (
    ENDORSEMENT_KEY,
    ISSUED,
    KEYS,
    PERMIT_KEY,
    SUITES,
    VERIFIER,
    card_of,
    changed,
    chip_verdict,
    converse,
    desk,
    issued,
    service_of,
    signed,
    trusting,
)

from juzhu_protocol.card.keys import NO_EPOCH
from juzhu_protocol.crypto.signature import SUITE_ES256
from juzhu_protocol.records.card import CardKeys, Endorsement, Info, Security, Service
from juzhu_protocol.rules.decide import FORGED, GARBLED, GENUINE, KEY_UNKNOWN, KEY_WITHDRAWN, OUTDATED
from juzhu_protocol.trust.chip import judge_files
from juzhu_protocol.trust.contexts import ENDORSEMENT_CONTEXT, SECURITY_CONTEXT


def files_find(image, keys=KEYS.trusted):
    found = judge_files(image, keys, VERIFIER)
    return found.authenticity, found.fault


def of_no_epoch(image):
    return replace(image, info=changed(image.info, Info, card_key_epoch=NO_EPOCH))


def older(image):
    """A card as an older version of this software made it."""
    return replace(of_no_epoch(image), holder=b"", photo=b"", security=b"", card_keys=b"")


def forgetting(key):
    def edit(bundle):
        bundle.keys = [entry for entry in bundle.keys if entry.public_key != key.public_key]

    return edit


def revoking(key):
    def edit(bundle):
        for entry in bundle.keys:
            if entry.public_key == key.public_key:
                entry.revoked_on = ISSUED

    return edit


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("endorsements", [0, 1, 3])
def test_files_of_an_honest_card_hold(suite, endorsements):
    image = issued(suite=suite, endorsements=endorsements)
    found = judge_files(image, KEYS.trusted, VERIFIER)
    assert (found.authenticity, found.fault, found.hold()) == (GENUINE, "", True)
    assert found.service.to_bytes() == image.service
    assert found.security.to_bytes() == image.security
    assert [(record.to_bytes(), proven) for record, proven in found.endorsements] == [
        (raw, GENUINE) for raw in image.endorsements
    ]


def test_copied_files_hold_and_only_the_chip_tells_on_them():
    image, other = issued(7), issued(8)
    clone = replace(image, card_keys=other.card_keys)
    assert files_find(clone) == (GENUINE, "")
    mine = CardKeys.from_bytes(image.card_keys)
    roles = {name: getattr(mine, name) for name in ("bus_key", "counter_key", "authority_key")}
    keys = changed(other.card_keys, CardKeys, **roles)
    conversation = converse(desk(), card_of(replace(image, card_keys=keys)))
    assert chip_verdict(conversation) == (FORGED, "the chip did not sign the challenge")


def test_service_of_a_stolen_endorsement_key_with_another_birth_date_does_not_hold():
    image = issued()
    born = Service.from_bytes(image.service).birth_day
    forged = service_of(image, ENDORSEMENT_KEY, birth_day=born - 3650)
    assert files_find(forged) == (FORGED, "HOLDER and SERVICE tell of two birth dates")


def test_security_whose_key_is_no_point_does_not_hold():
    image = issued()
    security = signed(image.security, Security, SECURITY_CONTEXT, PERMIT_KEY, public_key=bytes(64))
    authenticity, fault = files_find(replace(image, security=security))
    assert authenticity == GARBLED
    assert fault.startswith("SECURITY: ")


def test_old_service_beside_all_endorsements_does_not_hold():
    newest, before = issued(endorsements=2), issued(endorsements=1)
    assert files_find(replace(newest, service=before.service)) == (
        OUTDATED,
        "SERVICE is not the card's newest",
    )


def test_service_without_its_endorsements_does_not_hold():
    authenticity, fault = files_find(replace(issued(), endorsements=()))
    assert (authenticity, fault) == (FORGED, "the card has fewer endorsements than SERVICE tells of")


@pytest.mark.parametrize("raw", [b"", b"\x02" + bytes(210)])
def test_card_that_claims_an_epoch_needs_its_security(raw):
    image = issued()
    assert files_find(replace(image, security=raw))[0] != GENUINE
    bare = replace(image, holder=b"", photo=b"", security=raw)
    assert files_find(bare)[0] != GENUINE


def test_older_card_has_nothing_but_its_service_and_endorsements_to_hold():
    image = older(issued())
    found = judge_files(image, KEYS.trusted, VERIFIER)
    assert (found.authenticity, found.fault, found.security) == (GENUINE, "", None)
    assert len(found.endorsements) == 1
    born = Service.from_bytes(image.service).birth_day
    forged = changed(image.service, Service, birth_day=born - 3650)
    assert files_find(replace(image, service=forged))[0] == FORGED


@pytest.mark.parametrize("name", ["security", "holder", "photo"])
def test_part_of_a_card_is_no_older_card(name):
    image = issued()
    assert files_find(replace(older(image), **{name: getattr(image, name)}))[0] != GENUINE


@pytest.mark.parametrize("name", ["security", "holder"])
def test_card_of_no_epoch_that_has_a_part_needs_the_other_too(name):
    assert files_find(of_no_epoch(issued())) == (GENUINE, "")
    assert files_find(replace(of_no_epoch(issued()), **{name: b""}))[0] != GENUINE


def test_reason_names_what_the_key_of_service_lacks():
    assert files_find(issued(), trusting(forgetting(ENDORSEMENT_KEY))) == (
        KEY_UNKNOWN,
        "the key that signed SERVICE is not known",
    )
    assert files_find(issued(), trusting(revoking(ENDORSEMENT_KEY))) == (
        KEY_WITHDRAWN,
        "the key that signed SERVICE is revoked",
    )


def test_refused_files_show_no_endorsement_as_proven():
    image = replace(issued(endorsements=2), holder=issued(8).holder)
    found = judge_files(image, KEYS.trusted, VERIFIER)
    assert (found.hold(), found.endorsements) == (False, [])
    assert found.fault == "HOLDER is not as it was issued"


def test_old_endorsement_under_a_key_that_counts_no_more_is_shown_so_beside_the_newest():
    image, elsewhere = issued(endorsements=2), KEYS.permit_key(410102, ISSUED, SUITE_ES256)
    first = signed(
        image.endorsements[0], Endorsement, ENDORSEMENT_CONTEXT, elsewhere, issuing_division=410102
    )
    image = replace(image, endorsements=(first, image.endorsements[1]))

    def proven(edit):
        found = judge_files(image, trusting(edit), VERIFIER)
        return found.hold(), [authenticity for _, authenticity in found.endorsements]

    assert proven(lambda bundle: None) == (True, [GENUINE, GENUINE])
    assert proven(forgetting(elsewhere)) == (True, [KEY_UNKNOWN, GENUINE])
    assert proven(revoking(elsewhere)) == (True, [KEY_WITHDRAWN, GENUINE])
