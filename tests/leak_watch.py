"""Watches what every test lets out, and fails a test that lets out a secret or a made-up holder's data.

What is watched: output and log lines that pytest captured, also what a test took from its capture fixtures; the
text of failures and skips; every line that our packages log, at any level; the text of every error of ours; what
child processes wrote to pipes, and to the log files in the test's folder; taps and MQTT payloads made in this process.
Keys are known from signers, SAMs and sessions as they are made, and from every keys folder in the test's folder.

Some commands show a holder's data to whoever asks for it: `@pytest.mark.shows("stdout", "address", why="...")`
says so of one test, one channel and the kinds named. A key is never shown.
"""

import asyncio.subprocess
import logging
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from pathlib import Path
from typing import Any

import pytest

from juzhu_device.settings import ReaderSettings
from juzhu_host.bus import MqttBus
from juzhu_protocol.authority.application import Application
from juzhu_protocol.authority.holder_file import HolderFile
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.authority.permits import Holder, Permit
from juzhu_protocol.authority.private_files import PrivateFiles
from juzhu_protocol.authority.sam_set import SamSet
from juzhu_protocol.authority.signing import Signer
from juzhu_protocol.card.authentication import Exchange, SessionKeys
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.errors import JuzhuError
from juzhu_protocol.records.card import CardKeys
from juzhu_protocol.records.link import Tap
from leaks import (
    ADDRESS,
    NAME,
    NUMBER,
    PASSWORD,
    PEOPLE,
    Detector,
    bytes_of,
    keys_folders,
    secrets_of_folder,
    told,
)

CHANNELS = ("stdout", "stderr", "log", "failure", "error", "child", "log file", "tap", "mqtt")
MOST_KEPT = 1 << 22
"""Bytes of one test's texts that are kept before they are looked through."""

MIN_PASSPHRASE_LETTERS = 6
OUR_LOGGERS = ("juzhu_", "__main__")

KEY_HOLDERS: "dict[type, Callable[[Any], Iterable[tuple[str, bytes]]]]" = {
    Signer: lambda signer: [("a signer's private key", signer._secret())],
    SamSet: lambda sam: [(f"a master of SAM set {sam.epoch}", sam._secret())],
    SoftwareSam: lambda sam: [(f"master {epoch} of a SAM", key) for epoch, key in sam._masters.items()],
    CardKeys: lambda card: [
        (f"a card's {name}", getattr(card, name)) for name in CardKeys.__slots__ if name.endswith("_key")
    ],
    ReaderSettings: lambda settings: [("a reader's own key", settings.reader_key)],
    Exchange: lambda exchange: [("a card's role key", exchange._key)],
    SessionKeys: lambda keys: [
        ("a session's MAC key", keys.mac),
        ("a session's encryption key", keys.encryption),
    ],
}
"""Class -> (label, secret) of what an instance holds as soon as it is made: from then on it may be met nowhere."""

PERSON_HOLDERS: "dict[type, dict[str, str]]" = {
    Holder: {"name": NAME, "citizen_number": NUMBER, "household_address": ADDRESS},
    HolderFile: {"name": NAME, "citizen_number": NUMBER, "household_address": ADDRESS, "address": ADDRESS},
    Application: {"name": NAME, "citizen_number": NUMBER, "household_address": ADDRESS, "address": ADDRESS},
    Permit: {"address": ADDRESS},
}
"""Class -> kinds of its fields: what a test calls its people is known even where leaks.MARKS does not tell it."""

_watchers: "list[Watch]" = []


