"""A copy of the database while others use it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, complaint
from scn_core.files import replaced
from scn_core.store.sqlite_errors import database_path, plain_errors


def backup(db: Database, path: Path) -> None:
    """Copy the whole database to `path` through SQLite's online backup; readers and writers go on meanwhile.

    The copy appears under its name only when it is whole, replacing an older one of that name; its folder is made.
    Raises WorkspaceError where `path` is the database itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.samefile(database_path(db)):
        raise WorkspaceError(
            complaint(str(path), "the database itself", "another file", "name one in the folder backups")
        )
    with replaced(path) as file, plain_errors(path), closing(sqlite3.connect(file.name)) as copy:
        db.conn.backup(copy)
