from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.records import Decision, Manifest, RoundScores
from scn_core.store import columns
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import record_decisions
from scn_core.store.rounds.states import cancel_round, close_round, start_round
from scn_core.store.scores import (
    ProposalCursor,
    ProposalRow,
    count_open_proposals,
    count_proposals,
    insert_scores,
    page_open_proposals,
    page_proposals,
    scores,
)

MakeScores = Callable[..., RoundScores]


def new_round(db: Database, made: RoundScores) -> int:
    """A round that holds these scores, the earlier ones being there still."""
    number = start_round(db, {}, code_version="1")
    with transaction(db):
        insert_scores(db, number, made)
    cancel_round(db, number)
    return number


def walk(db: Database, round_id: int, limit: int) -> list[ProposalRow]:
    rows, after = page_proposals(db, round_id, limit=limit)
    while after is not None:
        assert len(rows) % limit == 0
        assert len(rows) <= 10, "a page came again"
        more, after = page_proposals(db, round_id, after=after, limit=limit)
        rows += more
    return rows


@pytest.mark.parametrize("chunk", [3, 10, 50_000])
def test_scores_come_back_bit_for_bit(
    db: Database, make_scores: MakeScores, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(columns, "CHUNK", chunk)
    made = replace(
        make_scores(low=[True, False] * 5, proposed=[-1, 0, 1, 2, -1] * 2),
        suspicious=np.arange(10) % 4 == 1, doubt=np.arange(10) % 3, second_label=np.arange(10) % 4 - 1,
    )  # fmt: skip
    new_round(db, make_scores())
    back = scores(db, new_round(db, made))
    for field in fields(RoundScores):
        want, got = getattr(made, field.name), getattr(back, field.name)
        assert got.dtype == want.dtype, field.name
        np.testing.assert_array_equal(got, want, field.name)


def test_a_round_without_scores_has_empty_columns(db: Database) -> None:
    none = scores(db, 5)
    assert none.sample_id.shape == (0,)
    assert none.probabilities.shape == (0, 3)


def test_probabilities_are_little_endian_float32(db: Database, make_scores: MakeScores) -> None:
    made = make_scores()
    new_round(db, made)
    (blob,) = db.execute("SELECT probabilities FROM score WHERE sample_id = 1").fetchone()
    np.testing.assert_array_equal(np.frombuffer(blob, "<f4"), made.probabilities[0])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"alpha": np.full(10, np.nan, np.float32)}, "alpha: found values from nan"),
        ({"suspicion": np.full(10, 1.5, np.float32)}, "suspicion: found values from 1.5 to 1.5; allowed: 0 to 1"),
        ({"predicted_label": np.full(10, 3)}, "predicted_label: found values from 3 to 3; allowed: 0 to 2"),
        ({"proposed_label": np.full(10, -2)}, "proposed_label: found values from -2 to -2; allowed: -1 to 2"),
        ({"second_label": np.full(10, 3)}, "second_label: found values from 3 to 3; allowed: -1 to 2"),
        ({"doubt": np.full(10, 3)}, "doubt: found values from 3 to 3; allowed: 0 to 2"),
        ({"margin": np.zeros(9, np.float32)}, r"margin: found shape \(9,\); allowed: \(10,\)"),
        ({"probabilities": np.zeros((10, 7), np.float32)}, r"probabilities: found shape \(10, 7\)"),
        ({"sample_id": np.ones(10, np.int64)}, "named twice"),
    ],
)
def test_scores_that_do_not_fit_are_refused(
    db: Database, make_scores: MakeScores, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(WorkspaceError, match=told):
        new_round(db, replace(make_scores(), **change))
    assert db["score"].count == 0


def test_a_proposal_row_says_what_the_scores_say(db: Database, manifest: Manifest, make_scores: MakeScores) -> None:
    made = make_scores(proposed=[-1] * 4 + [0] + [-1] * 5)
    (row,), after = page_proposals(db, new_round(db, made))
    sample = manifest.samples[4]
    assert (row.round, row.sample_id, row.key, row.path) == (1, 5, sample.key, sample.path)
    assert (row.given_label, row.proposed_label, row.original_label) == (1, 0, 1)
    for name in ("alpha", "p_given", "p_max", "margin", "suspicion"):
        assert getattr(row, name) == getattr(made, name)[4], name
    assert after is None
    assert count_proposals(db, 1) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suspicion=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=10, max_size=10),
    proposed=st.lists(st.integers(-1, 2), min_size=10, max_size=10),
    limit=st.integers(1, 12),
)
def test_pages_hold_every_proposal_once_by_suspicion_then_id(
    db: Database, make_scores: MakeScores, suspicion: list[float], proposed: list[int], limit: int
) -> None:
    number = new_round(db, make_scores(suspicion=suspicion, proposed=proposed))
    found = [row.sample_id for row in walk(db, number, limit)]
    open_ids = [i for i in range(10) if proposed[i] >= 0]
    assert found == [i + 1 for i in sorted(open_ids, key=lambda i: (-suspicion[i], i))]
    assert count_proposals(db, number) == len(open_ids)


@pytest.mark.parametrize("page", [page_proposals, page_open_proposals])
def test_a_page_is_an_exact_range_of_the_index(
    db: Database, make_scores: MakeScores, page: Callable[..., object]
) -> None:
    number = new_round(db, make_scores())
    sent: list[str] = []
    db.conn.set_trace_callback(sent.append)
    page(db, number, after=ProposalCursor(0.5, 3), limit=4)
    db.conn.set_trace_callback(None)
    assert len(sent) == 2
    plans = [[row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")] for sql in sent]
    for plan, range_read in zip(plans, ("suspicion=? AND sample_id>?", "suspicion<?"), strict=True):
        assert plan[0] == f"SEARCH c USING INDEX score_proposals (round_id=? AND {range_read})"
        assert not [step for step in plan if step.split()[:2] == ["SCAN", "c"] or "TEMP B-TREE" in step]


def test_open_proposals_leave_out_the_answered(review: Database) -> None:
    every, _ = page_proposals(review, 1, limit=20)
    record_decisions(review, [Decision("one", 1, every[0].sample_id, "ann", "unsure")])
    first, after = page_open_proposals(review, 1, limit=4)
    rest, end = page_open_proposals(review, 1, after=after, limit=20)
    assert first + rest == every[1:]
    assert end is None
    assert (count_open_proposals(review, 1), count_proposals(review, 1)) == (9, 10)
    close_round(review, 1)
    assert count_open_proposals(review, 1) == 0
    assert page_open_proposals(review, 1) == ([], None)
