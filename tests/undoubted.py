"""Columns of scores that most tests are not about."""

from __future__ import annotations

from typing import Any

import numpy as np


def undoubted(count: int) -> dict[str, Any]:
    """No kind of doubt, no second choice, nobody asked about for suspicion alone: for the rest of `RoundScores`."""
    return {
        "doubt": np.zeros(count, np.int64),
        "suspicious": np.zeros(count, np.bool_),
        "second_label": np.full(count, -1),
    }
