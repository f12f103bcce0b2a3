"""Migration m0013: what the pixels of faces measure, and what is wrong with some of them."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
-- What one look at a face's pixels told. A face without a row was not looked at.
CREATE TABLE picture (
  sample_id INTEGER PRIMARY KEY REFERENCES sample(id),
  pixels BLOB NOT NULL,  -- the same where the pixels are
  looks BLOB NOT NULL,  -- a perceptual hash of 256 bits
  width INTEGER NOT NULL, height INTEGER NOT NULL,  -- of the face in its picture
  brightness_p99 REAL NOT NULL,  -- brightness that 1 % of the pixels lie above, 0..1
  brightness_p05 REAL NOT NULL,  -- brightness that 5 % lie below, 0..1
  sharpness REAL NOT NULL,  -- fine detail for each unit of coarse detail
  entropy REAL NOT NULL,  -- of the brightness, in bits
  colour REAL NOT NULL  -- largest difference between channels, 0..1
);
CREATE INDEX picture_pixels ON picture(pixels);

-- Derived from picture by thresholds: what is wrong with it. Most faces have no row.
CREATE TABLE picture_issue (
  issue TEXT NOT NULL,
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  PRIMARY KEY (issue, sample_id)
) WITHOUT ROWID;
CREATE INDEX picture_issue_of_sample ON picture_issue(sample_id);
"""


def migrate(db: Database) -> None:
    """Adds the tables."""
    db.executescript(TABLES)
