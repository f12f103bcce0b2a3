"""thumbs.db: thumbnails by sample id. Nothing but a cache beside review.db: removed, it is made anew.

A connection per call: any number of threads and processes may read and write at once, and nothing is left open.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from scn_core.errors import WorkspaceError
from scn_core.store.sqlite_errors import BUSY_TIMEOUT_MS, plain_errors

_VERSION = 1
_SCHEMA = """
DROP TABLE IF EXISTS thumb;
CREATE TABLE thumb (
  sample_id   INTEGER PRIMARY KEY,
  fingerprint BLOB NOT NULL,  -- of the picture it was made from, and of how
  webp        BLOB NOT NULL
) STRICT;
"""
_AMONG = "FROM thumb WHERE sample_id IN (SELECT value FROM json_each(?))"
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Thumb(NamedTuple):
    """A thumbnail, and what it was made from."""

    sample_id: int
    fingerprint: bytes
    webp: bytes


class Thumbs:
    """The thumbnails of a workspace. The file is made by the first call.

    Every call raises WorkspaceError where the file is locked for 5 s, damaged or not to be written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, wanted: Mapping[int, bytes]) -> dict[int, bytes]:
        """Sample id -> WebP, of those that were made from the wanted fingerprint (sample id -> fingerprint)."""
        with self._open() as db:
            rows = db.execute(f"SELECT sample_id, fingerprint, webp {_AMONG}", (json.dumps(list(wanted)),))
            return {number: webp for number, made_from, webp in rows if made_from == wanted[number]}

    def having(self, wanted: Mapping[int, bytes]) -> set[int]:
        """The sample ids that `get` would find, without reading the pictures."""
        with self._open() as db:
            rows = db.execute(f"SELECT sample_id, fingerprint {_AMONG}", (json.dumps(list(wanted)),))
            return {number for number, made_from in rows if made_from == wanted[number]}

    def put(self, thumbs: Iterable[Thumb]) -> None:
        """Write thumbnails in one transaction, in place of older ones of the same samples."""
        with self._open() as db:
            # Not within the transaction of the schema, and never waited for: the other journal is as safe.
            with suppress(sqlite3.OperationalError):
                db.execute("PRAGMA journal_mode = WAL")
            with _transaction(db):
                db.executemany("INSERT OR REPLACE INTO thumb VALUES (?, ?, ?)", thumbs)

    def remove(self, sample_ids: Iterable[int]) -> None:
        """Forget thumbnails: nothing of them is left in the file."""
        with self._open() as db:
            db.execute("PRAGMA secure_delete = ON")
            with _transaction(db):
                db.executemany("DELETE FROM thumb WHERE sample_id = ?", ((each,) for each in sample_ids))
            db.execute("VACUUM")  # what lay on pages that were moved about is gone too
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._plain_errors():
            if not self.path.exists():
                with suppress(OSError):  # another process may have been faster; the rest SQLite says in plain words
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            opened = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
            with closing(opened) as db:
                db.execute("PRAGMA synchronous = NORMAL")
                _bring_up(db)
                yield db

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            with plain_errors(self.path):
                yield
        except WorkspaceError as error:
            if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF not in _BROKEN:
                raise
            raise WorkspaceError(
                f"{self.path}: the file is damaged; remove it, the thumbnails are made anew"
            ) from error.__cause__


def _bring_up(db: sqlite3.Connection) -> None:
    """A file of another version is emptied: a cache needs no migration."""
    if _version(db) == _VERSION:
        return
    with _transaction(db):
        if _version(db) != _VERSION:  # another process may have been faster
            for statement in _SCHEMA.split(";"):  # not executescript: that would commit first
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_VERSION}")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise
