"""Migration m0017: which tabs of a person show a leased face, so that one that is closed frees none of another's."""

from __future__ import annotations

from sqlite_utils import Database

TABLE = """
-- The browser tabs that show a leased item. A row counts until lease_until, for the person who holds the item.
CREATE TABLE lease_tab (
  item INTEGER NOT NULL REFERENCES queue_item(id) ON DELETE CASCADE,
  tab TEXT NOT NULL,
  person_id INTEGER NOT NULL REFERENCES person(id) ON DELETE CASCADE,
  lease_until TEXT NOT NULL,
  PRIMARY KEY (item, tab)
) WITHOUT ROWID;
CREATE INDEX lease_tab_end ON lease_tab(lease_until);
CREATE INDEX lease_tab_person ON lease_tab(person_id);
"""


def migrate(db: Database) -> None:
    """Makes the table."""
    db.executescript(TABLE)
