"""What a link machine tells its application."""

NO_ANSWER = "no answer"
"""Reason: every try went unanswered."""
TRANSPORT_LOST = "transport lost"
"""Reason: the transport went away before an answer came; whether the peer acted on the request is unknown."""


class LinkEvent:
    """Base of the events."""

    __slots__ = ()


class RequestReceived(LinkEvent):
    """The peer asks; hand this very object to `LinkMachine.send_response`.

    A new `session` is a new life of the peer.
    """

    __slots__ = ("kind", "payload", "sequence", "session")

    def __init__(self, kind: int, payload: bytes, session: int, sequence: int) -> None:
        self.kind = kind
        self.payload = payload
        self.session = session
        self.sequence = sequence


class ResponseReceived(LinkEvent):
    """The peer answered our request `ticket`."""

    __slots__ = ("kind", "payload", "ticket")

    def __init__(self, ticket: int, kind: int, payload: bytes) -> None:
        self.ticket = ticket
        self.kind = kind
        self.payload = payload


class RequestFailed(LinkEvent):
    """Our request `ticket` ended without an answer. The peer may have acted on it all the same."""

    __slots__ = ("kind", "reason", "ticket")

    def __init__(self, ticket: int, kind: int, reason: str) -> None:
        self.ticket = ticket
        self.kind = kind
        self.reason = reason
