"""Which answers and votes of a workspace are evidence, and what follows for its reviewers."""

from __future__ import annotations

import numpy as np
import pytest

from scn_core.errors import UsageError
from scn_core.review.quality.reviewers import reviewers
from scn_core.review.workspace_consensus import workspace_consensus
from scn_core.store.connection import transaction
from scn_core.store.decisions.readings import label_readings
from scn_core.store.opinions import add_source, insert_opinions
from tests.scn_core.review.quality.reviewed import Reviewed


def vote(made: Reviewed, face: int, label: int | None, annotator: str = "", count: int = 1) -> None:
    made.db.execute(
        "INSERT INTO vote VALUES (?, ?, ?, ?, ?)", (face, annotator, label, "" if label is not None else "NF", count)
    )


def test_answers_that_stand_and_name_a_class_are_evidence() -> None:
    made = Reviewed(readings=2)
    taken_back, unsure, changed, settled = made.queue()[:4]
    made.undo(made.answer(taken_back))
    made.answer(unsure, action="relabel", label=2)
    made.answer(unsure, action="unsure")
    made.answer(changed, action="relabel", label=2)
    made.answer(changed, action="relabel", label=3)
    made.answer(settled, action="relabel", label=0)
    made.answer(settled, "bob", "relabel", 1)
    made.answer(settled, "eve", "relabel", 1, adjudicates=True)
    found = label_readings(made.db)
    assert sorted(zip(found.sample_id.tolist(), found.person_id.tolist(), found.label.tolist(), strict=True)) == sorted(
        [(changed, 1, 3), (settled, 1, 0), (settled, 2, 1)]
    )
    whole = workspace_consensus(made.db, 1)
    assert len(whole.sample_id) == made.faces
    assert [(each.name, each.answers, each.right) for each in whole.people] == [("ann", 2, None), ("bob", 1, None)]
    assert whole.label[whole.sample_id == settled] == 1  # the lead's answer is in force, and no vote
    assert workspace_consensus(made.db, 1, answered=True).sample_id.tolist() == sorted([unsure, changed, settled])


def test_an_excluded_face_has_no_consensus() -> None:
    made = Reviewed()
    face = made.queue()[0]
    made.answer(face, action="relabel", label=2)
    made.answer(face, "bob", "exclude")
    assert face not in workspace_consensus(made.db, 1).sample_id
    alone = workspace_consensus(made.db, 1, answered=True)
    assert (alone.sample_id.tolist(), alone.people, alone.found.probabilities.shape) == ([], (), (0, 4))


def test_votes_of_the_data_set_are_evidence_in_place_of_the_given_label() -> None:
    made = Reviewed()
    face, other = made.queue()[:2]
    start = workspace_consensus(made.db, 1)
    assert start.people == ()
    for label, annotator in ((3, "cy"), (3, "di"), (None, "eve")):
        vote(made, face, label, annotator)
    vote(made, other, 2, count=7)
    found = workspace_consensus(made.db, 1)
    assert found.found.label[found.sample_id == face] == 3
    assert found.found.votes[found.sample_id == face] == 2
    assert found.found.votes[found.sample_id == other] == 7
    assert [(each.name, each.person_id, each.answers) for each in found.people] == [
        ("", None, 7), ("cy", None, 1), ("di", None, 1),
    ]  # fmt: skip
    assert workspace_consensus(made.db, 1, answered=True).people == ()


def test_reviewers_are_told_apart_by_each_other_and_by_the_models() -> None:
    made = Reviewed(readings=2)
    for place, face in enumerate(made.queue()[:80]):
        made.answer(face)
        made.answer(face, "bob", *(("relabel", place % 4) if place % 3 == 0 else ()))
    truth = np.eye(4, dtype=np.float32)[made.truth] * 0.6 + 0.1
    found = {each.name: each for each in workspace_consensus(made.db, 1, [truth]).people}
    assert found["ann"].answers == found["bob"].answers == 80
    assert found["ann"].right is not None
    assert found["bob"].right is not None
    assert found["ann"].right > found["bob"].right + 0.1
    shown = {each.name: each.right for each in reviewers(made.db, 1)}
    assert shown.keys() == {"ann", "bob"}
    assert None not in shown.values()


def test_an_opinion_says_nothing_of_a_face_by_a_row_of_nan() -> None:
    made = Reviewed()
    truth = np.eye(4, dtype=np.float32)[made.truth] * 0.6 + 0.1
    truth[3] = np.nan
    for place, face in enumerate(made.queue()[:80]):
        if place < 40:
            made.answer(face)
        found = workspace_consensus(made.db, 1, [truth]).found if place in (0, 79) else None  # without answers, with
        if found is not None:
            assert np.isfinite(found.probabilities).all()
            assert found.probabilities.sum(axis=1) == pytest.approx(1)
            assert (found.label == made.truth).mean() > 0.9
    nothing = workspace_consensus(made.db, 1, [np.full_like(truth, np.nan)]).found
    assert nothing.probabilities == pytest.approx(workspace_consensus(made.db, 1).found.probabilities, abs=0.01)


@pytest.mark.parametrize("row", [[-5, -5, -5, -5], [np.nan, 1, 0, 0], [0.9, 0.9, 0, 0], [np.inf, 0, 0, 0]])
def test_an_opinion_of_other_numbers_is_refused(row: list[float]) -> None:
    made = Reviewed()
    opinion = np.full((200, 4), 0.25, np.float32)
    opinion[7:9] = row
    with pytest.raises(UsageError, match="opinions: found 2 rows that are no probabilities, the first at 7; allowed"):
        workspace_consensus(made.db, 1, [opinion])


def test_the_opinions_of_the_workspace_are_evidence_unless_they_are_noise() -> None:
    made = Reviewed()
    before = workspace_consensus(made.db, 1).found
    truth = np.eye(4, dtype=np.float32)[made.truth] * 0.6 + 0.1
    noise = np.random.default_rng(0).dirichlet(np.ones(4), 200).astype(np.float32)
    ids = np.arange(1, 201)
    with transaction(made.db):
        insert_opinions(made.db, add_source(made.db, "noise", "npz", {}), ids, noise, None)
    assert workspace_consensus(made.db, 1).found.probabilities.tolist() == before.probabilities.tolist()
    with transaction(made.db):
        insert_opinions(made.db, add_source(made.db, "true", "npz", {}), ids, truth, None)
    found = workspace_consensus(made.db, 1).found
    assert (found.label == made.truth).all()
    assert (before.label == made.truth).mean() < 0.9


def test_nothing_says_who_is_right_of_faces_that_one_person_answered() -> None:
    made = Reviewed(readings=2)
    for place, face in enumerate(made.queue()[:40]):
        made.answer(face, action="relabel", label=place % 4)
    assert [(each.answers, each.right) for each in workspace_consensus(made.db, 1).people] == [(40, None)]
    for face in made.queue()[:20]:
        vote(made, face, 1, "cy")
    assert {each.name: each.right is None for each in workspace_consensus(made.db, 1).people} == {
        "ann": False, "cy": False,
    }  # fmt: skip


def test_an_opinion_of_another_shape_is_refused() -> None:
    made = Reviewed()
    with pytest.raises(UsageError, match=r"opinions: found shape \(3, 4\); allowed: \(200, 4\), as the round has"):
        workspace_consensus(made.db, 1, [np.ones((3, 4), np.float32)])
