"""Migration m0004, for leads: who changed which people, when somebody was last here, settled conflicts."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
ALTER TABLE person ADD COLUMN seen_at TEXT;  -- of the newest sign-in
-- Changes of people, the newest last.
CREATE TABLE person_change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INTEGER NOT NULL REFERENCES person(id),
  by_id INTEGER REFERENCES person(id),  -- the lead; NULL: the command line, or a first sign-in by name
  what TEXT NOT NULL CHECK (what IN ('added', 'role', 'password', 'deactivated', 'activated')),
  role TEXT,  -- the role they have since then
  changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CHECK ((role IS NOT NULL) = (what IN ('added', 'role')))
);
CREATE INDEX decision_adjudications ON decision(round_id, seq) WHERE adjudicates = 1;
"""

TRIGGERS = """
CREATE TRIGGER person_change_no_update BEFORE UPDATE ON person_change
BEGIN SELECT RAISE(ABORT, 'the log of people is append-only'); END;
CREATE TRIGGER person_change_no_delete BEFORE DELETE ON person_change
BEGIN SELECT RAISE(ABORT, 'the log of people is append-only'); END;
"""


def migrate(db: Database) -> None:
    """Keeps every row."""
    db.executescript(TABLES + TRIGGERS)
