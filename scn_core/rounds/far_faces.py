"""Faces far from all others by a round's features: named among the pictures that are hard to judge, left out nowhere.

Measured is the mean distance of a face to the 10 nearest others, after the mean of all features was taken away and each
face brought to length 1. Far are those beyond Tukey's fence: above the third quartile of these distances by more than
1.5 times what lies between the quartiles, so that what is far follows from the data set. docs/decisions/0074 says what
this finds, and what it does not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scn_core.records import BoolArray, FloatArray, IntArray
from scn_core.rounds.features import HalfArray, open_features
from scn_core.store.connection import transaction
from scn_core.store.decisions.visibility import is_blind
from scn_core.store.pictures import record_far
from scn_core.workspace.folder import Workspace

NEAREST = 10
FENCE = 1.5
COMPARED_WITH = 20_000
"""Faces that each is compared with, drawn from the same start each time, where there are more."""
FEWEST = 100
"""Faces of which quartiles say something."""
_ROWS = 512
_SEED = 0


def mark_far(workspace: Workspace, round_id: int, step: Callable[[int], None] = lambda more: None) -> int | None:
    """Find the faces far from all others by a round's features, and mark them in place of those marked before.

    Audit faces that wait for an answer are not marked: nothing is told that a network says of them.

    Args:
        workspace: with the round.
        round_id: of it; None is returned where it kept no features.
        step: told how many more faces were measured.

    Returns:
        How many are marked.
    """
    features = open_features(workspace, round_id)
    if features is None:
        return None
    known = np.flatnonzero(np.asarray(features.values).any(axis=1))
    far = far_from_others(distances(features.values, step, known=known)[known])
    sample_ids: IntArray = features.sample_id[known[far]]
    with workspace.database() as db, transaction(db):
        return record_far(db, np.array([each for each in sample_ids.tolist() if not is_blind(db, each, None)], int))


def distances(
    values: HalfArray | FloatArray, step: Callable[[int], None] = lambda more: None, *, known: IntArray | None = None
) -> FloatArray:
    """(N,) mean distance of each row of (N, D) features to the nearest others: 0 to 2.

    Rows of zeros, faces without features, are near to none and have 0. Some rows are read at a time. `known`: the rows
    that are no zeros, where that was looked for already.
    """
    found = np.zeros(len(values), np.float32)
    known = np.flatnonzero(np.asarray(values).any(axis=1)) if known is None else known
    if len(known) < 2:
        return found
    mean = (values.sum(axis=0, dtype=np.float64) / len(known)).astype(np.float32)
    chosen = known
    if len(known) > COMPARED_WITH:
        chosen = known[np.sort(np.random.default_rng(_SEED).choice(len(known), COMPARED_WITH, replace=False))]
    others = _around(values[chosen], mean)
    count = min(NEAREST, len(others) - 1)
    for start in range(0, len(known), _ROWS):
        rows = known[start : start + _ROWS]
        cosine = _around(values[rows], mean) @ others.T
        place = np.searchsorted(chosen, rows).clip(max=len(chosen) - 1)
        itself = np.flatnonzero(chosen[place] == rows)
        cosine[itself, place[itself]] = -2
        nearest = np.partition(cosine, cosine.shape[1] - count, axis=1)[:, -count:]
        found[rows] = np.sqrt(np.maximum(2 - 2 * nearest, 0)).mean(axis=1)
        step(len(rows))
    return found


def far_from_others(distance: FloatArray) -> BoolArray:
    """(N,) which are beyond the fence; of fewer than `FEWEST` none."""
    if len(distance) < FEWEST:
        return np.zeros(len(distance), np.bool_)
    first, third = np.percentile(distance, [25, 75])
    far: BoolArray = distance > third + FENCE * (third - first)
    return far


def _around(values: HalfArray | FloatArray, mean: FloatArray) -> FloatArray:
    moved = values.astype(np.float32) - mean
    unit: FloatArray = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
    return unit
