"""When something was signed: a moment that cannot have been yet is a wrong clock or a lie."""

from ..errors import FutureTimeError

FUTURE_LIMIT_S = 24 * 3600
"""A signer's clock may run ahead of ours by a time zone's mistake, but not by more."""


def refuse_future(time: int, latest: "int | None", what: str) -> None:
    """Raise FutureTimeError when `what` is dated more than FUTURE_LIMIT_S after `latest`.

    latest is the latest Unix time that it may be now by a clock that somebody entitled set; None, when there
    is no such clock, refuses nothing.
    """
    if latest is not None and time > latest + FUTURE_LIMIT_S:
        raise FutureTimeError("%s is dated %d s ahead of this clock" % (what, time - latest))
