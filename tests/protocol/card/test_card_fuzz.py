"""Random and mutated APDUs, at a card and at whoever reads it."""

from dataclasses import replace

import pytest
from card_tools import ROLES, Draws, bus, card_of, desk, issued, sam_of
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.card import apdu
from juzhu_protocol.card.authentication import Exchange
from juzhu_protocol.card.conversation import DONE, RUNNING
from juzhu_protocol.card.keys import ROLE_AUTHORITY, ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.card.secure_messaging import SecureChannel
from juzhu_protocol.errors import SecureMessagingError
from juzhu_protocol.hostside.aes import AesCbc
from juzhu_protocol.records.card import Info

MARKED = replace(
    issued(),
    service=b"<service>" * 10,
    endorsements=(b"<endorsement>" * 5, b"<endorsement>" * 9),
    holder=b"<holder>" * 40,
    photo=b"<photo>" * 500,
    security=b"<security>" * 20,
)
"""A card each of whose files tells itself in any eight bytes or so."""

ALLOWED = {
    None: set(),
    ROLE_BUS: {b"<service>"},
    ROLE_COUNTER: {b"<service>", b"<endorsement>", b"<holder>", b"<photo>", b"<security>"},
    ROLE_AUTHORITY: {b"<service>", b"<endorsement>", b"<holder>", b"<photo>", b"<security>"},
}

HEADERS = st.builds(
    lambda cla, ins, p1, p2: bytes([cla, ins, p1, p2]),
    st.sampled_from([0x00, 0x00, 0x00, 0x0C, 0x80]),
    st.sampled_from([0xA4, 0xB0, 0xB2, 0x84, 0x82, 0x88, 0xD6, 0xE2, 0x20]),
    st.sampled_from([0, 1, 2, 4, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0xFF]),
    st.sampled_from([0, 1, 2, 3, 4, 0x0C, 0x14, 0x1C, 0x18, 0x24, 0x34, 0xFF]),
)
BODIES = st.one_of(
    st.just(b""),
    st.binary(min_size=1, max_size=1),
    st.binary(min_size=1, max_size=220).map(lambda data: bytes([len(data)]) + data),
    st.binary(min_size=1, max_size=64).map(lambda data: bytes([len(data)]) + data + b"\x00"),
)
COMMANDS = st.one_of(
    st.sampled_from([apdu.select(), apdu.get_challenge(16), *(apdu.read_binary(sfi) for sfi in range(1, 8))]),
    st.sampled_from(
        [apdu.read_on(0, 0), apdu.read_on(223, 223), apdu.read_record(3, 1), apdu.read_record(3, 2)]
    ),
    st.builds(lambda header, body: header + body, HEADERS, BODIES),
    st.binary(max_size=300),
)


class Reader:
    """Whoever has every role's SAM and no scruples."""

    def __init__(self):
        self.card = card_of(MARKED)
        self.channel = None
        self.role = None
        self.heard = []

    def clear(self, command):
        answer = self.card.transmit(command)
        assert 2 <= len(answer) <= apdu.MAX_RESPONSE
        self.heard.append((None, answer[:-2]))
        return answer

    def authenticate(self, role):
        sam = sam_of(role)
        self.clear(apdu.select())
        challenge = self.clear(apdu.get_challenge(16))[:-2]
        info = Info.from_bytes(MARKED.info)
        proof = sam.begin(info.card_key_epoch, info.list_division, info.serial, challenge)
        answer = self.clear(apdu.mutual_authenticate(role, proof))
        self.channel = None
        if answer[-2:] == b"\x90\x00":
            keys = sam.finish(answer[:-2])
            self.role = role
            self.channel = SecureChannel(keys, None if role == ROLE_BUS else AesCbc(keys.encryption))

    def secured(self, command, flip=None):
        if self.channel is None:
            return
        try:
            protected = self.channel.protect(command)
        except ValueError:
            return
        if flip is not None:
            at = flip // 8 % len(protected)
            protected = protected[:at] + bytes([protected[at] ^ 1 << flip % 8]) + protected[at + 1 :]
        answer = self.card.transmit(protected)
        assert 2 <= len(answer) <= apdu.MAX_RESPONSE
        try:
            self.heard.append((self.role, self.channel.open_answer(answer)[0]))
        except SecureMessagingError:
            self.heard.append((None, answer[:-2]))
            self.channel = None


STEPS = st.one_of(
    st.tuples(st.just("clear"), COMMANDS),
    st.tuples(st.just("authenticate"), st.sampled_from(ROLES)),
    st.tuples(st.just("secured"), COMMANDS),
    st.tuples(st.just("secured"), COMMANDS),
    st.tuples(st.just("flipped"), COMMANDS, st.integers(0, 4095)),
    st.tuples(st.just("reset")),
)


