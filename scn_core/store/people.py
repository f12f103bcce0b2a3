"""Who is here, and what they may do."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.connection import transaction

Role = Literal["annotator", "lead"]

_PERSON = "SELECT id, name, role, active FROM person"


@dataclass(frozen=True, slots=True)
class Person:
    """One row of table `person`."""

    id: int
    name: str
    """Compared without regard to the case of ASCII letters."""
    role: Role
    active: bool = True
    """False: may not sign in; what they did stays."""


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
    return _person(db.execute(f"{_PERSON} WHERE name = ?", (name,)).fetchone())


def find_person(db: Database, name: str) -> Person | None:
    """The person of that name in any case of its ASCII letters, or None."""
    return _one(db, "name = ?", name.strip())


def get_person(db: Database, person_id: int) -> Person | None:
    """The person of that number, or None."""
    return _one(db, "id = ?", person_id)


def people(db: Database) -> list[Person]:
    """Everybody, by name, those not active included."""
    return [_person(row) for row in db.execute(f"{_PERSON} ORDER BY name")]


def add_person(db: Database, name: str, role: Role, password_hash: str | None = None) -> Person:
    """A new person. Raises WorkspaceError for a name that is taken or blank, or an unknown role."""
    name = name.strip()
    with transaction(db):
        if find_person(db, name) is not None:
            raise WorkspaceError(f"found the name {name!r}, which is taken; allowed: another name")
        try:
            db.execute("INSERT INTO person (name, role, password_hash) VALUES (?, ?, ?)", (name, role, password_hash))
        except sqlite3.IntegrityError as error:
            raise WorkspaceError(f"person {name!r}, role {role!r}: {error}") from error
        added = find_person(db, name)
    assert added is not None
    return added


def set_role(db: Database, person_id: int, role: Role) -> None:
    """Raises WorkspaceError for an unknown person or role."""
    _set(db, person_id, "role", role)


def set_password_hash(db: Database, person_id: int, password_hash: str | None) -> None:
    """Raises WorkspaceError for an unknown person."""
    _set(db, person_id, "password_hash", password_hash)


def set_active(db: Database, person_id: int, active: bool) -> None:
    """Raises WorkspaceError for an unknown person."""
    _set(db, person_id, "active", int(active))


def password_hash(db: Database, person_id: int) -> str | None:
    """The argon2 hash, or None. The only way out of the database for it."""
    row = db.execute("SELECT password_hash FROM person WHERE id = ?", (person_id,)).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def _set(db: Database, person_id: int, column: str, value: str | int | None) -> None:
    try:
        with transaction(db):
            if db.execute(f"UPDATE person SET {column} = ? WHERE id = ?", (value, person_id)).rowcount == 0:
                raise WorkspaceError(f"found person {person_id}; allowed: people added before")
    except sqlite3.IntegrityError as error:
        raise WorkspaceError(f"person {person_id}, {column} {value!r}: {error}") from error


def _one(db: Database, condition: str, value: str | int) -> Person | None:
    row = db.execute(f"{_PERSON} WHERE {condition}", (value,)).fetchone()
    return None if row is None else _person(row)


def _person(row: Sequence[Any]) -> Person:
    number, name, role, active = row
    return Person(number, name, role, bool(active))
