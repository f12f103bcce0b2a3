"""Principal components of the features that a network has of every face."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from scn_core.records import FloatArray

COMPONENTS = 32
"""Kept of each face: enough to tell its neighbours, and few enough to learn from a few hundred answers."""
_CHUNK = 20_000

Features: TypeAlias = FloatArray | npt.NDArray[np.float16]


def principal_components(*features: Features, count: int = COMPONENTS) -> FloatArray:
    """(N, min(count, D)) components of the N rows of one or several arrays of finite features, (any number, D) each.

    The component that varies most comes first. Scaled together, so that faces are as far from each other as they were
    and the whole has variance 1. A row of zeros is a face without features: it counts for nothing, and its components
    mean nothing. Some rows are read at a time, so that the arrays may be memory maps larger than the memory.
    """
    rows, width = sum(map(len, features)), features[0].shape[1]
    total, known = np.zeros(width), 0
    for part in _parts(features):
        total += part.sum(axis=0, dtype=np.float64)
        known += int(part.any(axis=1).sum())
    mean, spread = total / max(known, 1), np.zeros((width, width))
    for part in _parts(features):
        away = part[part.any(axis=1)] - mean
        spread += away.T @ away
    values, vectors = np.linalg.eigh(spread / max(known, 1))
    axes = vectors[:, ::-1][:, :count] / np.sqrt(max(values.sum(), 1e-12))
    # An axis may point either way; so that the same features give the same components, its largest part is positive.
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    found, done = np.empty((rows, axes.shape[1]), np.float32), 0
    for part in _parts(features):
        found[done : done + len(part)] = (part - mean) @ axes
        done += len(part)
    return found


def _parts(features: Iterable[Features]) -> Iterator[Features]:
    for each in features:
        for start in range(0, len(each), _CHUNK):
            yield each[start : start + _CHUNK]
