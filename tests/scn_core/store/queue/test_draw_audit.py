from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlite_utils import Database

from scn_core.store.queue.draw_audit import audit_strata, draw_audit, drawn_by_label, strata_of
from scn_core.store.rounds.states import finish_round, start_round
from tests.scn_core.store.conftest import MakeScores

FACE = some.tuples(some.floats(0, 1, width=32) | some.sampled_from([0.0, 0.5, 1.0]), some.booleans())


@settings(deadline=None)
@given(faces=some.lists(FACE, max_size=80), count=some.integers(0, 100), seed=some.integers(0, 9))
def test_every_face_is_in_one_stratum_and_each_gives_what_it_says(
    faces: list[tuple[float, bool]], count: int, seed: int
) -> None:
    suspicion = np.array([face[0] for face in faces], np.float32)
    queued = np.array([face[1] for face in faces], np.bool_)
    rows, strata = draw_audit(suspicion, queued, count, np.random.default_rng(seed))
    assert len(set(rows.tolist())) == len(rows) == min(count, len(faces))
    for i, stratum in enumerate(strata):
        inside = (queued == stratum.queued) & (stratum.suspicion_from <= suspicion) & (suspicion < stratum.suspicion_to)
        assert inside.sum() == stratum.faces > 0
        assert inside[rows].sum() == stratum.drawn <= stratum.faces
        assert set(strata_of(strata, suspicion, queued)[inside].tolist()) == {i}
        assert count < 2 * len(strata) or stratum.drawn >= min(2, stratum.faces)
    assert sum(stratum.faces for stratum in strata) == len(faces)


def test_within_a_stratum_every_face_is_equally_likely() -> None:
    suspicion = np.linspace(0, 1, 60, dtype=np.float32)
    queued = np.arange(60) % 3 == 0
    times = np.zeros(60)
    for seed in range(600):
        rows, strata = draw_audit(suspicion, queued, 24, np.random.default_rng(seed))
        times[rows] += 1
    place = strata_of(strata, suspicion, queued)
    expected = np.array([600 * strata[i].drawn / strata[i].faces for i in place])
    assert (np.abs(times - expected) < 4.5 * np.sqrt(expected)).all()


def test_more_is_drawn_where_a_face_tells_more() -> None:
    """Of two kinds of faces as many; suspicion takes one for right almost surely and is torn about the other."""
    suspicion = np.repeat([0.02, 0.5], 500).astype(np.float32)
    _, strata = draw_audit(suspicion, suspicion > 0.4, 120, np.random.default_rng(0))
    drawn = {stratum.queued: stratum.drawn for stratum in strata}
    assert drawn[True] / (drawn[True] + drawn[False] or 1) == pytest.approx(
        0.5 / (0.5 + (0.05 * 0.95) ** 0.5), abs=0.02
    )


def test_a_round_keeps_the_strata_of_its_audit(db: Database, make_scores: MakeScores) -> None:
    made = make_scores(low=[True] * 5 + [False] * 5, proposed=[-1] * 10)
    finish_round(db, start_round(db, {}, code_version="1"), made, {}, audit=6, seed=2)
    _, strata = draw_audit(made.suspicion, made.low_importance, 6, np.random.default_rng(2))
    assert audit_strata(db, 1) == list(strata)
    drawn = [row[0] for row in db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")]
    assert drawn_by_label(db, 1).tolist() == np.bincount(made.start_label[np.array(drawn) - 1], minlength=3).tolist()
