"""Audit faces: drawn at random within strata of a round's training faces, so that they speak for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.records import BoolArray, FloatArray, IntArray
from scn_core.store.columns import read_columns
from scn_core.store.schema.expressions import LABEL_WAS_WRONG, TAKEN_OUT

_PER_STRATUM = 12
"""Audit faces that a stratum should have. Fewer say too little of it, and more strata tell little more."""
_MOST_STRATA = 10
"""Of the faces asked about, and of the others."""
_LEAST = 2
_DOUBT = (0.05, 0.95)
"""What suspicion may say of an error rate before anybody has looked."""
_END = 2.0
"""Above every suspicion."""
_AUDIT_GONE = f"kind = 'audit' AND sample_id IN {TAKEN_OUT}"
"""SQL: items of the audit faces that were taken out after they were answered; open ones leave the queue."""
_GONE = f"""
SELECT suspicion, proposed_label IS NOT NULL OR low_importance OR suspicious,
  EXISTS (SELECT 1 FROM queue_item q WHERE q.round_id = c.round_id AND q.sample_id = c.sample_id AND q.kind = 'audit')
FROM score c WHERE round_id = ? AND sample_id IN {TAKEN_OUT}
"""


@dataclass(frozen=True, slots=True)
class AuditStratum:
    """Training faces of a round among which audit faces were drawn at random."""

    queued: bool | None
    """True: asked about for a proposal, low importance or suspicion; False: not; None: either."""
    suspicion_from: float
    suspicion_to: float
    """Exclusive."""
    faces: int
    drawn: int


@dataclass(frozen=True)
class DecidedFaces:
    """What people have decided in a round: columns of equal length, in the order of deciding."""

    stratum: IntArray
    """Place in the strata of the round."""
    label: IntArray
    """The label the round began with."""
    audit: BoolArray
    wrong: BoolArray
    """Given another label, or excluded."""
    unsure: BoolArray
    excluded: BoolArray


def draw_audit(
    suspicion: FloatArray, queued: BoolArray, count: int, rng: np.random.Generator
) -> tuple[IntArray, tuple[AuditStratum, ...]]:
    """Rows of `count` faces (or all, where fewer), and the strata they were drawn in.

    Strata are ranges of suspicion among the faces asked about and among the others. Each gets about the share that
    tells most of the number of wrong labels (Neyman's, with suspicion as the guess of the error rate), and two faces
    at least; within a stratum every face is equally likely.

    Args:
        suspicion: (N,), 0..1.
        queued: (N,), whether people are asked about the face anyway.
        count: 0 or more.
        rng: draws within each stratum.
    """
    if not len(suspicion):
        return np.empty(0, np.int64), ()
    doubt = np.clip(suspicion.astype(np.float64), *_DOUBT)
    weight = np.sqrt(doubt * (1 - doubt))
    strata: list[tuple[bool, float, float, IntArray]] = []
    for side in (True, False):
        rows = np.flatnonzero(queued == side)
        wanted = round(count / _PER_STRATUM * float(weight[rows].sum() / weight.sum()))
        strata += [(side, *part) for part in _ranges(suspicion, weight, rows, min(max(wanted, 1), _MOST_STRATA))]
    shares = _allocate([len(rows) for *_, rows in strata], [float(weight[rows].sum()) for *_, rows in strata], count)
    drawn = [rng.choice(rows, share, replace=False) for (*_, rows), share in zip(strata, shares, strict=True)]
    made = (
        AuditStratum(side, low, high, len(rows), share)
        for (side, low, high, rows), share in zip(strata, shares, strict=True)
    )
    return np.concatenate(drawn), tuple(made)


def insert_strata(db: Database, round_id: int, strata: Sequence[AuditStratum]) -> None:
    """Write the strata of a round's audit. To be called within a transaction."""
    rows = ((i, s.queued, s.suspicion_from, s.suspicion_to, s.faces, s.drawn) for i, s in enumerate(strata))
    db.conn.executemany(f"INSERT INTO audit_stratum VALUES ({round_id:d}, ?, ?, ?, ?, ?, ?)", rows)


def audit_strata(db: Database, round_id: int) -> list[AuditStratum]:
    """The strata of a round's audit, without the faces that were taken out since; empty where it has no scores.

    What is left of the faces drawn is still drawn at random from what is left of the stratum.
    """
    rows = db.execute(
        "SELECT queued, suspicion_from, suspicion_to, faces, drawn FROM audit_stratum WHERE round_id = ? "
        "ORDER BY stratum",
        (round_id,),
    )
    strata = [AuditStratum(None if queued is None else bool(queued), *rest) for queued, *rest in rows]
    cursor = db.execute(_GONE, (round_id,))
    suspicion, queued, audit = read_columns(cursor, np.float64, np.bool_, np.bool_)
    place = strata_of(strata, suspicion, queued)
    faces, drawn = (np.bincount(rows, minlength=len(strata)).tolist() for rows in (place, place[audit]))
    return [
        replace(stratum, faces=stratum.faces - out, drawn=stratum.drawn - audits)
        for stratum, out, audits in zip(strata, faces, drawn, strict=True)
    ]


def drawn_by_label(db: Database, round_id: int) -> IntArray:
    """(classes,) how many audit faces were drawn of each label the round began with, times its readings, without those
    that were taken out since."""
    classes = db.execute("SELECT count(*) FROM class").fetchone()[0]
    drawn = np.zeros(classes, np.int64)
    sql = "SELECT given_label, sum(n) FROM queue_count WHERE round_id = ? AND kind = 'audit' GROUP BY given_label"
    for label, n in db.execute(sql, (round_id,)):
        drawn[label] = n
    sql = f"SELECT given_label, count(*) FROM queue_item WHERE {_AUDIT_GONE} AND round_id = ? GROUP BY 1"
    for label, n in db.execute(sql, (round_id,)):
        drawn[label] -= n
    return drawn


def decided_faces(db: Database, round_id: int) -> DecidedFaces:
    """Every face of the round that people have decided on, without those that wait for a reading or a lead, and those
    that were taken out since."""
    cursor = db.execute(
        f"""
        SELECT c.suspicion, {_asked("proposal", "low_importance", "suspicious")}, c.start_label, {_asked("audit")},
          {LABEL_WAS_WRONG}, o.action = 'unsure', o.action = 'exclude'
        FROM outcome o INDEXED BY outcome_of_round
        JOIN score c ON c.round_id = o.round_id AND c.sample_id = o.sample_id
        WHERE o.round_id = ? AND o.state = 'decided' AND o.sample_id NOT IN {TAKEN_OUT} ORDER BY o.seq
        """,
        (round_id,),
    )
    flag = np.bool_
    suspicion, queued, label, *flags = read_columns(cursor, np.float64, flag, np.int64, flag, flag, flag, flag)
    return DecidedFaces(strata_of(audit_strata(db, round_id), suspicion, queued), label, *flags)


def count_audit_conflicts(db: Database, round_id: int) -> int:
    """Audit faces of the round whose readings differ, so that a lead has to settle them."""
    sql = f"SELECT count(*) FROM outcome o WHERE o.round_id = ? AND o.state = 'conflict' AND {_asked('audit')}"
    return int(db.execute(sql, (round_id,)).fetchone()[0])


def _asked(*kinds: str) -> str:
    """SQL: whether the face of outcome `o` is in its round's queue as one of `kinds`."""
    named = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        "EXISTS (SELECT 1 FROM queue_item q WHERE q.round_id = o.round_id AND q.sample_id = o.sample_id "
        f"AND q.slot = 0 AND q.kind IN ({named}))"
    )


