from __future__ import annotations

import numpy as np
import pytest
from sqlite_utils import Database

from scn_core.records import Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.reports.one_face import FaceLabel, face_label, face_scores
from scn_core.store.rounds.states import close_round, finish_round, start_round
from scn_core.store.scores import scores
from tests.scn_core.store.conftest import MakeScores


def test_scores_of_every_round_newest_first(review: Database, make_scores: MakeScores) -> None:
    close_round(review, 1)
    second = make_scores(proposed=[-1] * 10, low=[True] * 10)
    finish_round(review, start_round(review, {}, code_version="1"), second, {})
    newest, oldest = face_scores(review, 4)
    first = scores(review, 1)
    assert (newest.round, newest.proposed_label, newest.low_importance) == (2, None, True)
    assert (oldest.round, oldest.proposed_label, oldest.low_importance) == (1, int(first.proposed_label[3]), False)
    assert oldest.probabilities == pytest.approx(first.probabilities[3].tolist())
    assert (oldest.alpha, oldest.margin, oldest.suspicion) == pytest.approx(
        [float(column[3]) for column in (first.alpha, first.margin, first.suspicion)]
    )
    assert (oldest.predicted_label, oldest.trained_label) == (int(np.argmax(first.probabilities[3])), 0)


def test_a_face_no_round_trained_on_has_no_scores(review: Database) -> None:
    assert face_scores(review, 11) == []
    assert face_scores(review, 99) == []


def test_the_label_now_and_why(review: Database) -> None:
    assert face_label(review, 2) == FaceLabel(1, False, None, None, None, None, None)
    record_decisions(review, [Decision("a", 1, 2, "ann", "relabel", 0)])
    label = face_label(review, 2)
    assert label is not None
    assert (label.label, label.excluded, label.action, label.round, label.person) == (0, False, "relabel", 1, "ann")
    record_decisions(review, [Decision("b", 1, 2, "bob", "exclude"), Decision("c", 1, 2, "bob", "flag")])
    label = face_label(review, 2)
    assert label is not None
    assert (label.excluded, label.action, label.person) == (True, "exclude", "bob")
    assert face_label(review, 99) is None
