"""Whose decisions a workspace holds."""

from __future__ import annotations

from sqlite_utils import Database


def deciders(db: Database) -> list[str]:
    """Names of everybody with a row in the log, be it a mark or taken back, by name."""
    sql = "SELECT name FROM person WHERE id IN (SELECT person_id FROM decision) ORDER BY name"
    return [name for (name,) in db.execute(sql)]
