"""The scores of a round without its probabilities: what is small enough to hold for a million faces, twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from scn_core.records import BoolArray, FloatArray, IntArray
from scn_core.store.columns import read_columns


@dataclass(frozen=True)
class ScoreColumns:
    """Columns of equal length, by rising sample id; as in `RoundScores`."""

    sample_id: IntArray
    start_label: IntArray
    predicted_label: IntArray
    proposed_label: IntArray
    """-1: none."""
    alpha: FloatArray
    suspicion: FloatArray
    low_importance: BoolArray


def score_columns(db: Database, round_id: int) -> ScoreColumns:
    """The scores of a round; empty columns where it has none."""
    cursor = db.execute(
        "SELECT sample_id, start_label, predicted_label, coalesce(proposed_label, -1), alpha, suspicion, "
        "low_importance FROM score WHERE round_id = ? ORDER BY sample_id",
        (round_id,),
    )
    types = (np.int64, np.int64, np.int64, np.int64, np.float32, np.float32, np.bool_)
    return ScoreColumns(*read_columns(cursor, *types))
