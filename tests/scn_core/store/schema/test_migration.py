"""Databases as earlier versions wrote them, with rows in every table, brought up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from sqlite_utils import Database, Migrations

from scn_core.records import Decision
from scn_core.store import connection
from scn_core.store.connection import create_database, open_database
from scn_core.store.decisions.history import broken_history, history_end
from scn_core.store.decisions.record import record_each
from scn_core.store.people.tokens import add_token
from scn_core.store.projections import check, rebuild
from scn_core.store.schema.migrations import STEPS, migrations
from scn_core.store.scores import scores
from scn_core.store.seals import broken_seals, unsealed

LOG = [  # id, round, sample, person, action, label, undoes
    ("a1", 1, 1, 1, "accept", 1, None),
    ("a2", 1, 1, 2, "exclude", None, None),
    ("u2", 1, 1, 2, "undo", None, "a2"),
    ("x2", 1, 2, 2, "exclude", None, None),
    ("k1", 1, 2, 1, "keep", 1, None),
    ("uk", 1, 2, 1, "undo", None, "k1"),
    ("uuk", 1, 2, 1, "undo", None, "uk"),
    ("e3", 2, 3, 1, "exclude", None, None),
    ("s4", 2, 4, 2, "unsure", None, None),
    ("us4", 2, 4, 2, "undo", None, "s4"),
    ("r1", 2, 1, 2, "relabel", 2, None),
]
TRAINED = {1: (0, 1, 2, 0, 1, 2), 2: (2, 2, 2, 2, 2, 2)}  # by round and sample; all given labels in round 1
COLUMNS = "seq, id, round_id, sample_id, person_id, action, label, undoes, shown, blind, bulk, milliseconds, decided_at"


MARKS = [("f1", "flag", None), ("n1", "note", "why?"), ("s1", "skip", None)]  # id, action, text; from m0002 on


@pytest.fixture(params=[1, 2, 5, 6, 7], ids=lambda version: f"m{version:04d}")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def old(tmp_path: Path, version: int) -> Path:
    """Round 1 closed, round 2 of mode auto in review, six samples, decisions with chains of undos, an audit item."""
    path = tmp_path / "review.db"
    path.write_bytes(_of_version(version))
    return path


@cache
def _of_version(version: int) -> bytes:
    with pytest.MonkeyPatch.context() as then, TemporaryDirectory() as folder:
        path = Path(folder) / "review.db"
        then.setattr(connection, "migrations", up_to(1))
        with create_database(path) as db:
            fill(db)
        if version > 1:
            then.setattr(connection, "migrations", up_to(version))
            with open_database(path) as db:
                db.conn.executemany(
                    "INSERT INTO decision (id, round_id, sample_id, person_id, action, text, shown, blind) "
                    "VALUES (?, 2, 4, 2, ?, ?, '{}', 0)",
                    MARKS,
                )
        return path.read_bytes()


def up_to(version: int) -> Migrations:
    """The migrations as they were then."""
    then = Migrations(migrations.name)
    for name in list(STEPS)[:version]:
        then(name=name)(STEPS[name])
    return then


def fill(db: Database) -> None:
    blob = np.array([0.2, 0.5, 0.3], "<f4").tobytes()
    db.conn.executemany("INSERT INTO class VALUES (?, ?)", [(0, "happy"), (1, "sad"), (2, "fear")])
    db.conn.executemany(
        "INSERT INTO sample (id, key, path, split, given_label) VALUES (?, ?, ?, 'train', ?)",
        [(i, f"{i}.jpg", f"{i}.jpg", (i - 1) % 3) for i in range(1, 7)],
    )
    db.conn.executemany("INSERT INTO person (name, role) VALUES (?, ?)", [("ann", "annotator"), ("bob", "lead")])
    db.execute("INSERT INTO session (token_hash, person_id, expires_at) VALUES ('h', 1, '2099')")
    for number, mode in ((1, "review"), (2, "auto")):
        db.execute(
            "INSERT INTO round (id, state, config, code_version, started_at) "
            f"VALUES ({number}, 'review', json_object('relabel', '{mode}'), '1', '2026-0{number}-01')"
        )
        db.conn.executemany(
            "INSERT INTO score VALUES (?, ?, ?, 0.2, 0.5, 1, 0.3, ?, 1, ?, ?, ?)",
            [(number, i, i / 10, i / 10, None if i == 6 else i % 3, TRAINED[number][i - 1], blob) for i in range(1, 7)],
        )
        db.conn.executemany(
            "INSERT INTO queue_item (round_id, sample_id, kind, priority) VALUES (?, ?, ?, ?)",
            [(number, i, "low_importance" if i == 6 else "proposal", i / 10) for i in range(1, 7)]
            + [(number, 2, "audit", 0.35)],
        )
    db.conn.executemany(
        "INSERT INTO decision (id, round_id, sample_id, person_id, action, label, undoes, shown, blind, bulk, "
        """milliseconds, decided_at) VALUES (?, ?, ?, ?, ?, ?, ?, '{"alpha": 0.5}', 0, 'b', 12, ?)""",
        [(*row, f"2026-0{row[1]}-02T06:20:00.000Z") for row in LOG],
    )
    db.execute("UPDATE round SET state = 'closed' WHERE id = 1")


def rows(path: Path, sql: str) -> list[dict[str, object]]:
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(sql)]


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
    assert [{name: row[name] for name in before[0]} for row in rows(old, sql)] == before != []


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
            (1, 1, 0.1, 1),
        ]
        assert db.execute("SELECT action, sum(n) FROM queue_count WHERE round_id = 2 GROUP BY 1").fetchall() == [
            ("", 4),
            ("exclude", 1),
            ("relabel", 1),
        ]
        counted = db.execute("SELECT round_id, person_id, sum(n) FROM answer_count GROUP BY 1, 2").fetchall()
        assert counted == [(1, 1, 2), (1, 2, 1), (2, 1, 1), (2, 2, 1)]


def test_what_is_migrated_is_sound_and_has_the_schema_of_a_new_one(old: Path, tmp_path: Path, version: int) -> None:
    with open_database(old) as db, create_database(tmp_path / "new.db") as new:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        schemas = [each.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() for each in (db, new)]
        assert schemas[0] == schemas[1]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute("DELETE FROM decision")
    missing = list(STEPS)[version]
    assert (old.parent / "backups" / f"review-before-{missing}.db").is_file()


ROWS_OF = {  # version: rows in tables that it brought, as it writes them
    4: ["INSERT INTO person_change (person_id, by_id, what) VALUES (1, 2, 'password')"],
    7: ["INSERT INTO vote VALUES (3, 'rater', 1, '', 2)", "INSERT INTO spelling VALUES (0, 'Joy', 6)"],
    8: ["INSERT INTO access_token (person_id, token_hash, label) VALUES (2, 'h', 'a script')"],
    9: [
        "INSERT INTO data_change (kind, seq, balance) VALUES ('update', 9, '{}')",
        "INSERT INTO given_version VALUES (5, 1, 2)",
    ],
    10: ["INSERT INTO round_file VALUES (1, 'scores.npy', 'abc')"],
    11: ["INSERT INTO event (by_id, what) VALUES (2, 'labels exported')"],
}
KEPT = ["SELECT sample_id, label, excluded, action FROM effective_label ORDER BY 1", f"SELECT {COLUMNS} FROM decision"]
KEPT_OF = {
    4: ["SELECT * FROM person_change"],
    7: ["SELECT * FROM vote", "SELECT * FROM spelling"],
    8: ["SELECT id, person_id, token_hash, label FROM access_token"],
    9: ["SELECT id, kind, made_at, seq, balance FROM data_change", "SELECT * FROM given_version"],
    10: ["SELECT * FROM round_file"],
    11: ["SELECT id, at, by_id, what, about FROM event"],
}


def test_a_database_of_every_version_comes_forward_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that went through all versions, with rows that each of them wrote; and at each, straight to the newest."""
    path, kept = tmp_path / "review.db", list(KEPT)
    with monkeypatch.context() as then:
        then.setattr(connection, "migrations", up_to(1))
        with create_database(path) as db:
            fill(db)
    with create_database(tmp_path / "new.db") as new:
        schema = new.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    for version in range(1, len(STEPS)):
        with monkeypatch.context() as then:
            then.setattr(connection, "migrations", up_to(version))
            open_database(path).close()
        with closing(sqlite3.connect(path)) as db, db:
            for sql in ROWS_OF.get(version, []):
                db.execute(sql)
        kept += KEPT_OF.get(version, [])
        before = [rows(path, sql) for sql in kept]
        assert all(before)
        copy = tmp_path / f"{version}" / "review.db"
        copy.parent.mkdir()
        copy.write_bytes(path.read_bytes())
        with open_database(copy) as db:
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == schema
            assert check(db) == broken_history(db) == broken_seals(db) == unsealed(db) == []
        assert [rows(copy, sql) for sql in kept] == before, list(STEPS)[version - 1]


