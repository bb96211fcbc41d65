"""The registry's tables, and how a file of an older version becomes one of this."""

from pathlib import Path

import sqlite_utils

from .database import open_database, translated, writing
from .errors import DatabaseFileError

APPLICATION_ID = 0x4A5A5231
VERSION = 3
"""user_version of the file. Version 1 bore none: it knew no applications and no handing out. Version 2 knew no files
HOLDER, PHOTO and SECURITY; the cards it issued stay without, since their chips have no keys."""

_PERMITS = """
CREATE TABLE permits (
    list_division INTEGER NOT NULL,
    serial INTEGER NOT NULL CHECK (serial BETWEEN 1 AND 99999999),
    issuing_division INTEGER NOT NULL,
    permit_class INTEGER NOT NULL,
    birth_day INTEGER NOT NULL,
    issue_day INTEGER NOT NULL,
    anchor_day INTEGER NOT NULL,
    residence_since INTEGER NOT NULL,
    endorsement_number INTEGER NOT NULL,
    endorsement_kind INTEGER NOT NULL,
    endorsement_day INTEGER NOT NULL,
    good_through INTEGER NOT NULL CHECK (good_through > anchor_day),
    status TEXT NOT NULL CHECK (status IN ('valid', 'suspended', 'revoked')),
    ground INTEGER NOT NULL CHECK (ground IN (0, 1, 2, 4, 5, 6)),
    cause TEXT NOT NULL CHECK (cause IN ('', 'lost', 'cancelled', 'replaced')),
    predecessor INTEGER NOT NULL,
    successor INTEGER NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    sex TEXT NOT NULL,
    ethnicity TEXT NOT NULL,
    citizen_number TEXT NOT NULL,
    household_address TEXT NOT NULL,
    info BLOB NOT NULL,
    service BLOB NOT NULL,
    handed_out_day INTEGER NOT NULL DEFAULT 0,
    CHECK ((status = 'revoked') = (cause <> '')),
    CHECK (status <> 'suspended' OR ground <> 0),
    CHECK (status <> 'valid' OR ground = 0),
    PRIMARY KEY (list_division, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX exceptions ON permits (list_division, serial, status) WHERE status <> 'valid';
CREATE INDEX holders ON permits (citizen_number);
CREATE TABLE endorsements (
    list_division INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    number INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (list_division, serial, number),
    FOREIGN KEY (list_division, serial) REFERENCES permits (list_division, serial)
) STRICT, WITHOUT ROWID;
"""

# What an application says of its holder stands here only as long as it waits.
_APPLICATIONS = """
CREATE TABLE applications (
    number INTEGER PRIMARY KEY,
    list_division INTEGER NOT NULL,
    accepted_day INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'issued', 'withdrawn')),
    serial INTEGER,
    citizen_number TEXT NOT NULL,
    content TEXT NOT NULL,
    CHECK ((state = 'accepted') = (content <> '') AND (state = 'accepted') = (citizen_number <> '')),
    CHECK ((state = 'issued') = (serial IS NOT NULL)),
    FOREIGN KEY (list_division, serial) REFERENCES permits (list_division, serial)
) STRICT;
CREATE INDEX applications_waiting ON applications (citizen_number) WHERE state = 'accepted';
CREATE INDEX applications_of ON applications (list_division, serial) WHERE serial IS NOT NULL;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    list_division INTEGER NOT NULL,
    serial INTEGER,
    application INTEGER REFERENCES applications (number),
    name TEXT NOT NULL,
    detail TEXT NOT NULL,
    CHECK (serial IS NOT NULL OR application IS NOT NULL),
    FOREIGN KEY (list_division, serial) REFERENCES permits (list_division, serial)
) STRICT;
CREATE INDEX events_of ON events (list_division, serial);
CREATE INDEX events_of_application ON events (application) WHERE application IS NOT NULL;
"""

# What a card was issued with, unchanged by whatever happens to its permit. Not in the table permits, which is read
# from end to end for each list.
_ISSUED_FILES = """
CREATE TABLE issued_files (
    list_division INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    holder BLOB NOT NULL,
    photo BLOB NOT NULL,
    security BLOB NOT NULL,
    PRIMARY KEY (list_division, serial),
    FOREIGN KEY (list_division, serial) REFERENCES permits (list_division, serial)
) STRICT;
"""

_VERSION = f"PRAGMA user_version = {VERSION}"

_SCHEMA = _PERMITS + _APPLICATIONS + _ISSUED_FILES + _VERSION

_BEFORE_APPLICATIONS = """
ALTER TABLE permits ADD COLUMN handed_out_day INTEGER NOT NULL DEFAULT 0;
DROP INDEX events_of;
ALTER TABLE events RENAME TO events_1;
"""
_AFTER_APPLICATIONS = """
INSERT INTO events (id, time, list_division, serial, name, detail)
    SELECT id, time, list_division, serial, name, detail FROM events_1;
DROP TABLE events_1;
"""
_TO_2 = _BEFORE_APPLICATIONS + _APPLICATIONS + _AFTER_APPLICATIONS
_STEPS = {0: _TO_2 + _ISSUED_FILES + _VERSION, 2: _ISSUED_FILES + _VERSION}
"""What makes a file of this version of one that bears another number."""


def open_registry(path: Path, *, create: bool) -> sqlite_utils.Database:
    """Open a registry file, or make it; a file of an older version becomes one of this version, in one transaction.

    DatabaseFileError when it is missing, damaged, something else, or of a later version.
    """
    database = open_database(path, APPLICATION_ID, _SCHEMA, create=create)
    try:
        with translated(path):
            if _version(database) != VERSION:
                _migrate(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _migrate(database: sqlite_utils.Database, path: Path) -> None:
    with writing(database, path):
        # Another process may have done it while this one waited for the lock.
        found = _version(database)
        if found == VERSION:
            return
        if found > VERSION:
            raise DatabaseFileError(
                f"{path} is of version {found}, and this software knows {VERSION}: update it, or restore a backup"
            )
        if found not in _STEPS:
            raise DatabaseFileError(
                f"{path} is of version {found}, which no software wrote: restore a backup"
            )
        for statement in _STEPS[found].split(";"):
            if statement.strip():
                database.conn.execute(statement)


def _version(database: sqlite_utils.Database) -> int:
    return int(database.conn.execute("PRAGMA user_version").fetchone()[0])
