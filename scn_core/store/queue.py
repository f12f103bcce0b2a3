"""What people are asked about after a round, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.records import FloatArray, IntArray, RoundScores


@dataclass(frozen=True)
class QueuePlan:
    """The queue of a round as columns of equal length; the priority alone says what comes first."""

    sample_id: IntArray
    kind: npt.NDArray[np.str_]
    priority: FloatArray
    """Suspicion of the sample; of an audit item: of an item drawn at random."""


def plan_queue(scores: RoundScores, *, audit: int, seed: int) -> QueuePlan:
    """One item per proposal, one per other sample of the low-importance group, and `audit` drawn from all samples.

    Audit items are spread evenly over the queue, not ordered by their own suspicion: a lead who stops half-way has
    then read a random half of them, and the estimate made from them stays unbiased.
    """
    rng = np.random.default_rng(seed)
    proposed = scores.proposed_label >= 0
    asked = np.flatnonzero(proposed | scores.low_importance)
    drawn = rng.choice(len(scores.sample_id), size=min(audit, len(scores.sample_id)), replace=False)
    suspicion = scores.suspicion[asked]
    spread = rng.choice(suspicion, size=len(drawn)) if len(asked) else np.zeros(len(drawn), np.float32)
    return QueuePlan(
        sample_id=scores.sample_id[np.concatenate([asked, drawn])],
        kind=np.concatenate([np.where(proposed[asked], "proposal", "low_importance"), np.full(len(drawn), "audit")]),
        priority=np.concatenate([suspicion, spread]),
    )


def insert_queue(db: Database, round_id: int, plan: QueuePlan) -> None:
    """Write the queue of a round. To be called within a transaction."""
    db.conn.executemany(
        f"INSERT INTO queue_item (round_id, sample_id, kind, priority) VALUES ({round_id:d}, ?, ?, ?)",
        zip(plan.sample_id.tolist(), plan.kind.tolist(), plan.priority.tolist(), strict=True),
    )
