"""How many labels the next reviews are likely to correct, as far as the answers so far tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.intervals import Measured, wilson
from scn_core.records import IntArray
from scn_core.store.reports.corrections import FaceGroups, decided_groups, open_groups

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
    """Decided faces it was learned from."""


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
    """Wrong labels to be expected in each of `ahead`, learned from what was decided.

    A logistic regression of wrong labels on suspicion, group and proposal, label, and pair of label and proposal, each
    drawn towards what is believed beforehand: suspicion means what it says, and the rest says nothing.
    """
    classes = 1 + max(int(max(g.label.max(initial=0), g.proposed.max(initial=0))) for g in (decided, *ahead))
    x = _Features.of(decided, classes)
    weights = mean = _Terms(np.array([0.0, 1.0, 0.0, 0.0]), np.zeros(classes), np.zeros(classes**2))
    for _ in range(_STEPS):
        rate = _sigmoid(x @ weights)
        pull = x.summed(decided.wrong - decided.faces * rate)
        slope = _Terms(*(a - p * (w - m) for a, p, w, m in zip(pull, _PRECISION, weights, mean, strict=True)))
        curvature = _Curvature.of(x, decided.faces * rate * (1 - rate))
        step = curvature.solve(slope)
        weights = _Terms(*(w + np.clip(s, -2, 2) for w, s in zip(weights, step, strict=True)))
        if max(float(np.abs(s).max()) for s in step) < 1e-6:
            break
    return [_expected(groups, _Features.of(groups, classes), weights, curvature) for groups in ahead]


class _Terms(NamedTuple):
    """One number for each term of the regression."""

    plain: _Floats
    """(4,) 1, log-odds of suspicion, proposal, outside the low-importance group."""
    label: _Floats
    """(classes,)"""
    pair: _Floats
    """(classes ** 2,) of label and proposal; 0 of pairs that are not there."""


_PRECISION = _Terms(np.array([1 / 9, 1.0, 1.0, 1.0]), np.array(4.0), np.array(4.0))
"""One over the variance of each term before anything is decided: plain ones, labels, pairs."""


@dataclass(frozen=True)
class _Features:
    """What hints at a wrong label in each of G groups. A group has one label and at most one pair."""

    plain: _Floats
    """(G, 4)"""
    label: IntArray
    """(G,)"""
    pair: IntArray
    """(G,) place of the pair of label and proposal."""
    has: _Floats
    """(G,) 1: it has a proposal, 0: it has none, and so no pair."""
    classes: int

    @classmethod
    def of(cls, groups: FaceGroups, classes: int) -> Self:
        doubt = np.clip(groups.suspicion, 0.01, 0.99)
        has = (groups.proposed >= 0).astype(np.float64)
        plain = np.stack([np.ones(len(has)), np.log(doubt / (1 - doubt)), has, ~groups.low_importance], 1)
        return cls(plain, groups.label, groups.label * classes + np.maximum(groups.proposed, 0), has, classes)

    def __matmul__(self, terms: _Terms) -> _Floats:
        """(G,) the log-odds that a label of the group is wrong."""
        odds: _Floats = self.plain @ terms.plain + terms.label[self.label] + terms.pair[self.pair] * self.has
        return odds

    def summed(self, values: _Floats) -> _Terms:
        """(G,) values, added up by the terms of their groups."""

        def by(places: IntArray, what: _Floats, count: int) -> _Floats:
            return np.asarray(np.bincount(places, what, count), np.float64)

        pair = by(self.pair, values * self.has, self.classes**2)
        return _Terms(values @ self.plain, by(self.label, values, self.classes), pair)


@dataclass(frozen=True)
class _Curvature:
    """The Hessian of the regression, with C labels and P = C ** 2 pairs.

    As a group has one label and one pair, and a pair one label, the block of the pairs is diagonal and so is, without
    them, that of the labels. Eliminating both leaves 4 equations, where a dense matrix would have 4 + C + P rows.
    """

    plain: _Floats
    """(4, 4)"""
    label: _Floats
    """(C,) diagonal."""
    pair: _Floats
    """(P,) diagonal."""
    plain_label: _Floats
    """(C, 4)"""
    plain_pair: _Floats
    """(P, 4)"""
    label_pair: _Floats
    """(P,) of each pair with its label."""

    @classmethod
    def of(cls, x: _Features, chance: _Floats) -> Self:
        """`chance`: (G,) faces of the group times the variance of one."""
        sums = x.summed(chance)
        beside = [x.summed(chance * column) for column in x.plain.T]
        plain, label, pair = _PRECISION
        return cls(
            np.diag(plain) + x.plain.T @ (x.plain * chance[:, None]),
            label + sums.label,
            pair + sums.pair,
            np.stack([each.label for each in beside], 1),
            np.stack([each.pair for each in beside], 1),
            sums.pair,
        )

    def solve(self, right: _Terms) -> _Terms:
        """The terms that the Hessian turns into `right`."""
        classes = len(self.label)

        def by_label(values: _Floats) -> _Floats:
            return np.asarray(values.reshape(classes, classes, -1).sum(axis=1), np.float64)

        share = self.label_pair / self.pair
        label = self.label - by_label(share * self.label_pair)[:, 0]
        plain_label = self.plain_label - by_label(share[:, None] * self.plain_pair)
        right_label = right.label - by_label(share * right.pair)[:, 0]
        plain = (
            self.plain
            - self.plain_pair.T @ (self.plain_pair / self.pair[:, None])
            - plain_label.T @ (plain_label / label[:, None])
        )
        right_plain = right.plain - (right.pair / self.pair) @ self.plain_pair - (right_label / label) @ plain_label
        found_plain = np.asarray(np.linalg.solve(plain, right_plain), np.float64)
        found_label = (right_label - plain_label @ found_plain) / label
        found_pair = right.pair - self.plain_pair @ found_plain - self.label_pair * np.repeat(found_label, classes)
        return _Terms(found_plain, found_label, found_pair / self.pair)


def _expected(groups: FaceGroups, x: _Features, weights: _Terms, curvature: _Curvature) -> Measured:
    """The sum over faces; its interval, in whole faces, from the variance of the faces and of what was learned."""
    count = int(groups.faces.sum())
    if not count:
        return Measured(0.0, 0.0, 0.0)
    rate = _sigmoid(x @ weights)
    chance = groups.faces * rate * (1 - rate)
    pull = x.summed(chance)
    spread = sum(float(a @ b) for a, b in zip(pull, curvature.solve(pull), strict=True))
    variance = float(chance.sum()) + spread
    share = float(groups.faces @ rate) / count
    low, high = wilson(share, share * (1 - share) * count**2 / max(variance, 1e-12))
    return Measured(share * count, float(math.floor(low * count)), float(math.ceil(high * count)))


def _sigmoid(x: _Floats) -> _Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), np.float64)
