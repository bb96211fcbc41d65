"""A card that meets a bus, written from docs/protocol.md without the reader's own code of authentication and messages.

It does not imitate: other files and roles, retry counters, encryption (simulator/card.py does).
"""

from juzhu_protocol.crypto.mac import derive_key, hmac_sha256

BUS_MASTER = bytes(range(32, 64))
EPOCH = 1
_ENDORSEMENT_NUMBER_AT = 21


class BenchCard:
    """INFO and SERVICE on a chip of its own; `held` is how many endorsements it says it has.

    `master` another than BUS_MASTER makes a chip that no authority made. `tamper` changes every secured answer.
    """

    def __init__(self, info, service, held=None, master=BUS_MASTER, random=None, tamper=None):
        self.info = info
        self.service = service
        at = _ENDORSEMENT_NUMBER_AT
        self.held = held if held is not None else (service[at] if len(service) > at else 0)
        self.tamper = tamper
        self.challenges = 0
        self.random = random or self._count
        epoch, place = info[-1:], info[3:10]
        self.key = derive_key(master, b"juzhu/1/card-key", b"\x01" + epoch + place)
        self.reset()

    def reset(self):
        self.challenge = None
        self.session = None
        self.ssc = 0

    def transmit(self, command):
        if command[:2] == b"\x00\xa4":
            self.reset()
            return b"\x90\x00"
        if command == b"\x00\xb0\x81\x00\x00":
            return self.info + b"\x90\x00"
        if command == b"\x00\x84\x00\x00\x10":
            self.challenge = self.random(16)
            return self.challenge + b"\x90\x00"
        if command[:5] == b"\x00\x82\x00\x01\x20":
            return self._authenticate(command[5:21], command[21:37])
        if command[:1] == b"\x0c" and self.session is not None:
            return self._secured(command)
        return b"\x69\x82"

    def take_delay_s(self):
        return 0.0

    def _count(self, size):
        self.challenges += 1
        return hmac_sha256(self.key, b"%d" % self.challenges)[:size]

    def _authenticate(self, reader, token):
        card, self.challenge = self.challenge, None
        if card is None:
            return b"\x69\x85"
        tokens = derive_key(self.key, b"juzhu/1/authentication")
        if hmac_sha256(tokens, b"reader\x00" + reader + card)[:16] != token:
            return b"\x63\xc2"
        held = bytes([self.held])
        self.session = derive_key(self.key, b"juzhu/1/session-mac", reader + card)
        self.ssc = 0
        return held + hmac_sha256(tokens, b"card\x00" + card + reader + held)[:16] + b"\x90\x00"

    def _secured(self, command):
        # The one command of a bus after authentication: READ BINARY of SERVICE, its expected length under the MAC.
        objects = command[5:-1]
        if command[:4] != b"\x0c\xb0\x82\x00" or objects[:2] != b"\x97\x01" or objects[3:5] != b"\x8e\x08":
            return b"\x69\x87"
        covered = command[:4] + b"\x80" + bytes(11) + objects[:3] + b"\x80" + bytes(12)
        if self._mac(covered) != objects[5:]:
            self.session = None
            return b"\x69\x88"
        size = len(self.service)
        data = (
            (b"\x81" + (bytes([size]) if size < 128 else b"\x81" + bytes([size])) + self.service)
            if size
            else b""
        )
        answer = data + b"\x99\x02\x90\x00"
        padding = b"\x80" + bytes(15 - len(answer) % 16)
        answer += b"\x8e\x08" + self._mac(answer + padding) + b"\x90\x00"
        return self.tamper(answer) if self.tamper else answer

    def _mac(self, text):
        self.ssc += 1
        return hmac_sha256(self.session, int.to_bytes(self.ssc, 16, "big") + text)[:8]
