"""A timeline as one self-contained SVG picture, labelled in Chinese and English."""

from collections.abc import Callable, Iterable, Sequence
from html import escape

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
    Mark,
    Timeline,
)
from .timeline_words import STATES, good_through_text, mark_text

WIDTH = 1180
LEFT = 44
BAR_WIDTH = 910
"""What is right of the bar is room for the last labels, which stand right of their lines."""

BAR_HEIGHT = 34
LANE = 46
LABEL_GAP = 14
LEGEND_ROW = 24
MAX_LANES = 5
"""Marks that crowd further get numbers, and a table of them."""

PIN, PIN_LANE = 10, 24
TABLE_COLUMNS, TABLE_ROW = 3, 44

COLOURS = {
    IN_FORCE: "#2f855a",
    WINDOW: "#d69e2e",
    OVERDUE: "#dd6b20",
    LAPSED: "#a0aec0",
    ENDED: "#a0aec0",
    SUSPENDED_STATE: "#6b46c1",
    REVOKED_STATE: "#2d3748",
    FUTURE: "#edf2f7",
}
# Stripes beside colours: no state is told by its colour alone.
STRIPED = {
    WINDOW: "M0 8 L8 0",
    OVERDUE: "M0 0 L8 8",
    SUSPENDED_STATE: "M0 0 L8 8 M0 8 L8 0",
    REVOKED_STATE: "M0 4 L8 4",
}
_ABOVE = ("issued", "reissued", "yearly", "late", "address", "moved", "suspended", "restored", "revoked")
_INK, _FAINT, _LINE, _TODAY = "#1a202c", "#5a6575", "#94a3b8", "#c53030"


