"""Several readings are blind to each other until all are in: every door of the store says the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.config import ReviewSettings
from scn_core.records import ANSWERS, QUEUE_ORDERS, QUEUE_STATES, Manifest, QueueFilter, QueueItem, RoundScores, Sample
from scn_core.store.decisions.record import record_each
from scn_core.store.decisions.visibility import seen_history
from scn_core.store.people.people import Person, ensure_person
from scn_core.store.queue.browse import items_of, page_items
from scn_core.store.queue.counts import open_left, queue_counts
from scn_core.store.queue.leases import claim_items
from scn_core.store.rounds.states import close_round, finish_round, start_round
from scn_core.store.samples import insert_manifest
from tests.scn_core.store.review_model import PEOPLE, decide, in_order, listed, matches, undo
from tests.templates import new_database
from tests.undoubted import undoubted

FACES, READINGS, PAGE = 60, 2, 7
ANN, BOB, EVE = (Person(i, name, "annotator") for i, name in enumerate(PEOPLE, 1))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Two readings of 60 faces: nobody, one, two or three have answered; some took it back; notes and flags."""
    db = new_database(tmp_path_factory.mktemp("blind") / "review.db")
    samples = tuple(Sample(f"{i}.jpg", f"{i}.jpg", (i - 1) % 3, "train") for i in range(1, FACES + 1))
    insert_manifest(db, Manifest("toy", Path("x"), ClassVocabulary(("happy", "sad", "fear")), samples))
    for name in PEOPLE:
        ensure_person(db, name)
    rng = np.random.default_rng(3)
    review = ReviewSettings(readings=READINGS)
    finish_round(db, start_round(db, {}, code_version="1"), _scores(rng), {}, audit=9, seed=1, review=review)
    said = []
    for face in range(1, FACES + 1):
        for name in rng.permutation(PEOPLE)[: rng.integers(0, 4)].tolist():
            action = str(rng.choice(ANSWERS[1:]))
            label = {"relabel": 2, "keep": (face - 1) % 3}.get(action)
            said.append(decide(face, action, name, label=label))  # type: ignore[arg-type]
    said += [decide(int(i), "note", "bob", text="surely sad") for i in rng.integers(1, FACES + 1, 30)]
    said += [decide(int(i), "flag", "eve") for i in rng.integers(1, FACES + 1, 20)]
    said += [decide(int(i), "skip", "bob") for i in rng.integers(1, FACES + 1, 20)]
    said += [undo(said[i]) for i in rng.choice(60, 15, replace=False)]
    assert record_each(db, said) == []
    yield db
    db.close()


def _scores(rng: np.random.Generator) -> RoundScores:
    label = np.arange(FACES) % 3
    probabilities = rng.dirichlet(np.ones(3), FACES).astype(np.float32)
    tenths = [np.round(rng.random(FACES), 1).astype(np.float32) for _ in range(3)]
    proposed = np.where(rng.random(FACES) < 0.3, -1, (label + 1) % 3)
    return RoundScores(
        sample_id=np.arange(1, FACES + 1), start_label=label, alpha=tenths[0], p_given=probabilities[:, 0],
        p_max=probabilities.max(1), predicted_label=probabilities.argmax(1), margin=tenths[1], suspicion=tenths[2],
        low_importance=np.ones(FACES, bool), proposed_label=proposed, trained_label=label, probabilities=probabilities,
        **undoubted(FACES),
    )  # fmt: skip


def readers(db: Database, face: int) -> set[str]:
    """Who has a live answer on the face, from the log alone."""
    sql = "SELECT DISTINCT p.name FROM live_decision d JOIN person p ON p.id = d.person_id WHERE sample_id = ?"
    return {name for (name,) in db.execute(sql, (face,))}


def visible(db: Database, viewer: Person) -> list[dict[str, Any]]:
    """Listed items but those answered by others on faces that fewer than two people have answered, and the open ones
    of faces that the viewer has answered."""
    items = listed(db)
    mine = {item["sample_id"] for item in items if item["answered_by"] == viewer.id}
    return [
        item
        for item in items
        if (item["action"] is None and item["sample_id"] not in mine)
        or item["answered_by"] == viewer.id
        or (item["action"] is not None and len(readers(db, item["sample_id"])) >= READINGS)
    ]


