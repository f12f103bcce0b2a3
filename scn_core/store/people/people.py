"""Who is here, and what they may do."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.store.connection import transaction
from scn_core.store.events import log_event

Role = Literal["annotator", "lead"]
Change = Literal["added", "role", "password", "deactivated", "activated", "token added", "token revoked"]

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
    with transaction(db):
        return find_person(db, name) or insert_person(db, name, role, None, by=None)


def find_person(db: Database, name: str) -> Person | None:
    """The person of that name in any case of its ASCII letters, or None."""
    return _one(db, "name = ?", name.strip())


def get_person(db: Database, person_id: int) -> Person | None:
    """The person of that number, or None."""
    return _one(db, "id = ?", person_id)


def people(db: Database) -> list[Person]:
    """Everybody, by name, those not active included."""
    return [_person(row) for row in db.execute(f"{_PERSON} ORDER BY name")]


def leads_beside(db: Database, person_id: int) -> list[Person]:
    """Other active leads who can sign in, by name, as far as can be told from here.

    These have a password, or are signed in without one. Beside somebody who has no password those without one count
    too, as a server may ask for none; but not where access tokens show that scripts use the account.
    """
    condition = """active AND role = 'lead' AND id <> :person AND (
      password_hash IS NOT NULL OR EXISTS (SELECT 1 FROM session WHERE person_id = person.id)
      OR (SELECT password_hash FROM person WHERE id = :person) IS NULL
        AND NOT EXISTS (SELECT 1 FROM access_token WHERE person_id = person.id))"""
    rows = db.execute(f"{_PERSON} WHERE {condition} ORDER BY name", {"person": person_id})
    return [_person(row) for row in rows]


def add_person(
    db: Database, name: str, role: Role, password_hash: str | None = None, *, by: int | None = None
) -> Person:
    """A new person. Raises WorkspaceError for a name that is taken or blank, or an unknown role.

    Here and below, `by` is the lead who asks for it, and WorkspaceError is raised where that is no active lead; None:
    the command line, or somebody who signs in by name for the first time. Every change is kept in `person_change`.
    """
    name = name.strip()
    with transaction(db):
        check_lead(db, by)
        if find_person(db, name) is not None:
            raise WorkspaceError(error_text("", f"the name {name!r}, which is taken", "another name"))
        return insert_person(db, name, role, password_hash, by=by)


def set_role(db: Database, person_id: int, role: Role, *, by: int | None = None) -> None:
    """Raises WorkspaceError for an unknown person or role, and for a lead's own role: so one lead always stays."""
    with transaction(db):
        check_lead(db, by, but=person_id)
        _set(db, person_id, "role", role)
        keep_change(db, person_id, by, "role", role)


def set_password_hash(
    db: Database, person_id: int, password_hash: str | None, *, by: int | None = None, spare: str | None = None
) -> None:
    """Also ends the person's sessions, but for the one whose hash is `spare`, and their access tokens: whoever knew the
    old password may have made one. `by` may also be the person. Raises WorkspaceError for an unknown person."""
    with transaction(db):
        if by != person_id:
            check_lead(db, by)
        _set(db, person_id, "password_hash", password_hash)
        keep_change(db, person_id, by, "password")
        _end_access(db, person_id, spare)


def set_active(db: Database, person_id: int, active: bool, *, by: int | None = None) -> None:
    """Also ends the sessions and access tokens of one who is active no more. Raises WorkspaceError for an unknown
    person, and where a lead would shut themself out."""
    with transaction(db):
        check_lead(db, by, but=person_id)
        _set(db, person_id, "active", int(active))
        keep_change(db, person_id, by, "activated" if active else "deactivated")
        if not active:
            _end_access(db, person_id, None)


def rename_person(db: Database, person_id: int, name: str, *, by: int | None = None) -> None:
    """Call somebody otherwise; all they did stays theirs. Raises WorkspaceError for a name that is taken or blank."""
    name = name.strip()
    with transaction(db):
        check_lead(db, by)
        other = find_person(db, name)
        if other is not None and other.id != person_id:
            raise WorkspaceError(error_text("", f"the name {name!r}, which is taken", "another name"))
        _set(db, person_id, "name", name)
        log_event(db, "person renamed", {"person": person_id}, by=by)


