"""`juzhu decide`: a table of cases in, a table of verdicts out, line for line."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from .cases import judge
from .errors import ConfigError
from .private_file import named_file

MAX_LINE = 65_536
"""Bytes of a case: one with 255 endorsements, the most that a card holds, has less than 10,000."""

STANDARD = "-"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def register(subparsers: Any) -> None:
    """Add the command `decide`."""
    parser = subparsers.add_parser(
        "decide",
        help="judge a table of cases",
        description="Reads one case a line (JSON) and writes one verdict a line in the same order. A line that is "
        'no case gets {"error": ...} in its place.',
    )
    parser.add_argument("--cases", required=True, metavar="FILE.jsonl|-", help="- is standard input")
    parser.add_argument("--out", default=STANDARD, metavar="FILE", help="default: standard output")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    try:
        with ExitStack() as files:
            source = _open_source(args.cases, files)
            target = _open_target(args.out, args.cases, files)
            # Whoever speaks to us line by line waits for each answer.
            total, wrong = judge_lines(source, target, flush=args.cases == STANDARD)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError(f"{args.out}: {error.strerror}; give another file with --out") from None
    if not total:
        print(f"juzhu: {args.cases} holds no cases", file=sys.stderr)
    elif wrong:
        print(f"juzhu: {wrong} of {total} lines are no cases; their verdicts say why", file=sys.stderr)
    return 0


def judge_lines(source: BinaryIO, target: BinaryIO, *, flush: bool = False) -> tuple[int, int]:
    """Write the verdict of every line of `source`; return how many lines there were, and how many no cases."""
    total = wrong = 0
    try:
        for line in _lines(source):
            total += 1
            verdict = _judge_line(line, total)
            wrong += "error" in verdict
            target.write(_ENCODE(verdict).encode() + b"\n")
            if flush:
                target.flush()
        target.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError(f"after {total} lines: {error.strerror}; the verdicts are not complete") from None
    return total, wrong


def _judge_line(line: "bytes | None", number: int) -> dict[str, Any]:
    if line is None:
        return {
            "error": f"line {number}: longer than {MAX_LINE} bytes, which no case is; split the table in lines"
        }
    try:
        verdict = judge(_parse(line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line))
    except ValueError as error:
        return {"error": f"line {number}: {error}"}
    if "error" in verdict:
        verdict["error"] = f"line {number}: {verdict['error']}"
    return verdict


def _parse(line: bytes) -> Any:
    try:
        return _DECODE(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text; save the table as UTF-8") from None
    except json.JSONDecodeError as error:
        what = "empty" if not line.strip() else f"no JSON at column {error.colno} ({error.msg})"
        raise ValueError(f"{what}; a line holds one case as one JSON object") from None
    except RecursionError:
        raise ValueError("nested too deeply for a case; a case is one JSON object") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object; keep one of them")
    return found


# Made once: making them costs as much as judging a case.
_DECODE = json.JSONDecoder(object_pairs_hook=_object).decode
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _lines(source: BinaryIO) -> "Iterator[bytes | None]":
    while line := source.readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = source.readline(MAX_LINE)
        yield None


def _open_source(name: str, files: ExitStack) -> BinaryIO:
    if name == STANDARD:
        return sys.stdin.buffer
    try:
        return files.enter_context(Path(name).open("rb"))
    except OSError as error:
        raise ConfigError(f"{name}: {error.strerror}; give a file of cases with --cases, or -") from None


def _open_target(name: str, source: str, files: ExitStack) -> BinaryIO:
    if name == STANDARD:
        return sys.stdout.buffer
    path = Path(name)
    if source != STANDARD and path.exists() and path.samefile(source):
        raise ConfigError(f"{name}: the verdicts would overwrite the cases; give another file with --out")
    try:
        return files.enter_context(named_file(path))
    except OSError as error:
        raise ConfigError(f"{name}: {error.strerror}; give another file with --out") from None
