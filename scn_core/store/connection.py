"""Opening review.db and writing to it: the only place that knows about pragmas and locks.

One connection per thread. A connection shared by threads loses rows without a word, so Python's own check
(`check_same_thread`) stays on and the second thread gets an error at once. After an error that is not a
WorkspaceError, throw the connection away. WAL: readers never wait, one writer at a time.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.files import check_locks
from scn_core.shell import command_line
from scn_core.store.backup import backup
from scn_core.store.newest_decision import check_newest, noted_newest
from scn_core.store.schema.migrations import migrations, names_of
from scn_core.store.seals import seal_all, seal_changed
from scn_core.store.sqlite_errors import BUSY_TIMEOUT_MS, database_path, plain_errors, plain_opening

# Kept in the file or meant for writers. FULL: what is committed is on the disk, and outlives a power cut too; with WAL,
# NORMAL would lose the last commits. The WAL of a million scores is cut back to 64 MiB once it is checkpointed.
_WRITE_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 67108864;
"""
# A server keeps eight connections for days. With 64 MiB of cache each, and 256 MiB of the file mapped, pages of a queue
# of a million come no sooner, and a round of a million faces is written no sooner.
_PRAGMAS = """
PRAGMA foreign_keys = ON;
PRAGMA mmap_size = 67108864;
PRAGMA cache_size = -16384;
PRAGMA temp_store = MEMORY;
"""

_LOCKED_BYTES = (512, 0x40000000)
"""Length and start of what SQLite locks of a file: every connection to a WAL database holds a part of it."""
PATIENT_TRY_MS = 1_000
"""How long a `PatientDatabase` waits in one piece."""


class WorkspaceDatabase(Database):
    """A connection to review.db."""

    copy_before_migration: Path | None = None
    """Of the database as it was, where opening it brought it up to date."""

    def executescript(self, sql: str) -> sqlite3.Cursor:
        """Executes statements divided by semicolons, in the transaction that is open, if one is.

        sqlite_utils asks after every character whether a statement is whole: most of the time a new database takes.
        """
        if not self.conn.in_transaction:
            return super().executescript(sql)
        cursor, statement = self.conn.cursor(), ""
        *parts, rest = sql.split(";")
        for part in parts:
            statement += f"{part};"
            if sqlite3.complete_statement(statement):
                cursor.execute(statement)
                statement = ""
        if (statement + rest).strip():
            cursor.execute(statement + rest)
        return cursor


class PatientDatabase(WorkspaceDatabase):
    """A connection whose transactions wait for other writers as long as it takes.

    `on_wait` hears of it once for each wait, after a second; Ctrl-C is heard every second.
    """

    on_wait: Callable[[str], None]


def create_database(path: Path) -> Database:
    """A new, empty database in a folder that exists, which only its owner may read.

    Raises WorkspaceError where there is a file already.
    """
    if path.exists():
        raise WorkspaceError(error_text(str(path), "a file already", "a new name", "open it, or name another folder"))
    check_locks(path.parent)
    with suppress(OSError):  # which SQLite says in plain words
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # -wal and -shm get the mode of the file
    db = _connect(path, "mode=rwc")
    try:
        with plain_errors(path):
            db.conn.executescript(_WRITE_PRAGMAS + _PRAGMAS)
        with transaction(db):
            migrations.apply(db)
            seal_all(db)
    except BaseException:
        db.close()
        raise
    return db


