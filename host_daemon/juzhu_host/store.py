"""What the daemon keeps: the trust bundle, the divisions' lists and profiles, and the taps of its readers.

Readers delete what they were told is stored, so a commit must outlast a power cut (make_durable). One daemon
at a time uses a file: a lock beside it holds that.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from juzhu_protocol.hostside.lock import LockHeldError, ProcessLock
from juzhu_protocol.hostside.sqlite_files import make_durable
from juzhu_protocol.records.link import Tap
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.records.trust import Manifest

from .errors import SecondDaemonError, StoreDamagedError, StoreError
from .store_thread import StoreThread

SCHEMA_VERSION = 3

APPLICATION_ID = 0x4A7A6831
"""The file's mark ("Jzh1"), so that no other program's database is written to."""

_PUT_TRUST = """
    insert into trust (id, bundle_version, bundle) values (1, ?, ?)
    on conflict (id) do update set bundle_version = excluded.bundle_version, bundle = excluded.bundle
"""
_PUT_LIST = """
    insert into lists (division, key_epoch, sequence, manifest, content) values (?, ?, ?, ?, ?)
    on conflict (division) do update set key_epoch = excluded.key_epoch, sequence = excluded.sequence,
        manifest = excluded.manifest, content = excluded.content
"""
_PUT_PROFILE = """
    insert into profiles (division, profile_version, profile) values (?, ?, ?)
    on conflict (division) do update set profile_version = excluded.profile_version, profile = excluded.profile
"""
_PUT_TAP = """
    insert into taps (port, reader_id, ring_id, tap_index, time, pseudonym, service, answer, reason, flags,
        list_sequence, chain, raw) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict do nothing
"""
_PUT_CONFLICT = """
    insert into tap_conflicts (port, reader_id, ring_id, tap_index, raw) values (?, ?, ?, ?, ?)
    on conflict do nothing
