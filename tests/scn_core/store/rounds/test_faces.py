from __future__ import annotations

from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.store.rounds.faces import queued_samples
from scn_core.store.rounds.states import finish_round, start_round
from tests.scn_core.store.conftest import MakeScores


def test_queued_samples_come_once_and_rising(db: Database, make_scores: MakeScores) -> None:
    proposed = [-1, 2, -1, 1, -1, -1, -1, -1, 1, -1]
    number = start_round(db, {}, code_version="1")
    finish_round(db, number, make_scores(proposed=proposed), {}, audit=0, review=ReviewSettings(readings=3))
    assert queued_samples(db, number).tolist() == [2, 4, 9]
    assert queued_samples(db, number + 1).tolist() == []


def test_audit_items_count_too(review: Database, make_scores: MakeScores) -> None:
    number = start_round(review, {}, code_version="1")
    finish_round(review, number, make_scores(proposed=[-1] * 10), {}, audit=10)
    assert queued_samples(review, number).tolist() == list(range(1, 11))
