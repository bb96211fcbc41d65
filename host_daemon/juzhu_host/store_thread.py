"""The one thread that owns the daemon's SQLite connection, and its group commit."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from juzhu_protocol.hostside.sqlite_files import make_private

from .errors import StoreDamagedError, StoreError

T = TypeVar("T")

MAX_GROUP = 256
"""Calls that share a commit: enough for every reader of a host, few enough that none waits long."""


class _Call:
    """One piece of work for the thread, and whom to tell."""

    def __init__(self, work: Callable[[Database], Any], writes: bool) -> None:
        self.work = work
        self.writes = writes
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()

    def finish(self, outcome: Any) -> None:
        """Hand the outcome, a result or an exception, to the waiting coroutine."""
        try:
            self.loop.call_soon_threadsafe(self._tell, outcome)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    def _tell(self, outcome: Any) -> None:
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class StoreThread:
    """Runs calls on the connection in the order they came; those that wait together share one commit.

    A write's result is told only after its commit. `work` may run twice, so it must do nothing but use the
    database: when a commit fails, each call of its group runs again alone, so that one harms only itself.
    """

    def __init__(self, path: Path, prepare: Callable[[Database], None]) -> None:
        self._path = path
        self._prepare = prepare
        self._queue: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="juzhu-store", daemon=True)
        self.commits = 0

    async def start(self) -> None:
        """Open the database; StoreError when it cannot be used."""
        opened = _Call(lambda _: None, writes=False)
        self._queue.put(opened)
        self._thread.start()
        await opened.future

    async def call(self, work: Callable[[Database], T], writes: bool) -> T:
        """Return what `work` returns, committed if it writes; StoreError when the database fails."""
        if self._closed:
            raise StoreError(f"{self._path}: the store is closed already")
        call = _Call(work, writes)
        self._queue.put(call)
        result: T = await call.future
        return result

    async def close(self) -> None:
        """Finish every call that waits, then close the database."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        first = self._queue.get()
        assert first is not None
        database: Database | None = None
        try:
            make_private(self._path)
            database = Database(self._path, execute_plugins=False)
            self._prepare(database)
        except Exception as error:  # noqa: BLE001  the one who waits for start() must hear of any fault
            if database is not None:
                database.close()
            # Nobody may start a call before start() has returned, so this is the only one.
            self._closed = True
            first.finish(explain(error, self._path))
            return
        first.finish(None)
        try:
            while self._serve(database):
                pass
        finally:
            database.close()

    def _serve(self, database: Database) -> bool:
        calls: list[_Call] = []
        waiting = self._queue.get()
        while waiting is not None:
            calls.append(waiting)
            if len(calls) == MAX_GROUP:
                break
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
        writes = [call for call in calls if call.writes]
        for call, outcome in zip(writes, self._write(database, writes), strict=True):
            call.finish(outcome)
        for call in calls:
            if not call.writes:
                call.finish(self._guard(lambda call=call: call.work(database)))  # type: ignore[misc]
        return waiting is not None

    def _write(self, database: Database, calls: list[_Call]) -> list[Any]:
        if not calls:
            return []
        outcome = self._guard(lambda: self._transaction(database, calls))
        if isinstance(outcome, list):
            return outcome
        if len(calls) == 1:
            return [outcome]
        return [result for call in calls for result in self._write(database, [call])]

    def _transaction(self, database: Database, calls: list[_Call]) -> list[Any]:
        outcomes: list[Any] = []
        with database.atomic():
            for call in calls:
                try:
                    with database.atomic():
                        outcomes.append(call.work(database))
                except sqlite3.OperationalError:
                    # Disk or I/O: SQLite may have dropped the whole transaction, so the group is over.
                    raise
                except Exception as error:
                    if not database.conn.in_transaction:
                        raise
                    outcomes.append(explain(error, self._path))
        self.commits += 1
        return outcomes

    def _guard(self, work: Callable[[], Any]) -> Any:
        """Return the result of `work` or, as a value, the exception it raised."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001  the thread must live on; the caller gets the exception
            return explain(error, self._path)


def explain(error: Exception, path: Path) -> Exception:
    """Return a StoreError that says what to do for an error of SQLite; any other error as it is."""
    # sqlite3 fails to decode its own message when that quotes a damaged schema.
    damaged = isinstance(error, UnicodeDecodeError)
    if not damaged and not isinstance(error, sqlite3.Error | OSError):
        return error
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        told = StoreError(
            f"{path}: no room is left ({error}). Free space on that disk; what was stored before stays in force."
        )
    elif damaged or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        told = StoreDamagedError(
            f"{path}: the database is damaged ({error}). Stop the daemon, move the file aside and start again: "
            "lists are fetched anew and readers send what was not acknowledged; taps in the old file are in it alone."
        )
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        told = StoreError(f"{path}: another program holds the database ({error}). End that program.")
    elif code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        told = StoreError(
            f"{path}: cannot be written ({error}). Check that its folder exists and that the daemon's user owns both."
        )
    else:
        told = StoreError(f"{path}: {error}. Check the disk; what was stored before stays in force.")
    told.__cause__ = error
    return told
