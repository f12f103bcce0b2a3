"""Migration m0010: the running hash of decisions, seals of tables that labels follow from, hashes of round files."""

from __future__ import annotations

from sqlite_utils import Database

from scn_core.store.schema.running_hash import HASHED, running_hash

_TABLES = """
-- SHA-256 over a part of a table, so that damage of the file is noticed. Written at the end of the transaction that
-- changes the part; until then NULL.
CREATE TABLE seal (
  subject TEXT NOT NULL,  -- the table; schema: all definitions
  part INTEGER NOT NULL,  -- round, person: the row; score: the round; else 0
  digest TEXT,
  PRIMARY KEY (subject, part)
) WITHOUT ROWID;

-- SHA-256 of the files of a round, as they were when it ended.
CREATE TABLE round_file (
  round_id INTEGER NOT NULL REFERENCES round(id),
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (round_id, name)
) WITHOUT ROWID;
"""

_PARTS = {
    "class": ("0", ""), "sample": ("0", ""), "vote": ("0", ""), "spelling": ("0", ""), "data_change": ("0", ""),
    "given_version": ("0", ""), "person": ("{row}.id", "OF name"), "round": ("{row}.id", "OF parent, state, review"),
    "score": ("{row}.round_id", ""),
}  # fmt: skip
"""Table -> which part a row belongs to, and the columns whose change counts; empty: all."""

_NO_UPDATE = """
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END
"""


def migrate(db: Database) -> None:
    """Adds the tables and column, fills the running hash of the decisions there are, and leaves every part unsealed."""
    db.executescript(_TABLES)
    for table, (part, columns) in _PARTS.items():
        for event, row in (("INSERT", "NEW"), (f"UPDATE {columns}", "NEW"), ("DELETE", "OLD")):
            number = part.format(row=row)
            # Not INSERT OR REPLACE: in a trigger, the statement that calls it says what a conflict does.
            db.execute(f"""
CREATE TRIGGER unseal_{table}_{event[:6].lower()} AFTER {event.strip()} ON {table}
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = '{table}' AND part = {number} AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = '{table}' AND part = {number};
  INSERT INTO seal VALUES ('{table}', {number}, NULL);
END
""")
    _fill_hashes(db)


def _fill_hashes(db: Database) -> None:
    db.execute("ALTER TABLE decision ADD COLUMN hash TEXT")
    db.execute("DROP TRIGGER decision_no_update")
    before = ""
    for row in db.execute(f"SELECT {', '.join(HASHED)} FROM decision ORDER BY seq").fetchall():
        before = running_hash(before, row)
        db.execute("UPDATE decision SET hash = ? WHERE seq = ?", (before, row[0]))
    db.execute(_NO_UPDATE)
