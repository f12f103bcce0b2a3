"""A copy of the database while others use it, and what a copy holds.

A copy is one file without a -wal. Whoever has it is let in by nothing in it: sessions and access tokens are left out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.files import replaced
from scn_core.store.sqlite_errors import database_path, plain_errors

PAGES = 1_024
"""Pages of 4 KiB copied between two calls of `progress`."""
_LETS_IN = ("session", "access_token")
"""Tables whose rows let somebody in."""
_READ_VERSION, _AS_ONE_FILE = 18, b"\x01\x01"
"""Offset in SQLite's header of the two bytes that say whether there is a WAL, and how they say that there is none."""


@dataclass(frozen=True)
class Contents:
    """What a database holds, of whatever version of the schema it is."""

    decisions: int
    newest: int
    """Number (`seq`) of the newest decision; 0: there is none."""
    rounds: dict[int, str]
    """When each round began."""


def backup(db: Database, path: Path) -> None:
    """Copy the whole database to `path`, as `copy_database` does.

    The copy appears under its name only when it is whole, replacing an older one of that name; its folder is made.
    Raises WorkspaceError where `path` is the database itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.samefile(database_path(db)):
        raise WorkspaceError(
            error_text(str(path), "the database itself", "another file", "name one in the folder backups")
        )
    with replaced(path, private=True) as file:
        copy_database(db, Path(file.name))


def copy_database(
    db: Database, path: Path, progress: Callable[[int], None] = lambda copied: None, *, shut: bool = True
) -> None:
    """Copy a moment of the database into an empty file, without what lets people in; others read and write meanwhile.

    `progress` hears how many more bytes are copied. Not `shut`: `shut_out` is called later, as where it is to be seen
    before whether the copy is sound. Not to be called within a transaction.
    """
    size, done = db.execute("PRAGMA page_size").fetchone()[0], 0

    def step(status: int, remaining: int, total: int) -> None:
        nonlocal done
        progress((total - remaining - done) * size)
        done = total - remaining

    with plain_errors(path):
        db.conn.execute("BEGIN")  # one moment: without it, every write of others would begin the copy anew
        try:
            db.conn.execute("SELECT 1 FROM sqlite_master").fetchone()
            with closing(sqlite3.connect(path, isolation_level=None)) as copy:
                copy.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
                db.conn.backup(copy, pages=PAGES, progress=step)
        finally:
            db.rollback()
        if shut:
            shut_out(path)
        else:
            _make_one_file(path)


def shut_out(path: Path) -> None:
    """Make a copy that nobody else has open one file without a WAL, in which nobody is signed in."""
    _make_one_file(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        # With a journal, in memory, a damaged table that cannot be emptied stays as it is.
        copy.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON")
        tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in _LETS_IN:
            if table in tables:
                copy.execute(f"DELETE FROM {table}")


def _make_one_file(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(_READ_VERSION)
        file.write(_AS_ONE_FILE)


@contextmanager
def opened_copy(path: Path, *, read_only: bool = False) -> Iterator[Database]:
    """A database as it is, of whatever version: nothing is migrated.

    Raises WorkspaceError within where the file is damaged or no database.
    """
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}"
    with plain_errors(path), closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        yield Database(connection)


def bytes_of(db: Database) -> int:
    """How large a copy of the database is."""
    (pages,), (size,) = (db.execute(f"PRAGMA {what}").fetchone() for what in ("page_count", "page_size"))
    return int(pages) * int(size)


def contents_of(db: Database) -> Contents:
    """What the database holds."""
    count, newest = db.execute("SELECT count(*), coalesce(max(seq), 0) FROM decision").fetchone()
    return Contents(count, newest, dict(db.execute("SELECT id, started_at FROM round").fetchall()))


def decisions_missing(db: Database, copy: Path) -> dict[str, int]:
    """How many decisions of each person stand in the database and not in the copy, by name."""
    db.execute("ATTACH ? AS copy", (str(copy),))
    try:
        sql = """SELECT p.name, count(*) FROM decision d JOIN person p ON p.id = d.person_id
        WHERE NOT EXISTS (SELECT 1 FROM copy.decision c WHERE c.id = d.id) GROUP BY 1 ORDER BY 2 DESC, 1"""
        return dict(db.execute(sql).fetchall())
    finally:
        db.execute("DETACH copy")