class Watch:
    """The plugin. One for each process of the suite; `known` holds what is secret from the start."""

    def __init__(self, known: "Detector | None" = None) -> None:
        self.known = known or everywhere()
        self._texts: dict[str, dict[bytes, None]] = {}
        self._kept = 0
        self._found: dict[str, None] = {}
        self._told: set[str] = set()
        self._met_in_test = Detector(self.known)
        self._folders: dict[Path, None] = {}
        self.files: dict[Path, None] = {}
        """Where this test's child processes write."""
        self._shows: dict[str, set[str]] = {}
        self._changed = False

    def note(self, channel: str, text: "bytes | str") -> None:
        """Keep what a test let out until the phase of the test ends."""
        raw = bytes_of(text)
        texts = self._texts.setdefault(channel, {})
        if raw and raw not in texts:
            texts[raw] = None
            self._changed = True
            self._kept += len(raw)
            if self._kept > MOST_KEPT:
                self._look()
                self._texts.clear()
                self._kept = 0

    def learn(self, label: str, secret: bytes) -> None:
        """Know a secret of the test that runs."""
        self._met_in_test.add_key(label, secret)
        self._changed = True

    def learn_word(self, kind: str, label: str, word: str) -> None:
        """Know a passphrase or a person's word of the test that runs; what marks tell and plain ASCII are left out."""
        if kind == PASSWORD or not (word.isascii() or self.known.find(word)):
            self._met_in_test.add_word(kind, label, word)
            self._changed = True

    # -- pytest's hooks

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line(
            "markers", "shows(channel, *kinds, why): what this test may show (leak_watch.py)"
        )
        _watchers.append(self)
        _tap_everything()

    def pytest_unconfigure(self) -> None:
        if self in _watchers:
            _watchers.remove(self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._texts, self._kept, self._found, self._told = {}, 0, {}, set()
        self._met_in_test, self._folders, self.files = Detector(self.known), {}, {}
        self._shows = allowances(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> "Iterator[Any]":
        report = yield
        for title, text in report.sections:
            for channel in ("stdout", "stderr", "log"):
                if channel in title:
                    self.note(channel, text)
        if report.longrepr is not None:
            self.note(
                "failure", str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
            )
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        if report.when == "teardown":
            for path in (*self.files, *(folder.rglob("*.log") if folder is not None else ())):
                if path.is_file():
                    self.note("log file", path.read_bytes())
        if self._changed:
            self._learn_folders(folder)
            self._look()
        new = [line for line in self._found if line not in self._told]
        self._told.update(new)
        if new:
            _fail(report, new)
        return report

    def _learn_folders(self, top: "Path | None") -> None:
        for folder in keys_folders(top) if top is not None else ():
            if folder not in self._folders:
                self._folders[folder] = None
                for label, secret in secrets_of_folder(folder):
                    self._met_in_test.add_key(label, secret)

    def _look(self) -> None:
        self._changed = False
        for channel, texts in self._texts.items():
            found = self._met_in_test.find(b"\n".join(texts))
            allowed = self._shows.get(channel, set())
            for line in told((one for one in found if one[0] not in allowed), channel):
                self._found.setdefault(line)


def everywhere() -> Detector:
    """What no test may let out: made-up people, and the private keys that everybody who develops has."""
    detector = Detector()
    for label, secret in secrets_of_folder(DEVELOPMENT_KEYS):
        detector.add_key(label, secret)
    return detector


def allowances(item: pytest.Item) -> "dict[str, set[str]]":
    """Channel -> kinds that this test may show, by its marks; UsageError for a mark that allows too much."""
    found: dict[str, set[str]] = {}
    for mark in item.iter_markers("shows"):
        channel, *kinds = mark.args
        if item.own_markers.count(mark) == 0:
            raise pytest.UsageError(f"{item.nodeid}: `shows` is of one test, not of a module or class")
        if channel not in CHANNELS or not kinds or not set(kinds) <= set(PEOPLE):
            raise pytest.UsageError(f"{item.nodeid}: shows{mark.args}: a channel, then kinds of {PEOPLE}")
        if len(mark.kwargs.get("why", "")) < 20:
            raise pytest.UsageError(f"{item.nodeid}: `shows` says why, in a sentence")
        found.setdefault(channel, set()).update(kinds)
    return found


def _fail(report: pytest.TestReport, lines: "list[str]") -> None:
    if report.failed:
        report.sections.append(("leak", "\n".join(lines)))
        return
    report.outcome = "failed"
    report.longrepr = "\n".join(["something leaked (tests/leak_watch.py):", *lines])


# ---------------------------------------------------------------- where output passes


def _note(channel: str, text: "bytes | str | None") -> None:
    # A session inside a test has a watch of its own.
    if text and _watchers:
        _watchers[-1].note(channel, text)


def _after(owner: Any, name: str, then: "Callable[..., None]") -> None:
    """Have `then(result, *arguments)` called after a method."""
    method = getattr(owner, name)

    @wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        then(result, *args, **kwargs)
        return result

    setattr(owner, name, watched)


def _before(owner: Any, name: str, first: "Callable[..., None]") -> None:
    """Have `first(*arguments)` called before a method."""
    method = getattr(owner, name)

    @wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:
        first(*args, **kwargs)
        return method(*args, **kwargs)

    setattr(owner, name, watched)


def _tap_everything() -> None:
    """Once a process, however many watchers there are."""
    if getattr(_tap_everything, "done", False):
        return
    _tap_everything.done = True  # type: ignore[attr-defined]
    for fixture in (pytest.CaptureFixture,):
        _after(
            fixture, "readouterr", lambda taken, *_: (_note("stdout", taken.out), _note("stderr", taken.err))
        )
    _after(subprocess.Popen, "__init__", _listen_to)
    _after(subprocess.Popen, "communicate", lambda said, *_, **__: [_note("child", text) for text in said])
    _before(
        asyncio.subprocess.SubprocessStreamProtocol,
        "pipe_data_received",
        lambda _self, _pipe, data: _note("child", data),
    )
    logging.getLogger().addHandler(_Lines())
    for level in ("debug", "info"):
        _before(logging.Logger, level, _quiet_line)
    _before(JuzhuError, "__init__", lambda _self, *args, **_: _note("error", " ".join(map(str, args))))
    _after(Tap, "to_bytes", lambda raw, *_: _note("tap", raw))
    _before(
        MqttBus,
        "publish",
        lambda _self, topic, payload, *_, **__: _note("mqtt", topic.encode() + b" " + payload),
    )
    _before(PrivateFiles, "__init__", _learn_passphrase)
    for owner, kinds in PERSON_HOLDERS.items():
        _after(owner, "__init__", partial(_learn_person, kinds))
    for owner, secrets_of in KEY_HOLDERS.items():
        _after(owner, "__init__", partial(_learn_all, secrets_of))


def _learn_passphrase(_files: PrivateFiles, passphrase: "bytes | None" = None) -> None:
    # Tests of the shortest and longest use one character many times.
    if _watchers and passphrase and len(set(passphrase)) >= MIN_PASSPHRASE_LETTERS:
        _watchers[-1].learn_word(PASSWORD, "a keys folder's passphrase", passphrase.decode())


def _learn_person(kinds: "dict[str, str]", _made: None, person: Any, *_: Any, **__: Any) -> None:
    for name, kind in kinds.items():
        for watcher in _watchers[-1:]:
            watcher.learn_word(kind, f"{type(person).__name__}.{name}", getattr(person, name))


def _learn_all(
    secrets_of: "Callable[[Any], Iterable[tuple[str, bytes]]]", _made: None, holder: Any, *_: Any, **__: Any
) -> None:
    for label, secret in secrets_of(holder):
        if _watchers:
            _watchers[-1].learn(label, secret)


def _listen_to(_made: None, child: "subprocess.Popen[Any]", *_: Any, **given: Any) -> None:
    """Hear what a child writes to a pipe that is read line by line, and keep in mind the files that it writes to."""
    for name in ("stdout", "stderr"):
        path = getattr(given.get(name), "name", None)
        if isinstance(path, str) and _watchers:
            _watchers[-1].files[Path(path)] = None
        # asyncio's pipes are heard where they arrive; it alone asks for no buffer.
        if getattr(child, name, None) is not None and given.get("bufsize") != 0:
            setattr(child, name, _Heard(getattr(child, name)))


class _Heard:
    """A child's pipe, and everything read from it noted."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)

    def _noted(self, text: Any) -> Any:
        _note("child", text)
        return text

    def read(self, *size: int) -> Any:
        """As the pipe's."""
        return self._noted(self._pipe.read(*size))

    def readline(self, *size: int) -> Any:
        """As the pipe's."""
        return self._noted(self._pipe.readline(*size))

    def __iter__(self) -> "Iterator[Any]":
        return map(self._noted, self._pipe)

    def __enter__(self) -> "_Heard":
        return self

    def __exit__(self, *error: object) -> None:
        self._pipe.close()


def _quiet_line(logger: logging.Logger, message: object, *args: object, **_: object) -> None:
    """A line of ours below the level at which anything is written."""
    if logger.name.startswith(OUR_LOGGERS):
        _note("log", str(message) % args if args else str(message))


class _Lines(logging.Handler):
    """Everything that is logged, with its traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        _note("log", self.format(record))
