"""SQLite files as all of ours are: private, and so that a commit lasts."""

import os
import sqlite3
from pathlib import Path


def make_private(path: Path) -> None:
    """Make the file unless it is there, for nobody but its owner to read, from its first byte on."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def make_durable(connection: sqlite3.Connection) -> None:
    """Let a commit last through a power cut.

    The journal is truncated and synced at every commit: a deleted one could come back and undo a commit that
    somebody was told of, and a sequence number would be used twice.
    """
    connection.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
