"""What tells a workspace from every other one, and a copy of it from the original."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Database

from scn_core.store.connection import transaction
from scn_core.store.sqlite_errors import database_path


class Place(NamedTuple):
    """Where a file lies: a copy has another inode, a file that was moved another path or, elsewhere, another device."""

    device: str
    inode: str
    path: str
    """Hash of the resolved path: a database that is given away does not say where it lay."""

    def same(self, other: Place) -> bool:
        """Whether a file at this place is the one that was at the other.

        Moved within a file system it keeps its inode, and so it does through a restart of the machine, which may give
        the device another number. Moved to another file system it is a new file, as a copy is.
        """
        return self.inode == other.inode and (self.path == other.path or self.device == other.device)


def place_of(file: Path) -> Place:
    """Where a file lies now."""
    found, path = file.stat(), str(file.resolve())
    return Place(str(found.st_dev), str(found.st_ino), hashlib.sha256(path.encode()).hexdigest()[:16])


def workspace_id(db: Database) -> str | None:
    """The id of the workspace, which is the same wherever its folder is moved; None before `settle_identity`."""
    row = db.execute("SELECT id FROM workspace").fetchone()
    return None if row is None else str(row[0])


def is_copy(db: Database) -> bool:
    """Whether the file lies elsewhere than when it was last served, which it does where the workspace was copied."""
    row = db.execute("SELECT place FROM workspace").fetchone()
    return row is not None and not place_of(database_path(db)).same(Place(*row[0].split(" ")))


def settle_identity(db: Database, first: str | None = None) -> str:
    """The id of the workspace; this is its place from now on. In a copy, sessions and access tokens are void.

    `first`: the id of a workspace that has none yet; a random one by default.
    """
    place = " ".join(place_of(database_path(db)))
    with transaction(db):
        if is_copy(db):
            db.execute("DELETE FROM session")
            db.execute("DELETE FROM access_token")
        values = (first or secrets.token_hex(6), place)
        db.execute("INSERT INTO workspace VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET place = excluded.place", values)
        return str(workspace_id(db))
