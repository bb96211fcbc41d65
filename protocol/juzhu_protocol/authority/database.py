"""Opening the authority's SQLite files: private, commits that last, one connection, one thread."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlite_utils

from ..hostside.sqlite_files import make_durable, make_private
from .errors import DatabaseBusyError, DatabaseFileError, DatabaseFullError

BUSY_TIMEOUT_MS = 10_000


def open_database(path: Path, application_id: int, schema: str, *, create: bool) -> sqlite_utils.Database:
    """Open a file of ours, or make it; DatabaseFileError when it is missing, damaged or something else."""
    if not create and not path.is_file():
        raise DatabaseFileError(f"there is no {path}: check the path")
    is_new = not path.exists()
    try:
        make_private(path)
        database = sqlite_utils.Database(sqlite3.connect(str(path), timeout=BUSY_TIMEOUT_MS / 1000))
    except (OSError, sqlite3.Error) as error:
        raise DatabaseFileError(f"{path} cannot be opened: {error}") from None
    try:
        with translated(path):
            make_durable(database.conn)
            database.conn.execute("PRAGMA foreign_keys = ON")
            _claim(database, path, application_id, schema, create=create)
    except BaseException:
        database.close()
        # What could not be made whole must not be taken for an empty file of ours later.
        if is_new:
            _unlink_empty(path)
        raise
    return database


def _unlink_empty(path: Path) -> None:
    # Another process may have found the new file and made it a registry meanwhile.
    with suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


def _claim(
    database: sqlite_utils.Database, path: Path, application_id: int, schema: str, *, create: bool
) -> None:
    with writing(database, path):
        found = database.conn.execute("PRAGMA application_id").fetchone()[0]
        tables = database.conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if found == 0 and tables == 0:
            if not create:
                raise DatabaseFileError(f"{path} is empty: restore it from a backup")
            for statement in schema.split(";"):
                if statement.strip():
                    database.conn.execute(statement)
            database.conn.execute(f"PRAGMA application_id = {application_id}")
        elif found != application_id:
            raise DatabaseFileError(f"{path} is a database of another kind: check the path")


@contextmanager
def writing(database: sqlite_utils.Database, path: Path) -> Iterator[sqlite_utils.Database]:
    """One transaction, with the write lock from its start; nested, a part of the outer one."""
    with translated(path):
        if not database.conn.in_transaction:
            # sqlite-utils begins deferred, and a reader that turns writer may fail without waiting.
            database.conn.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.conn.execute("COMMIT")
            except BaseException:
                database.rollback()
                raise
        else:
            with database.atomic():
                yield database


@contextmanager
def reading(database: sqlite_utils.Database, path: Path) -> Iterator[sqlite_utils.Database]:
    """One state of the database for several queries."""
    with translated(path), database.atomic():
        yield database


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, the file's name in front."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DatabaseBusyError(f"{path} is held by another process: try again") from error
        if code == sqlite3.SQLITE_FULL:
            raise DatabaseFullError(
                f"{path}: no room is left on its disk; free some, nothing was changed"
            ) from error
        raise DatabaseFileError(f"{path}: {error}") from error
    except sqlite3.IntegrityError as error:
        raise DatabaseFileError(
            f"{path} holds what contradicts this act ({error}): restore it from a backup, or look what changed it"
        ) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # sqlite3 fails to decode its own message when that quotes a damaged schema.
        what = "its schema is damaged" if isinstance(error, UnicodeDecodeError) else error
        raise DatabaseFileError(f"{path}: {what}; restore it from a backup") from error
