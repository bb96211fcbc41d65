"""What a reader shows and sounds in public: one shape, colour, text and rhythm an answer, whoever the holder.

Nothing here depends on the reason, so that nobody near can tell a suspension from an age.
"""

from juzhu_protocol.card.keys import ROLE_COUNTER
from juzhu_protocol.rules.reasons import ALLOW, DENY, PUBLIC_LINES, REFER, TRY_AGAIN
from juzhu_protocol.rules.services import service_role


class Feedback:
    """One public signal: colour name, shape name, text (Chinese, English), rhythm in ms (on, off, on ...)."""

    __slots__ = ("colour", "rhythm", "shape", "text")

    def __init__(self, colour: str, shape: str, text: "tuple[str, str]", rhythm: "tuple[int, ...]") -> None:
        self.colour = colour
        self.shape = shape
        self.text = text
        self.rhythm = rhythm


FEEDBACK = {
    ALLOW: Feedback("green", "tick", PUBLIC_LINES[ALLOW], (300,)),
    DENY: Feedback("amber", "coin", PUBLIC_LINES[DENY], (120, 120, 120)),
    REFER: Feedback("blue", "person", PUBLIC_LINES[REFER], (120, 120, 300)),
    TRY_AGAIN: Feedback("white", "arrow", PUBLIC_LINES[TRY_AGAIN], (80, 80, 80, 80, 80)),
}


def feedback(answer: int, service_code: int) -> Feedback:
    """Return the signal for an answer at a service; at a counter a refusal looks and sounds like a referral."""
    if answer == DENY and service_role(service_code) == ROLE_COUNTER:
        return FEEDBACK[REFER]
    return FEEDBACK[answer]