"""
_HIGHEST = "select max(tap_index) from taps where port = ? and reader_id = ? and ring_id = ?"

MAX_JUMP = 1_000_000
"""Taps that a reader may have made and overwritten between two that reach a host: years of a busy bus."""


@dataclass(frozen=True)
class StoredList:
    """A division's list as it was stored: the manifest's bytes and the content they name."""

    manifest: bytes
    content: bytes


class Store:
    """The daemon's database; every method may raise StoreError, and then nothing has changed."""

    def __init__(self, path: Path) -> None:
        self._thread = StoreThread(path, _prepare)
        self._lock: ProcessLock | None = None
        self.path = path

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or make the database; StoreError says what to do when it cannot be used.

        SecondDaemonError names the process that uses it already.
        """
        store = cls(path)
        store._lock = _locked(path)
        try:
            await store._thread.start()
        except BaseException:
            store._lock.release()
            raise
        return store

    async def close(self) -> None:
        """Finish what waits and close; a second call does nothing."""
        await self._thread.close()
        lock, self._lock = self._lock, None
        if lock:
            lock.release()

    @property
    def commits(self) -> int:
        """Commits since the store was opened; calls that waited together shared one."""
        return self._thread.commits

    async def bundle(self) -> bytes | None:
        """Return the signed trust bundle's bytes, or None."""

        def read(database: Database) -> bytes | None:
            row = database.execute("select bundle from trust where id = 1").fetchone()
            return bytes(row[0]) if row else None

        return await self._thread.call(read, writes=False)

    async def replace_bundle(self, bundle: bytes, version: int) -> None:
        """Put a bundle in the place of the one held."""
        await self._thread.call(
            lambda database: _execute(database, _PUT_TRUST, (version, bundle)), writes=True
        )

    async def division_list(self, division: int) -> StoredList | None:
        """Return the division's manifest and content, or None."""

        def read(database: Database) -> StoredList | None:
            sql = "select manifest, content from lists where division = ?"
            row = database.execute(sql, (division,)).fetchone()
            return StoredList(bytes(row[0]), bytes(row[1])) if row else None

        return await self._thread.call(read, writes=False)

    async def replace_list(self, manifest: bytes, content: bytes) -> None:
        """Put manifest and content, both or neither, in the place of what the manifest's division held."""
        record = Manifest.from_bytes(manifest)
        values = (record.list_division, record.key_epoch, record.sequence, manifest, content)
        await self._thread.call(lambda database: _execute(database, _PUT_LIST, values), writes=True)

    async def profile(self, division: int) -> bytes | None:
        """Return the division's signed profile, or None."""

        def read(database: Database) -> bytes | None:
            sql = "select profile from profiles where division = ?"
            row = database.execute(sql, (division,)).fetchone()
            return bytes(row[0]) if row else None

        return await self._thread.call(read, writes=False)

    async def replace_profile(self, profile: bytes) -> None:
        """Put a signed profile in the place of what its division held."""
        record = ProfileRecord.from_bytes(profile)
        values = (record.list_division, record.profile_version, profile)
        await self._thread.call(lambda database: _execute(database, _PUT_PROFILE, values), writes=True)

    async def bind_reader(self, port: str, reader_id: bytes, ring_id: int) -> list[tuple[str, bytes, int]]:
        """Note that a reader's ring came on a port; return what contradicts it, the first time that it does.

        That is the same ring on other ports, and other rings on this one: (port, reader_id, ring_id).
        """

        def write(database: Database) -> list[tuple[str, bytes, int]]:
            put = "insert into rings (port, reader_id, ring_id) values (?, ?, ?) on conflict do nothing"
            if not database.execute(put, (port, reader_id, ring_id)).rowcount:
                return []
            sql = (
                "select port, reader_id, ring_id from rings where (port = :port) <> "
                "(reader_id = :reader and ring_id = :ring) order by rowid limit 8"
            )
            found = database.execute(sql, {"port": port, "reader": reader_id, "ring": ring_id})
            return [(str(row[0]), bytes(row[1]), int(row[2])) for row in found]

        return await self._thread.call(write, writes=True)

    async def store_tap(self, port: str, reader_id: bytes, ring_id: int, raw: bytes) -> bool:
        """Keep a tap for good; False if this very tap was stored before. RecordError when it is none.

        Another tap under an index that is taken, or one more than MAX_JUMP past the highest, is kept beside
        the others: neither is believed more, none is lost, and no made-up index hides what is still to come.
        Every port has a history of its own, so that a reader cannot speak for one on another port.
        """
        tap = Tap.from_bytes(raw)
        place = (port, reader_id, ring_id, tap.index)
        fields = (tap.time, tap.pseudonym, tap.service, tap.answer, tap.reason, tap.flags)
        values = (*place, *fields, tap.list_sequence, tap.chain, raw)

        def write(database: Database) -> bool:
            highest = database.execute(_HIGHEST, place[:3]).fetchone()[0]
            if highest is not None and tap.index > highest + MAX_JUMP:
                return bool(database.execute(_PUT_CONFLICT, (*place, raw)).rowcount)
            if database.execute(_PUT_TAP, values).rowcount:
                return True
            sql = "select raw from taps where port = ? and reader_id = ? and ring_id = ? and tap_index = ?"
            if bytes(database.execute(sql, place).fetchone()[0]) == raw:
                return False
            return bool(database.execute(_PUT_CONFLICT, (*place, raw)).rowcount)

        return await self._thread.call(write, writes=True)

    async def taps_stored(self, port: str, reader_id: bytes, ring_id: int) -> int:
        """Return the highest index stored of a reader's ring from this port, 0 for none.

        A reader sends in order and may have overwritten what it never sent, so a gap below is not to be filled.
        """

        def read(database: Database) -> int:
            return int(database.execute(_HIGHEST, (port, reader_id, ring_id)).fetchone()[0] or 0)

        return await self._thread.call(read, writes=False)

    async def taps(
        self, port: str, reader_id: bytes, ring_id: int, after: int = 0, limit: int = 1000
    ) -> list[bytes]:
        """Return the raw Tap records of a port's ring above index `after`, in order, at most `limit`."""

        def read(database: Database) -> list[bytes]:
            sql = "select raw from taps where port = ? and reader_id = ? and ring_id = ? and tap_index > ?"
            sql += " order by tap_index limit ?"
            return [bytes(row[0]) for row in database.execute(sql, (port, reader_id, ring_id, after, limit))]

        return await self._thread.call(read, writes=False)


