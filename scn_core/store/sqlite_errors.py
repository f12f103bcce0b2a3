"""SQLite's error codes in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from scn_core.disk import naming_full_disk
from scn_core.errors import DiskFullError, ScnError, WorkspaceError
from scn_core.permissions import closed_text
from scn_core.shell import command_line

BUSY_TIMEOUT_MS = 5_000
UNREADABLE = (sqlite3.DatabaseError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading damaged rows raises: SQLite's own errors, and values that are no numbers, no JSON, no text."""

_PLAIN = {
    sqlite3.SQLITE_BUSY: "another program has been writing to it for too long; wait for it or end it, then try again",
    sqlite3.SQLITE_READONLY: "it is open for reading only; open it for writing, or make the file writable",
    sqlite3.SQLITE_IOERR: "the disk reports an error ({error}); check the disk, then try again",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database, or its beginning is damaged; name the review.db of a "
    "workspace, or put a backup back with: {restore}",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; allowed: a file this user may read, in a folder that may be "
    "written to; check the permissions",
}

_NO_DAMAGE = {
    *_PLAIN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOLFS,
} - {sqlite3.SQLITE_NOTADB}  # fmt: skip
"""What SQLite says of the machine, of other programs and of permissions: the file may be as it was written."""

_LOST_WAL = (
    "its -wal does not hold what it should: it was deleted or replaced while a program has the database open, or the "
    "disk reports an error ({error}); stop the server and the trainer, which then write all that was saved into the "
    "database, and try again"
)


def database_path(db: Database) -> Path:
    """The file behind a connection."""
    return Path(db.conn.execute("PRAGMA database_list").fetchone()[2])


def is_busy(error: ScnError) -> bool:
    """Whether another program kept the database from being used, by an error that `plain_errors` raised."""
    return _code(error.__cause__) == sqlite3.SQLITE_BUSY


def is_damage(error: ScnError) -> bool:
    """Whether an error that `plain_errors` or `plain_opening` raised is that the file is not as it was written."""
    return isinstance(error.__cause__, UNREADABLE) and not is_passing(error)


def is_passing(error: BaseException) -> bool:
    """Whether an error, of SQLite or ours made of one, is about the machine, other programs or permissions: it says
    nothing of the file itself, and may be gone at the next try."""
    fault = error if isinstance(error, sqlite3.Error) else error.__cause__
    return isinstance(error, DiskFullError) or _code(fault) in _NO_DAMAGE


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn the faults a user can mend into a WorkspaceError that names the file; let the others pass."""
    try:
        with naming_full_disk(path):
            yield
    except sqlite3.DatabaseError as error:
        code = _code(error)
        if code == sqlite3.SQLITE_CORRUPT:
            raise WorkspaceError(damaged(path, str(error), unreadable=True)) from error
        if code not in _PLAIN:
            raise
        closed = closed_text(path) if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) else None
        if closed is not None:
            raise WorkspaceError(closed) from error
        text = _LOST_WAL if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHORT_READ else _PLAIN[code]
        text = text.format(error=error, restore=_restore(path))
        raise WorkspaceError(f"{path}: {text}") from error


@contextmanager
def plain_opening(path: Path) -> Iterator[None]:
    """The same while a database is opened, when whatever cannot be read is damage."""
    try:
        with plain_errors(path):
            yield
    except UNREADABLE as error:
        if is_passing(error):
            raise WorkspaceError(f"{path}: it cannot be opened now ({error}); try again") from error
        raise WorkspaceError(damaged(path, str(error), unreadable=True)) from error


def damaged(path: Path, found: str, *, unreadable: bool = False) -> str:
    """What is said of a database that is not as it was written: what was found, and the way on. `unreadable`: not all
    of it can be read, so that a restore cannot tell what would be lost, and has to be told to go on.
    """
    check = command_line("check", path.parent)
    return (
        f"{path}: the file is damaged ({found}); see how far that goes with: {check}; put a backup back with: "
        f"{_restore(path) if unreadable else command_line('restore', 'BACKUP', path.parent)}"
    )


def beyond_repair(path: Path, found: str) -> str:
    """The same of damage that cannot be mended, as when a check has found it already."""
    return f"{path}: the file is damaged ({found}), and that can be put right by a backup alone: {_restore(path)}"


def _restore(path: Path) -> str:
    return command_line("restore", "BACKUP", path.parent, "--force")


def _code(error: BaseException | None) -> int:
    """SQLite's primary code; 0 where the error has none, as of values that are not what they should be."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
