"""What people are asked about after a round, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.records import DOUBTS, BoolArray, FloatArray, IntArray, QueueKind, RoundScores
from scn_core.store.columns import rows_of
from scn_core.store.pictures import contradicted
from scn_core.store.queue.draw_audit import AuditStratum, draw_audit, insert_strata
from scn_core.store.schema.expressions import BINS

_MANY = 50_000
"""From here on, writing an index in one sorted go is faster than row by row."""
_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'queue_item' AND sql IS NOT NULL"
KINDS: tuple[QueueKind, ...] = ("audit", "proposal", "low_importance", "suspicious")
"""Of planned items, in the order of their numbers. Repeats come later, one by one."""


@dataclass(frozen=True)
class QueuePlan:
    """The queue of a round as columns of equal length, in the order of asking: copies with different labels, then by
    falling priority."""

    sample_id: IntArray
    slot: IntArray
    """0 and up: which of several independent readings."""
    kind: npt.NDArray[np.int8]
    """Place in KINDS."""
    priority: FloatArray
    """Suspicion of the sample. An audit item takes this, alpha and margin from an item drawn at random: whatever
    people order or filter by, the audit faces they have answered say nothing of those they have not."""
    alpha: FloatArray
    """0 where the round has none."""
    margin: FloatArray
    given_label: IntArray
    """The label the round began with."""
    proposed_label: IntArray
    """-1: none, or an audit item, whose proposal no filter shall tell."""
    doubt: IntArray
    """Place in DOUBTS; 0 for audit items, for the same reason."""
    low_importance: BoolArray
    """False for audit items."""
    listed: BoolArray
    """False: the face is asked about as an audit item instead, so that nobody gets it twice."""
    strata: tuple[AuditStratum, ...]

    @property
    def audit(self) -> BoolArray:
        """Whether an item is an audit item."""
        found: BoolArray = self.kind == KINDS.index("audit")
        return found


def plan_queue(
    scores: RoundScores,
    *,
    audit: int,
    seed: int,
    slots: int = 1,
    settled: BoolArray | None = None,
    copies: IntArray | None = None,
) -> QueuePlan:
    """One item per proposal, per other sample of low importance or suspicious, and `audit` drawn from all samples.

    `settled`, (N,): people decided on the face in an earlier round. Without a proposal it is not asked about again.
    `copies`, (N,): the group of faces with the same pixels, -1: none. Groups of different labels, certain errors, come
    first, side by side, unless people decided on all of them.

    Each item is there `slots` times, for as many independent readings. Audit items are spread evenly over the queue,
    not ordered by their own suspicion: a lead who stops half-way has then read a random half of them, and the
    estimate made from them stays unbiased.
    """
    rng = np.random.default_rng(seed)
    proposed = scores.proposed_label >= 0
    doubtful = scores.low_importance | scores.suspicious
    queued = proposed | (doubtful if settled is None else doubtful & ~settled)
    group = _contradicted_groups(scores, settled, copies)
    queued |= group >= 0
    drawn, strata = draw_audit(scores.suspicion, queued, audit, rng)
    row, place = _rows_and_places(queued, drawn, group, rng)
    is_audit = np.arange(len(row)) >= len(row) - len(drawn)
    first_that_holds = [is_audit, proposed[row], scores.low_importance[row]]  # in the order of KINDS
    kind = np.select(first_that_holds, np.arange(3, dtype=np.int8), np.int8(3))
    together = np.where(is_audit, -1, group[row])
    most = np.full(group.max(initial=-1) + 2, -1.0, np.float32)
    np.maximum.at(most, group, np.where(group >= 0, scores.suspicion, -1))
    order = np.lexsort(
        (scores.sample_id[row], -scores.suspicion[place], together, -most[together], together < 0)
    )  # fmt: skip
    order = np.repeat(order, slots) if slots > 1 else order
    row, place, is_audit = row[order], place[order], is_audit[order]
    return QueuePlan(
        sample_id=scores.sample_id[row],
        slot=np.tile(np.arange(slots), len(order) // slots),
        kind=kind[order],
        priority=scores.suspicion[place],
        alpha=np.maximum(scores.alpha[place], 0),
        margin=scores.margin[place],
        given_label=scores.start_label[row],
        proposed_label=np.where(is_audit, -1, scores.proposed_label[row]),
        doubt=np.where(is_audit, 0, scores.doubt[row]),
        low_importance=~is_audit & scores.low_importance[row],
        listed=is_audit | ~np.isin(row, drawn),
        strata=strata,
    )


def _rows_and_places(
    queued: BoolArray, drawn: IntArray, group: IntArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Of every item the row of its face, and the row of the face whose suspicion says where it comes: the same, but for
    the audit items, which are last.

    A function of its own, as what it needs in between is 16 bytes a face.
    """
    asked = np.flatnonzero(queued)
    later = asked[group[asked] < 0]  # an audit face does not come between copies
    place = np.concatenate([asked, rng.choice(later, len(drawn)) if len(later) else drawn])
    return np.concatenate([asked, drawn]), place