def open_database(
    path: Path, *, read_only: bool = False, as_it_is: bool = False, on_wait: Callable[[str], None] | None = None
) -> Database:
    """The database of a workspace, brought up to this version's schema after a backup beside it in `backups`.

    With `read_only` it may lie in a folder that cannot be written to, such as an archive or a colleague's workspace.
    With `as_it_is` one of an older version is not brought up to date: for what reads no table of today alone.
    With `on_wait` a `PatientDatabase`.

    Raises WorkspaceError for a missing file, a file that is no workspace database, a schema newer than this
    version knows and, where `read_only`, an older one, changes that cannot be read from where the file lies, a
    database that lacks decisions which were saved (one that lost its -wal), and a file system without locks.
    """
    if not path.is_file():
        do = f"put it back, or a backup: {command_line('restore', 'BACKUP', path.parent)}"
        raise WorkspaceError(error_text(str(path), "no such file", "the review.db of a workspace", do))
    check_locks(path.parent)
    noted = noted_newest(path)  # before the database: others may be writing both
    db = _connect(path, _access_for_reading(path) if read_only else "mode=rw", on_wait)
    try:
        with plain_opening(path):
            check_schema(db, path)
            check_newest(db, path, noted)
            db.conn.executescript(_PRAGMAS if read_only else _WRITE_PRAGMAS + _PRAGMAS)
            if migrations.pending(db) and not as_it_is:
                _migrate(db, path, read_only=read_only)
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK on any exception. Not nestable: a second one inside is an error.

    Never sqlite-utils' `atomic()` for writes: it begins deferred, and a deferred transaction that has read gets
    "database is locked" at once when another one writes, whatever the timeout. Raises WorkspaceError where the
    lock is not had within 5 s (a `PatientDatabase` waits longer), the database is open for reading only or the disk is
    full.
    """
    with plain_errors(database_path(db)):
        _begin(db)
        try:
            yield
            seal_changed(db)
            db.conn.execute("COMMIT")
        except BaseException:
            db.rollback()
            raise


@contextmanager
def sole_access(path: Path) -> Iterator[BinaryIO]:
    """The file of a database that no other process has open, nor can open within; it may be damaged.

    Read it through the file given alone: the lock is let go where this process closes the database anywhere else.
    Raises WorkspaceError where another process has it open.
    """
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, *_LOCKED_BYTES)
        except (BlockingIOError, PermissionError) as error:
            found = "a database that another program has open"
            do = "stop the server, the trainer or whatever else works here, then try again"
            raise WorkspaceError(error_text(str(path), found, "one that nothing uses", do)) from error
        yield file


def checkpoint(db: Database) -> bool:
    """Write all that is committed from the -wal into the database. False: others are in the way, or it cannot be."""
    with suppress(sqlite3.Error):
        busy, *_ = db.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        return not busy
    return False


@contextmanager
def snapshot(db: Database) -> Iterator[None]:
    """All statements within read one moment of the database, whatever others write meanwhile. Not nestable."""
    with plain_errors(database_path(db)):
        db.conn.execute("BEGIN")
        try:
            yield
        finally:
            db.rollback()


def _begin(db: Database) -> None:
    announced = False
    while True:
        try:
            db.conn.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if not isinstance(db, PatientDatabase) or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            if not announced:
                announced = True
                db.on_wait("waiting for another program that is writing to the database")


def _access_for_reading(path: Path) -> str:
    """How to open the file for reading, as parameters of an SQLite URI.

    Readers of a WAL database share an index of the WAL, the file -shm. Where it neither exists nor can be created, the
    database can be read only as a file that nobody changes, without the WAL.
    """
    path = path.resolve()
    index, wal = path.with_name(f"{path.name}-shm"), path.with_name(f"{path.name}-wal")
    if index.exists() or os.access(path.parent, os.W_OK):
        return "mode=ro"
    if wal.exists() and wal.stat().st_size:
        found = f"{wal.name}, with changes that are not in {path.name} yet, in a folder that this user may not write to"
        allowed = "a folder that may be written to, where SQLite can read such changes"
        raise WorkspaceError(error_text(str(path), found, allowed, "copy the folder, both files together"))
    return "immutable=1"


def _connect(path: Path, access: str, on_wait: Callable[[str], None] | None = None) -> Database:
    uri = f"{path.resolve().as_uri()}?{access}"
    with plain_errors(path):
        # isolation_level None: Python begins nothing by itself, `transaction` is the only way to write.
        timeout = (BUSY_TIMEOUT_MS if on_wait is None else PATIENT_TRY_MS) / 1000
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=timeout)
    if on_wait is None:
        return WorkspaceDatabase(connection)
    db = PatientDatabase(connection)
    db.on_wait = on_wait
    return db


def copy_before_migration(db: Database) -> Path | None:
    """The copy that was made when opening this connection brought the database up to date; None: it was already."""
    return db.copy_before_migration if isinstance(db, WorkspaceDatabase) else None


def check_schema(db: Database, path: Path) -> None:
    """Raises WorkspaceError for a database that is not of a workspace, or of a newer version than this one."""
    applied = [migration.name for migration in migrations.applied(db)]
    known = names_of(migrations)
    if not applied:
        raise WorkspaceError(f"{path}: an SQLite database, but not of a workspace; name the review.db of a workspace")
    if unknown := [name for name in applied if name not in known]:
        raise WorkspaceError(
            f"{path}: its schema has {', '.join(unknown)}; this version knows up to {known[-1]}; "
            "install the newer version that wrote it"
        )


def _migrate(db: Database, path: Path, *, read_only: bool) -> None:
    first = migrations.pending(db)[0].name
    if read_only:
        raise WorkspaceError(
            f"{path}: its schema is that of an older version, it lacks {first}, and reading does not change it; the "
            "server brings it up to date when it opens it (one of many workspaces once somebody opens its page), and "
            "so does any command that writes, such as train; where the folder may not be written to, copy it first"
        )
    copy = path.parent / "backups" / f"{path.stem}-before-{first}.db"
    backup(db, copy)
    if isinstance(db, WorkspaceDatabase):
        db.copy_before_migration = copy
    with transaction(db):
        migrations.apply(db)  # asks again what is pending: another process may have been faster
        seal_all(db)
