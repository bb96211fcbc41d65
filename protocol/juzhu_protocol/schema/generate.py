"""Write the portable parsers and builders of every record from its construct schema.

`python -m juzhu_protocol.schema.generate` writes them; with `--check` it only compares and exits 1 when
a committed file differs. A node that this generator does not know is refused, never guessed.
"""

import sys
from pathlib import Path
from typing import Any

from . import card_records, link_records, list_records, profile_records, reader_records, trust_records
from .nodes import UINTS, Blob, Bytes, Known, Many, OneOf, Range, Struct, Tag
from .record import Record

MODULES = {
    "card": card_records.RECORDS,
    "trust": trust_records.RECORDS,
    "list": list_records.RECORDS,
    "link": link_records.RECORDS,
    "reader": reader_records.RECORDS,
    "profile": profile_records.RECORDS,
}
"""Generated module under records/ and the records that it holds."""

RECORDS_FOLDER = Path(__file__).parent.parent / "records"

INT_CHECKS = (Known, Range, OneOf)


class UnknownNodeError(TypeError):
    """A schema uses a construct node that the generator cannot write out."""


def uint_size(node: Any) -> int:
    """Return the size in bytes of an integer node; UnknownNodeError for another."""
    if id(node) not in UINTS:
        raise UnknownNodeError(f"not an integer node of ours: {node!r}")
    return UINTS[id(node)]


def checked(node: Any, value: str, name: str) -> str:
    """Return the expression that checks an integer field."""
    if isinstance(node, Known):
        return f"{'tagged' if isinstance(node, Tag) else 'known'}({value}, {node.value}, {name!r})"
    if isinstance(node, OneOf):
        return f"one_of({value}, {node.values!r}, {name!r})"
    return f"in_range({value}, {node.low}, {node.high}, {name!r})"


