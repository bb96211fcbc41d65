"""What is installed in a reader before it first meets a card."""

from juzhu_protocol.rules.profile import Profile, ServiceRule
from juzhu_protocol.trust.bundle import Roots


class ReaderSettings:
    """reader_id: 1 to 32 bytes of ASCII; reader_key: 32 secret bytes of this reader alone; roots: whom it
    believes; profile and service: the place and what is asked of a permit there, until a signed profile has come."""

    __slots__ = ("profile", "reader_id", "reader_key", "roots", "service")

    def __init__(
        self, reader_id: bytes, reader_key: bytes, roots: Roots, profile: Profile, service: ServiceRule
    ) -> None:
        if not 1 <= len(reader_id) <= 32:
            raise ValueError("a reader id has 1 to 32 bytes")
        if len(reader_key) != 32:
            raise ValueError("a reader key has 32 bytes")
        self.reader_id = reader_id
        self.reader_key = reader_key
        self.roots = roots
        self.profile = profile
        self.service = service
