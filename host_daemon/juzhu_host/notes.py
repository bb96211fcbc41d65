"""Lines for the log: the action that carries one, and peer text made fit for it."""

from dataclasses import dataclass

MAX_LOGGED = 80
"""Characters: a reader's name has 32, a topic of ours has 100; nobody needs more of a stranger's text."""


def clean(text: "str | bytes", limit: int = MAX_LOGGED) -> str:
    r"""Return at most `limit` characters of peer text on one line; what is not printable becomes \xNN.

    A peer must not be able to forge a log line or drive a terminal.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[:limit]
    )
    return shown[:limit] + ("..." if len(text) > limit or len(shown) > limit else "")


@dataclass(frozen=True)
class Note:
    """One line for the log, which a core without I/O asks for; `level` is logging's."""

    level: int
    text: str