def test_derived_tables_agree_with_the_log_and_can_be_made_anew(old: Path) -> None:
    with open_database(old) as db:
        assert check(db) == []
        labels = db.execute("SELECT * FROM effective_label ORDER BY 1").fetchall()
        db.execute("DELETE FROM outcome")
        rebuild(db)
        assert db.execute("SELECT * FROM effective_label ORDER BY 1").fetchall() == labels
        assert check(db) == []


def test_the_labels_rounds_began_with_are_known(old: Path) -> None:
    """Those trained on, but for mode auto, which changed them: there what people had decided, else the given."""
    with open_database(old) as db:
        found = [scores(db, number).start_label.tolist() for number in (1, 2)]
        assert found == [[0, 1, 2, 0, 1, 2], [1, 1, 2, 0, 1, 2]]
        queued = db.execute("SELECT DISTINCT sample_id, given_label FROM queue_item WHERE round_id = 2 ORDER BY 1")
        assert [label for _, label in queued] == found[1]
        counted = db.execute("SELECT given_label, sum(n) FROM queue_count WHERE round_id = 2 GROUP BY 1").fetchall()
        assert counted == [(0, 1), (1, 3), (2, 2)]


def test_outcomes_are_the_newest_answers_and_go_on_as_such(old: Path) -> None:
    """Rounds of before have no rules: one reading decides, however many the queue asks for."""
    outcomes = (
        "SELECT o.round_id, o.sample_id, d.id, o.action, o.label, o.state, o.answers, o.needed, o.adjudicated "
        "FROM outcome o JOIN decision d ON d.seq = o.seq ORDER BY 1, 2"
    )
    with open_database(old) as db:
        assert [tuple(row) for row in db.execute(outcomes)] == [
            (1, 1, "a1", "accept", 1, "decided", 1, 1, 0),
            (1, 2, "k1", "keep", 1, "decided", 1, 1, 0),
            (2, 1, "r1", "relabel", 2, "decided", 1, 1, 0),
            (2, 3, "e3", "exclude", None, "decided", 1, 1, 0),
        ]
        db.execute("INSERT INTO queue_item (round_id, sample_id, slot, kind, priority, alpha, margin, given_label) "
                   "VALUES (2, 5, 1, 'proposal', 0.1, 0.5, 0.3, 1)")  # fmt: skip
        assert (
            record_each(db, [Decision("k5", 2, 5, "ann", "keep", 1), Decision("u1", 2, 1, "bob", "undo", undoes="r1")])
            == []
        )
        assert [tuple(row)[1:6] for row in db.execute(outcomes) if row[0] == 2] == [
            (3, "e3", "exclude", None, "decided"),
            (5, "k5", "keep", 1, "decided"),
        ]


