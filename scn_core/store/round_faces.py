"""Which faces of a round people may look at, as a column."""

from __future__ import annotations

import numpy as np
from sqlite_utils import Database

from scn_core.records import IntArray
from scn_core.store.columns import read_columns


def queued_samples(db: Database, round_id: int) -> IntArray:
    """The samples of a round's queue, rising, each once."""
    sql = "SELECT DISTINCT sample_id FROM queue_item WHERE round_id = ? ORDER BY sample_id"
    (sample_id,) = read_columns(db.execute(sql, (round_id,)), np.int64)
    return sample_id
