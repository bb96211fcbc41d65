"""Lines for the log: the action that carries one, peer text made fit for it, and how many a peer can cause."""

from dataclasses import dataclass

MAX_LOGGED = 80
"""Characters: a reader's name has 32, a topic of ours has 100; nobody needs more of a stranger's text."""

LINE_EVERY_S = 60.0


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


class Throttle:
    """Lets one line a minute through for each subject; what it keeps back it counts.

    Peers choose what comes and how often, so subjects must be ours: a topic that we asked for, a port.
    `now` is seconds of a clock that never goes back.
    """

    def __init__(self, every_s: float = LINE_EVERY_S) -> None:
        self._every_s = every_s
        self._said: dict[str, tuple[float, int]] = {}

    def line(self, subject: str, text: str, now: float) -> str | None:
        """Return the line to log, or None when it is only counted."""
        said, kept_back = self._said.get(subject, (now - self._every_s, 0))
        if now - said < self._every_s:
            self._said[subject] = (said, kept_back + 1)
            return None
        self._said[subject] = (now, 0)
        return f"{text} ({kept_back} more before this one were not told)" if kept_back else text

    def tick(self, now: float) -> list[str]:
        """Return a line for each subject of which something was kept back for a minute; forget quiet ones."""
        over = {subject: kept for subject, (said, kept) in self._said.items() if now - said >= self._every_s}
        for subject, kept_back in over.items():
            if kept_back:
                self._said[subject] = (now, 0)
            else:
                del self._said[subject]
        return [f"{kept} more lines about {subject} were not told" for subject, kept in over.items() if kept]
