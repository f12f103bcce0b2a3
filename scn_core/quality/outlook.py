"""How many labels the next reviews are likely to correct, as far as the answers so far tell."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.quality.intervals import Measured, wilson
from scn_core.store.corrections import FaceGroups, decided_groups, open_groups

NEEDED = 20
"""Faces that have to be decided before anything is expected."""
_STEPS = 50
"""Newton steps at most; five or so are usual."""

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outlook:
    """What is to be expected of the reviews to come."""

    round: int
    reviews: int
    """The next so many open faces of the queue, in its order."""
    open: int
    """Open faces of the queue in all."""
    corrections: Measured
    """Wrong labels to be expected among the next `reviews` faces; the interval is for the number that will be found."""
    later: Measured | None
    """The same of all open faces after them; None: there are none."""
    basis: int
    """Decided faces it was learnt from."""


def outlook(db: Database, round_id: int, reviews: int = 500) -> Outlook | None:
    """What to expect of the next `reviews` faces; None: fewer than NEEDED faces are decided, or none is open."""
    decided = decided_groups(db, round_id)
    near, far = open_groups(db, round_id, reviews)
    basis, count, rest = (int(groups.faces.sum()) for groups in (decided, near, far))
    if basis < NEEDED or not count:
        return None
    ahead, later = expected_corrections(decided, [near, far])
    return Outlook(round_id, count, count + rest, ahead, later if rest else None, basis)


def expected_corrections(decided: FaceGroups, ahead: list[FaceGroups]) -> list[Measured]:
    """Wrong labels to be expected in each of `ahead`, learnt from what was decided.

    A logistic regression of wrong labels on suspicion, group and proposal, label, and pair of label and proposal, each
    drawn towards what is believed beforehand: suspicion means what it says, and the rest says nothing.
    """
    classes = 1 + max(int(max(g.label.max(initial=0), g.proposed.max(initial=0))) for g in (decided, *ahead))
    mean, precision = _beliefs(classes)
    x = _columns(decided, classes)
    weights = mean.copy()
    hessian = np.diag(precision)
    for _ in range(_STEPS):
        rate = _sigmoid(x @ weights)
        hessian = np.diag(precision) + x.T @ (x * (decided.faces * rate * (1 - rate))[:, None])
        step = np.linalg.solve(hessian, x.T @ (decided.wrong - decided.faces * rate) - precision * (weights - mean))
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-6:
            break
    spread = np.asarray(np.linalg.inv(hessian), np.float64)
    return [_expected(groups, _columns(groups, classes), weights, spread) for groups in ahead]


def _expected(groups: FaceGroups, x: _Floats, weights: _Floats, spread: _Floats) -> Measured:
    """The sum over faces; its interval, in whole faces, from the variance of the faces and of what was learnt."""
    count = int(groups.faces.sum())
    if not count:
        return Measured(0.0, 0.0, 0.0)
    rate = _sigmoid(x @ weights)
    chance = groups.faces * rate * (1 - rate)
    pull = x.T @ chance
    variance = float(chance.sum() + pull @ spread @ pull)
    share = float(groups.faces @ rate) / count
    low, high = wilson(share, share * (1 - share) * count**2 / max(variance, 1e-12))
    return Measured(share * count, float(math.floor(low * count)), float(math.ceil(high * count)))


def _columns(groups: FaceGroups, classes: int) -> _Floats:
    """(groups, features) of the regression: 1, log-odds of suspicion, proposal, outside the group, label, pair."""
    doubt = np.clip(groups.suspicion, 0.01, 0.99)
    has = groups.proposed >= 0
    plain = np.stack([np.ones(len(has)), np.log(doubt / (1 - doubt)), has, ~groups.low_importance], 1)
    label = np.eye(classes)[groups.label]
    pair = np.eye(classes**2)[groups.label * classes + np.maximum(groups.proposed, 0)] * has[:, None]
    return np.concatenate([plain, label, pair], 1).astype(np.float64)


def _beliefs(classes: int) -> tuple[_Floats, _Floats]:
    """Mean and precision (one over the variance) of each weight before anything is decided."""
    mean = np.zeros(4 + classes + classes**2)
    mean[1] = 1
    deviation = np.concatenate([[3.0, 1.0, 1.0, 1.0], np.full(classes, 0.5), np.full(classes**2, 0.5)])
    return mean, 1 / deviation**2


def _sigmoid(x: _Floats) -> _Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), np.float64)
