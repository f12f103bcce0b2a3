"""What other models say of the faces."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
-- Another model whose opinions were brought in.
CREATE TABLE opinion_source (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('csv', 'npz', 'onnx')),
  about TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(about)),  -- how the file was read; of onnx: the model's hash
  added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
-- What one of them says of one face.
CREATE TABLE opinion (
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  source_id INTEGER NOT NULL REFERENCES opinion_source(id),
  label INTEGER REFERENCES class(number),  -- the likeliest class
  probabilities BLOB,  -- little-endian float16, one per class; NULL: the source has features alone
  features BLOB,  -- little-endian float16, principal components of the model's features; NULL: it has none
  PRIMARY KEY (sample_id, source_id),
  CHECK ((label IS NULL) = (probabilities IS NULL)),
  CHECK (probabilities IS NOT NULL OR features IS NOT NULL)
) WITHOUT ROWID;
"""


def migrate(db: Database) -> None:
    """Adds the two tables."""
    db.executescript(TABLES)
