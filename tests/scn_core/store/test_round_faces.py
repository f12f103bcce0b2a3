from __future__ import annotations

import numpy as np
from sqlite_utils import Database

from scn_core.records import Decision
from scn_core.store.decisions import record_decisions
from scn_core.store.round_faces import given_labels, queued_samples
from scn_core.store.rounds import finish_round, start_round
from tests.scn_core.store.conftest import MakeScores


def test_queued_samples_come_once_and_rising(db: Database, make_scores: MakeScores) -> None:
    proposed = [-1, 2, -1, 1, -1, -1, -1, -1, 1, -1]
    number = start_round(db, {}, code_version="1")
    finish_round(db, number, make_scores(proposed=proposed), {}, audit=0, slots=3)
    assert queued_samples(db, number).tolist() == [2, 4, 9]
    assert queued_samples(db, number + 1).tolist() == []


def test_audit_items_count_too(review: Database, make_scores: MakeScores) -> None:
    number = start_round(review, {}, code_version="1")
    finish_round(review, number, make_scores(proposed=[-1] * 10), {}, audit=10)
    assert queued_samples(review, number).tolist() == list(range(1, 11))


def test_given_labels_are_those_of_the_data_set(review: Database) -> None:
    record_decisions(review, [Decision("11111111-1111-4111-8111-111111111111", 1, 4, "ann", "relabel", 2)])
    assert given_labels(review, np.array([2, 4, 6, 12])).tolist() == [1, 0, 2, 2]
    assert given_labels(review, np.array([], np.int64)).tolist() == []
