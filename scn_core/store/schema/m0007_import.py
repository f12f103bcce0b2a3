"""What an import left out and why, how the data set writes its classes, people's votes. Keeps every row."""

from __future__ import annotations

from sqlite_utils import Database

COLUMNS = """
ALTER TABLE problem ADD COLUMN reason TEXT;  -- what it counts as; NULL in imports from before reasons were kept
ALTER TABLE problem ADD COLUMN rows INTEGER NOT NULL DEFAULT 1 CHECK (rows >= 0);  -- of the list, or files
"""

TABLES = """
-- A class as the data set writes it.
CREATE TABLE spelling (
  label INTEGER NOT NULL REFERENCES class(number),
  written TEXT NOT NULL,
  rows INTEGER NOT NULL CHECK (rows >= 1),
  PRIMARY KEY (label, written)
) WITHOUT ROWID;
-- A label that somebody gave to a face before the import; the given label follows from all of a face.
CREATE TABLE vote (
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  annotator TEXT NOT NULL,  -- empty where the data set has counts alone
  label INTEGER REFERENCES class(number),  -- NULL: an answer that is no class, named in other
  other TEXT NOT NULL,
  votes INTEGER NOT NULL CHECK (votes >= 1),
  CHECK ((label IS NULL) = (other <> '')),
  UNIQUE (sample_id, annotator, label, other)
);
"""


def migrate(db: Database) -> None:
    """Adds the columns and tables."""
    db.executescript(COLUMNS + TABLES)
