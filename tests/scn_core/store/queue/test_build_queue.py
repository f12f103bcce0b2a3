from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import RoundScores
from scn_core.store import columns
from scn_core.store.queue import build_queue
from scn_core.store.queue.build_queue import KINDS, plan_queue
from scn_core.store.rounds.states import finish_round, start_round

MakeScores = Callable[..., RoundScores]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    proposed=st.lists(st.integers(-1, 2), min_size=10, max_size=10),
    low=st.lists(st.booleans(), min_size=10, max_size=10),
    also=st.lists(st.booleans(), min_size=10, max_size=10),
    audit=st.integers(0, 15),
    seed=st.integers(0, 99),
)
def test_the_plan_holds_each_proposal_each_other_low_sample_and_the_audit(
    make_scores: MakeScores, proposed: list[int], low: list[bool], also: list[bool], audit: int, seed: int
) -> None:
    """Proposals may be outside of the low-importance group, and faces asked about for their suspicion are."""
    suspicious = [also[i] and not low[i] and proposed[i] < 0 for i in range(10)]
    made = replace(make_scores(proposed=proposed, low=low), suspicious=np.array(suspicious), doubt=np.arange(10) % 3)
    plan = plan_queue(made, audit=audit, seed=seed)
    by_kind = {kind: plan.sample_id[plan.kind == KINDS.index(kind)].tolist() for kind in KINDS}
    assert sorted(by_kind["proposal"]) == [i + 1 for i in range(10) if proposed[i] >= 0]
    assert sorted(by_kind["low_importance"]) == [i + 1 for i in range(10) if proposed[i] < 0 and low[i]]
    assert by_kind["suspicious"] == sorted(by_kind["suspicious"], key=lambda i: -made.suspicion[i - 1])
    assert sorted(by_kind["suspicious"]) == [i + 1 for i in range(10) if suspicious[i]]
    assert len(set(by_kind["audit"])) == len(by_kind["audit"]) == min(audit, 10)
    asked = ~plan.audit
    queued = {i for kind in KINDS[1:] for i in by_kind[kind]}
    assert sum(s.faces for s in plan.strata if s.queued) == len(queued)
    assert not plan.doubt[~asked].any()
    assert not plan.low_importance[~asked].any()
    for column, own in (
        ("priority", made.suspicion), ("alpha", made.alpha), ("margin", made.margin), ("doubt", made.doubt),
        ("low_importance", made.low_importance),
    ):  # fmt: skip
        np.testing.assert_array_equal(getattr(plan, column)[asked], own[plan.sample_id[asked] - 1])


def test_a_settled_face_is_asked_about_again_only_with_a_proposal(make_scores: MakeScores) -> None:
    made = make_scores(proposed=[1, 1] + [-1] * 8, low=[True] * 4 + [False] * 6)
    made = replace(made, suspicious=np.arange(10) >= 8)
    settled = np.array([True, False, True, False] + [False] * 4 + [True, False])
    plan = plan_queue(made, audit=10, seed=0, settled=settled)
    asked = plan.sample_id[~plan.audit]
    assert sorted(asked.tolist()) == [1, 2, 4, 10]
    assert [s.faces for s in plan.strata if s.queued] == [4]
    assert sorted(plan.sample_id[plan.audit].tolist()) == list(range(1, 11))


@pytest.mark.parametrize("order", ["priority", "alpha", "margin"])
def test_audit_faces_come_in_random_order_whatever_people_order_by(make_scores: MakeScores, order: str) -> None:
    """Half of the faces have high figures; among the audit faces met first there are no more of these."""
    high = np.arange(40) < 20
    figures = np.where(high, 0.9, 0.1).astype(np.float32) + np.linspace(0, 0.01, 40, dtype=np.float32)
    made = make_scores(40, suspicion=figures.tolist())
    made = replace(made, alpha=figures, margin=figures)
    early = []
    for seed in range(300):
        plan = plan_queue(made, audit=10, seed=seed)
        audit = np.flatnonzero(plan.audit)
        first = audit[np.argsort(-getattr(plan, order)[audit], kind="stable")][:5]
        early.append(high[plan.sample_id[first] - 1].mean())
    assert 0.45 < np.mean(early) < 0.55


