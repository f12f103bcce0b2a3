"""What the next round would train on, beside the labels themselves read one by one."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import Action, Decision
from scn_core.store.current_labels import LabelFilter, iter_labels, label_counts
from scn_core.store.decisions.adjudication import outcome_counts
from scn_core.store.decisions.record import effective_labels, record_each
from scn_core.store.projections import check
from scn_core.store.queue.undecided import undecided_faces
from scn_core.store.rounds.states import close_round, finish_round, start_round
from scn_core.store.rounds.training_set import TrainingSet, training_set
from tests.scn_core.store.conftest import MakeScores

Answers = list[tuple[int, str, Action]]
ACTIONS: list[Action] = ["keep", "relabel", "unsure", "exclude"]
ANSWERS = st.lists(
    st.tuples(st.integers(1, 10), st.sampled_from(["ann", "bob"]), st.sampled_from(ACTIONS)), max_size=12
)


def slowly(db: Database) -> TrainingSet:
    now = effective_labels(db)
    counts = label_counts(db, LabelFilter(split="train", excluded=True))
    train = now.split == "train"
    changed = now.settled & (now.label != now.given_label)
    return TrainingSet(
        faces=int(train.sum()),
        changed=int((train & changed).sum()),
        confirmed=int((train & now.settled & ~changed).sum()),
        excluded=int((train & now.excluded).sum()),
        unsure=int((train & now.unsure).sum()),
        waiting=counts.undecided.get("waiting", 0),
        conflicts=counts.undecided.get("conflict", 0),
        decided_before=sum(n - counts.sources.get(state, 0) for state, n in counts.undecided.items()),
    )


@pytest.fixture
def two_rounds(review: Database, make_scores: MakeScores) -> Database:
    """Round 2 is in review too, with two readings; in it one face began with another label than in round 1."""
    scores = make_scores()
    start = scores.start_label.copy()
    start[3] = 2
    finish_round(review, start_round(review, {}, code_version="1"), replace(scores, start_label=start), {},
                 review=ReviewSettings(readings=2))  # fmt: skip
    return review


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANSWERS, ANSWERS)
def test_it_counts_what_the_labels_say(two_rounds: Database, first: Answers, second: Answers) -> None:
    db = two_rounds
    for number, answers in ((1, first), (2, second)):
        start = dict(db.execute("SELECT sample_id, start_label FROM score WHERE round_id = ?", (number,)))
        said = [
            Decision(
                str(uuid.uuid4()), number, face, who, action,
                label={"keep": start[face], "relabel": 1}.get(action),
            )
            for face, who, action in answers
        ]  # fmt: skip
        assert record_each(db, said) == []
    assert training_set(db) == slowly(db)
    # With the label of round 1 or without one, what is in conflict is counted alike on every page.
    assert training_set(db).conflicts == outcome_counts(db, 2).conflict == undecided_faces(db, 2).conflicts
    everything = LabelFilter(excluded=True)
    rows = Counter(row.undecided for row in iter_labels(db, everything) if row.undecided)
    assert rows == label_counts(db, everything).undecided
    assert check(db) == []


def test_answers_that_are_not_decided_are_counted_apart(db: Database, make_scores: MakeScores) -> None:
    number = start_round(db, {}, code_version="1")
    finish_round(db, number, make_scores(), {}, review=ReviewSettings(readings=2))
    record_each(db, [Decision(str(uuid.uuid4()), 1, 2, "ann", "relabel", 0)])
    assert training_set(db) == TrainingSet(10, 0, 0, 0, 0, waiting=1, conflicts=0)
    record_each(db, [Decision(str(uuid.uuid4()), 1, 2, "bob", "relabel", 0)])
    record_each(db, [Decision(str(uuid.uuid4()), 1, 3, "ann", "relabel", 0)])
    assert training_set(db) == TrainingSet(10, changed=1, confirmed=0, excluded=0, unsure=0, waiting=1, conflicts=0)
    close_round(db, 1)
    closed = TrainingSet(10, changed=1, confirmed=0, excluded=0, unsure=0, waiting=0, conflicts=0, never=1)
    assert training_set(db) == closed


def test_one_reading_more_decides(db: Database, make_scores: MakeScores) -> None:
    number = start_round(db, {}, code_version="1")
    finish_round(db, number, make_scores(), {}, review=ReviewSettings(readings=2))
    record_each(db, [Decision(str(uuid.uuid4()), 1, 2, who, "relabel", 0) for who in ("ann", "bob")])
    assert training_set(db) == TrainingSet(10, changed=1, confirmed=0, excluded=0, unsure=0, waiting=0, conflicts=0)
