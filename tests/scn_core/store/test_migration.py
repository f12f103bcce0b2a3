"""A database as the version before wrote it, with rows in every table, brought up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database, Migrations

from scn_core.store import connection, schema
from scn_core.store.connection import create_database, open_database

LOG = [  # id, round, sample, person, action, label, undoes
    ("a1", 1, 1, 1, "accept", 1, None),
    ("a2", 1, 1, 2, "exclude", None, None),
    ("u2", 1, 1, 2, "undo", None, "a2"),
    ("k1", 1, 2, 1, "keep", 1, None),
    ("uk", 1, 2, 1, "undo", None, "k1"),
    ("uuk", 1, 2, 1, "undo", None, "uk"),
    ("e3", 2, 3, 1, "exclude", None, None),
    ("s4", 2, 4, 2, "unsure", None, None),
    ("us4", 2, 4, 2, "undo", None, "s4"),
    ("r1", 2, 1, 2, "relabel", 2, None),
]
COLUMNS = "seq, id, round_id, sample_id, person_id, action, label, undoes, shown, blind, bulk, milliseconds, decided_at"


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Round 1 closed, round 2 in review, six samples, decisions with chains of undos, an audit item."""
    first = Migrations(schema.migrations.name)
    first(name="m0001_tables")(schema.m0001_tables)
    path = tmp_path / "review.db"
    with monkeypatch.context() as then:
        then.setattr(connection, "migrations", first)
        with create_database(path) as db:
            fill(db)
    return path


def fill(db: Database) -> None:
    blob = np.array([0.2, 0.5, 0.3], "<f4").tobytes()
    db.conn.executemany("INSERT INTO class VALUES (?, ?)", [(0, "happy"), (1, "sad"), (2, "fear")])
    db.conn.executemany(
        "INSERT INTO sample (id, key, path, split, given_label) VALUES (?, ?, ?, 'train', ?)",
        [(i, f"{i}.jpg", f"{i}.jpg", (i - 1) % 3) for i in range(1, 7)],
    )
    db.conn.executemany("INSERT INTO person (name, role) VALUES (?, ?)", [("ann", "annotator"), ("bob", "lead")])
    db.execute("INSERT INTO session (token_hash, person_id, expires_at) VALUES ('h', 1, '2099')")
    for number in (1, 2):
        db.execute("INSERT INTO round (id, state, config, code_version) VALUES (?, 'review', '{}', '1')", (number,))
        db.conn.executemany(
            "INSERT INTO score VALUES (?, ?, ?, 0.2, 0.5, 1, 0.3, ?, 1, ?, 1, ?)",
            [(number, i, i / 10, i / 10, None if i == 6 else i % 3, blob) for i in range(1, 7)],
        )
        db.conn.executemany(
            "INSERT INTO queue_item (round_id, sample_id, kind, priority) VALUES (?, ?, ?, ?)",
            [(number, i, "low_importance" if i == 6 else "proposal", i / 10) for i in range(1, 7)]
            + [(number, 2, "audit", 0.35)],
        )
    db.conn.executemany(
        "INSERT INTO decision (id, round_id, sample_id, person_id, action, label, undoes, shown, blind, bulk, "
        """milliseconds) VALUES (?, ?, ?, ?, ?, ?, ?, '{"alpha": 0.5}', 0, 'b', 12)""",
        LOG,
    )
    db.execute("UPDATE round SET state = 'closed' WHERE id = 1")


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {COLUMNS} FROM decision ORDER BY seq",
        "SELECT * FROM effective_label ORDER BY sample_id",
        "SELECT * FROM open_proposals ORDER BY round_id, sample_id",
        "SELECT id FROM live_decision ORDER BY seq",
        "SELECT * FROM score ORDER BY 1, 2",
        "SELECT * FROM round ORDER BY id",
        "SELECT * FROM session",
        "SELECT id, name, role, created_at FROM person",
        "SELECT round_id, sample_id, slot, kind, priority FROM queue_item ORDER BY 1, 2, 4",
        "SELECT seq FROM sqlite_sequence WHERE name = 'decision'",
    ],
)
def test_every_row_is_there_as_before(old: Path, sql: str) -> None:
    before = rows(old, sql)
    open_database(old).close()
    assert rows(old, sql) == before != []


def test_the_queue_knows_what_was_answered_and_counts_it(old: Path) -> None:
    with open_database(old) as db:
        items = db.execute(
            "SELECT round_id, sample_id, kind, action, answered_by, (SELECT id FROM decision WHERE seq = answered_seq) "
            "FROM queue_item WHERE action IS NOT NULL ORDER BY 1, 2, 3"
        ).fetchall()
        assert items == [
            (1, 1, "proposal", "accept", 1, "a1"),
            (1, 2, "audit", "keep", 1, "k1"),
            (1, 2, "proposal", "keep", 1, "k1"),
            (2, 1, "proposal", "relabel", 2, "r1"),
            (2, 3, "proposal", "exclude", 1, "e3"),
        ]
        unlisted = db.execute("SELECT sample_id, kind FROM queue_item WHERE listed = 0").fetchall()
        assert unlisted == [(2, "proposal"), (2, "proposal")]
        proposed = "SELECT sample_id, proposed_label, alpha, given_label FROM queue_item WHERE round_id = 2 ORDER BY id"
        assert db.execute(proposed).fetchall() == [
            (6, None, 0.6, 2),
            (5, 2, 0.5, 1),
            (4, 1, 0.4, 0),
            (2, None, 0.2, 1),
            (3, 0, 0.3, 2),
            (2, 2, 0.2, 1),
            (1, 1, 0.1, 0),
        ]
        assert db.execute("SELECT action, sum(n) FROM queue_count WHERE round_id = 2 GROUP BY 1").fetchall() == [
            ("", 4),
            ("exclude", 1),
            ("relabel", 1),
        ]
        counted = db.execute("SELECT round_id, person_id, sum(n) FROM answer_count GROUP BY 1, 2").fetchall()
        assert counted == [(1, 1, 2), (2, 1, 1), (2, 2, 1)]


def test_what_is_migrated_is_sound_and_has_the_schema_of_a_new_one(old: Path, tmp_path: Path) -> None:
    with open_database(old) as db, create_database(tmp_path / "new.db") as new:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        schemas = [each.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() for each in (db, new)]
        assert schemas[0] == schemas[1]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute("DELETE FROM decision")
    assert (old.parent / "backups" / "review-before-m0002_review.db").is_file()