def erase_person(db: Database, person_id: int, *, by: int | None = None) -> str:
    """Take somebody's name out for good, and shut them out; what they decided stays, under the name returned.

    Raises WorkspaceError for an unknown person, and for a lead who would erase themself.
    """
    neutral = f"erased-{person_id}"
    with transaction(db):
        check_lead(db, by, but=person_id)
        db.execute("PRAGMA secure_delete = ON")
        person = get_person(db, person_id)
        if person is None:
            raise WorkspaceError(error_text("", f"person {person_id}", "people added before"))
        _set(db, person_id, "name", neutral)
        db.execute(
            "UPDATE person SET active = 0, role = 'annotator', password_hash = NULL, seen_at = NULL WHERE id = ?",
            (person_id,),
        )
        db.execute(
            "UPDATE round SET message = replace(message, ?, ?) WHERE state <> 'closed' AND instr(message, ?)",
            (f"by {person.name}", f"by {neutral}", f"by {person.name}"),
        )
        _end_access(db, person_id, None)
        log_event(db, "person erased", {"person": person_id}, by=by)
    return neutral


def password_hash(db: Database, person_id: int) -> str | None:
    """The argon2 hash, or None. The only way out of the database for it."""
    row = db.execute("SELECT password_hash FROM person WHERE id = ?", (person_id,)).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def insert_person(db: Database, name: str, role: Role, hashed: str | None, *, by: int | None) -> Person:
    """A new person, to be called within a transaction. Raises WorkspaceError for a blank name or an unknown role."""
    name = name.strip()
    try:
        db.execute("INSERT INTO person (name, role, password_hash) VALUES (?, ?, ?)", (name, role, hashed))
    except sqlite3.IntegrityError as error:
        raise WorkspaceError(f"person {name!r}, role {role!r}: {error}") from error
    added = find_person(db, name)
    assert added is not None  # noqa: S101 (tells mypy)
    keep_change(db, added.id, by, "added", role)
    return added


def check_lead(db: Database, by: int | None, *, but: int | None = None) -> None:
    """Raises WorkspaceError unless `by` is None (the command line) or an active lead other than `but`.

    So nobody takes the lead from themself, and whoever takes it from others keeps it.
    """
    if by is None:
        return
    lead = get_person(db, by)
    if lead is None or not lead.active or lead.role != "lead":
        found = f"person {by}" if lead is None else f"{lead.name}, {lead.role}{'' if lead.active else ', not active'}"
        raise WorkspaceError(error_text("", found, "an active lead"))
    if by == but:
        raise WorkspaceError(f"{lead.name} cannot change their own role or shut themself out; ask another lead")


def _set(db: Database, person_id: int, column: str, value: str | int | None) -> None:
    try:
        if db.execute(f"UPDATE person SET {column} = ? WHERE id = ?", (value, person_id)).rowcount == 0:
            raise WorkspaceError(error_text("", f"person {person_id}", "people added before"))
    except sqlite3.IntegrityError as error:
        raise WorkspaceError(f"person {person_id}, {column} {value!r}: {error}") from error


def keep_change(db: Database, person_id: int, by: int | None, what: Change, role: Role | None = None) -> None:
    """Add a row to the log of people, to be called within a transaction."""
    sql = "INSERT INTO person_change (person_id, by_id, what, role) VALUES (?, ?, ?, ?)"
    db.execute(sql, (person_id, by, what, role))


def _end_access(db: Database, person_id: int, spare: str | None) -> None:
    db.execute("DELETE FROM access_token WHERE person_id = ?", (person_id,))
    db.execute("DELETE FROM session WHERE person_id = ? AND token_hash IS NOT ?", (person_id, spare))


def _one(db: Database, condition: str, value: str | int) -> Person | None:
    row = db.execute(f"{_PERSON} WHERE {condition}", (value,)).fetchone()
    return None if row is None else _person(row)


def _person(row: Sequence[Any]) -> Person:
    number, name, role, active = row
    return Person(number, name, role, bool(active))