def _ranges(
    suspicion: FloatArray, weight: npt.NDArray[np.float64], rows: IntArray, parts: int
) -> list[tuple[float, float, IntArray]]:
    """`rows` in at most `parts` ranges of suspicion of about equal weight; faces of one suspicion stay together."""
    if not len(rows):
        return []
    order = rows[np.argsort(suspicion[rows], kind="stable")]
    so_far = np.cumsum(weight[order])
    cuts = suspicion[order[np.searchsorted(so_far, so_far[-1] * np.arange(1, parts) / parts)]]
    edges = np.unique([0.0, *cuts.tolist(), _END])
    place = np.searchsorted(edges, suspicion[order], side="right") - 1
    found = []
    for i in np.unique(place):
        found.append((float(edges[i]), float(edges[i + 1]), order[place == i]))
    return found


def _allocate(sizes: Sequence[int], weights: Sequence[float], count: int) -> list[int]:
    """How many of `count` each stratum gets: the next one goes where weight per face drawn so far is largest."""
    size, weight = np.array(sizes), np.array(weights)
    share = np.minimum(size, _LEAST)
    for _ in range(share.sum(), min(count, size.sum())):
        share[np.argmax(np.where(share < size, weight / (share + 1), -1.0))] += 1
    for _ in range(max(0, share.sum() - count)):
        share[np.argmax(share)] -= 1
    return [int(n) for n in share]


def strata_of(strata: Sequence[AuditStratum], suspicion: npt.NDArray[np.floating], queued: BoolArray) -> IntArray:
    """(N,) the place in `strata` of faces of this suspicion, asked about or not."""
    place = np.zeros(len(suspicion), np.int64)
    for i, stratum in enumerate(strata):
        inside = (stratum.suspicion_from <= suspicion) & (suspicion < stratum.suspicion_to)
        place[inside if stratum.queued is None else inside & (queued == stratum.queued)] = i
    return place
