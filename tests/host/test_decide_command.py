"""`juzhu decide`: one verdict a line in the same order, and a clear error for whatever is no case."""

import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juzhu_host import decide_command
from juzhu_host.cases import _KEYS, CLASSES, STATUSES, judge, read_case
from juzhu_host.cli import main
from juzhu_host.decide_command import MAX_LINE
from juzhu_host.errors import CaseError
from portable_files import ROOT

EXAMPLE = {
    "born": "1950-03-01",
    "issued": "2024-05-10",
    "endorsed": [["2025-05-02", "yearly"], ["2025-07-01", "address"]],
    "status": "valid",
    "service": "bus.senior",
    "today": ["2026-11-23", "2026-11-23"],
    "list_age_hours": 3,
    "profile": "kaifeng",
}
PLAIN = {
    "born": "1950-03-01",
    "issued": "2024-05-10",
    "service": "bus.senior",
    "today": ["2024-06-01", "2024-06-01"],
}
VERDICT_KEYS = [
    *("answer", "reason", "article", "good_through", "restorable_until", "resident_since", "until", "flags"),
]


def on(day, last=..., **changes):
    return {**PLAIN, "today": [day, day if last is ... else last], **changes}


@pytest.fixture
def decide(tmp_path, capsys):
    """Judge lines (bytes, or cases); return exit code, verdicts and standard error."""

    def run(*lines, end=b"\n"):
        path = tmp_path / "cases.jsonl"
        raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        path.write_bytes(end.join(raw) + (end if raw else b""))
        out = tmp_path / "verdicts.jsonl"
        code = main(["decide", "--cases", str(path), "--out", str(out)])
        told = out.read_text(encoding="utf-8")
        assert told.endswith("\n") or not told
        return code, [json.loads(line) for line in told.splitlines()], capsys.readouterr().err

    return run


def test_the_example_of_the_issue():
    assert judge(EXAMPLE) == {
        "answer": "DENY",
        "reason": "lapsed",
        "article": "18",
        "good_through": "2026-05-10",
        "restorable_until": "2026-11-10",
        "resident_since": "2024-05-10",
        "until": None,
        "flags": [],
    }