def svg_of(timeline: Timeline, titles: tuple[str, str]) -> str:
    """Return the picture; `titles` are its headings in Chinese and English."""

    def x(day: int) -> float:
        return LEFT + (day - timeline.first) * BAR_WIDTH / (timeline.last - timeline.first + 1)

    above = [mark for mark in timeline.marks if mark.kind in _ABOVE]
    below = [mark for mark in timeline.marks if mark.kind not in _ABOVE]
    lanes_above, lanes_below = _lanes(above, x), _lanes(below, x)
    crowded = _depth(lanes_above) > MAX_LANES
    if crowded:
        pins = _pin_lanes(above, x)
        top = 84.0 + PIN_LANE * (max(pins) + 1)
    else:
        top = 84.0 + LANE * _depth(lanes_above)
    under = top + BAR_HEIGHT + 30
    legend = under + LANE * _depth(lanes_below) + 34
    # Three entries of the legend fit one row.
    end = legend + LEGEND_ROW * -(-len(_states(timeline)) // 3)
    body = [
        *_heading(titles),
        *_labels(below, lanes_below, x, lambda lane: under + 38 + lane * LANE, top + BAR_HEIGHT),
        *_bar(timeline, x, top),
        *_axis(timeline, x, top + BAR_HEIGHT),
        *_today(timeline, x, top),
        *_legend(timeline, legend),
    ]
    if crowded:
        body += _pins(above, pins, x, top)
        body += _table(above, end + 24)
        end += 24 + TABLE_ROW * -(-len(above) // TABLE_COLUMNS)
    else:
        body += _labels(above, lanes_above, x, lambda lane: top - 16 - lane * LANE, top)
    body += [
        _text(LEFT, end + 16 + 22 * number, note, 12, _TODAY) for number, note in enumerate(timeline.notes)
    ]
    return _document(end + 16 + 22 * len(timeline.notes), titles, body)


def _document(height: float, titles: tuple[str, str], body: Iterable[str]) -> str:
    patterns = "".join(
        f'<pattern id="{state}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{COLOURS[state]}"/>'
        f'<path d="{path}" stroke="#ffffff" stroke-opacity="0.45" stroke-width="1.6"/></pattern>'
        for state, path in STRIPED.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img" font-family="\'Noto Sans CJK SC\', \'Source Han Sans SC\', '
        f"'PingFang SC', 'Microsoft YaHei', 'WenQuanYi Zen Hei', sans-serif\">\n"
        f"<title>{escape(' / '.join(titles))}</title>\n<defs>{patterns}</defs>\n"
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _heading(titles: tuple[str, str]) -> Iterable[str]:
    yield _text(LEFT, 38, titles[0], 22, _INK, bold=True)
    yield _text(LEFT, 60, titles[1], 14, _FAINT)


def _bar(timeline: Timeline, x: Callable[[int], float], top: float) -> Iterable[str]:
    yield f'<clipPath id="bar"><rect x="{LEFT}" y="{top}" width="{BAR_WIDTH}" height="{BAR_HEIGHT}" rx="6"/></clipPath>'
    yield '<g clip-path="url(#bar)">'
    # Long spans first: what is short stays on top, and at least two pixels wide.
    for span in sorted(timeline.spans, key=lambda span: span.first - span.last):
        width = max(x(span.last + 1) - x(span.first), 2)
        told = f"{iso(span.first)} – {iso(span.last)}  {' / '.join(STATES[span.state])}"
        yield (
            f'<rect x="{x(span.first):.1f}" y="{top}" width="{width:.1f}" height="{BAR_HEIGHT}" '
            f'fill="{_fill(span.state)}"><title>{escape(told)}</title></rect>'
        )
    yield "</g>"


def _fill(state: str) -> str:
    return f"url(#{state})" if state in STRIPED else COLOURS[state]


def _axis(timeline: Timeline, x: Callable[[int], float], y: float) -> Iterable[str]:
    years = range(civil_date(timeline.first)[0] + 1, civil_date(timeline.last)[0] + 1)
    step = max(1, -(-46 * len(years) // BAR_WIDTH))
    for year in years:
        at = x(day_number(year, 1, 1))
        yield f'<path d="M{at:.1f} {y} v7" stroke="{_LINE}"/>'
        if year % step == 0:
            yield _text(at, y + 20, str(year), 12, _FAINT, anchor="middle")


def _today(timeline: Timeline, x: Callable[[int], float], top: float) -> Iterable[str]:
    at = x(timeline.today)
    yield (
        f'<path d="M{at:.1f} {top - 3} v{BAR_HEIGHT + 10}" stroke="{_TODAY}" stroke-width="2.5"/>'
        f'<circle cx="{at:.1f}" cy="{top + BAR_HEIGHT + 7}" r="4" fill="{_TODAY}"/>'
    )


def _legend(timeline: Timeline, y: float) -> Iterable[str]:
    at = float(LEFT)
    for state in _states(timeline):
        told = " ".join(STATES[state])
        width = 34 + _width(told, 13) + 26
        if at + width > WIDTH:
            at, y = float(LEFT), y + LEGEND_ROW
        yield f'<rect x="{at:.1f}" y="{y}" width="26" height="14" rx="3" fill="{_fill(state)}"/>'
        yield _text(at + 34, y + 12, told, 13, _INK)
        at += width


def _states(timeline: Timeline) -> list[str]:
    return list(dict.fromkeys(span.state for span in timeline.spans if span.state != FUTURE))


def _lines(mark: Mark) -> tuple[str, str]:
    """The two lines of a mark's label: its day and Chinese, then English."""
    zh, en = mark_text(mark, "zh"), mark_text(mark, "en")
    if mark.good_through and mark.kind in ("late", "moved"):
        en += f", {good_through_text(mark, 'en')}"
    return f"{iso(mark.day)} {zh}", en


def _lanes(marks: Sequence[Mark], x: Callable[[int], float]) -> list[int]:
    """Return a lane for each mark's label, 0 next to the bar, so that no label or line crosses another.

    A label stands right of its line. So it must be in a lane beyond those of all marks whose line it would cover.
    """
    lanes = [0] * len(marks)
    for at in range(len(marks) - 1, -1, -1):
        start = x(marks[at].day)
        end = start + max(_width(line, 13) for line in _lines(marks[at])) + LABEL_GAP
        covered = [lanes[later] for later in range(at + 1, len(marks)) if x(marks[later].day) < end]
        lanes[at] = max(covered, default=-1) + 1
    return lanes


def _depth(lanes: Sequence[int]) -> int:
    return max(lanes, default=-1) + 1


def _labels(
    marks: Sequence[Mark],
    lanes: Sequence[int],
    x: Callable[[int], float],
    y_of: Callable[[int], float],
    bar: float,
) -> Iterable[str]:
    for mark, lane in zip(marks, lanes, strict=True):
        at, y = x(mark.day), y_of(lane)
        is_today = mark.kind == "today"
        first, second = _lines(mark)
        end = y - 26 if y < bar else y + 6
        yield f'<path d="M{at:.1f} {bar} V{end:.1f}" stroke="{_TODAY if is_today else _LINE}"/>'
        yield _text(at + 6, y - 14, first, 13, _TODAY if is_today else _INK, bold=True)
        yield _text(at + 6, y + 2, second, 12, _FAINT)


def _pin_lanes(marks: Sequence[Mark], x: Callable[[int], float]) -> list[int]:
    """Return a lane for each mark's pin, 0 next to the bar: the lowest one in which it overlaps no other."""
    ends: list[float] = []
    lanes = []
    for mark in marks:
        at = x(mark.day)
        lane = next((lane for lane, end in enumerate(ends) if end <= at - PIN), len(ends))
        ends[lane : lane + 1] = [at + PIN]
        lanes.append(lane)
    return lanes


def _pins(
    marks: Sequence[Mark], lanes: Sequence[int], x: Callable[[int], float], bar: float
) -> Iterable[str]:
    places = [(x(mark.day), bar - 16 - lane * PIN_LANE) for mark, lane in zip(marks, lanes, strict=True)]
    for at, y in places:
        yield f'<path d="M{at:.1f} {bar} V{y:.1f}" stroke="{_LINE}"/>'
    for number, (at, y) in enumerate(places, 1):
        yield f'<circle cx="{at:.1f}" cy="{y:.1f}" r="{PIN}" fill="#ffffff" stroke="{_LINE}"/>'
        yield _text(at, y + 4, str(number), 11 if number < 100 else 9, _INK, anchor="middle")


def _table(marks: Sequence[Mark], top: float) -> Iterable[str]:
    rows = -(-len(marks) // TABLE_COLUMNS)
    for at, mark in enumerate(marks):
        x, y = LEFT + at // rows * (WIDTH - 2 * LEFT) / TABLE_COLUMNS, top + at % rows * TABLE_ROW
        first, second = _lines(mark)
        yield _text(x + 22, y + 16, str(at + 1), 12, _FAINT, anchor="end")
        yield _text(x + 32, y + 16, first, 13, _INK, bold=True)
        yield _text(x + 32, y + 32, second, 12, _FAINT)


def _width(text: str, size: float) -> float:
    return sum(size if ord(character) > 0x2E7F else size * 0.58 for character in text)


def _text(
    x: float, y: float, text: str, size: int, colour: str, *, bold: bool = False, anchor: str = ""
) -> str:
    weight = ' font-weight="600"' if bold else ""
    place = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{weight}{place}>{escape(text)}</text>'
