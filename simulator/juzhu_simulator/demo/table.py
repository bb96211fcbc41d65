"""How the demo prints its taps: a table for people, one JSON object a tap for programs."""

import json
import sys
import unicodedata
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

COLUMNS = (("card", 32), ("service", 11), ("answer", 10), ("reason", 17), ("article", 15), ("list", 9))


@dataclass(frozen=True)
class Tap:
    """One tap as it is reported; expected is "ANSWER, reason"."""

    card: str
    service: str
    expected: str
    answer: str
    reason: str
    article: str
    until: str
    runtime: str
    list_sequence: int
    list_age_hours: int | None
    apdus: int
    milliseconds: float

    @property
    def as_expected(self) -> bool:
        """Whether answer and reason are the expected ones."""
        return self.expected == outcome(self.answer, self.reason)


def outcome(answer: str, reason: str) -> str:
    """Return answer and reason in one line."""
    return f"{answer}, {reason}" if reason else answer


class Printer(Protocol):
    """What the script tells its audience."""

    def head(self) -> None:
        """Before the first tap."""

    def tap(self, tap: Tap) -> None:
        """One tap."""

    def note(self, text: str) -> None:
        """What happens between taps."""

    def end(self, summary: dict[str, Any]) -> None:
        """The totals."""


class Silent:
    """Prints nothing: for benches."""

    def head(self) -> None:
        """See Printer."""

    def tap(self, tap: Tap) -> None:
        """See Printer."""

    def note(self, text: str) -> None:
        """See Printer."""

    def end(self, summary: dict[str, Any]) -> None:
        """See Printer."""


class Table:
    """Rows for people, aligned, as they come."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._colour = out.isatty()

    def head(self) -> None:
        """Print the head."""
        names = "".join(_cell(name, width) for name, width in COLUMNS)
        self._print(names + "     ms  runtime")
        self._print("-" * 116)

    def tap(self, tap: Tap) -> None:
        """Print one tap; an unexpected one says what was expected."""
        age = "none" if tap.list_age_hours is None else f"{tap.list_age_hours} h old"
        values = (tap.card, tap.service, tap.answer, tap.reason, tap.article, age)
        cells = [_cell(value, width) for value, (_, width) in zip(values, COLUMNS, strict=True)]
        cells[2] = self._paint(cells[2], tap.answer)
        line = "".join(cells) + f"{tap.milliseconds:7.1f}  {tap.runtime}"
        if tap.until:
            line += f"  (until {tap.until})"
        if not tap.as_expected:
            line += f"  <- expected {tap.expected}"
        self._print(line)

    def note(self, text: str) -> None:
        """Print a line between the taps."""
        self._print(text)

    def end(self, summary: dict[str, Any]) -> None:
        """Print the closing line."""
        time = summary["suspend_to_refusal_ms"]
        told = (
            f"{time:.0f} ms from suspension to refusal"
            if time is not None
            else "the suspension never arrived"
        )
        self._print(f"{summary['taps']} taps, {summary['unexpected']} unexpected; {told}")

    def _paint(self, text: str, answer: str) -> str:
        if not self._colour:
            return text
        colour = {"ALLOW": 32, "DENY": 33, "REFER": 34}.get(answer, 37)
        return f"\x1b[{colour}m{text}\x1b[0m"

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)


class JsonLines:
    """One object a tap and a last one with the totals; notes go to standard error."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out

    def head(self) -> None:
        """JSON has no head."""

    def tap(self, tap: Tap) -> None:
        """Print one tap."""
        self._print(
            {
                "card": tap.card,
                "expected": tap.expected,
                "answer": tap.answer,
                "reason": tap.reason,
                "runtime": tap.runtime,
                "list_sequence": tap.list_sequence,
                "apdus": tap.apdus,
                "ms": round(tap.milliseconds, 1),
            }
        )

    def note(self, text: str) -> None:
        """Print a line on standard error."""
        print(text, file=sys.stderr, flush=True)

    def end(self, summary: dict[str, Any]) -> None:
        """Print the totals."""
        self._print(summary)

    def _print(self, value: dict[str, Any]) -> None:
        print(json.dumps(value, ensure_ascii=False), file=self._out, flush=True)


def _cell(text: str, width: int) -> str:
    shown = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return text + " " * max(1, width - shown)
