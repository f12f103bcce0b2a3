"""Faces of a round, as a column: those people may look at, those it finds ambiguous."""

from __future__ import annotations

import numpy as np
from sqlite_utils import Database

from scn_core.records import DOUBTS, IntArray
from scn_core.store.columns import read_columns


def queued_samples(db: Database, round_id: int) -> IntArray:
    """The samples of a round's queue, rising, each once."""
    sql = "SELECT DISTINCT sample_id FROM queue_item WHERE round_id = ? ORDER BY sample_id"
    (sample_id,) = read_columns(db.execute(sql, (round_id,)), np.int64)
    return sample_id


def ambiguous_faces(db: Database) -> IntArray:
    """The samples that the newest round with scores finds ambiguous, rising; none where there is no such round."""
    sql = (
        "SELECT sample_id FROM score WHERE round_id = (SELECT max(id) FROM round WHERE state IN ('review', 'closed')) "
        "AND doubt = ? ORDER BY sample_id"
    )
    (sample_id,) = read_columns(db.execute(sql, (DOUBTS.index("ambiguous"),)), np.int64)
    return sample_id
