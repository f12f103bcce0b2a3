"""Indexes made anew from the rows they point to, however damaged they are."""

from __future__ import annotations

import re
import sqlite3

from sqlite_utils import Database

_FRESH = "index_made_anew"


def reindex(db: Database) -> None:
    """Make every index anew, within a transaction; VACUUM frees the old pages afterwards.

    Reads tables alone, and no page of an index: REINDEX and DROP INDEX walk the old pages to free them, which fails
    where those are damaged. Raises sqlite3.DatabaseError where a table is damaged.
    """
    sql = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name"
    for name, table, definition in db.conn.execute(sql).fetchall():
        _replace(db.conn, name, table, definition)


def _replace(db: sqlite3.Connection, name: str, table: str, definition: str | None) -> None:
    """Give an index the pages of a new one like it."""
    if definition is None:  # of a UNIQUE or PRIMARY KEY; the same columns give the same entries
        columns = ", ".join(f'"{row[2]}"' for row in db.execute(f'PRAGMA index_info("{name}")'))
        definition = f'CREATE INDEX "{name}" ON "{table}" ({columns})'
    db.execute(re.sub(rf'(?i)(INDEX\s+(?:IF NOT EXISTS\s+)?)[\["]?{re.escape(name)}[\]"]?', rf"\g<1>{_FRESH}",
                      definition, count=1))  # fmt: skip
    (version,) = db.execute("PRAGMA schema_version").fetchone()
    db.execute("PRAGMA writable_schema = ON")
    db.execute(
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = ?) WHERE name = ?",
        (_FRESH, name),
    )
    db.execute("DELETE FROM sqlite_master WHERE name = ?", (_FRESH,))
    db.execute(f"PRAGMA schema_version = {version + 1}")
    db.execute("PRAGMA writable_schema = RESET")
