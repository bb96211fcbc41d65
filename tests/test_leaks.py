"""The leak watch itself: what it meets in every form, and a canary planted in every channel trips it."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from juzhu_protocol.authority.citizen_number import check_digit
from juzhu_simulator.population import holder
from leak_watch import CHANNELS, Watch
from leaks import (
    ADDRESS,
    CANARY_ADDRESS,
    CANARY_NAME,
    CANARY_NUMBER,
    KEY,
    NAME,
    NUMBER,
    PASSWORD,
    Detector,
    is_guessable,
)
from permit_tools import holder as other_holder

pytest_plugins = ["pytester"]

SECRET = bytes.fromhex("c7d1f09a5b3e48261f8ac4d07e93b5621a5cf7083e9d2b6471ac850ff36d9e42")
"""A key that exists nowhere else."""

PLANTED = Path(__file__).with_name("planted_leaks.py")


def knowing(secret=SECRET):
    detector = Detector()
    detector.add_key("the planted key", secret)
    return detector


def kinds(data, detector=None):
    return {kind for kind, _, _ in (detector or Detector()).find(data)}


# ---------------------------------------------------------------- what is met


def pem(secret):
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    forms = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*forms)


FORMS = {
    "raw": lambda secret: b"\x00\x01" + secret + b"\x02",
    "hex": lambda secret: f"key {secret.hex()}.",
    "hex after an odd digit": lambda secret: f"f{secret.hex()}",
    "upper hex": lambda secret: secret.hex().upper(),
    "hex with colons": lambda secret: secret.hex(":"),
    "hex by words": lambda secret: secret.hex(" ", 4),
    "hex over lines": lambda secret: "\n    ".join(secret.hex(":")[at : at + 45] for at in range(0, 95, 45)),
    "base64": lambda secret: base64.b64encode(secret).decode(),
    "base64 inside more": lambda secret: base64.b64encode(b"{" + secret + b"}"),
    "base64 for addresses": lambda secret: "?key=" + base64.urlsafe_b64encode(b"ab" + secret).decode(),
    "a PEM": pem,
    "a PEM in JSON": lambda secret: json.dumps({"pem": pem(secret).decode()}),
    "decimal": lambda secret: f"d = {int.from_bytes(secret, 'big')}",
    "hex of a number": lambda secret: f"{int.from_bytes(secret, 'big'):x}",
    "a list of numbers": lambda secret: str(list(secret)),
    "as Python writes bytes": repr,
    "the first half": lambda secret: secret[:16].hex(),
    "the second half": lambda secret: repr({"k": secret[16:]}),
    "hex of hex": lambda secret: f"message: {secret.hex()!r} and more",
}


@pytest.mark.parametrize("form", FORMS)
def test_key_is_met_in_every_form(form):
    assert kinds(FORMS[form](SECRET), knowing()) == {KEY}
    assert kinds(FORMS[form](bytes(255 - byte for byte in SECRET)), knowing()) == set()


@given(
    st.binary(min_size=32, max_size=32).filter(lambda key: not is_guessable(key[:16])),
    st.sampled_from(sorted(FORMS)),
)
def test_any_key_is_met_in_any_form(secret, form):
    if form.startswith("a PEM") and not 0 < int.from_bytes(secret, "big") < 2**255:
        return
    assert KEY in kinds(FORMS[form](secret), knowing(secret))


@given(st.binary(max_size=300))
def test_nothing_is_met_in_other_bytes(data):
    assert kinds(data, knowing()) == set()


WRITTEN = {
    "as it stands": lambda text: f"name={text};",
    "UTF-16LE": lambda text: b"\x01" + text.encode("utf-16-le"),
    "JSON": lambda text: json.dumps({"value": text}),
    "hex of UTF-8": lambda text: text.encode().hex(),
    "hex of UTF-16LE, as HOLDER in a card image": lambda text: (
        f'"holder": "00{text.encode("utf-16-le").hex()}"'
    ),
    "base64": lambda text: base64.b64encode(b"x" + text.encode()),
    "as Python writes bytes": lambda text: repr(text.encode()),
    "as Python writes ASCII": ascii,
}
PEOPLE_OF_TESTS = (holder(20_000, 7), other_holder())


@pytest.mark.parametrize("form", WRITTEN)
def test_made_up_people_are_met_in_every_form(form):
    write = WRITTEN[form]
    assert kinds(write(CANARY_NAME)) == {NAME}
    assert kinds(write(CANARY_NUMBER)) == {NUMBER}
    assert kinds(write(CANARY_ADDRESS)) == {ADDRESS}
    for person in PEOPLE_OF_TESTS:
        assert kinds(write(person.name)) == {NAME}
        assert kinds(write(person.citizen_number)) == {NUMBER}
        assert kinds(write(person.household_address)) == {ADDRESS}


def test_numbers_that_are_no_citizens_are_not_taken_for_one():
    assert CANARY_NUMBER[17] == check_digit(CANARY_NUMBER[:17])
    for text in ("990000", "990000************", "410202196002290028", "9900001234567890123456789"):
        assert kinds(text) == set(), text


def test_word_of_one_test_is_met_and_only_there():
    detector = Detector(knowing())
    detector.add_word("password", "of the broker", "Mei-Hua 9")
    assert kinds("mqtt://user:Mei-Hua 9@broker", detector) == {"password"}
    assert kinds(SECRET, detector) == {KEY}
    assert kinds("mqtt://user:Mei-Hua 9@broker", knowing()) == set()


def test_text_that_is_no_text_is_looked_through_all_the_same():
    assert kinds(f"\udc80 {CANARY_NAME}") == {NAME}
    assert kinds(f"\ud800 {CANARY_NAME}") == {NAME}
    detector = Detector()
    detector.add_word(NAME, "a name that no encoding has", "\ud800 甲")
    assert kinds("told: \ud800 甲", detector) == {NAME}


def test_keys_that_tests_count_up_are_left_out():
    for secret in (bytes(32), b"\x11" * 32, bytes(range(32)), (2001).to_bytes(32, "big"), b"\x01\x02" * 16):
        assert kinds(secret, knowing(secret)) == set()


def test_what_was_met_is_told_without_it():
    said = str(knowing().find(f"{SECRET.hex()} {CANARY_NAME}"))
    assert "the planted key" in said
    assert SECRET.hex()[:8] not in said
    assert CANARY_NAME not in said


# ---------------------------------------------------------------- a canary in every channel


@pytest.fixture
def run(pytester, monkeypatch):
    """Run tests under a watch of their own that knows SECRET; name -> (outcome, what was said of a leak)."""

    def session(source):
        monkeypatch.setenv("PLANTED", SECRET.hex())
        pytester.makepyfile(test_planted=source)
        without = [
            word
            for name in ("cacheprovider", "faulthandler", "xdist", "asyncio")
            for word in ("-p", f"no:{name}")
        ]
        ended = pytester.inline_run(*without, plugins=[Watch(knowing())])
        results = {}
        for report in ended.getreports("pytest_runtest_logreport"):
            said = [text for title, text in report.sections if title == "leak"]
            if "something leaked" in str(report.longrepr):
                said.append(str(report.longrepr))
            before = results.get(report.nodeid, ("passed", ""))
            outcome = report.outcome if before[0] == "passed" else before[0]
            results[report.nodeid] = (outcome, "\n".join([before[1], *said]))
        return {name.partition("::")[2]: result for name, result in results.items()}

    return session


KINDS = {"a_name": NAME, "not_stderr": NAME, "a_passphrase": PASSWORD, "a_persons_address": ADDRESS}
"""Part of a planted test's name -> what it leaks; a key if none is there."""