@pytest.mark.parametrize(
    ("case", "answer", "reason"),
    [
        (on("2024-05-09"), "REFER", "clock-unsure"),
        (on("2024-05-10"), "ALLOW", "in-force"),
        (on("2025-04-09"), "ALLOW", "in-force"),
        (on("2025-04-10"), "ALLOW", "endorse-soon"),
        (on("2025-05-10"), "ALLOW", "endorse-soon"),
        (on("2025-05-11"), "DENY", "overdue"),
        (on("2025-11-10"), "DENY", "overdue"),
        (on("2025-11-11"), "DENY", "lapsed"),
        (on("2025-05-10", "2025-05-11"), "REFER", "clock-unsure"),
        (on("2024-06-01", None), "REFER", "clock-unsure"),
        (on("2025-05-11", None), "DENY", "overdue"),
        (on("2024-06-01", born="1964-06-01"), "ALLOW", "in-force"),
        (on("2024-06-01", born="1964-06-02"), "DENY", "under-age"),
        (on("2024-06-01", list_age_hours=720), "ALLOW", "in-force"),
        (on("2024-06-01", list_age_hours=721), "REFER", "list-too-old"),
        (on("2024-06-01", list_age_hours=None), "REFER", "list-too-old"),
        (on("2024-06-01", list=False), "REFER", "no-list"),
        (on("2025-05-12", extended=[["2025-05-10", "2025-05-10", "2025-05-12"]]), "ALLOW", "endorse-soon"),
        (on("2025-05-13", extended=[["2025-05-10", "2025-05-10", "2025-05-12"]]), "DENY", "overdue"),
        (on("2025-05-12", extended=[["2025-05-11", "2025-05-11", "2025-05-12"]]), "DENY", "overdue"),
        (on("2024-06-01", division=410102), "DENY", "other-division"),
        (on("2024-06-01", **{"class": "hong-kong-macao-taiwan"}), "REFER", "other-rules"),
        (on("2024-06-01", **{"class": "transitional"}), "REFER", "other-rules"),
        (on("2018-05-11", issued="2017-05-10", **{"class": "transitional"}), "DENY", "transitional-ended"),
        (
            on("2018-05-11", issued="2017-05-10", good_through="2018-05-11", **{"class": "transitional"}),
            "ALLOW",
            "in-force",
        ),
        (on("2024-06-01", service="settle-permit"), "REFER", "residence-not-shown"),
        (on("2024-06-01", service="settle-permit", resident_since="2023-06-01"), "ALLOW", "in-force"),
        (on("2024-06-01", profile="beijing", division=110101), "ALLOW", "in-force"),
        (
            on("2025-05-01", registered="2024-11-01", endorsed=[["2025-05-01", "moved"]]),
            "ALLOW",
            "in-force",
        ),
        *((on("2024-06-01", authenticity=word), "REFER", reason) for word, reason in (
            ("forged", "not-genuine"),
            ("unknown-key", "unknown-key"),
            ("key-revoked", "key-revoked"),
            ("newer-profile", "update-reader"),
            ("unreadable", "unreadable"),
        )),
        *((on("2024-06-01", status=word), "DENY", reason) for word, reason in (
            ("suspended", "suspended"),
            ("suspended:1", "suspended-false-papers"),
            ("suspended:2", "suspended-no-longer-eligible"),
            ("suspended:4", "suspended-settled"),
            ("suspended:5", "suspended-moved"),
            ("suspended:6", "suspended-other"),
            ("revoked", "revoked"),
            ("revoked:replaced", "revoked-replaced"),
            ("revoked:lost", "revoked-lost"),
            ("revoked:cancelled", "revoked-cancelled"),
        )),
    ],
)  # fmt: skip
def test_answer_and_reason_at_boundaries(case, answer, reason):
    verdict = judge(case)
    assert list(verdict) == VERDICT_KEYS
    assert (verdict["answer"], verdict["reason"]) == (answer, reason)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"born": "2025-01-01"}, "after the issue"),
        ({"born": "1904-05-09", "issued": "2024-05-10"}, "older than 120 years"),
        ({"born": "1899-12-31"}, "1900-01-02"),
        ({"born": "1950-02-30"}, "born: "),
        ({"born": "1950-3-1"}, "no day"),
        ({"born": "1950-1-001"}, "no day"),
        ({"born": "１９５０-03-01"}, "no day"),
        ({"born": 19500301}, "born: a day is a text"),
        ({"born": None}, "null"),
        ({"issued": "2079-06-06"}, "2079-06-05"),
        ({"born": "2000-01-01", "issued": "2079-01-01"}, "later than a card can hold"),
        ({"endorsed": [["2024-05-09", "yearly"]]}, "before the permit's last act"),
        ({"endorsed": [["2025-05-02", "yearly"], ["2025-05-01", "address"]]}, "before the permit's last act"),
        ({"endorsed": [["2025-04-09", "yearly"]]}, "from 2025-04-10"),
        ({"endorsed": [["2025-11-11", "yearly"]]}, "register anew"),
        ({"endorsed": [["2025-11-11", "address"]]}, "register anew"),
        ({"endorsed": [["2025-05-01", "moved"]], "registered": "2024-11-02"}, "from 2025-05-02"),
        ({"endorsed": [["2024-06-01", "address"]] * 256}, "255"),
        ({"endorsed": [["2025-05-02", "monthly"]]}, "there are: yearly, address, moved"),
        ({"endorsed": [["2025-05-02"]]}, "[day, kind]"),
        ({"endorsed": [{}]}, "[day, kind]"),
        ({"endorsed": [["2025-05-02", []]]}, "a list"),
        ({"endorsed": 0}, "[day, kind]"),
        ({"endorsed": None}, "[day, kind]"),
        ({"endorsed": ""}, "[day, kind]"),
        ({"class": "transitional", "endorsed": [["2025-05-02", "yearly"]]}, "never endorsed"),
        ({"class": "guest"}, "ordinary"),
        ({"good_through": "2026-01-01"}, "transitional alone"),
        ({"class": "transitional", "good_through": "2024-05-10"}, "after the issue"),
        ({"resident_since": "2024-05-11"}, "resident_since"),
        ({"registered": "x"}, "registered"),
        ({"service": "bus.junior"}, "bus.senior"),
        ({"service": ["bus.senior"]}, "a list"),
        ({"status": "suspended:3"}, "suspended:6"),
        ({"status": True}, "true"),
        ({"status": "revoked", "list": False}, "nothing is listed"),
        ({"authenticity": "fake"}, "genuine"),
        ({"profile": "atlantis"}, "kaifeng"),
        ({"profile": "../kaifeng"}, "kaifeng"),
        ({"profile": 7}, "profile"),
        ({"division": 41020}, "six digits"),
        ({"division": True}, "true"),
        ({"division": 410202.0}, "410202.0"),
        ({"division": "410202"}, '"410202"'),
        ({"today": ["2024-06-02", "2024-06-01"]}, "after"),
        ({"today": ["2024-06-01"]}, "first and the last"),
        ({"today": [None, "2024-06-01"]}, "null"),
        ({"today": "2024-06-01"}, "first and the last"),
        ({"today": ["2024-06-31", None]}, "today: "),
        ({"list_age_hours": -1}, "from 0"),
        ({"list_age_hours": True}, "true"),
        ({"list_age_hours": 3.0}, "3.0"),
        ({"list": "no"}, '"no"'),
        ({"extended": [["2025-05-01", "2025-05-02"]]}, "[from, to, through]"),
        ({"extended": [["2025-05-02", "2025-05-01", "2025-06-01"]]}, "from is not after to"),
        ({"extended": {}}, "[from, to, through]"),
        ({"colour": "red"}, "colour: no key"),
        ({"\ud800": 1}, "no key"),
    ],
)
def test_bad_value_is_named_with_what_may_stand_there(changes, said):
    verdict = judge({**PLAIN, **changes})
    assert list(verdict) == ["error"]
    assert said in verdict["error"]
    verdict["error"].encode()