def all_pages(db: Database, viewer: Person, where: QueueFilter) -> list[QueueItem]:
    """Read to the end in pages that are full but for the last one, or the last of a pair."""
    found, cursor = page_items(db, 1, viewer.id, where, limit=PAGE)
    while cursor is not None:
        assert where.grouped or len(found) % PAGE == 0
        page, cursor = page_items(db, 1, viewer.id, where, after=cursor, limit=PAGE)
        found += page
    return found


classes = st.one_of(st.none(), st.integers(0, 2))
wheres = st.builds(
    QueueFilter,
    state=st.sampled_from(QUEUE_STATES),
    given=classes,
    unproposed=st.booleans(),
    label=classes,
    alpha_to=st.sampled_from([0.5, 1.0]),
    flagged=st.booleans(),
    noted=st.booleans(),
    reviewer=st.sampled_from([None, None, *PEOPLE]),
    order=st.sampled_from(QUEUE_ORDERS),
    grouped=st.booleans(),
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(where=wheres, viewer=st.sampled_from([ANN, BOB, EVE]))
def test_lists_and_counts_hold_what_the_viewer_may_know_and_no_more(
    busy: Database, where: QueueFilter, viewer: Person
) -> None:
    items = visible(busy, viewer)
    assert 0 < len(items) < len(listed(busy))
    face = {item["id"]: item["sample_id"] for item in items}

    def own(where: QueueFilter) -> QueueFilter:
        """A state of answers asks for the viewer's, unless the filter names somebody."""
        answered = where.state in ("answered", *ANSWERS) and where.reviewer is None
        return replace(where, reviewer=viewer.name) if answered else where

    first: dict[int, int] = {}
    for item in in_order(listed(busy), own(where), viewer.id):
        if item in face:
            first.setdefault(face[item], item)
    assert [item.sample_id for item in all_pages(busy, viewer, where)] == list(first)
    counts = queue_counts(busy, 1, viewer.id, where)

    def count(**other: Any) -> int:
        varied = own(QueueFilter(**{name: getattr(where, name) for name in QueueFilter.__slots__} | other))
        return len({item["sample_id"] for item in items if matches(item, varied, viewer.id)})

    assert counts.matching == count()
    assert counts.states == {state: count(state=state) for state in QUEUE_STATES}
    anything = {"given": None, "unproposed": False, "label": None}
    by_class = {n: count(**anything | {"label": n}) for n in range(3)}
    assert counts.classes == {n: found for n, found in by_class.items() if found}
    assert counts.alpha == [count(alpha_from=i / 20, alpha_to=(i + 1) / 20) for i in range(20)]
    assert counts.reviewers.keys() == {viewer.name}
    if where.reviewer in (None, viewer.name):
        assert sum(counts.states[answer] for answer in ANSWERS) == counts.states["answered"]
    assert counts.noted == count(noted=True)
    assert open_left(busy, 1, viewer.id, where) == count(state="open")


@pytest.mark.parametrize("viewer", [ANN, BOB, EVE])
def test_tiles_and_histories_tell_no_more_than_the_lists(busy: Database, viewer: Person) -> None:
    hidden = told = 0
    for face in range(1, FACES + 1):
        (item,) = items_of(busy, 1, viewer.id, [face])
        seen = seen_history(busy, face, viewer, None)
        others = [row for row in seen if row.decision.person != viewer.name]
        if len(readers(busy, face)) < READINGS:
            hidden += 1
            assert item.answered_by in (None, viewer.name)
            assert item.note_by in (None, viewer.name)
            assert {row.decision.action for row in others} <= {"flag", "skip"}
        else:
            told += 1
            assert readers(busy, face) <= {row.decision.person for row in seen}
        own = busy.execute("SELECT count(*) FROM decision WHERE sample_id = ? AND person_id = ?", (face, viewer.id))
        assert len(seen) - len(others) == own.fetchone()[0]
        if viewer.name in readers(busy, face) and item.answered_by is not None:
            assert len(readers(busy, face)) > READINGS or item.answered_by == viewer.name
    assert min(hidden, told) > 5


def test_what_was_blind_is_seen_once_all_readings_are_in(two_readings: Database) -> None:
    db = two_readings
    first, note = decide(1, "keep", "ann"), decide(1, "note", "ann", text="look at the mouth")
    record_each(db, [note, first, undo(first), decide(1, "unsure", "ann")])
    assert seen_history(db, 1, BOB, None) == []
    assert [row.decision.action for row in seen_history(db, 1, ANN, None)] == ["note", "keep", "undo", "unsure"]
    (bobs,) = items_of(db, 1, BOB.id, [1])
    assert (bobs.action, bobs.note) == (None, None)
    bobs_answer = decide(1, "exclude", "bob")
    record_each(db, [bobs_answer])
    assert len(seen_history(db, 1, BOB, None)) == len(seen_history(db, 1, ANN, None)) == 5
    assert items_of(db, 1, BOB.id, [1])[0].note == "look at the mouth"
    record_each(db, [undo(bobs_answer)])
    assert {row.decision.person for row in seen_history(db, 1, BOB, None)} == {"bob"}


def test_an_adjudicated_face_and_a_closed_round_are_blind_no_more(two_readings: Database) -> None:
    db = two_readings
    ensure_person(db, "lea", "lead")
    record_each(db, [decide(1, "keep", "ann"), decide(2, "keep", "ann")])
    assert record_each(db, [decide(1, "unsure", "lea", adjudicates=True)]) == []
    assert {row.decision.person for row in seen_history(db, 1, BOB, None)} == {"ann", "lea"}
    assert seen_history(db, 2, BOB, None) == []
    close_round(db, 1)
    assert {row.decision.person for row in seen_history(db, 2, BOB, None)} == {"ann"}
    assert queue_counts(db, 1, BOB.id, QueueFilter(reviewer="ann")).states["keep"] == 2
    assert queue_counts(db, 1, BOB.id, QueueFilter()).states["open"] == open_left(db, 1, BOB.id, QueueFilter()) == 0


def test_an_audit_face_hides_what_others_ever_said_until_it_is_answered(
    db: Database, make_scores: Callable[..., RoundScores]
) -> None:
    for audit in (0, 10):
        number = start_round(db, {}, code_version="1")
        finish_round(db, number, make_scores(), {}, audit=audit)
        if not audit:
            record_each(db, [decide(1, "keep", "bob")])
            close_round(db, number)
    (item,) = items_of(db, 2, ANN.id, [1])
    assert (item.blind, item.decided_round) == (True, 1)
    assert seen_history(db, 1, ANN, item) == []
    assert len(seen_history(db, 1, BOB, item)) == 1
    record_each(db, [decide(1, "unsure", "ann", round_id=2)])
    (item,) = items_of(db, 2, ANN.id, [1])
    assert len(seen_history(db, 1, ANN, item)) == 2


def test_a_face_says_since_when_it_has_its_label(db: Database, make_scores: Callable[..., RoundScores]) -> None:
    answers = [("keep", 0), ("relabel", 2), ("relabel", 2), ("unsure", None), ("relabel", 2)]
    for number, (action, label) in enumerate(answers, 1):
        finish_round(db, start_round(db, {}, code_version="1"), make_scores(proposed=[1] * 10), {})
        db.execute("UPDATE score SET start_label = 2 WHERE round_id = ?", (number,))
        db.execute("UPDATE queue_item SET given_label = 2 WHERE round_id = ?", (number,))
        (item,) = items_of(db, number, ANN.id, [1])
        assert item.decided_round == {1: None, 2: None, 3: 2, 4: 2, 5: None}[number]
        assert (item.given_label, item.original_label) == (2, 0)
        label = 2 if action == "keep" else label
        if number > 1:
            assert record_each(db, [decide(1, action, round_id=number, label=label)]) == []  # type: ignore[arg-type]
        close_round(db, number)


@pytest.fixture
def two_readings(db: Database, make_scores: Callable[..., RoundScores]) -> Database:
    """Round 1 asks two people about each face."""
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, review=ReviewSettings(readings=READINGS))
    assert claim_items(db, 1, ANN.id, QueueFilter(), limit=1).items
    return db
