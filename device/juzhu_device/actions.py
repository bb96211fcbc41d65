"""What the core asks of the board."""

from juzhu_protocol.rules.decide import Verdict

from .feedback import Feedback


class SendApdu:
    """Send this command APDU to the card; hand the answer, or None, to card_response()."""

    __slots__ = ("command",)

    def __init__(self, command: bytes) -> None:
        self.command = command


class SendBytes:
    """Write these bytes to the link."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class Show:
    """Give the public signal; the staff's screen may show the verdict, None for "try again"."""

    __slots__ = ("answer", "apdus", "feedback", "verdict")

    def __init__(self, answer: int, feedback: Feedback, verdict: "Verdict | None", apdus: int) -> None:
        self.answer = answer
        self.feedback = feedback
        self.verdict = verdict
        self.apdus = apdus


class Report:
    """Write this line to the reader's log: a fault of ours, with no card data in it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text
