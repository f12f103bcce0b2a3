"""The order of asking that answers have taught, and what it is learned from.

Only the faces to be asked about first have a place: a few thousand are written in milliseconds, whatever the size of
the queue, and are learned anew long before people get to their end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import BoolArray, FloatArray, IntArray, QueueFilter
from scn_core.store.columns import CHUNK, read_columns
from scn_core.store.connection import transaction
from scn_core.store.queue import filter as filters
from scn_core.store.schema.expressions import TAKEN_OUT

NEEDED = 20
"""Decided faces before anything is learned."""
UNSURE, EXCLUDE = -1, -2
"""What people said of a face, where it is no label."""
_PLACES = """
INSERT OR IGNORE INTO learned_place SELECT :round, f.key, f.value, q.given_label, q.proposed_label
FROM json_each(:faces) f CROSS JOIN queue_item q INDEXED BY queue_reading
ON q.round_id = :round AND q.sample_id = f.value AND q.listed = 1
"""
"""Several readings of a face have the same labels: the first one is taken."""


@dataclass(frozen=True)
class LearnedOrder:
    """What the order in force was learned from."""

    round: int
    answers: int
    """Faces people had decided on, those among them that have no score in the round."""
    seq: int
    """The newest decision there was."""
    made_at: str


@dataclass(frozen=True)
class TrainingExamples:
    """Faces that people have decided on in a round, scored in it or not."""

    sample_id: IntArray
    answer: IntArray
    """The label decided on, UNSURE or EXCLUDE."""
    seq: int
    """The newest decision of the round there is."""


@dataclass(frozen=True)
class OpenFaces:
    """Faces that still wait for an answer, each once, in the order of the queue."""

    sample_id: IntArray
    proposed: IntArray
    """-1: none, or an audit face."""
    audit: BoolArray


def learned_order(db: Database, round_id: int) -> LearnedOrder | None:
    """What the order in force was learned from; None: it is that of suspicion."""
    places = "SELECT 1 FROM learned_place p WHERE p.round_id = o.round_id"
    sql = f"SELECT round_id, answers, seq, made_at FROM learned_order o WHERE round_id = ? AND EXISTS ({places})"
    row = db.execute(sql, (round_id,)).fetchone()
    return LearnedOrder(*row) if row else None


def due(db: Database, round_id: int) -> bool:
    """Whether `ReviewSettings.learn_every` faces more, or fewer, are decided than the order was learned from.

    The first NEEDED are enough to begin with, as they tell the most.
    """
    sql = (
        "SELECT review ->> 'learn_every', (SELECT count(*) FROM outcome WHERE round_id = r.id AND state = 'decided'), "
        "(SELECT answers FROM learned_order WHERE round_id = r.id) FROM round r WHERE id = ? AND state = 'review'"
    )
    every, decided, examples = db.execute(sql, (round_id,)).fetchone() or (0, 0, 0)
    every = ReviewSettings.learn_every if every is None else every
    return bool(every) and abs(decided - (examples or 0)) >= (every if examples else min(every, NEEDED))


def training_examples(db: Database, round_id: int) -> TrainingExamples:
    """What people have decided in a round, by rising sample id."""
    label = f"CASE o.action WHEN 'unsure' THEN {UNSURE} WHEN 'exclude' THEN {EXCLUDE} ELSE o.label END"
    rows = db.execute(
        f"SELECT o.sample_id, {label} FROM outcome o WHERE o.round_id = ? AND o.state = 'decided' ORDER BY 1",
        (round_id,),
    )
    seq = db.execute("SELECT coalesce(max(seq), 0) FROM decision WHERE round_id = ?", (round_id,)).fetchone()[0]
    sample, answer = read_columns(rows, np.int64, np.int64)
    return TrainingExamples(sample, answer, seq)


def open_faces(db: Database, round_id: int) -> OpenFaces:
    """The faces of a round that somebody is still to be asked about."""
    sql = (
        "SELECT sample_id, coalesce(proposed_label, -1), kind = 'audit' FROM queue_item q NOT INDEXED "
        "WHERE round_id = ? AND action IS NULL AND listed = 1 ORDER BY id"
    )
    sample, proposed, audit = read_columns(db.execute(sql, (round_id,)), np.int64, np.int64, np.bool_)
    _, first = np.unique(sample, return_index=True)  # several readings of a face are one face
    first.sort()
    return OpenFaces(sample[first], proposed[first], audit[first])


def scored_faces(
    db: Database, round_id: int, *, answered: bool = False
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """(N,) sample ids, rising, (N,) labels the round began with, (N,) their suspicion, (N, C) probabilities;
    without faces that were taken out since.

    `answered`: only of the faces that people have answered, in any round.
    """
    among = " AND sample_id IN (SELECT sample_id FROM outcome)" if answered else ""
    columns = "sample_id, start_label, suspicion, probabilities"
    sql = f"SELECT {columns} FROM score WHERE round_id = ? AND sample_id NOT IN {TAKEN_OUT}{among} ORDER BY sample_id"
    cursor = db.execute(sql, (round_id,))
    ids, labels, doubts, parts = [], [], [], []
    while rows := cursor.fetchmany(CHUNK):
        sample, label, suspicion, blobs = zip(*rows, strict=True)
        ids.append(np.array(sample, np.int64))
        labels.append(np.array(label, np.int64))
        doubts.append(np.array(suspicion, np.float32))
        parts.append(np.frombuffer(b"".join(blobs), "<f4").reshape(len(rows), -1))
    if not ids:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), np.empty((0, 0), np.float32)
    return np.concatenate(ids), np.concatenate(labels), np.concatenate(doubts), np.concatenate(parts)


def write_order(db: Database, round_id: int, faces: IntArray, examples: TrainingExamples) -> LearnedOrder | None:
    """Asks about `faces` first, in this order, in place of the order before. Nobody's page changes: leases stay.

    Without faces the order is that of suspicion, until there are more answers to learn from.
    """
    with transaction(db):
        _forget(db, round_id)
        db.execute(
            "INSERT INTO learned_order (round_id, answers, seq) VALUES (?, ?, ?)",
            (round_id, len(examples.sample_id), examples.seq),
        )
        db.execute(_PLACES, {"round": round_id, "faces": json.dumps(faces.tolist())})
    return learned_order(db, round_id)


def forget_order(db: Database, round_id: int) -> None:
    """Back to the order of suspicion."""
    with transaction(db):
        _forget(db, round_id)


def learned_items(
    db: Database, round_id: int, viewer_id: int, where: QueueFilter, common: str, pair: filters.Pair | None = None
) -> Iterator[tuple[int, int]]:
    """(item, sample) of the open ones among the learned places, in their order, that match a filter.

    `common`: what items must fulfil, as `Walk.common` says it; `pair`: those of one pair alone. None where the filter
    asks for another order.
    """
    if where.order != "suspicion" or where.state != "open":
        return iter(())
    held = "q.action IS NULL AND (q.lease_person IS NULL OR q.lease_person = :viewer)"
    sql = (
        "SELECT q.id, q.sample_id FROM learned_place p CROSS JOIN queue_item q INDEXED BY queue_reading "
        "ON q.round_id = p.round_id AND q.sample_id = p.sample_id "
        f"WHERE p.round_id = :round AND {pair.of('p') if pair else '1'} AND {filters.may_match(where, 'p')} "
        f"AND {common} AND {held} ORDER BY p.place, q.slot"
    )
    return iter(db.execute(sql, filters.parameters(db, round_id, viewer_id, where)))


def _forget(db: Database, round_id: int) -> None:
    for table in ("learned_order", "learned_place"):
        db.execute(f"DELETE FROM {table} WHERE round_id = ?", (round_id,))
