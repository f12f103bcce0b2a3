"""Suspicion: how likely a given label is wrong, from how the network saw the face over the epochs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scn_core.records import FloatArray, IntArray

DYNAMICS = np.dtype([("alpha", "<f2"), ("p_given", "<f2"), ("p_other", "<f2")])
"""One face in one epoch's clean pass: importance, probability of the given label, of the likeliest other class."""


def strongest_other(probabilities: FloatArray, given: IntArray) -> FloatArray:
    """(N,) probability of the likeliest class that is not the given one, from (N, C) probabilities."""
    others = probabilities.copy()
    others[np.arange(len(given)), given] = -1.0
    strongest: FloatArray = others.max(axis=1)
    return strongest


def suspicion(dynamics: npt.NDArray[np.void]) -> FloatArray:
    """(N,) scores in 0..1 from (epochs, N) `DYNAMICS`; 0.5 means torn between the given and another class.

    The probability margin of the best other class over the given one, averaged over the clean passes: a face that
    the network fitted late, or never, ranks above one that it fitted at once (area under the margin).
    """
    total = np.zeros(dynamics.shape[1], dtype=np.float64)
    for epoch in dynamics:  # one epoch at a time: the array is memory-mapped and may be larger than memory
        total += epoch["p_other"].astype(np.float64) - epoch["p_given"].astype(np.float64)
    return ((total / max(len(dynamics), 1) + 1) / 2).astype(np.float32)
