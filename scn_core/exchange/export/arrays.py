"""Labels and probabilities as NumPy arrays, for cleanlab and whatever else takes arrays."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import numpy as np

from scn_core.exchange.export.row_values import About
from scn_core.store.current_labels import LabelRow


def write_arrays(about: About, rows: Iterable[LabelRow]) -> Iterator[bytes]:
    """An .npz file of N scored faces and C classes, without pickles: labels, given_labels (N,) int64; probabilities
    (N, C) float32; alpha, suspicion (N,) float32; excluded (N,) bool; keys (N,) and classes (C,) text."""
    labels, given, keys, excluded = [], [], [], []
    alpha, suspicion, probabilities = [], [], []
    for row in rows:
        labels.append(row.label)
        given.append(row.given_label)
        keys.append(row.key)
        excluded.append(row.excluded)
        alpha.append(row.alpha)
        suspicion.append(row.suspicion)
        probabilities.append(row.probabilities or b"")
    file = io.BytesIO()
    np.savez(
        file,
        labels=np.array(labels, np.int64),
        given_labels=np.array(given, np.int64),
        probabilities=np.frombuffer(b"".join(probabilities), "<f4").reshape(-1, len(about.classes)).astype(np.float32),
        alpha=np.array(alpha, np.float32),
        suspicion=np.array(suspicion, np.float32),
        excluded=np.array(excluded, np.bool_),
        keys=np.array(keys, np.str_),
        classes=np.array(about.classes, np.str_),
    )
    yield file.getvalue()