class Writer:
    """Writes one record's class; nested structs become classes of their own."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, class_name: str, doc: str, schema: Any, top: bool) -> None:
        """Append the class of `schema`; the whole-record methods only for a top-level one."""
        if not isinstance(schema, Struct):
            raise UnknownNodeError(f"{class_name} is not a Struct: {schema!r}")
        fields = [(subcon.name, subcon.subcon) for subcon in schema.subcons]
        for name, node in fields:
            if isinstance(node, Many):
                self.write(
                    class_name + name.capitalize().rstrip("s"),
                    f"One of {class_name}.{name}.",
                    node.item,
                    False,
                )
        stored = [name for name, node in fields if not isinstance(node, Known)]
        out = self.lines.append
        out(f"class {class_name}:\n    {self._quoted(doc)}\n")
        types = [node.value for _, node in fields if isinstance(node, Tag)]
        if top and types:
            out(f"    TYPE = {types[0]:#04x}\n")
        if not stored:
            out("    __slots__ = ()\n")
        elif len(stored) == 1:
            out(f"    __slots__ = ({stored[0]!r},)\n")
        else:
            out("    __slots__ = (" + ", ".join(repr(name) for name in stored) + ")\n")
        if stored:
            kinds = dict(fields)
            arguments = ", ".join(
                f"{name}: {self._annotation(kinds[name], class_name, name)}" for name in stored
            )
            out(f"    def __init__(self, {arguments}) -> None:")
            for name in stored:
                out(f"        self.{name} = {name}")
            out("")
        self._write_parser(class_name, fields, stored, top)
        self._write_builder(class_name, fields, top)

    @staticmethod
    def _quoted(doc: str) -> str:
        return '"""' + doc + '"""'

    @staticmethod
    def _annotation(node: Any, class_name: str, name: str) -> str:
        if isinstance(node, Many):
            return f'"list[{class_name}{name.capitalize().rstrip("s")}]"'
        return "int" if isinstance(node, INT_CHECKS) else "bytes"

    def _write_parser(self, class_name: str, fields: Any, stored: list[str], top: bool) -> None:
        out = self.lines.append
        out("    @classmethod")
        out(f'    def read(cls, data: bytes, at: int) -> "tuple[{class_name}, int]":')
        out('        """Read from offset `at` on; return the record and the offset after it."""')
        for name, node in fields:
            if isinstance(node, INT_CHECKS):
                size = uint_size(node.subcon)
                target = "" if isinstance(node, Known) else f"{name} = "
                taken = f"take_int(data, at, {size}, {name!r})"
                out(f"        {target}{checked(node, taken, name)}")
                out(f"        at += {size}")
            elif isinstance(node, Bytes) and isinstance(node.length, int):
                out(f"        {name} = take(data, at, {node.length}, {name!r})")
                out(f"        at += {node.length}")
            elif isinstance(node, Blob):
                size = uint_size(node.prefix)
                taken = f"take_int(data, at, {size}, {name!r})"
                out(f"        size = in_range({taken}, {node.low}, {node.high}, {name!r})")
                out(f"        {name} = take(data, at + {size}, size, {name!r})")
                out(f"        at += {size} + size")
            elif isinstance(node, Many):
                out(
                    f"        count = in_range(take_int(data, at, 1, {name!r}), {node.low}, {node.high}, {name!r})"
                )
                out("        at += 1")
                out(f"        {name} = []")
                out("        for _ in range(count):")
                out(
                    f"            one_{name}, at = {class_name}{name.capitalize().rstrip('s')}.read(data, at)"
                )
                out(f"            {name}.append(one_{name})")
            else:
                raise UnknownNodeError(f"{class_name}.{name}: {node!r}")
        out(f"        return cls({', '.join(stored)}), at\n")
        if top:
            out("    @classmethod")
            out(f'    def from_bytes(cls, data: bytes) -> "{class_name}":')
            out('        """Read a whole record; RecordError says what is wrong with it."""')
            out("        record, at = cls.read(data, 0)")
            out(f"        ended(data, at, {class_name!r})")
            out("        return record\n")

    def _write_builder(self, class_name: str, fields: Any, top: bool) -> None:
        out = self.lines.append
        out("    def to_bytes(self) -> bytes:")
        out('        """Return the record\'s bytes; RecordValueError for a field out of range."""')
        out("        out = bytearray()")
        for name, node in fields:
            if isinstance(node, INT_CHECKS):
                size = uint_size(node.subcon)
                value = str(node.value) if isinstance(node, Known) else checked(node, f"self.{name}", name)
                out(f'        out += ({value}).to_bytes({size}, "big")')
            elif isinstance(node, Bytes):
                out(f"        out += exact(self.{name}, {node.length}, {name!r})")
            elif isinstance(node, Blob):
                out(f"        part = blob(self.{name}, {node.low}, {node.high}, {name!r})")
                out(f'        out += len(part).to_bytes({uint_size(node.prefix)}, "big") + part')
            else:
                out(f"        count = in_range(len(self.{name}), {node.low}, {node.high}, {name!r})")
                out('        out += count.to_bytes(1, "big")')
                out(f"        for one_{name} in self.{name}:")
                out(f"            out += one_{name}.to_bytes()")
        out("        return bytes(out)\n\n")


def module_text(module: str, records: list[Record]) -> str:
    """Return the text of one generated module."""
    writer = Writer()
    for record in records:
        writer.write(record.name, record.doc, record.schema, True)
    body = "\n".join(writer.lines).rstrip() + "\n"
    helpers = ["blob", "ended", "exact", "in_range", "known", "one_of", "tagged", "take", "take_int"]
    used = ", ".join(name for name in helpers if f" {name}(" in body or f"({name}(" in body)
    head = (
        f'"""GENERATED by juzhu_protocol.schema.generate from schema/{module}_records.py; do not edit."""\n\n'
    )
    return head + f"from .wire import {used}\n\n\n" + body


def main(arguments: list[str]) -> int:
    """Write the modules, or with `--check` say which are not current; return the exit code."""
    stale = []
    for module, records in MODULES.items():
        path = RECORDS_FOLDER / f"{module}.py"
        text = module_text(module, records)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    if "--check" in arguments and stale:
        print("not current, run python -m juzhu_protocol.schema.generate:", ", ".join(stale), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
