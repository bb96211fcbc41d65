"""A timeline for a terminal: one bar, its marks and a list of them, in 80 columns and without colour."""

import unicodedata

from juzhu_protocol.rules.calendar import civil_date, day_number, iso

from .timeline import (
    ENDED,
    FUTURE,
    IN_FORCE,
    LAPSED,
    OVERDUE,
    REVOKED_STATE,
    SUSPENDED_STATE,
    WINDOW,
    Timeline,
)
from .timeline_words import LANGUAGES, STATES, good_through_text, mark_text

COLUMNS = 80
_BAR = 76
_INDENT = "  "

UNICODE_CELLS = {
    FUTURE: " ",
    IN_FORCE: "█",
    WINDOW: "▓",
    OVERDUE: "░",
    LAPSED: "·",
    ENDED: "·",
    SUSPENDED_STATE: "╳",
    REVOKED_STATE: "─",
}
ASCII_CELLS = {
    FUTURE: " ",
    IN_FORCE: "=",
    WINDOW: "+",
    OVERDUE: "~",
    LAPSED: ".",
    ENDED: ".",
    SUSPENDED_STATE: "x",
    REVOKED_STATE: "-",
}
_SIGNS = {
    "issued": "I",
    "reissued": "N",
    "suspended": "S",
    "restored": "r",
    "revoked": "X",
    "window": "W",
    "good-through": "G",
    "restorable": "R",
    "today": "T",
}
_NUMBER_SIGNS = "123456789abcdefghijklmnopqrstuvwxyz"
_MARK_ROWS = 3


def width_of(text: str) -> int:
    """Return the columns that a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def text_of(timeline: Timeline, title: str, language: str, *, is_unicode: bool) -> str:
    """Return the timeline as lines of at most 80 columns."""
    at = LANGUAGES.index(language)
    cells = UNICODE_CELLS if is_unicode else ASCII_CELLS
    states = dict.fromkeys(span.state for span in timeline.spans if span.state != FUTURE)
    lines = [_cut(title), "", *_years(timeline), _INDENT + _bar(timeline, cells), *_marks(timeline), ""]
    lines += _legend([f"{cells[state]} {STATES[state][at]}" for state in states])
    lines.append("")
    for mark in timeline.marks:
        sign = _sign(mark.kind, mark.number)
        told = [mark_text(mark, language), good_through_text(mark, language)]
        separator = "，" if language == "zh" else ", "
        lines.append(
            _cut(f"{_INDENT}{sign}  {iso(mark.day)}  {separator.join(word for word in told if word)}")
        )
    lines += [_cut(f"{_INDENT}! {note}") for note in timeline.notes]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _column(timeline: Timeline, day: int) -> int:
    return (day - timeline.first) * _BAR // (timeline.last - timeline.first + 1)


def _bar(timeline: Timeline, cells: dict[str, str]) -> str:
    bar = []
    days = timeline.last - timeline.first + 1
    for column in range(_BAR):
        middle = timeline.first + (2 * column + 1) * days // (2 * _BAR)
        state = next(span.state for span in timeline.spans if span.first <= middle <= span.last)
        bar.append(cells[state])
    # Two days of suspension among twenty years are seen all the same.
    for span in timeline.spans:
        first, last = _column(timeline, span.first), _column(timeline, span.last)
        if cells[span.state] not in bar[first : last + 1]:
            bar[(first + last) // 2] = cells[span.state]
    return "".join(bar)


def _years(timeline: Timeline) -> list[str]:
    labels, ticks = [" "] * _BAR, [" "] * _BAR
    first, last = civil_date(timeline.first)[0], civil_date(timeline.last)[0]
    free = 0
    for year in range(first, last + 1):
        column = _column(timeline, max(timeline.first, day_number(year, 1, 1)))
        ticks[column] = "|"
        if column >= free and column + 4 <= _BAR:
            labels[column : column + 4] = str(year)
            free = column + 5
    return [_INDENT + "".join(labels), _INDENT + "".join(ticks)]


def _marks(timeline: Timeline) -> list[str]:
    rows: list[list[str]] = []
    for mark in timeline.marks:
        column = _column(timeline, mark.day)
        row = next((row for row in rows if row[column] == " "), None)
        if row is None and len(rows) < _MARK_ROWS:
            row = [" "] * _BAR
            rows.append(row)
        if row is None:
            rows[-1][column] = "*"
        else:
            row[column] = _sign(mark.kind, mark.number)
    return [_INDENT + "".join(row) for row in rows]


def _sign(kind: str, number: int) -> str:
    if number:
        return _NUMBER_SIGNS[number - 1] if number <= len(_NUMBER_SIGNS) else "*"
    return _SIGNS[kind]


def _legend(entries: list[str]) -> list[str]:
    lines = [_INDENT]
    for entry in entries:
        if width_of(lines[-1] + entry) > COLUMNS:
            lines.append(_INDENT)
        lines[-1] += entry + "   "
    return lines


def _cut(text: str) -> str:
    if width_of(text) <= COLUMNS:
        return text
    while width_of(text) > COLUMNS - 2:
        text = text[:-1]
    return text + ".."
