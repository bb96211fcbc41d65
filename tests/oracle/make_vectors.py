"""Write tests/vectors/decide-cases.jsonl and decide-verdicts.jsonl; `--check` only compares them.

    python tests/oracle/make_vectors.py [--check]

A case a line, and on the same line of the other file the oracle's verdict. The same bytes on every run.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from oracle.boundary_cases import boundary_cases
from oracle.case_form import FLAGS, REASONS, SERVICES
from oracle.oracle import judge
from oracle.random_cases import random_cases

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
CASES = VECTORS / "decide-cases.jsonl"
VERDICTS = VECTORS / "decide-verdicts.jsonl"
SEED = 20171230
RANDOM_CASES = 2000
FEWEST = 5  # of each reason, each flag and each service


def one_line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def all_cases() -> list[str]:
    """Every case once, as its line."""
    seen: dict[str, str] = {}
    for case in (*boundary_cases(), *random_cases(SEED, RANDOM_CASES)):
        seen.setdefault(json.dumps(case, sort_keys=True), one_line(case))
    return list(seen.values())


def count(cases: list[dict[str, Any]], verdicts: list[dict[str, Any]]) -> Counter[str]:
    """How often each reason, flag, error and judged service occurs."""
    counts: Counter[str] = Counter()
    for case, verdict in zip(cases, verdicts, strict=True):
        if "error" in verdict:
            counts["error"] += 1
            continue
        counts[verdict["reason"]] += 1
        counts.update(f"flag {flag}" for flag in verdict["flags"])
        counts[f"service {case['service']}"] += 1
    return counts


def gaps(counts: Counter[str]) -> list[str]:
    """What the vectors show too seldom to be worth their name."""
    wanted = [
        *REASONS,
        *(f"flag {flag}" for flag in FLAGS),
        *(f"service {name}" for name in SERVICES),
        "error",
    ]
    return [name for name in wanted if counts[name] < FEWEST]


def make() -> tuple[str, str, Counter[str]]:
    """The text of both files, and the counts."""
    lines = all_cases()
    cases = [json.loads(line) for line in lines]
    verdicts = [judge(case) for case in cases]
    return (
        "".join(f"{line}\n" for line in lines),
        "".join(f"{one_line(verdict)}\n" for verdict in verdicts),
        count(cases, verdicts),
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    arguments = parser.parse_args()
    cases, verdicts, counts = make()
    missing = gaps(counts)
    if missing:
        print(f"fewer than {FEWEST} times: {', '.join(missing)}", file=sys.stderr)
        return 1
    if arguments.check:
        stale = [
            path.name
            for path, text in ((CASES, cases), (VERDICTS, verdicts))
            if not path.is_file() or path.read_text(encoding="utf-8") != text
        ]
        if stale:
            print(f"not current: {', '.join(stale)}; run {Path(__file__).name}", file=sys.stderr)
        return 1 if stale else 0
    VECTORS.mkdir(exist_ok=True)
    CASES.write_text(cases, encoding="utf-8", newline="\n")
    VERDICTS.write_text(verdicts, encoding="utf-8", newline="\n")
    for name, times in sorted(counts.items()):
        print(f"{times:6} {name}")
    print(f"{cases.count(chr(10)):6} cases")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
