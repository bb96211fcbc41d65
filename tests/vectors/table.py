"""The committed vectors, read once, and what tests say of two verdicts that differ."""

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from oracle.case_form import REVOKED, SUSPENDED
from oracle.oracle import judge

FOLDER = Path(__file__).parent
Case = dict[str, Any]
Vector = tuple[int, Case, Case]

GROUNDS = frozenset(
    {reason for word, reason in REVOKED.items() if ":" in word}
    | {reason for word, (reason, _) in SUSPENDED.items() if ":" in word}
)
"""Reasons that only a list with grounds and causes can say."""


@cache
def vectors() -> list[Vector]:
    """(line, case, the oracle's verdict) of every vector, errors too."""
    cases = _lines("decide-cases.jsonl")
    verdicts = _lines("decide-verdicts.jsonl")
    return [(line, *pair) for line, pair in enumerate(zip(cases, verdicts, strict=True), start=1)]


def judged() -> list[Vector]:
    """The vectors that are no error."""
    return [vector for vector in vectors() if "error" not in vector[2]]


def same(verdict: Case, expected: Case) -> bool:
    """Whether two verdicts are the same; the words of an error are free, that it is one is not."""
    if "error" in expected:
        return list(verdict) == ["error"]
    return verdict == expected


def stripped(case: Case) -> Case:
    """The case as a reader's list has it, which tells no ground and no cause."""
    return {**case, "status": case["status"].partition(":")[0]} if "status" in case else case


def stripped_verdict(case: Case, verdict: Case) -> Case:
    """The oracle's verdict of the stripped case; `verdict` is that of the case as it stands."""
    return judge(stripped(case)) if ":" in case.get("status", "") else verdict


def sample(size: int, seed: int, met: list[Vector]) -> list[Vector]:
    """Some of the vectors, the same for a seed, with each reason and each set of flags among them."""
    rng = Random(seed)
    shuffled = rng.sample(met, len(met))
    first = {(one[2]["reason"], *one[2]["flags"]): one for one in shuffled}
    rest = [one for one in shuffled if first[(one[2]["reason"], *one[2]["flags"])] is not one]
    return [*first.values(), *rest][:size]


def difference(case: Case, got: Any, expected: Any) -> str:
    """A difference as one can look into it: the case, and what each side says."""
    return f"{json.dumps(case, ensure_ascii=False)}\n  got      {got}\n  expected {expected}"


def _lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]