@pytest.mark.shows("stdout", NAME, why="the session inside plants a name and tells of it here")
def test_canary_in_any_channel_fails_its_test(run):
    results = run(PLANTED.read_text(encoding="utf-8"))
    assert len(results) >= 25
    channels = sorted(CHANNELS, key=len, reverse=True)
    met = set()
    for name, (outcome, said) in results.items():
        channel = next(one for one in channels if name.startswith("test_" + one.replace(" ", "_")))
        met.add(channel)
        assert outcome == "failed", name
        kind = next((kind for part, kind in KINDS.items() if part in name), KEY)
        article = "an" if kind == ADDRESS else "a"
        assert f"{channel} shows {article} {kind} " in said, (name, said)
        assert SECRET.hex()[:16] not in said, name
    assert met == set(CHANNELS)


CLEAN = """
import logging, subprocess, sys
import pytest
from juzhu_protocol.authority.signing import new_signer
from leaks import CANARY_NAME, CANARY_ADDRESS

def test_nothing_secret(capsys, tmp_path):
    print("c7d1f09a", new_signer(1), repr(new_signer(1)))
    logging.warning("an answer")
    subprocess.run([sys.executable, "-c", "print(1)"], check=True, capture_output=True)
    (tmp_path / "x.log").write_text("well")
    capsys.readouterr()

@pytest.mark.shows("stdout", "name", why="a clerk asks for it, and it is the holder's own card")
def test_name_where_it_may_be():
    print(CANARY_NAME)
"""


@pytest.mark.shows("stdout", NAME, why="the session inside shows a name where it may, and tells of it here")
def test_what_leaks_nothing_passes_and_so_does_what_may_be_shown(run):
    assert run(CLEAN) == {"test_nothing_secret": ("passed", ""), "test_name_where_it_may_be": ("passed", "")}


@pytest.mark.parametrize(
    "mark",
    [
        '"stdout", "key", why="a key may never be shown, whatever the reason"',
        '"stdout", "name", why="short"',
        '"stdout", "name"',
        '"stdout", why="whatever it is that this test shows"',
        '"everywhere", "name", why="whatever it is that this test shows"',
        '"stdout", "everything", why="whatever it is that this test shows"',
    ],
)
def test_allowance_is_narrow_and_says_why(run, mark):
    results = run(f"import pytest\n\n@pytest.mark.shows({mark})\ndef test_it():\n    pass\n")
    assert results["test_it"][0] == "failed"


def test_allowance_for_a_whole_file_is_refused(run):
    mark = 'pytest.mark.shows("stdout", "name", why="whatever it is that these tests show")'
    results = run(f"import pytest\n\npytestmark = {mark}\n\ndef test_it():\n    pass\n")
    assert results["test_it"][0] == "failed"
