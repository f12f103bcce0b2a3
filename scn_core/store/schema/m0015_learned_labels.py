"""Migration m0015: the labels of faces that come first, so that those of one pair are found among thousands."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
CREATE TABLE learned_place_of_old AS SELECT * FROM learned_place;
DROP TABLE learned_place;
-- The faces to ask about first, as answers have taught, with the labels of their items.
CREATE TABLE learned_place (
  round_id INTEGER NOT NULL REFERENCES round(id),
  place INTEGER NOT NULL,
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  given_label INTEGER NOT NULL,
  proposed_label INTEGER,  -- NULL: none, or an audit item
  PRIMARY KEY (round_id, place)
) WITHOUT ROWID;
INSERT INTO learned_place SELECT p.round_id, p.place, p.sample_id, q.given_label, q.proposed_label
FROM learned_place_of_old p CROSS JOIN queue_item q INDEXED BY queue_reading
ON q.round_id = p.round_id AND q.sample_id = p.sample_id AND q.listed = 1
WHERE true ON CONFLICT DO NOTHING;  -- several readings of a face have the same labels
DROP TABLE learned_place_of_old;
"""


def migrate(db: Database) -> None:
    """Makes the table anew, with two more columns."""
    db.executescript(TABLES)
