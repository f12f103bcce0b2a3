"""Who is signed in. Only hashes of session tokens are kept, so the file alone lets nobody in."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.connection import transaction
from scn_core.store.people.people import Person, get_person
from scn_core.store.schema.expressions import NOW, from_now


def start_session(db: Database, person_id: int, token_hash: str, hours: float) -> None:
    """Remember a session until `hours` from now; sessions that have run out are forgotten on the way.

    Those that would last longer than this one, as the clock was set back since, last as long.

    Raises WorkspaceError for an unknown person, or a hash that is there already.
    """
    end = from_now(hours * 3600)
    sql = f"INSERT INTO session (token_hash, person_id, expires_at) VALUES (?, ?, {end})"
    try:
        with transaction(db):
            db.execute(f"DELETE FROM session WHERE expires_at < {NOW}")
            db.execute(f"UPDATE session SET expires_at = {end} WHERE expires_at > {end}")
            db.execute(sql, (token_hash, person_id))
            db.execute(
                "UPDATE person SET seen_at = (SELECT created_at FROM session WHERE token_hash = ?) WHERE id = ?",
                (token_hash, person_id),
            )
    except sqlite3.IntegrityError as error:
        raise WorkspaceError(f"session of person {person_id}: {error}; sign in again") from error


def session_person(db: Database, token_hash: str) -> Person | None:
    """Whose session it is; None where it is unknown, has run out, or the person is not active."""
    sql = f"SELECT person_id FROM session WHERE token_hash = ? AND expires_at > {NOW}"
    row = db.execute(sql, (token_hash,)).fetchone()
    person = None if row is None else get_person(db, row[0])
    return person if person is not None and person.active else None


def hand_on_session(db: Database, token_hash: str, new_hash: str) -> None:
    """Have a session go on under another hash, for as long as it would have lasted; one that is not there does not."""
    with transaction(db):
        db.execute("UPDATE session SET token_hash = ? WHERE token_hash = ?", (new_hash, token_hash))


def end_session(db: Database, token_hash: str) -> None:
    """Forget a session; one that is not there is no error."""
    with transaction(db):
        db.execute("DELETE FROM session WHERE token_hash = ?", (token_hash,))
