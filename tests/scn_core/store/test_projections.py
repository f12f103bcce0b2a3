"""Derived tables that differ from the log are found, named and made anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import RoundScores
from scn_core.store.decisions.record import record_each
from scn_core.store.people.people import ensure_person
from scn_core.store.projections import check, rebuild
from scn_core.store.rounds.states import close_round, finish_round, start_round
from tests.scn_core.store.review_model import decide, undo

OPEN = "UPDATE queue_item SET action = NULL, answered_by = NULL, answered_seq = NULL"
DERIVED = (
    "SELECT * FROM outcome ORDER BY 1, 2",
    "SELECT sample_id, kind, action, answered_by, answered_seq FROM queue_item ORDER BY 1, 2, 3, 4",
    "SELECT * FROM queue_count WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "SELECT * FROM answer_count WHERE n <> 0 ORDER BY 1, 2, 3",
)


@pytest.fixture
def reviewed(db: Database, make_scores: Callable[..., RoundScores]) -> Database:
    """Two readings a face: 1 decided, 2 in conflict, 3 waiting; 4 answered and taken back; a repeat of 1 answered."""
    ensure_person(db, "bob")
    made = make_scores(proposed=[1] * 6 + [-1] * 4)
    finish_round(
        db, start_round(db, {}, code_version="1"), made, {}, audit=2, seed=1, review=ReviewSettings(readings=2)
    )
    said = [decide(face, "keep", person) for face in (1, 2, 3, 4) for person in ("ann", "bob")]
    said = [*said[:3], decide(2, "unsure", "bob"), said[4], said[6]]
    assert record_each(db, [*said, undo(said[-1])]) == []
    db.execute(
        "INSERT INTO queue_item (round_id, sample_id, slot, kind, priority, alpha, margin, given_label, listed, reader)"
        " SELECT 1, 1, 9, 'repeat', (SELECT max(seq) FROM decision), 0.5, 0.5, 0, 0, id FROM person WHERE name = 'ann'"
    )
    assert record_each(db, [decide(1, "keep", "ann")]) == []
    assert check(db) == []
    return db


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM outcome WHERE sample_id = 1", "sample 1: found the outcome None; by the log it is ('decided'"),
        ("UPDATE outcome SET answers = 1 WHERE sample_id = 2", "sample 2: found the outcome ('conflict'"),
        ("INSERT INTO outcome SELECT 9, round_id, state, action, label, seq, answers, needed, adjudicated FROM outcome "
         "LIMIT 1", "by the log it is None"),
        (f"{OPEN} WHERE sample_id = 2 AND slot = 0",
         "sample 2: found the answers"),
        ("UPDATE queue_item SET action = 'exclude' WHERE sample_id = 3 AND action IS NOT NULL",
         "sample 3: found the answers"),
        ("UPDATE queue_item SET action = 'keep', answered_by = 1, answered_seq = 1 WHERE sample_id = 5 AND slot = 1",
         "sample 5: found the answers [(1, 'keep', 1)] in the queue; by the log they are []"),
        (f"{OPEN} WHERE reader IS NOT NULL",
         "found the repeated answer (None, None)"),
        ("UPDATE queue_item SET sample_id = 4 WHERE reader IS NOT NULL", "who has no answer to repeat"),
        ("UPDATE queue_count SET n = n + 1 WHERE action = ''", "queue_count: found"),
        ("DELETE FROM queue_count WHERE action = 'keep'", "queue_count: lacks"),
        ("DELETE FROM answer_count", "answer_count: lacks"),
        ("UPDATE answer_count SET n = 7", "answer_count: found"),
    ],
)  # fmt: skip
def test_what_differs_from_the_log_is_named_and_made_anew(reviewed: Database, damage: str, told: str) -> None:
    before = [reviewed.execute(sql).fetchall() for sql in DERIVED]
    reviewed.execute(damage)
    assert any(told in line for line in check(reviewed)), check(reviewed)
    rebuild(reviewed)
    assert check(reviewed) == []
    if "sample_id = 4" not in damage:  # a repeat of nothing goes
        after = [reviewed.execute(sql).fetchall() for sql in DERIVED]
        assert after == before


def test_what_is_right_stays_as_it_is(reviewed: Database) -> None:
    before = list(reviewed.conn.iterdump())
    rebuild(reviewed)
    no_zeros = [line for line in before if not line.endswith(",0);") or "_count" not in line]
    assert list(reviewed.conn.iterdump()) == no_zeros


def test_the_queue_of_a_closed_round_stays_as_it_was(reviewed: Database) -> None:
    close_round(reviewed, 1)
    reviewed.execute(f"{OPEN} WHERE sample_id = 2")
    assert check(reviewed) == []
