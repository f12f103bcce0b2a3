"""Access tokens for scripts, and what the log of people says of them. Keeps every row."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
-- Lets a script in as a person.
CREATE TABLE access_token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INTEGER NOT NULL REFERENCES person(id),
  token_hash TEXT NOT NULL UNIQUE,
  label TEXT NOT NULL,  -- what it is for
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  expires_at TEXT,  -- NULL: never
  used_at TEXT  -- of the newest use, noted once an hour; NULL: not used yet
);
CREATE INDEX access_token_person ON access_token(person_id);
-- Changes of people, the newest last.
CREATE TABLE person_change_0008 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INTEGER NOT NULL REFERENCES person(id),
  by_id INTEGER REFERENCES person(id),  -- who did it; NULL: the command line, or a first sign-in by name
  what TEXT NOT NULL CHECK (what IN ('added', 'role', 'password', 'deactivated', 'activated', 'token added',
    'token revoked')),
  role TEXT,  -- the role they have since then
  changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CHECK ((role IS NOT NULL) = (what IN ('added', 'role')))
);
INSERT INTO person_change_0008 SELECT id, person_id, by_id, what, role, changed_at FROM person_change;
DROP TABLE person_change;
ALTER TABLE person_change_0008 RENAME TO person_change;
"""

TRIGGERS = """
CREATE TRIGGER person_change_no_update BEFORE UPDATE ON person_change
BEGIN SELECT RAISE(ABORT, 'the log of people is append-only'); END;
CREATE TRIGGER person_change_no_delete BEFORE DELETE ON person_change
BEGIN SELECT RAISE(ABORT, 'the log of people is append-only'); END;
"""


def migrate(db: Database) -> None:
    """SQLite cannot change a CHECK, so the log is copied into a table with the new one."""
    db.executescript(TABLES + TRIGGERS)
