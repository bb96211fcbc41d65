"""The journal: numbers are used once, one publisher a division, and a kill anywhere loses nothing."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256

import pytest

from juzhu_protocol.authority.errors import (
    ClockError,
    DatabaseFileError,
    OperatorError,
    ProfileVersionError,
    SecondPublisherError,
)
from juzhu_protocol.authority.journal import KEPT_PUBLICATIONS, MAX_BEHIND_S, MAX_JUMP_S, Journal
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.lists.topics import CHUNK_SIZE, chunk
from juzhu_protocol.records.trust import Manifest
from killing import killed_at

CITY = 410200
TIME = 1_790_000_000


def signer(content, epoch=1):
    """Manifests whose signature nobody looks at here."""

    def sign(sequence, time):
        return Manifest(
            1, CITY, epoch, sequence, time, len(content), sha256(content).digest(), bytes(4), bytes(64)
        ).to_bytes()

    return sign


def append(journal, content, now=TIME, epoch=1):
    return journal.append(content, now, epoch, signer(content, epoch))


def test_numbers_rise_by_one_and_survive_reopening(tmp_path):
    path = tmp_path / "journal"
    with Journal(path, CITY) as journal:
        assert journal.current() is None
        assert [append(journal, b"a" * n).sequence for n in (1, 2, 3)] == [1, 2, 3]
        last = journal.current()
    with Journal(path, CITY) as journal:
        assert journal.current() == last
        assert append(journal, b"b").sequence == 4
    assert path.stat().st_mode & 0o77 == 0


def test_same_content_again_is_a_new_number_over_the_same_chunks(tmp_path):
    with Journal(tmp_path / "journal", CITY) as journal:
        first, second = append(journal, b"a"), append(journal, b"a", TIME + 5)
        assert (first.topics, first.content) == (second.topics, second.content)
        assert (second.sequence, second.time) == (2, TIME + 5)
        assert journal.stale_topics() == []


def test_manifests_time_never_runs_backwards(tmp_path):
    with Journal(tmp_path / "journal", CITY) as journal:
        append(journal, b"a", TIME)
        assert append(journal, b"b", TIME - 86400).time == TIME
        assert append(journal, b"c", TIME + 1).time == TIME + 1


@pytest.mark.parametrize(
    ("ahead", "fine"),
    [(-MAX_BEHIND_S - 1, False), (-MAX_BEHIND_S, True), (MAX_JUMP_S, True), (MAX_JUMP_S + 1, False)],
)
def test_clock_far_from_the_last_manifest_is_refused_and_uses_no_number(tmp_path, ahead, fine):
    with Journal(tmp_path / "journal", CITY) as journal:
        append(journal, b"a", TIME)
        if fine:
            assert append(journal, b"b", TIME + ahead).time == max(TIME, TIME + ahead)
            assert journal.signed_at() == TIME + ahead
        else:
            with pytest.raises(ClockError):
                append(journal, b"b", TIME + ahead)
            assert (journal.current().sequence, journal.signed_at()) == (1, TIME)


def test_raised_key_epoch_lets_time_start_anew_after_a_signing_in_the_future(tmp_path):
    with Journal(tmp_path / "journal", CITY) as journal:
        append(journal, b"a", TIME)
        sign = signer(b"b")
        future = journal.append(b"b", TIME + 9 * 366 * 86400, 1, sign, accept_clock_jump=True)
        with pytest.raises(ClockError, match="epoch"):
            append(journal, b"c", TIME + 60)
        healed = append(journal, b"c", TIME + 60, epoch=2)
        assert (healed.time, healed.sequence) == (TIME + 60, future.sequence + 1)


def test_journal_of_earlier_software_is_taken_over(tmp_path):
    path = tmp_path / "journal"
    with Journal(path, CITY) as journal:
        append(journal, b"a")
        journal._database.execute("DROP TABLE signings")
    with Journal(path, CITY) as journal:
        assert journal.signed_at() == TIME
        assert append(journal, b"b", TIME + 5).sequence == 2
        assert journal.signed_at() == TIME + 5


def test_older_key_epoch_is_refused_and_a_newer_one_goes_on(tmp_path):
    with Journal(tmp_path / "journal", CITY) as journal:
        append(journal, b"a", epoch=2)
        with pytest.raises(OperatorError, match="epoch"):
            append(journal, b"b", epoch=1)
        newer = append(journal, b"b", epoch=3)
        assert (newer.key_epoch, newer.sequence) == (3, 2)
        assert journal.current() == newer


def test_refused_signing_uses_no_number(tmp_path):
    def fail(sequence, time):
        raise OperatorError("no key")

    with Journal(tmp_path / "journal", CITY) as journal:
        append(journal, b"a")
        with pytest.raises(OperatorError):
            journal.append(b"b", TIME, 1, fail)
        with pytest.raises(ValueError):
            journal.append(b"b", TIME, 1, lambda sequence, time: signer(b"b")(sequence + 1, time))
        assert append(journal, b"b").sequence == 2


@pytest.mark.parametrize(
    ("length", "chunks"),
    [(1, 1), (CHUNK_SIZE - 1, 1), (CHUNK_SIZE, 1), (CHUNK_SIZE + 1, 2), (2 * CHUNK_SIZE, 2), (200_000, 4)],
)
def test_chunks_are_the_content_and_none_is_too_large(tmp_path, length, chunks):
    content = bytes(n % 251 for n in range(length))
    with Journal(tmp_path / "journal", CITY) as journal:
        publication = append(journal, content)
        assert len(publication.topics) == chunks
        assert b"".join(chunk(publication.content, n) for n in range(chunks)) == content
        assert max(len(chunk(publication.content, n)) for n in range(chunks)) <= CHUNK_SIZE
    digest = sha256(content).hexdigest()
    assert publication.topics[-1] == f"juzhu/1/410200/list/{digest}-{chunks - 1}"
    assert len(publication.topics[0].split("/")) <= 6


def test_chunks_nobody_names_are_known_until_they_were_cleared(tmp_path):
    path = tmp_path / "journal"
    with Journal(path, CITY) as journal:
        first = append(journal, b"a" * (CHUNK_SIZE + 1))
        second = append(journal, b"b")
        append(journal, b"c")
        assert journal.stale_topics() == sorted([*first.topics, *second.topics])
        journal.forget_topics([first.topics[0]])
    with Journal(path, CITY) as journal:
        assert journal.stale_topics() == sorted([first.topics[1], *second.topics])
        # Content that comes back is current again, and no longer to be cleared.
        append(journal, b"b")
        assert set(second.topics).isdisjoint(journal.stale_topics())


def test_old_manifests_are_kept_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr("juzhu_protocol.authority.journal.KEPT_PUBLICATIONS", 3)
    assert KEPT_PUBLICATIONS >= 3
    with Journal(tmp_path / "journal", CITY) as journal:
        for n in range(6):
            append(journal, bytes([n]))
        rows = list(journal._database.query("SELECT sequence, length(content) AS size FROM publications"))
        assert [(row["sequence"], row["size"]) for row in rows] == [(4, 0), (5, 0), (6, 1)]


HOLD = """
import sys
from pathlib import Path
from juzhu_protocol.authority.journal import Journal
journal = Journal(Path(sys.argv[1]), 410200)
print("held", flush=True)
sys.stdin.read()
"""


def test_second_publisher_is_refused_by_name_until_the_first_is_killed(tmp_path):
    path = tmp_path / "journal"
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(SecondPublisherError, match=f"process {child.pid} ") as caught:
            Journal(path, CITY)
        assert caught.value.exit_code == 75
        with Journal(path, 410100) as other:
            assert other.current() is None
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    with Journal(path, CITY), pytest.raises(SecondPublisherError, match=f"process {os.getpid()} "):
        Journal(path, CITY)


def test_registry_is_not_taken_for_a_journal_and_its_lock_is_let_go(tmp_path):
    path = tmp_path / "file"
    Registry(path, create=True).close()
    for _ in range(2):
        with pytest.raises(DatabaseFileError, match="another kind"):
            Journal(path, CITY)


@pytest.mark.parametrize("step", ["append", "forget"])
def test_kill_at_every_statement_leaves_a_journal_that_goes_on(tmp_path, step):
    original = tmp_path / "original"
    with Journal(original, CITY) as journal:
        append(journal, b"a")
        before = append(journal, b"b")
        stale = journal.stale_topics()
    steps = {
        "append": lambda journal: append(journal, b"c", TIME + 9),
        "forget": lambda journal: journal.forget_topics(stale),
    }
    killed, statement = True, 0
    while killed:
        path = tmp_path / f"{statement}"
        shutil.copy(original, path)
        opened = []

        def connect(path=path, opened=opened):
            opened.append(Journal(path, CITY))
            return opened[0]._database.conn

        killed = killed_at(statement, connect, lambda opened=opened: steps[step](opened[0]))
        with Journal(path, CITY) as journal:
            current = journal.current()
            if killed or step == "forget":
                assert current == before
                assert journal.stale_topics() == (stale if killed else [])
            else:
                assert (current.sequence, current.content) == (3, b"c")
            # The next number is one that nobody ever saw.
            assert append(journal, b"d").sequence == current.sequence + 1
        statement += 1
    assert statement > 3


def test_deleted_journal_file_cannot_undo_a_number(tmp_path):
    """A rollback journal that is deleted may come back after a power cut; one that is truncated cannot."""
    path = tmp_path / "journal"
    with Journal(path, CITY) as journal:
        append(journal, b"a")
        (mode,) = journal._database.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = journal._database.execute("PRAGMA synchronous").fetchone()
        assert (mode, synchronous) == ("truncate", 2)
        assert (tmp_path / "journal-journal").stat().st_size == 0


def test_rows_that_contradict_an_act_are_one_line_and_no_traceback(tmp_path):
    with Journal(tmp_path / "journal", CITY) as journal:
        append(journal, b"a")
        journal._database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON publications BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        with pytest.raises(DatabaseFileError, match=r"journal holds what contradicts this act \(no\)"):
            append(journal, b"b")
        assert journal.current().sequence == 1


def test_profile_keeps_its_first_signature_and_its_version_names_one_content(tmp_path):
    path = tmp_path / "journal"
    with Journal(path, CITY) as journal:
        assert journal.profile(1, b"content", lambda: b"first") == b"first"
    with Journal(path, CITY) as journal, Journal(path, 410100) as other:
        assert journal.profile(1, b"content", lambda: b"second") == b"first"
        with pytest.raises(ProfileVersionError, match="raise version"):
            journal.profile(1, b"changed", lambda: b"third")
        assert journal.profile(2, b"changed", lambda: b"third") == b"third"
        with pytest.raises(ProfileVersionError, match="version 2 of 410200 was published"):
            journal.profile(1, b"content", lambda: b"fourth")
        assert other.profile(1, b"elsewhere", lambda: b"fifth") == b"fifth"
