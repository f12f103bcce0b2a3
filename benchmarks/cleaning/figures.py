"""Figures of several benchmarks about wrong labels."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.cleaning.trainings import SETTINGS
from scn_core.records import BoolArray, FloatArray, IntArray
from scn_core.review.evaluate import proposal_quality
from scn_core.scn.suspicion import probability_margin


def calibration(said: npt.NDArray[np.floating], true: BoolArray) -> dict[str, Any]:
    """Ten groups of equal size by rising probability: what is said, and how often it is so."""
    groups = np.array_split(np.argsort(said, kind="stable"), 10)
    told = [float(said[group].mean()) for group in groups]
    found = [float(true[group].mean()) for group in groups]
    return {"said": told, "true": found, "error": float(np.abs(np.subtract(told, found)).mean())}


def proposals(probabilities: FloatArray, inside: BoolArray, given: IntArray, truth: IntArray) -> dict[str, Any]:
    """What a perfect reader would say of relabels of the faces `inside`, where another class is clearly likelier."""
    clear = probability_margin(probabilities, given) > SETTINGS.margin_relabel
    proposed = np.where(clear & inside, probabilities.argmax(axis=1), -1)
    return asdict(proposal_quality(proposed, truth, given != truth))
