"""Faces that someone holds, given back."""

from __future__ import annotations

from sqlite_utils import Database

from review_app.commands.writer import in_writer
from scn_core.store.people.people import Person
from scn_core.store.queue.leases import release_leases


def release(holder_id: int) -> str | None:
    """Give back all faces that someone holds; the reason where it was refused."""
    return in_writer(_release, holder_id)


def _release(db: Database, person: Person, holder_id: int) -> str | None:
    if person.role != "lead" and person.id != holder_id:
        return f"{person.name} is {person.role}; allowed: a lead"
    release_leases(db, holder_id)
    return None