def test_the_audit_is_drawn_whatever_the_suspicion_and_read_in_random_order(make_scores: MakeScores) -> None:
    made = make_scores(10, suspicion=[0.9] * 5 + [0.1] * 5)
    plans = [plan_queue(made, audit=2, seed=seed) for seed in range(500)]
    drawn = Counter(int(i) for plan in plans for i in plan.sample_id[plan.audit])
    assert all(60 < drawn[i] < 140 for i in range(1, 11)), drawn  # 100 expected
    # Early in the queue (the suspicious half) unsuspicious samples are as many as suspicious ones.
    early = [i for plan in plans for i in plan.sample_id[plan.audit & (plan.priority > 0.5)]]
    assert 0.4 < np.mean(np.array(early) <= 5) < 0.6


def test_the_seed_decides(make_scores: MakeScores) -> None:
    first, again, other = (plan_queue(make_scores(), audit=5, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.sample_id, again.sample_id)
    assert first.sample_id.tolist() != other.sample_id.tolist()


def test_the_stored_queue_is_ordered_by_suspicion(db: Database, make_scores: MakeScores) -> None:
    made = make_scores(proposed=[1] * 6 + [-1] * 4, low=[False] * 4 + [True] * 4 + [False] * 2)
    finish_round(db, start_round(db, {}, code_version="1"), made, {}, audit=3, seed=1)
    rows = db.execute(
        "SELECT sample_id, priority FROM queue_item WHERE kind <> 'audit' ORDER BY priority DESC"
    ).fetchall()
    asked = sorted(range(8), key=lambda i: -made.suspicion[i])
    assert rows == [(i + 1, float(made.suspicion[i])) for i in asked]
    assert db["queue_item"].count_where("kind = 'audit' AND slot = 0 AND lease_person IS NULL") == 3


def test_a_large_queue_is_written_with_indexes_made_anew(
    db: Database, make_scores: MakeScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    monkeypatch.setattr(build_queue, "_MANY", 5)
    finish_round(
        db, start_round(db, {}, code_version="1"), make_scores(), {}, audit=3, review=ReviewSettings(readings=2)
    )
    assert db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == schema
    assert db.execute("SELECT count(*), sum(listed) FROM queue_item").fetchone() == (26, 20)
    assert db.execute("SELECT sum(n) FROM queue_count").fetchone() == (20,)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("chunk", [1, 4, 50_000])
def test_every_column_is_stored_as_planned_whatever_the_pieces(
    db: Database, make_scores: MakeScores, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """A queue of ten million written whole would be 3 GB of Python objects."""
    monkeypatch.setattr(columns, "CHUNK", chunk)
    made = replace(make_scores(proposed=[1] * 4 + [-1] * 6), doubt=np.arange(10) % 3)
    plan = plan_queue(made, audit=3, seed=0)
    finish_round(db, start_round(db, {}, code_version="1"), made, {}, audit=3, seed=0)
    names = [
        "sample_id", "slot", "priority", "alpha", "margin", "given_label", "proposed_label", "doubt",
        "low_importance", "listed",
    ]  # fmt: skip
    stored = db.execute(f"SELECT kind, {', '.join(names)} FROM queue_item ORDER BY id").fetchall()
    planned = {name: getattr(plan, name).tolist() for name in names}
    planned["proposed_label"] = [None if label < 0 else label for label in planned["proposed_label"]]
    assert stored == list(zip((KINDS[place] for place in plan.kind), *planned.values(), strict=True))


def test_a_round_that_asks_nothing_ends_all_the_same(db: Database, make_scores: MakeScores) -> None:
    """Every face of low importance was decided on before, nothing is proposed, and there is no audit."""
    made = make_scores(proposed=[-1] * 10, low=[True] * 10)
    finish_round(db, start_round(db, {}, code_version="1"), made, {}, settled=np.ones(10, np.bool_))
    assert db.execute("SELECT state, (SELECT count(*) FROM queue_item) FROM round").fetchall() == [("review", 0)]
