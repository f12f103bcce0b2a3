"""Migration m0016: notes lead to their faces, as flags do."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
CREATE INDEX decision_notes ON decision(round_id, sample_id) WHERE action = 'note';
"""


def migrate(db: Database) -> None:
    """Adds the index."""
    db.executescript(TABLES)
