"""Who is here, and what they may do."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.connection import transaction

Role = Literal["annotator", "lead"]


@dataclass(frozen=True, slots=True)
class Person:
    """One row of table `person`."""

    id: int
    name: str
    """Compared without regard to the case of ASCII letters."""
    role: Role


def ensure_person(db: Database, name: str, role: Role = "annotator") -> Person:
    """The person of that name, added with `role` where there is none yet; a person there already keeps their role.

    Raises WorkspaceError for a blank name or an unknown role.
    """
    name = name.strip()
    try:
        with transaction(db):
            db.execute("INSERT INTO person (name, role) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, role))
    except sqlite3.IntegrityError as error:
        raise WorkspaceError(f"person {name!r}, role {role!r}: {error}") from error
    return Person(*db.execute("SELECT id, name, role FROM person WHERE name = ?", (name,)).fetchone())
