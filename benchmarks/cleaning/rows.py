"""A ranking of the faces for every row of the table, high where the label is likely wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.cleaning import published_scores
from benchmarks.cleaning.trainings import Recording
from scn_core.records import FloatArray, IntArray
from scn_core.scn import suspicion as scores
from scn_core.scn.opinions import pooled

Ranking = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """What the rows of one seed are made from; the trainings that some rows need may be missing."""

    given: IntArray
    truth: IntArray
    scn: Recording
    plain: Recording | None
    folds: Recording | None
    opinion: FloatArray | None = None
    """(N, C) probabilities by a network trained elsewhere, which never saw these labels."""


def rankings(seen: Seen) -> dict[str, Ranking]:
    """Every row that the trainings at hand allow."""
    return {name: ranking for name, row in ROWS.items() if (ranking := row(seen)) is not None}


def averaged_margin(run: Recording) -> Ranking:
    """The probability margin, averaged over all epochs."""
    margin: Ranking = (run.p_other.astype(np.float32) - run.p_given.astype(np.float32)).mean(axis=0)
    return margin


def class_error_rate(seen: Seen) -> Ranking:
    """What knowing each class's error rate beforehand comes to."""
    wrong = seen.given != seen.truth
    faces = np.maximum(np.bincount(seen.given), 1)
    rates: npt.NDArray[np.float64] = np.bincount(seen.given, weights=wrong) / faces
    return rates[seen.given]


def _of(run: Recording | None, score: Callable[[Recording], Ranking]) -> Ranking | None:
    return None if run is None else score(run)


def _normalised_margin(run: Recording, given: IntArray) -> Ranking:
    from cleanlab.rank import get_label_quality_scores  # a machine that only trains may lack it

    quality: Ranking = np.asarray(get_label_quality_scores(given, run.last, method="normalized_margin"), np.float64)
    return 1 - quality


def _two_trainings(seen: Seen) -> Ranking | None:
    return None if seen.plain is None else (averaged_margin(seen.scn) + averaged_margin(seen.plain)) / 2


def _aum(run: Recording) -> Ranking:
    return published_scores.logit_margin(run.p_given.astype(np.float32), run.p_other.astype(np.float32))


ROWS: dict[str, Callable[[Seen], Ranking | None]] = {
    "random": lambda s: np.zeros(len(s.given)),
    "error rate of the given class, known beforehand": class_error_rate,
    "1 - alpha": lambda s: published_scores.low_importance(s.scn.alpha),
    "SCN margin": lambda s: published_scores.scn_margin(s.scn.last, s.given),
    "mixture on the loss": lambda s: published_scores.loss_mixture(s.scn.last[np.arange(len(s.given)), s.given]),
    "neighbour vote": lambda s: (
        published_scores.neighbour_vote(s.scn.features.astype(np.float32), s.given) if s.scn.features.size else None
    ),
    "epoch-averaged logit margin": lambda s: _aum(s.scn),
    "epoch-averaged probability margin": lambda s: averaged_margin(s.scn),
    "plain cross entropy: final margin": lambda s: _of(
        s.plain, lambda run: published_scores.probability_margin(run.last, s.given)
    ),
    "plain cross entropy: epoch-averaged logit margin": lambda s: _of(s.plain, _aum),
    "two trainings: epoch-averaged probability margin": _two_trainings,
    "confident learning: self-confidence": lambda s: _of(
        s.folds, lambda run: published_scores.self_confidence(run.last, s.given)
    ),
    "confident learning: normalised margin": lambda s: _of(s.folds, lambda run: _normalised_margin(run, s.given)),
    "second opinion: probability margin": lambda s: (
        None if s.opinion is None else published_scores.probability_margin(s.opinion, s.given)
    ),
    "**suspicion** with the second opinion": lambda s: (
        None if s.opinion is None else scores.suspicion(pooled(s.scn.mean, s.given, [s.opinion]), s.given)
    ),
    "**suspicion**": lambda s: scores.suspicion(s.scn.mean, s.given),
}