def _contradicted_groups(scores: RoundScores, settled: BoolArray | None, copies: IntArray | None) -> IntArray:
    """(N,) the group of copies of a face where their labels differ and people have not decided on all; -1: none."""
    if copies is None:
        return np.full(len(scores.sample_id), -1, np.int64)
    differ = contradicted(copies, scores.start_label)
    if settled is not None:
        differ &= np.isin(copies, copies[~settled])
    return np.where(differ, copies, -1)


def insert_queue(db: Database, round_id: int, plan: QueuePlan) -> None:
    """Write the queue of a round and count it. To be called within a transaction."""
    afresh = len(plan.sample_id) > _MANY
    if afresh:
        indexes = db.execute(_INDEXES).fetchall()
        db.executescript("".join(f"DROP INDEX {name};" for name, _ in indexes))
    columns = (
        plan.kind, plan.sample_id, plan.slot, plan.priority, plan.alpha, plan.margin, plan.given_label,
        plan.proposed_label, plan.doubt, plan.low_importance, plan.listed,
    )  # fmt: skip
    db.conn.executemany(
        "INSERT INTO queue_item (round_id, kind, sample_id, slot, priority, alpha, margin, given_label, "
        "proposed_label, doubt, low_importance, listed) "
        f"VALUES ({round_id:d}, ?, ?, ?, ?, ?, ?, ?, nullif(?, -1), ?, ?, ?)",
        ((KINDS[kind], *row) for kind, *row in rows_of(*columns)),
    )
    if afresh:
        db.executescript("".join(f"{sql};" for _, sql in indexes))
    insert_strata(db, round_id, plan.strata)
    db.conn.executemany(f"INSERT INTO queue_count VALUES ({round_id:d}, ?, ?, ?, ?, ?, '', ?)", _counts(plan))


def _counts(plan: QueuePlan) -> Iterator[tuple[str, int, int, int, int, int]]:
    """(kind, given, proposed, doubt, alpha bin, items) of the listed ones."""
    bins = np.minimum(BINS - 1, (plan.alpha.astype(np.float64) * BINS).astype(np.int64))
    base = int(plan.proposed_label.max(initial=-1)) + 2
    for place, kind in enumerate(KINDS):
        chosen = plan.listed & (plan.kind == place)
        pairs = plan.given_label[chosen] * base + plan.proposed_label[chosen] + 1
        codes = (pairs * len(DOUBTS) + plan.doubt[chosen]) * BINS + bins[chosen]
        for code, n in zip(*(part.tolist() for part in np.unique(codes, return_counts=True)), strict=True):
            cell, alpha_bin = divmod(code, BINS)
            pair, doubt = divmod(cell, len(DOUBTS))
            yield kind, pair // base, pair % base - 1, doubt, alpha_bin, n
