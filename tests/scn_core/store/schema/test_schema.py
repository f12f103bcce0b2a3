"""What holds for any program that opens review.db, this package or not: plain sqlite3, no pragmas of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.records import Decision, EpochReport, RoundScores
from scn_core.store.decisions.record import record_decisions
from scn_core.store.rounds.states import close_round, finish_round, record_epoch, start_round

DECISION = "INTO decision (id, round_id, sample_id, person_id, action, label, undoes, shown, blind)"

ITEM = "INTO queue_item (round_id, sample_id, kind, priority, alpha, margin, given_label)"


@pytest.fixture
def stranger(db: Database, tmp_path: Path, make_scores: Callable[..., RoundScores]) -> Iterator[sqlite3.Connection]:
    """Round 1 is in review, with an epoch and ann's decision 'one' on sample 1, low-importance group 1 and 2."""
    start_round(db, {}, code_version="1")
    record_epoch(db, 1, EpochReport(1, 2.5, 2.0, 0.5, 0.3, 0.7, 0.4, 0.6, 0.1, 0.15, None, 0, 1234.5, 8.1))
    finish_round(db, 1, make_scores(proposed=[1] + [-1] * 9, low=[True] * 2 + [False] * 8), {})
    record_decisions(db, [Decision("one", 1, 1, "ann", "accept", 1)])
    other = sqlite3.connect(tmp_path / "review.db")
    yield other
    other.close()


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE sample SET given_label = 1", "never overwritten"),
        ("UPDATE decision SET label = 2", "append-only"),
        ("DELETE FROM decision", "append-only"),
        (f"INSERT OR REPLACE {DECISION} VALUES ('one', 1, 1, 1, 'keep', 0, NULL, '{{}}', 0)", "append-only"),
        (f"INSERT {DECISION} VALUES ('two', 1, 1, 1, 'keep', NULL, NULL, '{{}}', 0)", "label is set exactly"),
        (f"INSERT {DECISION} VALUES ('two', 1, 1, 1, 'unsure', 1, NULL, '{{}}', 0)", "label is set exactly"),
        (f"INSERT {DECISION} VALUES ('two', 1, 1, 1, 'unsure', NULL, 'one', '{{}}', 0)", "undoes is set exactly"),
        (f"INSERT {DECISION} VALUES ('two', 1, 1, 1, 'undo', NULL, 'two', '{{}}', 0)", "an undo takes back"),
        (f"INSERT {DECISION} VALUES ('two', 1, 1, 2, 'undo', NULL, 'one', '{{}}', 0)", "an undo takes back"),
        (f"INSERT {DECISION} VALUES ('two', 1, 2, 1, 'undo', NULL, 'one', '{{}}', 0)", "an undo takes back"),
        (f"INSERT {DECISION} VALUES ('two', 9, 1, 1, 'unsure', NULL, NULL, '{{}}', 0)", "in review"),
        ("UPDATE round SET state = 'done'", "CHECK"),
        ("UPDATE round SET config = '{'", "CHECK"),
        ("INSERT INTO person (name, role) VALUES ('Ann', 'lead')", "UNIQUE"),
        (
            f"INSERT {ITEM} VALUES (1, 3, 'other', 0.1, 0, 0, 0)",
            "CHECK",
        ),
        ("UPDATE queue_item SET lease_person = 1", "CHECK"),
        ("UPDATE sample SET box_left = 1", "a box has four sides"),
    ],
)
def test_the_database_refuses(stranger: sqlite3.Connection, sql: str, told: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=told):
        stranger.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE score SET alpha = 0.5",
        "DELETE FROM score",
        "INSERT OR REPLACE INTO score SELECT * FROM score",
        "UPDATE epoch SET loss = 0",
        "DELETE FROM epoch",
        "INSERT OR REPLACE INTO epoch SELECT * FROM epoch",
        "UPDATE round SET message = 'better'",
        "DELETE FROM round",
        f"INSERT {DECISION} VALUES ('two', 1, 2, 1, 'unsure', NULL, NULL, '{{}}', 0)",
    ],
)
def test_a_closed_round_is_immutable(db: Database, stranger: sqlite3.Connection, sql: str) -> None:
    stranger.execute(sql)  # allowed while the round is in review
    stranger.rollback()
    close_round(db, 1)
    with pytest.raises(sqlite3.IntegrityError, match=r"a closed round is immutable|in review"):
        stranger.execute(sql)


def test_two_rounds_never_run_at_once(db: Database, stranger: sqlite3.Connection) -> None:
    start_round(db, {}, code_version="1")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        stranger.execute("INSERT INTO round (state, config, code_version) VALUES ('running', '{}', '1')")


def test_views_give_names_beside_numbers(stranger: sqlite3.Connection) -> None:
    low = "SELECT sample_id, key, given_label, given_name, proposed_label, proposed_name FROM low_importance"
    assert stranger.execute(low).fetchall() == [
        (1, "train/1.jpg#1", 0, "happy", 1, "sad"),
        (2, "train/2.jpg#1", 1, "sad", None, None),
    ]
    named = "SELECT sample_id, given_name, proposed_name FROM proposal"
    assert stranger.execute(named).fetchall() == [(1, "happy", "sad")]
    assert stranger.execute("SELECT count(*) FROM open_proposals").fetchone() == (0,)


def test_the_low_importance_view_shows_alpha_margin_and_suspicion(
    stranger: sqlite3.Connection, make_scores: Callable[..., RoundScores]
) -> None:
    made = make_scores()
    rows = stranger.execute("SELECT alpha, margin, suspicion, predicted_name FROM low_importance").fetchall()
    names = ("happy", "sad", "fear")
    assert rows == [
        (float(made.alpha[i]), float(made.margin[i]), float(made.suspicion[i]), names[made.predicted_label[i]])
        for i in (0, 1)
    ]


def test_stamps_are_utc_with_milliseconds(stranger: sqlite3.Connection) -> None:
    stamps = stranger.execute("SELECT started_at, finished_at, heartbeat_at FROM round").fetchone()
    stamps += stranger.execute("SELECT decided_at FROM decision").fetchone()
    form = "____-__-__T__:__:__.___Z"
    assert all(stranger.execute("SELECT ? LIKE ?", (stamp, form)).fetchone() == (1,) for stamp in stamps)