@pytest.mark.parametrize("key", PLAIN)
def test_missing_key_is_named(key):
    verdict = judge({name: value for name, value in PLAIN.items() if name != key})
    assert verdict["error"].startswith(f"{key}: ")


@pytest.mark.parametrize("case", [None, 7, "case", [], [PLAIN], True])
def test_what_is_no_object_is_no_case(case):
    assert "a case is an object" in judge(case)["error"]


def test_verdicts_stand_in_the_order_of_the_cases_and_errors_in_their_place(decide):
    code, verdicts, err = decide(on("2025-05-11"), {"colour": 1}, PLAIN)
    assert code == 0
    assert [verdict.get("reason") for verdict in verdicts] == ["overdue", None, "in-force"]
    assert verdicts[1]["error"].startswith("line 2: colour: ")
    assert "1 of 3 lines are no cases" in err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "empty"),
        (b"  \t", "empty"),
        (b"born,issued", "no JSON at column 1"),
        (b'{"born": "1950-03-01"', "no JSON at column"),
        (bytes(range(128, 256)), "UTF-8"),
        (b"\x00\x01\x02", "no JSON"),
        ("{}".encode("utf-16"), "UTF-8"),
        (b"[" * 30_000, "nested too deeply"),
        (b'{"x":' * 12_000, "nested too deeply"),
        (b'{"born": "1950-03-01", "born": "1990-03-01"}', "twice"),
        (b'{"list_age_hours": ' + b"9" * 5000 + b"}", "4300 digits"),
        (b'{"list_age_hours": NaN}', "born: "),
        (b" " * MAX_LINE + b"{}", f"longer than {MAX_LINE} bytes"),
        (b"x" * (MAX_LINE * 3 + 7), f"longer than {MAX_LINE} bytes"),
    ],
)
def test_line_that_is_no_case_gets_its_error_and_the_next_its_verdict(decide, line, said):
    code, verdicts, _ = decide(line, PLAIN)
    assert code == 0
    assert len(verdicts) == 2
    assert verdicts[0]["error"].startswith("line 1: ")
    assert said in verdicts[0]["error"]
    assert verdicts[1]["reason"] == "in-force"


def test_line_at_the_limit_is_read(decide):
    raw = json.dumps(PLAIN).encode()
    _, verdicts, err = decide(raw + b" " * (MAX_LINE - len(raw)), raw + b" " * (MAX_LINE - len(raw) + 1))
    assert verdicts[0]["reason"] == "in-force"
    assert "longer" in verdicts[1]["error"]
    assert "1 of 2" in err


def test_tables_of_other_systems_are_read(decide):
    raw = json.dumps(PLAIN).encode()
    _, verdicts, err = decide(b"\xef\xbb\xbf" + raw, raw, end=b"\r\n")
    assert [verdict["reason"] for verdict in verdicts] == ["in-force"] * 2
    assert err == ""