@given(st.lists(STEPS, max_size=40))
def test_no_stream_of_commands_gets_a_file_outside_its_role(steps):
    """Whatever is sent, in the clear or secured by any role's right key, the card answers two to 258 bytes, never
    raises, and no answer holds a file that the role of its session may not read."""
    reader = Reader()
    for step, *arguments in steps:
        if step == "clear":
            reader.clear(*arguments)
        elif step == "authenticate":
            reader.authenticate(*arguments)
        elif step in ("secured", "flipped"):
            reader.secured(*arguments)
        else:
            reader.card.reset()
    # What the authority wrote itself is no secret of the card's.
    files = (MARKED.service, MARKED.holder, MARKED.photo, MARKED.security, *MARKED.endorsements)
    for role, data in reader.heard:
        for mark in (b"<service>", b"<endorsement>", b"<holder>", b"<photo>", b"<security>"):
            if mark not in ALLOWED[role] and any(mark in whole for whole in files):
                assert mark not in data, (role, mark)


def test_stream_with_the_right_keys_does_read_what_its_role_may():
    """The fuzz above could find something: the same steps, none of them wrong, read every file of each role."""
    for role, marks in ALLOWED.items():
        if role is None:
            continue
        reader = Reader()
        reader.authenticate(role)
        for sfi in range(2, 7):
            reader.secured(apdu.read_binary(sfi))
        reader.secured(apdu.read_record(3, 1))
        found = {mark for mark in ALLOWED[ROLE_COUNTER] if any(mark in data for _, data in reader.heard)}
        assert found == marks


MUTATIONS = st.one_of(
    st.just(("keep",)),
    st.just(("keep",)),
    st.just(("keep",)),
    st.just(("gone",)),
    st.just(("again",)),
    st.tuples(st.just("flip"), st.integers(0, 2047)),
    st.tuples(st.just("cut"), st.integers(0, 40)),
    st.tuples(st.just("insert"), st.integers(0, 300), st.binary(min_size=1, max_size=20)),
    st.tuples(st.just("replace"), st.binary(max_size=300)),
    st.tuples(st.just("data"), st.binary(max_size=256).map(lambda data: data + b"\x90\x00")),
)


def mutated(response, kind, arguments, before):
    if kind == "keep":
        return response
    if kind == "gone":
        return None
    if kind == "again":
        return before
    if kind == "flip":
        at = arguments[0] // 8 % len(response)
        return response[:at] + bytes([response[at] ^ 1 << arguments[0] % 8]) + response[at + 1 :]
    if kind == "cut":
        return response[: max(0, len(response) - arguments[0])]
    if kind == "insert":
        at = arguments[0] % (len(response) + 1)
        return response[:at] + arguments[1] + response[at:]
    return arguments[0]


@pytest.mark.parametrize("start", [bus, desk])
@given(st.lists(MUTATIONS, max_size=30))
def test_whatever_a_card_answers_a_conversation_ends_and_believes_the_card_alone(start, mutations):
    """receive() raises nothing; it ends within the bound of its files; what it took under the MAC is the card's."""
    image = replace(issued(), photo=bytes(300))
    card, conversation = card_of(image), start()
    before, answers = b"\x90\x00", 0
    while conversation.state == RUNNING:
        response = card.transmit(conversation.command)
        kind, *arguments = mutations[answers] if answers < len(mutations) else ("keep",)
        response = mutated(response, kind, arguments, before)
        conversation.receive(response)
        before = response or before
        answers += 1
        assert answers <= 64
    assert conversation.service in (b"", image.service)
    if start is desk:
        assert conversation.holder in (b"", image.holder)
        assert conversation.security in (b"", image.security)
    if conversation.state == DONE:
        assert conversation.service == image.service
        assert conversation.endorsements_held == len(image.endorsements)


@pytest.mark.parametrize("start", [bus, desk])
@given(st.lists(st.binary(max_size=260), max_size=40))
def test_random_answers_end_a_conversation(start, answers):
    """receive() raises nothing, and nothing random is ever read for a file."""
    conversation = start()
    for answer in [*answers, b""]:
        conversation.receive(answer)
    assert conversation.state != DONE
    assert conversation.service == b""


@pytest.mark.parametrize("encrypted", [False, True])
@given(st.binary(max_size=270), st.booleans())
def test_random_bytes_in_a_session_are_refused_and_end_it(encrypted, data, is_command):
    """Only SecureMessagingError is raised, and after it nothing good is believed either."""
    keys = Exchange(bytes(32), bytes(16), Draws()(16)).session_keys()
    ends = [SecureChannel(keys, AesCbc(keys.encryption) if encrypted else None) for _ in range(2)]
    one, other = ends
    receive = one.open_command if is_command else one.open_answer
    with pytest.raises(SecureMessagingError):
        receive(data)
    good = other.protect(apdu.read_binary(2)) if is_command else other.protect_answer(b"x", apdu.SW_OK)
    with pytest.raises(SecureMessagingError, match="over"):
        receive(good)
