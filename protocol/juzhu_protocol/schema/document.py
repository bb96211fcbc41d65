"""Write the tables of every record into docs/protocol.md, between its markers.

`python -m juzhu_protocol.schema.document` writes them; with `--check` it only compares and exits 1 when the
committed page differs. A field without a note in field_notes.py is refused, and so is a note without a field.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .field_notes import FIELD_NOTES
from .generate import INT_CHECKS, MODULES, UnknownNodeError, uint_size
from .nodes import Blob, Bytes, Known, Many, OneOf, Struct
from .record import Record

PAGE = Path(__file__).parents[3] / "docs" / "protocol.md"
BEGIN = "<!-- GENERATED from schema/{module}_records.py by juzhu_protocol.schema.document; do not edit -->"
END = "<!-- END of {module}_records -->"
COUNTS = "nmkjih"
"""Letters for the lengths and counts of one record, in the order in which they come."""


class NotesError(ValueError):
    """The notes and the schema do not name the same fields."""


class Size:
    """So many bytes, and so many times the letters that stand for a length or a count; None for unknown."""

    def __init__(self, fixed: int, letters: "tuple[tuple[int, str], ...] | None" = ()) -> None:
        self.fixed = fixed
        self.letters = letters

    def plus(self, other: "Size") -> "Size":
        """Return the size of one after the other."""
        if self.letters is None or other.letters is None:
            return Size(0, None)
        return Size(self.fixed + other.fixed, self.letters + other.letters)

    def __str__(self) -> str:
        if self.letters is None:
            return "varies"
        terms = [str(self.fixed)] if self.fixed or not self.letters else []
        terms += [letter if times == 1 else f"{times}{letter}" for times, letter in self.letters]
        return " + ".join(terms)


def fields_of(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and node of every field of a Struct; UnknownNodeError for another node."""
    if not isinstance(schema, Struct):
        raise UnknownNodeError(f"not a Struct: {schema!r}")
    for subcon in schema.subcons:
        yield subcon.name, subcon.subcon


def size_of(node: Any, letter: str) -> Size:
    """Return the size of a field; `letter` stands for its length or count."""
    if isinstance(node, INT_CHECKS):
        return Size(uint_size(node.subcon))
    if isinstance(node, Bytes):
        return Size(int(node.length))
    if isinstance(node, Blob):
        return Size(uint_size(node.prefix), ((1, letter),))
    if isinstance(node, Many):
        item = struct_size(node.item)
        return Size(1, None if item.letters is None or item.letters else ((item.fixed, letter),))
    raise UnknownNodeError(f"no size is known of {node!r}")


def struct_size(schema: Any) -> Size:
    """Return the size of a whole Struct."""
    size, used = Size(0), 0
    for _, node in fields_of(schema):
        size = size.plus(size_of(node, COUNTS[used]))
        used += isinstance(node, Blob | Many)
    return size


def form_of(node: Any, letter: str) -> str:
    """Return how a field is written and what it may hold."""
    if isinstance(node, Known):
        return f"u8, {node.value:#04x}"
    if isinstance(node, OneOf):
        return f"u8, one of {', '.join(map(str, node.values))}"
    if isinstance(node, INT_CHECKS):
        bits = 8 * uint_size(node.subcon)
        low, high = node.low, node.high
        if high == 2**bits - 1:
            return f"u{bits}" if low == 0 else f"u{bits}, {low} or more"
        return f"u{bits}, {low} to {high}"
    if isinstance(node, Bytes):
        return "bytes"
    if isinstance(node, Blob):
        return (
            f"u{8 * uint_size(node.prefix)} {letter}, then {letter} bytes; {node.low} to {node.high} of them"
        )
    return f"u8 {letter}, then {letter} items; {node.low} to {node.high} of them"


def table(path: str, schema: Any) -> list[str]:
    """Return the lines of a Struct's table, and of the tables of its items; NotesError for a missing note."""
    notes = FIELD_NOTES.get(path, {})
    names = [name for name, _ in fields_of(schema)]
    if sorted(notes) != sorted(names):
        raise NotesError(f"{path}: its fields are {names}, field_notes.py has {list(notes)}")
    lines = ["| offset | size | field | form | meaning |", "|---|---|---|---|---|"]
    items: list[str] = []
    offset, used = Size(0), 0
    for name, node in fields_of(schema):
        letter = COUNTS[used]
        used += isinstance(node, Blob | Many)
        size = size_of(node, letter)
        lines.append(f"| {offset} | {size} | `{name}` | {form_of(node, letter)} | {notes[name]} |")
        offset = offset.plus(size)
        if isinstance(node, Many):
            item = f"{path}.{name}"
            items += [
                "",
                f"One item of `{item}`, {struct_size(node.item)} bytes:",
                "",
                *table(item, node.item),
            ]
    return lines + items


def record_text(record: Record) -> str:
    """Return the section of one record."""
    head = f"#### {record.name}\n\n{record.doc} {struct_size(record.schema)} bytes.\n\n"
    return (
        head.replace("varies bytes", "Its size varies") + "\n".join(table(record.name, record.schema)) + "\n"
    )


def page_text(page: str) -> str:
    """Return the page with every module's tables written anew; NotesError when markers or notes are wrong."""
    used: set[str] = set()
    for module, records in MODULES.items():
        begin, end = BEGIN.format(module=module), END.format(module=module)
        if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
            raise NotesError(f"{PAGE.name} wants one line {begin!r} and one line {end!r} after it")
        before, rest = page.split(begin)
        tables = "\n".join(record_text(record) for record in records)
        page = f"{before}{begin}\n\n{tables}\n{end}{rest.split(end)[1]}"
        used |= {record.name for record in records}
    stray = {path.split(".")[0] for path in FIELD_NOTES} - used
    if stray:
        raise NotesError(f"field_notes.py has notes of no record: {', '.join(sorted(stray))}")
    return page


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` say that it is not current; return the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    text = page_text(page)
    if text == page:
        return 0
    if "--check" in arguments:
        print(f"{PAGE.name} is not current, run python -m juzhu_protocol.schema.document", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
