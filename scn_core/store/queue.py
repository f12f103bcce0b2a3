"""What people are asked about after a round, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.records import BoolArray, FloatArray, IntArray, RoundScores
from scn_core.store.schema_review import BINS, INDEXES

_MANY = 50_000
"""From here on, writing an index in one sorted go is faster than row by row."""


@dataclass(frozen=True)
class QueuePlan:
    """The queue of a round as columns of equal length, by falling priority, which is the order of asking."""

    sample_id: IntArray
    slot: IntArray
    """0 and up: which of several independent readings."""
    kind: npt.NDArray[np.str_]
    priority: FloatArray
    """Suspicion of the sample; of an audit item: of an item drawn at random."""
    alpha: FloatArray
    margin: FloatArray
    proposed_label: IntArray
    """-1: none, or an audit item, whose proposal no filter shall tell."""
    listed: BoolArray
    """False: the face is asked about as an audit item instead, so that nobody gets it twice."""


def plan_queue(scores: RoundScores, *, audit: int, seed: int, slots: int = 1) -> QueuePlan:
    """One item per proposal, one per other sample of the low-importance group, and `audit` drawn from all samples.

    Each item is there `slots` times, for as many independent readings. Audit items are spread evenly over the queue,
    not ordered by their own suspicion: a lead who stops half-way has then read a random half of them, and the
    estimate made from them stays unbiased.
    """
    rng = np.random.default_rng(seed)
    proposed = scores.proposed_label >= 0
    asked = np.flatnonzero(proposed | scores.low_importance)
    drawn = rng.choice(len(scores.sample_id), size=min(audit, len(scores.sample_id)), replace=False)
    suspicion = scores.suspicion[asked]
    spread = rng.choice(suspicion, size=len(drawn)) if len(asked) else np.zeros(len(drawn), np.float32)
    row = np.concatenate([asked, drawn])
    is_audit = np.arange(len(row)) >= len(asked)
    kind = np.where(is_audit, "audit", np.where(proposed[row], "proposal", "low_importance"))
    priority = np.concatenate([suspicion, spread])
    order = np.repeat(np.lexsort((scores.sample_id[row], -priority)), slots)
    row, is_audit = row[order], is_audit[order]
    return QueuePlan(
        sample_id=scores.sample_id[row],
        slot=np.tile(np.arange(slots), len(order) // slots),
        kind=kind[order],
        priority=priority[order],
        alpha=scores.alpha[row],
        margin=scores.margin[row],
        proposed_label=np.where(is_audit, -1, scores.proposed_label[row]),
        listed=is_audit | ~np.isin(row, drawn),
    )


def insert_queue(db: Database, round_id: int, plan: QueuePlan) -> None:
    """Write the queue of a round and count it. To be called within a transaction."""
    afresh = len(plan.sample_id) > _MANY
    if afresh:
        db.executescript(_drop(INDEXES))
    given = _given(db, plan)
    columns = (plan.sample_id, plan.slot, plan.kind, plan.priority, plan.alpha, plan.margin, given)
    proposed = (None if label < 0 else label for label in plan.proposed_label.tolist())
    db.conn.executemany(
        "INSERT INTO queue_item (round_id, sample_id, slot, kind, priority, alpha, margin, given_label, "
        f"proposed_label, listed) VALUES ({round_id:d}, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        zip(*(column.tolist() for column in columns), proposed, plan.listed.tolist(), strict=True),
    )
    if afresh:
        db.executescript(INDEXES)
    db.conn.executemany(f"INSERT INTO queue_count VALUES ({round_id:d}, ?, ?, ?, ?, '', ?)", _counts(plan, given))


def _counts(plan: QueuePlan, given: IntArray) -> Iterator[tuple[str, int, int, int, int]]:
    """(kind, given, proposed, alpha bin, items) of the listed ones."""
    bins = np.minimum(BINS - 1, (plan.alpha.astype(np.float64) * BINS).astype(np.int64))
    for kind in np.unique(plan.kind):
        chosen = plan.listed & (plan.kind == kind)
        base = int(plan.proposed_label.max()) + 2
        codes = (given[chosen] * base + plan.proposed_label[chosen] + 1) * BINS + bins[chosen]
        for code, n in zip(*(part.tolist() for part in np.unique(codes, return_counts=True)), strict=True):
            pair, alpha_bin = divmod(code, BINS)
            yield str(kind), pair // base, pair % base - 1, alpha_bin, n


def _given(db: Database, plan: QueuePlan) -> IntArray:
    if not len(plan.sample_id):
        return np.empty(0, np.int64)
    given = np.zeros(int(plan.sample_id.max()) + 1, np.int64)
    rows = db.execute("SELECT id, given_label FROM sample WHERE id < ?", (len(given),)).fetchall()
    if rows:
        ids, labels = np.array(rows, np.int64).T
        given[ids] = labels
    return given[plan.sample_id]


def _drop(indexes: str) -> str:
    names = [part.split()[0] for part in indexes.split(" INDEX ")[1:]]
    return "".join(f"DROP INDEX {name};" for name in names)
