"""Principal components of the features that a network has of every face."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scn_core.records import FloatArray

COMPONENTS = 32
"""Kept of each face: enough to tell its neighbours, and few enough to learn from a few hundred answers."""
_CHUNK = 20_000


def principal_components(features: FloatArray | npt.NDArray[np.float16], count: int = COMPONENTS) -> FloatArray:
    """(N, min(count, D)) components of (N, D) finite features, the one that varies most first.

    Scaled together, so that faces are as far from each other as they were and the whole has variance 1.
    """
    if not len(features):
        return np.empty((0, min(count, features.shape[1])), np.float32)
    mean = features.mean(axis=0, dtype=np.float64)
    spread = np.zeros((features.shape[1], features.shape[1]))
    for start in range(0, len(features), _CHUNK):
        part = features[start : start + _CHUNK] - mean
        spread += part.T @ part
    values, vectors = np.linalg.eigh(spread / len(features))
    axes = vectors[:, ::-1][:, :count] / np.sqrt(max(values.sum(), 1e-12))
    # An axis may point either way; so that the same features give the same components, its largest part is positive.
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    found = np.empty((len(features), axes.shape[1]), np.float32)
    for start in range(0, len(features), _CHUNK):
        found[start : start + _CHUNK] = (features[start : start + _CHUNK] - mean) @ axes
    return found
