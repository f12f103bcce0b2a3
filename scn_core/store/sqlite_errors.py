"""SQLite's error codes in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from scn_core.disk import naming_full_disk
from scn_core.errors import WorkspaceError

BUSY_TIMEOUT_MS = 5_000

_PLAIN = {
    sqlite3.SQLITE_BUSY: "another program has been writing to it for too long; wait for it or end it, then try again",
    sqlite3.SQLITE_READONLY: "it is open for reading only; open it for writing, or make the file writable",
    sqlite3.SQLITE_IOERR: "the disk reports an error ({error}); check the disk, then try again",
    sqlite3.SQLITE_CORRUPT: "the file is damaged ({error}); take the newest file of the folder backups",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database; name the review.db of a workspace",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; allowed: a file this user may read, in a folder that may be "
    "written to; check the permissions",
}


def database_path(db: Database) -> Path:
    """The file behind a connection."""
    return Path(db.conn.execute("PRAGMA database_list").fetchone()[2])


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn the faults a user can mend into a WorkspaceError that names the file; let the others pass."""
    try:
        with naming_full_disk(path):
            yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary of an extended code
        if code not in _PLAIN:
            raise
        text = _PLAIN[code].format(error=error)
        raise WorkspaceError(f"{path}: {text}") from error
