"""The publishing journal: what a division has published, kept before it goes out.

It assigns sequence numbers and keeps the signed manifest, its content and the names of its chunks, so that
a publisher that is killed anywhere goes on with the same bytes. A number is used once: the manifest, its
content and the number are one transaction. One process at a time publishes a division.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from ..hostside.lock import LockHeldError, ProcessLock
from ..lists.topics import chunk_topics
from ..records.trust import Manifest
from .database import open_database, reading, writing
from .errors import ClockError, DatabaseFileError, OperatorError, ProfileVersionError, SecondPublisherError

APPLICATION_ID = 0x4A5A4A31
_SCHEMA = """
CREATE TABLE publications (
    division INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    key_epoch INTEGER NOT NULL,
    time INTEGER NOT NULL,
    manifest BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (division, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE chunks (
    division INTEGER NOT NULL,
    topic TEXT NOT NULL,
    PRIMARY KEY (division, topic)
) STRICT, WITHOUT ROWID
"""

_LATER_SCHEMA = """
CREATE TABLE IF NOT EXISTS signings (
    division INTEGER PRIMARY KEY,
    clock INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS profiles (
    division INTEGER NOT NULL,
    version INTEGER NOT NULL,
    content BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (division, version)
) STRICT, WITHOUT ROWID
"""
"""What journals made by earlier software lack."""

MAX_JUMP_S = 30 * 86400
"""A clock that is further past the last manifest is more likely wrong than a publisher idle for so long."""

MAX_BEHIND_S = 86400
"""A clock that is further before the last manifest is wrong, or that manifest's was."""

KEPT_PUBLICATIONS = 1000
"""The newest of them, with the current content, are what the journal holds."""


@dataclass(frozen=True)
class Publication:
    """One signed manifest, its content, and the topics of its chunks."""

    key_epoch: int
    sequence: int
    time: int
    manifest: bytes
    content: bytes
    topics: tuple[str, ...]


class Journal:
    """The journal of one division in one file; a context manager that holds the division's lock.

    SecondPublisherError while another process holds it.
    """

    def __init__(self, path: Path, division: int) -> None:
        if not path.name or path.is_dir():
            raise DatabaseFileError(f"{path} is a folder: name the journal's file")
        self._path = path
        self._division = division
        self._lock = _locked(path.with_name(f"{path.name}.{division}.lock"), division)
        try:
            self._database = open_database(path, APPLICATION_ID, _SCHEMA, create=True)
            with writing(self._database, path):
                for statement in _LATER_SCHEMA.split(";"):
                    self._database.execute(statement)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let another publisher take over."""
        self._database.close()
        self._lock.release()

    def current(self) -> "Publication | None":
        """Return the newest publication, or None before the first."""
        sql = "SELECT * FROM publications WHERE division = ? ORDER BY sequence DESC LIMIT 1"
        with reading(self._database, self._path):
            found = list(self._database.query(sql, (self._division,)))
        return self._publication(bytes(found[0]["manifest"]), bytes(found[0]["content"])) if found else None

    def signed_at(self) -> int:
        """Return what the clock showed when the newest publication was signed; 0 before the first.

        It differs from the manifest's time while the clock is behind that.
        """
        with reading(self._database, self._path):
            row = self._database.execute(
                "SELECT clock FROM signings WHERE division = ?", (self._division,)
            ).fetchone()
        if row:
            return int(row[0])
        current = self.current()
        return current.time if current else 0

    def append(
        self,
        content: bytes,
        now: int,
        key_epoch: int,
        sign: Callable[[int, int], bytes],
        *,
        accept_clock_jump: bool = False,
    ) -> Publication:
        """Keep and return the next publication; `sign(sequence, time)` returns its manifest's bytes.

        A manifest's time is the floor of readers' clocks. So it never runs backwards within a key epoch: with
        `now` up to MAX_BEHIND_S before the last one's, the last one's stands. ClockError when `now` is
        further behind, or more than MAX_JUMP_S past the last one's unless that is accepted.
        """
        with writing(self._database, self._path):
            last = self.current()
            if last is not None and key_epoch < last.key_epoch:
                raise OperatorError(
                    f"the journal is at key epoch {last.key_epoch} and the list key at {key_epoch}: "
                    "readers would refuse its manifests; use the newer list key"
                )
            sequence = last.sequence + 1 if last is not None else 1
            raw = sign(sequence, _manifest_time(last, now, key_epoch, accept_clock_jump))
            new = self._publication(raw, content)
            if (new.sequence, new.key_epoch) != (sequence, key_epoch):
                raise ValueError("the manifest is not numbered as it was asked to be")
            self._keep(new)
            self._database.execute(
                "INSERT OR REPLACE INTO signings (division, clock) VALUES (?, ?)", (self._division, now)
            )
        return new

    def _keep(self, new: Publication) -> None:
        # Old manifests stay for an inspection, their contents do not.
        self._database.execute("UPDATE publications SET content = x'' WHERE division = ?", (self._division,))
        self._database.execute(
            "DELETE FROM publications WHERE division = ? AND sequence <= ?",
            (self._division, new.sequence - KEPT_PUBLICATIONS),
        )
        self._database.table("publications").insert(
            {
                "division": self._division,
                "sequence": new.sequence,
                "key_epoch": new.key_epoch,
                "time": new.time,
                "manifest": new.manifest,
                "content": new.content,
            }
        )
        for topic in new.topics:
            # sqlite-utils looks for a rowid when it ignores a row that is there; these tables have none.
            self._database.execute("INSERT OR IGNORE INTO chunks VALUES (?, ?)", (self._division, topic))

    def _publication(self, raw: bytes, content: bytes) -> Publication:
        manifest = Manifest.from_bytes(raw)
        topics = chunk_topics(self._division, manifest.content_hash, manifest.content_length)
        return Publication(manifest.key_epoch, manifest.sequence, manifest.time, raw, content, tuple(topics))

    def profile(self, version: int, content: bytes, sign: Callable[[], bytes]) -> bytes:
        """Return the signed profile of this content: the one kept before, or `sign()`, kept from now on.

        So one content keeps one signature and the time of its first publication. ProfileVersionError for
        another content under a version that was published, or for a version below the newest.
        """
        with writing(self._database, self._path):
            sql = "SELECT * FROM profiles WHERE division = ? ORDER BY version DESC LIMIT 1"
            newest = next(iter(self._database.query(sql, (self._division,))), None)
            if newest is not None and version < newest["version"]:
                raise ProfileVersionError(
                    f"profile version {newest['version']} of {self._division} was published: readers take "
                    f"none below it; raise version {version} in the profile's file"
                )
            if newest is not None and version == newest["version"]:
                if bytes(newest["content"]) != content:
                    raise ProfileVersionError(
                        f"profile version {version} of {self._division} was published with another content or "
                        "key, and readers hold that: raise version in the profile's file"
                    )
                return bytes(newest["record"])
            record = sign()
            self._database.execute(
                "INSERT INTO profiles VALUES (?, ?, ?, ?)", (self._division, version, content, record)
            )
        return record

    def stale_topics(self) -> list[str]:
        """Return the chunk topics that may still be retained and that the current manifest does not name."""
        current = self.current()
        named = set(current.topics) if current else set()
        sql = "SELECT topic FROM chunks WHERE division = ? ORDER BY topic"
        with reading(self._database, self._path):
            return [
                found["topic"]
                for found in self._database.query(sql, (self._division,))
                if found["topic"] not in named
            ]

    def forget_topics(self, topics: "list[str]") -> None:
        """Note that these topics were cleared."""
        with writing(self._database, self._path):
            for topic in topics:
                self._database.execute(
                    "DELETE FROM chunks WHERE division = ? AND topic = ?", (self._division, topic)
                )


def _manifest_time(last: "Publication | None", now: int, key_epoch: int, accept_clock_jump: bool) -> int:
    if last is None:
        return now
    if now - last.time > MAX_JUMP_S and not accept_clock_jump:
        raise ClockError(
            f"the clock shows {_moment(now)}, {(now - last.time) // 86400} days past the last manifest of "
            f"{_moment(last.time)}. Readers would never go back before that: set the clock if it is wrong; if it "
            "is right and nothing was published since, say so with --accept-clock-jump"
        )
    if last.time - now > MAX_BEHIND_S:
        if key_epoch > last.key_epoch:
            return now
        raise ClockError(
            f"the clock shows {_moment(now)}, {(last.time - now) // 86400} days before the last manifest of "
            f"{_moment(last.time)}. Set the clock if it is wrong; if the last manifest was signed by a wrong "
            "clock, raise the list key's epoch (juzhu keys epoch --list NAME) and have the root sign: time may start "
            "anew then"
        )
    return max(now, last.time)


def _moment(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _locked(path: Path, division: int) -> ProcessLock:
    try:
        return ProcessLock(path)
    except LockHeldError as error:
        raise SecondPublisherError(
            f"process {error.holder} publishes division {division} already: stop it, or leave it to it"
        ) from None
    except OSError as error:
        raise DatabaseFileError(f"{path} cannot be opened: {error.strerror}") from None
