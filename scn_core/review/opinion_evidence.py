"""What other models say of the faces, as columns that the learned order learns from."""

from __future__ import annotations

import numpy as np

from scn_core.records import FloatArray
from scn_core.store.opinions import Opinions

_FLOOR = np.float32(1e-3)
"""Added to every probability before its logarithm."""


def opinion_evidence(opinions: Opinions) -> list[FloatArray]:
    """(N, C) log-probabilities of every source that has some, then (N, D) components of every source's features.

    Every column has mean 0 and variance 1 over the faces that the source says something of; the others have 0, which
    speaks neither way.
    """
    logs = [np.log(shares + _FLOOR) for shares in opinions.probabilities]
    return [_scaled(values) for values in (*logs, *opinions.features)]


def _scaled(values: FloatArray) -> FloatArray:
    mean = np.nanmean(values, axis=0)
    scaled: FloatArray = (values - mean) / (np.nanstd(values, axis=0) + np.float32(1e-6))
    return np.nan_to_num(scaled, nan=0.0)
