"""Figures of several benchmarks about wrong labels."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

from benchmarks.cleaning.published_scores import probability_margin
from benchmarks.cleaning.trainings import SETTINGS
from scn_core.records import BoolArray, FloatArray, IntArray
from scn_core.review.evaluate import proposal_quality
from scn_core.review.learn_order import Faces, change_probability
from scn_core.store.queue.learned_order import TrainingExamples

ANSWERS = (0, 20, 100, 300)


def early_calibration(
    probabilities: FloatArray, doubt: FloatArray, given: IntArray, truth: IntArray, seed: int
) -> dict[str, float]:
    """Mean error and average precision of what was learned from faces drawn at random, by their number; 0: suspicion.

    Each is the mean of three draws, on the faces that were not drawn.
    """
    faces = Faces(np.arange(len(given)), given, doubt, probabilities)
    found: dict[str, float] = {}
    for count in ANSWERS:
        errors, precisions = [], []
        for draw in range(3):
            asked = np.sort(np.random.default_rng((seed, count, draw)).permutation(len(given))[:count])
            learned = change_probability(faces, TrainingExamples(asked, truth[asked], count)) if count else doubt
            assert learned is not None
            rest = ~np.isin(faces.sample_id, asked)
            wrong = (given != truth)[rest]
            errors.append(calibration(learned[rest], wrong)["error"])
            precisions.append(average_precision_score(wrong, learned[rest]))
        found |= {f"error after {count}": float(np.mean(errors)), f"AP after {count}": float(np.mean(precisions))}
    return found


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
