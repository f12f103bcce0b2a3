"""Probabilities, and other measures of faces, as columns that a regression learns from."""

from __future__ import annotations

import numpy as np

from scn_core.records import FloatArray
from scn_core.scn.suspicion import LEAST_PROBABILITY


def standardised_logs(probabilities: FloatArray) -> FloatArray:
    """(N, C) logarithms of probabilities, `standardised`; rows of NaN, of which nothing is known, become rows of 0."""
    return standardised(np.log(probabilities + LEAST_PROBABILITY))


def standardised(values: FloatArray) -> FloatArray:
    """(N, D) values, every column with mean 0 and variance 1 over its numbers; NaN becomes 0, which speaks neither way.

    Rows are numbers throughout, or NaN throughout.
    """
    if not np.isfinite(values).any():
        return np.zeros_like(values)
    mean, sd = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    columns: FloatArray = np.nan_to_num((values - mean) / (sd + np.float32(1e-6)), nan=0.0)
    return columns
