"""Access tokens, which let scripts in as a person. Only their hashes are kept, so the file alone lets nobody in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.connection import transaction
from scn_core.store.people.people import Person, check_lead, get_person, keep_change
from scn_core.store.schema.expressions import NOW, from_now

LONGEST_LABEL = 80
MOST_DAYS = 3650
MOST_TOKENS = 50
"""Of one person."""

_TOKEN = f"""
SELECT t.id, t.person_id, p.name, t.label, t.created_at, t.expires_at, t.used_at, coalesce(t.expires_at <= {NOW}, 0)
FROM access_token t JOIN person p ON p.id = t.person_id
"""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What is known of a token: all but the token."""

    id: int
    person_id: int
    person: str
    label: str
    """What it is for."""
    created_at: str
    """UTC, ISO-8601, as the others."""
    expires_at: str | None
    """None: never."""
    used_at: str | None
    """Newest use, noted once an hour; None: not used yet."""
    expired: bool


def add_token(
    db: Database, person_id: int, token_hash: str, label: str, days: int | None = None, *, by: int | None = None
) -> AccessToken:
    """Remember a token of a person, good for `days` from now; None: until it is revoked.

    `by` is the person who asks for it, for themself alone; None: the command line. Raises WorkspaceError for a person
    who is unknown or not active, a label or number of days that cannot be, and beyond MOST_TOKENS.
    """
    label = label.strip()
    if not 1 <= len(label) <= LONGEST_LABEL or not label.isprintable():
        raise WorkspaceError(
            f"label: found {len(label)} characters; allowed: 1 to {LONGEST_LABEL} printable ones that say what the "
            "token is for"
        )
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise WorkspaceError(f"days: found {days}; allowed: 1 to {MOST_DAYS:,}, or none for a token without an end")
    with transaction(db):
        person = get_person(db, person_id)
        if person is None or not person.active or by not in (None, person_id):
            found = (
                f"person {person_id}" if person is None else f"{person.name}{'' if person.active else ', not active'}"
            )
            raise WorkspaceError(f"found {found}; allowed: an active person, who asks for themself")
        if len(tokens(db, person_id)) >= MOST_TOKENS:
            raise WorkspaceError(f"{person.name} has {MOST_TOKENS} access tokens; revoke one that is not used any more")
        end = "NULL" if days is None else from_now(days * 86_400)
        sql = f"INSERT INTO access_token (person_id, token_hash, label, expires_at) VALUES (?, ?, ?, {end})"
        try:
            number = db.execute(sql, (person_id, token_hash, label)).lastrowid
        except sqlite3.IntegrityError as error:
            raise WorkspaceError(f"token of {person.name}: {error}; make another") from error
        keep_change(db, person_id, by, "token added")
    return next(token for token in tokens(db, person_id) if token.id == number)


def tokens(db: Database, person_id: int | None = None) -> list[AccessToken]:
    """Tokens of a person, or of everybody by name; the oldest first, expired ones included."""
    rows = db.execute(f"{_TOKEN} WHERE ?1 IS NULL OR t.person_id = ?1 ORDER BY p.name, t.id", (person_id,))
    return [_read(row) for row in rows]


def revoke_token(db: Database, token_id: int, *, by: int | None = None) -> AccessToken:
    """Forget a token, which lets nobody in from now on; returns what it was.

    `by` is its person or a lead; None: the command line. Raises WorkspaceError for anybody else, and a token that is
    not there.
    """
    with transaction(db):
        row = db.execute(f"{_TOKEN} WHERE t.id = ?", (token_id,)).fetchone()
        if row is None:
            raise WorkspaceError(f"found no access token {token_id}; it may be revoked already")
        token = _read(row)
        if by != token.person_id:
            check_lead(db, by)
        db.execute("DELETE FROM access_token WHERE id = ?", (token_id,))
        keep_change(db, token.person_id, by, "token revoked")
    return token


def token_person(db: Database, token_hash: str) -> Person | None:
    """Whom a token lets in; None where it is unknown, has run out, or the person is not active."""
    sql = f"SELECT person_id FROM access_token WHERE token_hash = ? AND (expires_at IS NULL OR expires_at > {NOW})"
    row = db.execute(sql, (token_hash,)).fetchone()
    person = None if row is None else get_person(db, row[0])
    return person if person is not None and person.active else None


def was_used(db: Database, token_hash: str) -> bool:
    """Whether the token has let somebody in before."""
    sql = "SELECT 1 FROM access_token WHERE token_hash = ? AND used_at IS NOT NULL"
    return db.execute(sql, (token_hash,)).fetchone() is not None


def note_token_use(db: Database, token_hash: str) -> None:
    """Remember that the token was used now, and that its person was here."""
    with transaction(db):
        db.execute(f"UPDATE access_token SET used_at = {NOW} WHERE token_hash = ?", (token_hash,))
        db.execute(
            """UPDATE person SET seen_at = token.used_at
            FROM access_token token WHERE token.token_hash = ? AND person.id = token.person_id""",
            (token_hash,),
        )


def _read(row: Sequence[Any]) -> AccessToken:
    number, person_id, person, label, created, expires, used, expired = row
    return AccessToken(number, person_id, person, label, created, expires, used, bool(expired))
