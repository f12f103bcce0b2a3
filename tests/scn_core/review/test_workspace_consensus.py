"""Which answers and votes of a workspace are evidence, and what follows for its reviewers."""

from __future__ import annotations

import numpy as np
import pytest

from scn_core.errors import UsageError
from scn_core.review.quality.reviewers import reviewers
from scn_core.review.workspace_consensus import workspace_consensus
from scn_core.store.decisions.readings import label_readings
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
    assert workspace_consensus(made.db, 1, read_alone=True).sample_id.tolist() == sorted([unsure, changed, settled])


def test_an_excluded_face_has_no_consensus() -> None:
    made = Reviewed()
    face = made.queue()[0]
    made.answer(face, action="relabel", label=2)
    made.answer(face, "bob", "exclude")
    assert face not in workspace_consensus(made.db, 1).sample_id
    alone = workspace_consensus(made.db, 1, read_alone=True)
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
    assert workspace_consensus(made.db, 1, read_alone=True).people == ()


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


def test_an_opinion_of_another_shape_is_refused() -> None:
    made = Reviewed()
    with pytest.raises(UsageError, match=r"opinions: found shape \(3, 4\); allowed: \(200, 4\), as the round has"):
        workspace_consensus(made.db, 1, [np.ones((3, 4), np.float32)])
