"""What the record of a round says of the opinions that it was made with."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scn_core.records import FloatArray, IntArray
from scn_core.scn.opinions import opinion_weights


def opinions_used(names: Sequence[str], opinions: Sequence[FloatArray], labels: IntArray) -> list[dict[str, Any]]:
    """Of each opinion its name, kappa, weight, on how many of the round's faces it has probabilities, and their hash.

    `opinions`: (N, C) each, as `opinions_on` reads them for the round; `labels`: (N,) that the round began with.
    An opinion that counts for nothing has kappa 0. `sha256` is that of the (N, C) numbers as they are stored: rows in
    the order of the faces, in half precision, the lower byte first, of NaN where the opinion says nothing of a face.
    """
    weights = opinion_weights(labels, opinions)
    return [
        {
            "name": name,
            "kappa": round(math.sqrt(weight), 4),
            "weight": round(weight, 4),
            "faces": int(np.isfinite(shares[:, 0]).sum()),
            "sha256": hashlib.sha256(np.ascontiguousarray(shares, "<f2").tobytes()).hexdigest(),
        }
        for name, weight, shares in zip(names, weights, opinions, strict=True)
    ]