def _locked(path: Path) -> ProcessLock:
    try:
        return ProcessLock(path.with_name(path.name + ".lock"))
    except LockHeldError as error:
        raise SecondDaemonError(
            f"{path}: process {error.holder} is a daemon on this store already. Stop it, or name another `store`."
        ) from None
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be locked ({error.strerror}). "
            "Check that its folder exists and that the daemon's user owns both."
        ) from None


def _execute(database: Database, sql: str, values: tuple[object, ...]) -> None:
    database.execute(sql, values)


def _prepare(database: Database) -> None:
    # The check reads every page: damage is found now and not by the call that happens on it.
    found = database.execute("pragma quick_check(1)").fetchone()[0]
    path = database.execute("pragma database_list").fetchone()[2]
    if found != "ok":
        raise StoreDamagedError(
            f"{path}: the database is damaged ({found}). Move the file aside and start again: lists are fetched "
            "anew and readers send what was not acknowledged; taps in the old file are in it alone."
        )
    make_durable(database.conn)
    application = database.execute("pragma application_id").fetchone()[0]
    version = database.execute("pragma user_version").fetchone()[0]
    if (application, version) == (0, 0) and not database.table_names():
        with database.atomic():
            _create(database)
    elif application != APPLICATION_ID:
        raise StoreDamagedError(f"{path}: this is another program's database. Name another file as `store`.")
    elif version in (1, 2):
        with database.atomic():
            if version == 1:
                _create_profiles(database)
            _give_ports(database)
    elif version != SCHEMA_VERSION:
        raise StoreError(
            f"{path}: its form is version {version}, this software writes {SCHEMA_VERSION}. "
            "Use the software that wrote it, or name another file as `store`."
        )


def _create(database: Database) -> None:
    database.table("trust").create({"id": int, "bundle_version": int, "bundle": bytes}, pk="id", strict=True)
    database.table("lists").create(
        {"division": int, "key_epoch": int, "sequence": int, "manifest": bytes, "content": bytes},
        pk="division",
        strict=True,
    )
    _create_taps(database)
    _create_profiles(database)
    database.execute(f"pragma application_id = {APPLICATION_ID}")
    database.execute(f"pragma user_version = {SCHEMA_VERSION}")


def _create_taps(database: Database) -> None:
    # A tap names a pseudonym that changes daily; nothing else about a person is ever stored here.
    database.table("taps").create(
        {
            "port": str,
            "reader_id": bytes,
            "ring_id": int,
            "tap_index": int,
            "time": int,
            "pseudonym": bytes,
            "service": int,
            "answer": int,
            "reason": int,
            "flags": int,
            "list_sequence": int,
            "chain": bytes,
            "raw": bytes,
        },
        pk=("port", "reader_id", "ring_id", "tap_index"),
        strict=True,
    )
    database.table("tap_conflicts").create(
        {"port": str, "reader_id": bytes, "ring_id": int, "tap_index": int, "raw": bytes},
        pk=("port", "reader_id", "ring_id", "tap_index", "raw"),
        strict=True,
    )
    database.table("rings").create(
        {"port": str, "reader_id": bytes, "ring_id": int}, pk=("port", "reader_id", "ring_id"), strict=True
    )


def _create_profiles(database: Database) -> None:
    """What version 2 has and version 1 has not."""
    database.table("profiles").create(
        {"division": int, "profile_version": int, "profile": bytes}, pk="division", strict=True
    )


def _give_ports(database: Database) -> None:
    """What version 3 has and version 2 has not: the port that each tap came on, unknown of older ones."""
    for name in ("taps", "tap_conflicts"):
        database.execute(f"alter table {name} rename to {name}_2")
    _create_taps(database)
    for name in ("taps", "tap_conflicts"):
        columns = ", ".join(column.name for column in database.table(f"{name}_2").columns)
        copy = f"insert into {name} (port, {columns}) select '', {columns} from {name}_2"  # noqa: S608  names of ours
        database.execute(copy)
        database.execute(f"drop table {name}_2")
    database.execute(f"pragma user_version = {SCHEMA_VERSION}")
