"""Migration m0005: an order of the open faces, learned from the answers so far."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
-- What the order in force was learned from; a row where there is one.
CREATE TABLE learned_order (
  round_id INTEGER PRIMARY KEY REFERENCES round(id),
  answers INTEGER NOT NULL,  -- faces people had decided on
  seq INTEGER NOT NULL,  -- of the newest decision there was; the order follows from these and the scores
  made_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
-- The faces to ask about first. Those that are not here come after them, by falling suspicion.
CREATE TABLE learned_place (
  round_id INTEGER NOT NULL REFERENCES round(id),
  place INTEGER NOT NULL,
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  PRIMARY KEY (round_id, place)
) WITHOUT ROWID;
"""


def migrate(db: Database) -> None:
    """Keeps every row."""
    db.executescript(TABLES)
