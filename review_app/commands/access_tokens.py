"""What pages write about access tokens. Each returns the reason where it was refused."""

from __future__ import annotations

from sqlite_utils import Database

from review_app.auth.access_tokens import access_token_hash
from review_app.commands.writer import in_writer
from scn_core.store.people import tokens
from scn_core.store.people.people import Person


def add_own(token: str, label: str, days: int | None) -> str | None:
    """A token of whoever is signed in; `days` None: it ends when it is revoked."""
    return in_writer(_add, access_token_hash(token), label, days)


def revoke(token_id: int) -> str | None:
    """A token lets nobody in any more; one's own, or for leads anybody's."""
    return in_writer(_revoke, token_id)


def _add(db: Database, by: Person, hashed: str, label: str, days: int | None) -> None:
    tokens.add_token(db, by.id, hashed, label, days, by=by.id)


def _revoke(db: Database, by: Person, token_id: int) -> None:
    tokens.revoke_token(db, token_id, by=by.id)
