from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import Decision, QueueFilter, RoundScores
from scn_core.store.decisions.record import record_decisions
from scn_core.store.queue import filter as filters
from scn_core.store.queue.counts import answered_readings
from scn_core.store.queue.pace import Progress, pace, progress
from scn_core.store.queue.undecided import undecided_faces
from scn_core.store.reports.activity import members
from scn_core.store.rounds.states import finish_round, start_round
from tests.scn_core.store.review_model import decide, undo

ANN = 1


def say(db: Database, *decisions: Decision) -> None:
    record_decisions(db, list(decisions))


def test_pace_counts_what_stands(review: Database) -> None:
    assert pace(review, 1, ANN).per_minute is None
    rows = [decide(i, "keep") for i in range(1, 7)]
    say(review, *rows, decide(7, "flag"), decide(7, "skip"), undo(rows[0]))
    now = pace(review, 1, ANN)
    assert (now.today, now.total, now.left) == (5, 5, 4), "what ann skipped is not to review for her"
    assert now.per_minute in (5.0, 2.5)  # the minute may turn while the test runs
    assert now.seconds_left == round(now.left / now.per_minute * 60)


def test_a_face_that_is_answered_twice_is_one_of_today(review: Database) -> None:
    first, second = decide(1, "keep"), decide(1, "unsure")
    say(review, decide(2, "keep"), decide(3, "exclude"), first, second)
    assert answered_readings(review, 1) == (3, 10)
    assert pace(review, 1, ANN).today == 3
    review.execute("DROP TRIGGER decision_no_update")
    review.execute("UPDATE decision SET decided_at = '2020-01-01T10:00:00.000Z' WHERE sample_id = 2")
    assert pace(review, 1, ANN).today == 2
    say(review, undo(second))
    assert pace(review, 1, ANN).today == 2
    say(review, undo(first))
    assert pace(review, 1, ANN).today == 1


def test_today_is_one_number_over_all_rounds_for_the_grid_and_for_team(
    review: Database, make_scores: Callable[..., RoundScores]
) -> None:
    say(review, decide(1, "keep"), decide(1, "unsure"), decide(2, "keep"), decide(2, "keep", "bob"))
    finish_round(review, start_round(review, {}, code_version="1"), make_scores(), {})
    say(review, decide(1, "keep", round_id=2), decide(3, "exclude", round_id=2))
    assert [pace(review, number, ANN).today for number in (1, 2, 99)] == [3, 3, 3]
    assert {each.person.name: each.today for each in members(review)} == {"ann": 3, "bob": 1}


def test_what_is_left_of_several_readings_is_faces(db: Database, make_scores: Callable[..., RoundScores]) -> None:
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, review=ReviewSettings(readings=3))
    say(db, decide(1, "keep"), decide(1, "keep", "bob"), decide(2, "keep", "bob"))
    assert [pace(db, 1, person).left for person in (ANN, 2)] == [9, 8]
    assert undecided_faces(db, 1).to_review == 10
    assert answered_readings(db, 1) == (3, 30)


def test_pace_leaves_out_idle_minutes_and_yesterday(review: Database) -> None:
    review.conn.executemany(
        "INSERT INTO answer_count VALUES (1, 1, ?, ?)",
        [(f"2020-01-01T10:{i:02d}", 100) for i in range(30)]
        + [(f"2020-01-02T11:{i:02d}", 12) for i in range(0, 60, 2)],
    )
    now = pace(review, 1, ANN)
    assert (now.today, now.total, now.per_minute) == (0, 3_360, 12.0)
    assert now.seconds_left == 50


def test_progress_is_said_where_that_is_soon_counted(review: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    say(review, decide(1, "keep"), decide(2, "exclude"))
    review.execute("INSERT INTO picture_issue SELECT 'dark', id FROM sample WHERE id <= 6")
    dark = QueueFilter(picture="dark")
    assert progress(review, 1, ANN, QueueFilter()) == Progress(8, 2, 1)
    assert progress(review, 1, ANN, dark) == Progress(4, 2, 1)
    monkeypatch.setattr(filters, "SMALL", 5)
    assert progress(review, 1, ANN, dark) is None
    assert progress(review, 1, ANN, QueueFilter(faces="1_7_8")) == Progress(2, 2, 1)
    assert progress(review, 1, ANN, QueueFilter(opinions="agree")) is None


def test_progress_with_several_readings_is_what_is_left_anyway(
    db: Database, make_scores: Callable[..., RoundScores]
) -> None:
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, review=ReviewSettings(readings=2))
    say(db, decide(1, "keep"), decide(2, "exclude"), decide(3, "keep", "bob"))
    left = pace(db, 1, ANN).left
    assert progress(db, 1, ANN, QueueFilter(grouped=True, order="alpha"), left=left) == Progress(8, 2, 1)
    assert progress(db, 1, ANN, QueueFilter(grouped=True)) is None
    assert progress(db, 1, ANN, QueueFilter(given=1), left=left) is None
