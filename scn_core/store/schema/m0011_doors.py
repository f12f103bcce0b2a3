"""What tells a workspace from others and from its copies, and the log of what leads and commands did."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
-- One row, once the workspace was served: what tells it from others.
CREATE TABLE workspace (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  id TEXT NOT NULL,  -- goes with the folder wherever it is moved; browsers keep unsent answers under it
  place TEXT NOT NULL  -- of the file review.db when it was last served: a copy lies in another
);
-- What was done to the workspace as a whole, and by whom. What was done to people is in person_change.
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  by_id INTEGER REFERENCES person(id),  -- NULL: the command line
  what TEXT NOT NULL,
  about TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(about))  -- numbers and ids; no names of people or pictures
);
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the log of events is append-only'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the log of events is append-only'); END;

ALTER TABLE sample ADD COLUMN erased_in INTEGER REFERENCES data_change(id);  -- its name is gone too; NULL: not
"""


def migrate(db: Database) -> None:
    """Adds the tables and the column."""
    db.executescript(TABLES)