def test_the_audit_of_before_is_one_stratum(old: Path) -> None:
    with open_database(old) as db:
        found = db.execute("SELECT round_id, queued, faces, drawn FROM audit_stratum ORDER BY 1").fetchall()
        assert found == [(1, None, 6, 1), (2, None, 6, 1)]
        assert db.execute("SELECT DISTINCT adjudicates FROM decision").fetchall() == [(0,)]
        assert db.execute("SELECT DISTINCT reader FROM queue_item").fetchall() == [(None,)]


@pytest.fixture
def fifth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As before m0006: leases, several readings, a repeat, an item that is not listed, a learned order."""
    path = tmp_path / "fifth.db"
    with monkeypatch.context() as then:
        then.setattr(connection, "migrations", up_to(1))
        with create_database(path) as db:
            fill(db)
        then.setattr(connection, "migrations", up_to(5))
        with open_database(path) as db:
            db.execute("UPDATE queue_item SET lease_person = 1, lease_until = '2099' WHERE id = 9")
            db.execute("UPDATE score SET low_importance = 0 WHERE round_id = 2 AND sample_id = 5")
            db.conn.executemany(
                "INSERT INTO queue_item (id, round_id, sample_id, slot, kind, priority, alpha, margin, given_label, "
                "listed, reader) VALUES (?, 2, 5, ?, ?, 0.5, 0.5, 0.3, 1, ?, ?)",
                [(90, 1, "proposal", 1, None), (91, 7, "repeat", 0, 1)],
            )
            db.execute("INSERT INTO queue_count VALUES (2, 'proposal', 1, -1, 10, '', 1)")
            db.execute("INSERT INTO learned_order (round_id, answers, seq) VALUES (2, 3, 4)")
            db.execute("INSERT INTO learned_place VALUES (2, 0, 5)")
    return path


def test_m0006_keeps_every_item_of_the_queue_with_its_number(fifth: Path) -> None:
    names = [row["name"] for row in rows(fifth, "SELECT name FROM pragma_table_info('queue_item')")]
    before = {
        sql: rows(fifth, sql)
        for sql in (
            f"SELECT {', '.join(map(str, names))} FROM queue_item ORDER BY id",
            "SELECT kind, given_label, proposed_label, alpha_bin, action, n FROM queue_count WHERE n > 0 "
            "AND round_id = 2 ORDER BY 1, 2, 3, 4, 5",
            "SELECT round_id, place, sample_id FROM learned_place",
            "SELECT * FROM learned_order",
        )
    }
    open_database(fifth).close()
    for sql, found in before.items():
        assert rows(fifth, sql) == found != []


def test_m0015_gives_learned_places_the_labels_of_their_items(fifth: Path) -> None:
    open_database(fifth).close()
    item = "SELECT given_label, proposed_label FROM queue_item WHERE round_id = 2 AND sample_id = 5 AND slot = 0"
    assert rows(fifth, "SELECT given_label, proposed_label FROM learned_place") == rows(fifth, item) != []


def test_what_m0006_cannot_know_is_told_as_unknown(fifth: Path) -> None:
    """Kinds of doubt were not told apart before; of what importance the faces asked about are, their scores say."""
    with open_database(fifth) as db:
        assert db.execute("SELECT DISTINCT doubt, second_label, suspicious FROM score").fetchall() == [(None, None, 0)]
        found = scores(db, 2)
        assert (found.doubt.tolist(), found.second_label.tolist()) == ([0] * 6, [-1] * 6)
        low = "SELECT kind, sample_id, low_importance, doubt FROM queue_item WHERE round_id = 2 ORDER BY id"
        assert {(kind, sample, low) for kind, sample, low, _ in db.execute(low)} == {
            ("audit", 2, 0), ("repeat", 5, 0), *(("proposal", i, int(i != 5)) for i in range(1, 6)),
            ("low_importance", 6, 1),
        }  # fmt: skip
        assert db.execute("SELECT DISTINCT doubt FROM proposal").fetchall() == [(None,)]


def test_answers_after_m0006_are_counted(fifth: Path) -> None:
    with open_database(fifth) as db:
        assert record_each(db, [Decision("k4", 2, 4, "bob", "keep", 0)]) == []
        counted = "SELECT sum(n) FROM queue_count WHERE round_id = 2 AND action = 'keep' AND given_label = 0"
        assert db.execute(counted).fetchone() == (1,)
        listed = "SELECT count(*) FROM queue_item WHERE round_id = 2 AND listed = 1"
        assert (
            db.execute(listed).fetchone() == db.execute("SELECT sum(n) FROM queue_count WHERE round_id = 2").fetchone()
        )


def test_m0008_keeps_the_log_of_people_append_only_and_never_uses_a_number_again(fifth: Path) -> None:
    """The log is copied; its newest row was number 7."""
    with closing(sqlite3.connect(fifth)) as db, db:
        db.execute("INSERT INTO person_change (id, person_id, by_id, what) VALUES (7, 1, 2, 'password')")
        db.execute("INSERT INTO person_change (id, person_id, what, role) VALUES (3, 1, 'role', 'lead')")
    log = "SELECT * FROM person_change ORDER BY id"
    before = rows(fifth, log)
    with open_database(fifth) as db:
        assert rows(fifth, log) == before
        added = add_token(db, 1, "h", "a script")
        assert db.execute("SELECT id, what FROM person_change WHERE id > 7").fetchall() == [(8, "token added")]
        for change in ("UPDATE person_change SET what = 'added'", "DELETE FROM person_change"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.conn.execute(change)
        assert added.id == 1


def test_m0010_gives_every_decision_its_hash_and_seals_everything(old: Path) -> None:
    with open_database(old) as db:
        assert broken_history(db) == broken_seals(db) == unsealed(db) == []
        assert history_end(db).seq >= len(LOG)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.conn.execute("UPDATE decision SET hash = NULL")
