"""Counts over a round, against plain loops over what was written."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import ANSWERS, DOUBTS, Answer, Doubt
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import record_decisions, record_each
from scn_core.store.reports.figures import (
    ALPHA_BINS,
    MARGIN_BINS,
    MOST_STEPS,
    SUSPICION_BINS,
    DoubtAnswers,
    decided_counts,
    decided_steps,
    doubt_answers,
    doubt_bins,
    open_readings,
    score_bins,
    timed_work,
)
from scn_core.store.rounds.states import close_round, finish_round, start_round
from scn_core.store.scores import insert_scores
from tests.scn_core.store.conftest import MakeScores
from tests.scn_core.store.review_model import Log, decide, undo

SHARE = some.floats(0, 1, width=32)
FACE = some.tuples(SHARE, SHARE, some.booleans())


@given(faces=some.lists(FACE, max_size=10))
@example(faces=[(1.0, 0.0, True), (0.5, 1.0, False), (1.0, 1.0, False)])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bins_are_counts(faces: list[tuple[float, float, bool]], db: Database, make_scores: MakeScores) -> None:
    scores = replace(
        make_scores(len(faces)),
        alpha=np.array([face[0] for face in faces], np.float32),
        margin=np.array([face[1] for face in faces], np.float32),
        low_importance=np.array([face[2] for face in faces], np.bool_),
    )
    with transaction(db):
        db.execute("DELETE FROM score")
        db.execute("DELETE FROM round")
    number = start_round(db, {}, code_version="1")
    with transaction(db):
        insert_scores(db, number, scores)
    found = score_bins(db, number)
    expected = np.zeros((2, ALPHA_BINS, MARGIN_BINS), np.int64)
    for alpha, margin, low in faces:
        expected[int(low), min(int(alpha * ALPHA_BINS), ALPHA_BINS - 1), min(int(margin * MARGIN_BINS), 24)] += 1
    np.testing.assert_array_equal(found.high, expected[0])
    np.testing.assert_array_equal(found.low, expected[1])
    lows = [alpha for alpha, _, low in faces if low]
    assert found.boundary == (max(lows) if lows else None)


def test_another_round_is_not_counted(review: Database) -> None:
    assert score_bins(review, 1).high.sum() == 10
    assert score_bins(review, 2).high.sum() == 0


@pytest.mark.parametrize("seed", range(5))
def test_decided_faces_are_counted_alike(review: Database, seed: int) -> None:
    """One reading: the newest answer that stands decides."""
    rng = np.random.default_rng(seed)
    log = Log()
    for _ in range(40):
        action = str(rng.choice(["accept", "keep", "relabel", "unsure", "exclude", "undo"]))
        person = str(rng.choice(["ann", "bob"]))
        if action == "undo":
            free = log.free(person)
            if not free:
                continue
            said = undo(free[int(rng.integers(len(free)))])
        else:
            label = {"label": int(rng.integers(3))} if action == "relabel" else {}
            said = decide(int(rng.integers(1, 11)), action, person, **label)  # type: ignore[arg-type]
        record_decisions(review, [said])
        log.rows.append(said)
    expected: Counter[tuple[int, str, int | None]] = Counter()
    for sample_id in range(1, 11):
        outcome = log.outcome(sample_id, 1, "majority")
        if outcome is not None:
            expected[(sample_id - 1) % 3, outcome[1].action, outcome[1].label] += 1
    found = decided_counts(review, 1)
    assert {(each.start_label, each.action, each.label): each.faces for each in found} == dict(expected)
    for each in found:
        assert each.changes == (each.action == "exclude" or each.label not in (None, each.start_label))
    steps = decided_steps(review, 1)
    assert steps.changed.sum() == sum(each.faces for each in found if each.changes)
    assert steps.changed.sum() + steps.unchanged.sum() == expected.total()


def test_several_readings_are_counted_once_they_decide(db: Database, make_scores: MakeScores) -> None:
    two = ReviewSettings(readings=2)
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, review=two)
    assert open_readings(db, 1) == 20
    record_decisions(db, [decide(1, "accept", "ann"), decide(2, "accept", "ann"), decide(2, "keep", "bob")])
    assert decided_counts(db, 1) == []
    record_decisions(db, [decide(1, "accept", "bob")])
    assert [(each.start_label, each.label, each.faces) for each in decided_counts(db, 1)] == [(0, 1, 1)]
    assert open_readings(db, 1) == 16


@pytest.mark.parametrize(
    ("minutes", "unit", "starts"),
    [
        ((0, 3, 12), "10 minutes", ["2026-03-01T10:00", "2026-03-01T10:10"]),
        ((0, 59, 30 * 60), "hour", ["2026-03-01T10:00", "2026-03-02T16:00"]),
        ((0, 10 * 24 * 60), "day", ["2026-03-01T00:00", "2026-03-11T00:00"]),
        ((0, 200 * 24 * 60), "month", ["2026-03-01T00:00", "2026-09-01T00:00"]),
        ((0, 4000 * 24 * 60), "year", ["2026-01-01T00:00", "2037-01-01T00:00"]),
    ],
)
def test_steps_grow_with_the_time_they_span(
    review: Database, minutes: tuple[int, ...], unit: str, starts: list[str]
) -> None:
    begin = datetime(2026, 3, 1, 10, tzinfo=UTC)
    record_decisions(review, [decide(i, "accept" if i == 1 else "keep") for i in range(1, 1 + len(minutes))])
    answered_at(review, [begin + timedelta(minutes=each) for each in minutes])
    steps = decided_steps(review, 1)
    assert (steps.unit, list(steps.start)) == (unit, starts)
    assert steps.changed.tolist() == [1, *[0] * (len(starts) - 1)]
    assert steps.unchanged.sum() == len(minutes) - 1


@pytest.mark.parametrize("hours", [1, 19, 21, 100, 2000, 60_000])
def test_few_steps_whatever_the_span(review: Database, hours: int) -> None:
    begin = datetime(2026, 3, 1, 10, tzinfo=UTC)
    record_decisions(review, [decide(i, "keep") for i in range(1, 11)])
    answered_at(review, [begin + timedelta(hours=hours * i / 9) for i in range(10)])
    steps = decided_steps(review, 1)
    length = dict(zip(UNITS, (1 / 6, 1, 24, 28 * 24, 365 * 24), strict=True))[steps.unit]
    assert hours / length <= MOST_STEPS * 31 / 28


def test_nobody_has_answered(review: Database) -> None:
    assert decided_counts(review, 1) == []
    assert decided_steps(review, 1).start == ()
    assert timed_work(review, 1) == (0, 0)
    assert open_readings(review, 1) == 10


def test_minutes_are_of_each_person(review: Database) -> None:
    taken = [decide(1, "keep", "ann"), decide(2, "exclude", "ann"), decide(3, "keep", "bob")]
    record_decisions(review, [replace(each, milliseconds=900) for each in taken])
    begin = datetime(2026, 3, 1, 10, tzinfo=UTC)
    answered_at(review, [begin, begin + timedelta(seconds=50), begin])
    assert timed_work(review, 1) == (2, 1)
    record_decisions(review, [undo(taken[-1])])
    assert timed_work(review, 1) == (1, 1)


def test_answers_whose_time_nobody_measured_are_no_work(review: Database) -> None:
    """As Python and files bring them, a thousand in a second."""
    record_decisions(review, [decide(number, "exclude", "ann") for number in range(1, 6)])
    assert timed_work(review, 1) == (0, 0)
    record_decisions(review, [replace(decide(6, "exclude", "ann"), milliseconds=700)])
    assert timed_work(review, 1) == (1, 1)


UNITS = ("10 minutes", "hour", "day", "month", "year")


def answered_at(db: Database, moments: list[datetime]) -> None:
    """As if the decisions had been given then, in their order."""
    with transaction(db):
        db.execute("DROP TRIGGER decision_no_update")
        for seq, moment in enumerate(moments, 1):
            stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            db.execute("UPDATE decision SET decided_at = ? WHERE seq = ?", (stamp, seq))


@given(
    faces=some.lists(
        some.tuples(SHARE, some.sampled_from(DOUBTS), some.sampled_from([None, *ANSWERS])), min_size=1, max_size=10
    ),
)
@example(faces=[(1.0, "ambiguous", "unsure"), (0.0, "none", "exclude"), (0.5, "ambiguous", None)])
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_doubt_is_counted_face_by_face(
    faces: list[tuple[float, Doubt, Answer | None]], db: Database, make_scores: MakeScores
) -> None:
    """Suspicion by kind over all faces; by kind how the decided ones were answered, exclusion being a correction."""
    scores = replace(
        make_scores(len(faces)),
        suspicion=np.array([face[0] for face in faces], np.float32),
        doubt=np.array([DOUBTS.index(face[1]) for face in faces]),
    )
    for (open_round,) in db.execute("SELECT id FROM round WHERE state = 'review'").fetchall():
        close_round(db, open_round)
    number = start_round(db, {}, code_version="1")
    finish_round(db, number, scores, {})
    said = [
        decide(i, action, round_id=number, label=i % 3) if action == "relabel" else decide(i, action, round_id=number)
        for i, (_, _, action) in enumerate(faces, 1)
        if action
    ]
    assert record_each(db, said) == []
    expected = np.zeros((SUSPICION_BINS, len(DOUBTS)), np.int64)
    for suspicion, doubt, _ in faces:
        stored = float(np.float32(suspicion))  # as the database has it, which computes in double precision
        expected[min(int(stored * SUSPICION_BINS), SUSPICION_BINS - 1), DOUBTS.index(doubt)] += 1
    np.testing.assert_array_equal(doubt_bins(db, number), expected)
    wanted = []
    for kind in DOUBTS:
        answers = [action for _, doubt, action in faces if doubt == kind and action]
        if answers:
            kept, unsure = answers.count("keep"), answers.count("unsure")
            wanted.append(DoubtAnswers(kind, len(answers) - kept - unsure, kept, unsure))
    assert doubt_answers(db, number) == wanted


def test_a_round_from_before_tells_no_kinds_apart(review: Database) -> None:
    review.execute("UPDATE score SET doubt = NULL")
    assert not doubt_bins(review, 1).any()
    assert record_each(review, [decide(1, "keep")]) == []
    assert doubt_answers(review, 1) == []