def test_last_line_needs_no_line_end(tmp_path, capsys):
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(PLAIN))
    assert main(["decide", "--cases", str(path)]) == 0


def test_empty_table_says_so(decide):
    code, verdicts, err = decide()
    assert (code, verdicts) == (0, [])
    assert "holds no cases" in err


def test_verdicts_never_overwrite_the_cases(tmp_path, capsys):
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(PLAIN))
    assert main(["decide", "--cases", str(path), "--out", str(tmp_path / "." / "cases.jsonl")]) == 78
    assert json.loads(path.read_text()) == PLAIN


@pytest.mark.parametrize(
    "words", [("--cases", "gone.jsonl"), ("--cases", "."), ("--cases", "c", "--out", "no/v")]
)
def test_file_that_cannot_be_opened_is_a_fault(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c").write_text(json.dumps(PLAIN))
    assert main(["decide", *words]) == 78
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_program_that_speaks_line_by_line_gets_each_verdict_at_once():
    argv = [sys.executable, "-m", "juzhu_host.cli", "decide", "--cases", "-"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for case, reason in ((PLAIN, "in-force"), (on("2025-05-11"), "overdue")):
            process.stdin.write(json.dumps(case) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["reason"] == reason
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_full_disk_is_a_fault():
    class Full:
        def write(self, data):
            raise OSError(28, "No space left on device")

    class One:
        def __init__(self):
            self.lines = [b"{}\n"]

        def readline(self, size):
            return self.lines.pop() if self.lines else b""

    with pytest.raises(Exception, match="No space left") as caught:
        decide_command.judge_lines(One(), Full())
    assert caught.value.exit_code == 78


def test_a_case_is_judged_the_same_when_its_life_is_remembered():
    for kinds in (["yearly"], ["address"]):
        for registered in ({}, {"registered": "2024-01-01"}):
            case = on("2025-06-01", endorsed=[["2025-05-01", kind] for kind in kinds], **registered)
            assert judge(case) == judge(case)
    assert judge(on("2025-06-01", endorsed=[["2025-05-01", "yearly"]]))["good_through"] == "2026-05-10"
    assert judge(on("2025-06-01", endorsed=[["2025-05-01", "address"]]))["good_through"] == "2025-05-10"


_days = st.dates().map(str) | st.sampled_from(["2025-05-10", "2025-05-11", "2024-02-29"])
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | _days
_values = st.recursive(
    _scalars | st.sampled_from([*STATUSES, *CLASSES]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=8,
)
_keys = st.sampled_from(
    [
        *("born", "issued", "endorsed", "status", "service", "today", "list_age_hours", "list", "profile"),
        *("authenticity", "division", "class", "registered", "resident_since", "extended", "good_through"),
    ]
)


# Whatever stands in a case, it is judged or it is an error in words; nothing else is ever raised.
@given(st.dictionaries(_keys, _values, max_size=4))
def test_no_value_breaks_the_judge(changes):
    verdict = judge({**PLAIN, **changes})
    assert list(verdict) in (VERDICT_KEYS, ["error"])
    json.dumps(verdict, ensure_ascii=False).encode()


def test_every_key_of_a_case_is_described_and_no_other():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    table = text.split("## A table of cases")[1].split("\n## ")[0]
    described = [re.findall(r"`(\w+)`", cell) for cell in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)]
    assert sorted(name for names in described for name in names) == sorted(_KEYS)


def test_case_error_is_the_only_error_of_reading():
    with pytest.raises(CaseError):
        read_case({})


def test_verdicts_are_their_owners_alone_and_whole_or_not_there(tmp_path, monkeypatch):
    cases, out = tmp_path / "cases.jsonl", tmp_path / "verdicts.jsonl"
    cases.write_text(json.dumps(on("2025-05-01")) + "\n")
    out.write_text("old")
    out.chmod(0o644)

    def break_off(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(decide_command, "_judge_line", break_off)
        assert main(["decide", "--cases", str(cases), "--out", str(out)]) == 78
    assert (out.read_text(), sorted(path.name for path in tmp_path.iterdir())) == (
        "old",
        ["cases.jsonl", "verdicts.jsonl"],
    )
    assert main(["decide", "--cases", str(cases), "--out", str(out)]) == 0
    assert json.loads(out.read_text())["answer"] == "ALLOW"
    assert out.stat().st_mode & 0o777 == 0o600
