"""What MicroPython parses but runs otherwise, or not at all: kept out of portable files."""

import ast
import builtins

import pytest

from portable_files import ROOT, portable_sources, portable_tests

BUILTIN_ERRORS = {
    name
    for name, thing in vars(builtins).items()
    if isinstance(thing, type) and issubclass(thing, BaseException)
}
# Names CPython has built in and MicroPython has not.
ABSENT_NAMES = {
    "TimeoutError",
    "ConnectionError",
    "FileNotFoundError",
    "PermissionError",
    "ascii",
    "aiter",
    "anext",
}


def _faults_of(node: ast.AST) -> str | None:
    match node:
        case ast.Raise(cause=cause) if cause is not None:
            return "raise ... from ...: MicroPython drops the cause"
        case ast.Delete(targets=targets) if any(
            isinstance(t, ast.Subscript) and isinstance(t.slice, ast.Slice) for t in targets
        ):
            return "del of a slice: bytearray has no such deletion there"
        case ast.ClassDef(bases=bases) if sum(ast.unparse(b) in BUILTIN_ERRORS for b in bases) > 1:
            return "two builtin exception bases: layout conflict there"
        case ast.ClassDef(keywords=keywords) if keywords:
            return "class keywords and metaclasses are not there"
        case ast.FunctionDef(name="__init_subclass__" | "__set_name__" as name):
            return f"{name} is never called there"
        case ast.Call(func=ast.Name(id="pow"), args=[_, ast.UnaryOp(op=ast.USub()), _]):
            return "pow(x, -1, p) returns 0 there: use pow(x, p - 2, p)"
        case ast.Call(func=ast.Attribute(attr="hexdigest" | "removeprefix" | "removesuffix" as attribute)):
            return f".{attribute}() is not there"
        case ast.Name(id=name) if name in ABSENT_NAMES:
            return f"{name} is not there"
        case ast.TryStar() | ast.AsyncFor() | ast.AsyncWith():
            return f"{type(node).__name__}: sans-I/O code has no use for it, and boards differ"
    return None


def faults(source: str) -> list[str]:
    """Each breach as "line: what"."""
    found = []
    for node in ast.walk(ast.parse(source)):
        said = _faults_of(node)
        if said:
            found.append(f"{node.lineno}: {said}")
    return found


def test_every_portable_file_keeps_to_the_dialect():
    files = [*portable_sources(), *portable_tests()]
    assert files
    broken = [f"{p.relative_to(ROOT)}:{f}" for p in files for f in faults(p.read_text(encoding="utf-8"))]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("try:\n    pass\nexcept ValueError as e:\n    raise KeyError() from e", "drops the cause"),
        ("del buf[:3]", "del of a slice"),
        ("class E(ValueError, KeyError):\n    pass", "two builtin"),
        ("class E(metaclass=M):\n    pass", "metaclasses"),
        ("class E:\n    def __init_subclass__(cls):\n        pass", "never called"),
        ("pow(3, -1, 7)", "returns 0"),
        ("h.hexdigest()", "hexdigest"),
        ("raise TimeoutError()", "TimeoutError"),
    ],
)
def test_what_micropython_runs_otherwise_is_named(source, expected):
    assert any(expected in fault for fault in faults(source))


def test_plain_code_passes():
    assert (
        faults("class E(ValueError):\n    pass\n\n\ndef f(b):\n    del b[0]\n    return pow(3, 5, 7)\n") == []
    )
