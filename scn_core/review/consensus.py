"""What several fallible people and models come to together. Changes no label: `decisions/outcomes.py` says what counts.

Every face gets a label with a probability, and every person an estimate of how often they are right. Every person has a
confusion matrix, how likely they give which answer to a face of which class (Dawid and Skene, 1979).
Before anybody has answered, a face's classes have the probabilities that a logistic regression makes of the models'
(Raykar et al., "Learning from crowds", 2010). Both are fitted in turn (EM) until neither changes. A face's only answer
always agrees with itself, so it hardly counts towards how often its author is right; that follows from how often two
people agree. The constants were chosen on one half of the faces of benchmarks/README.md, "Second readings".

Nothing here reads a database: `scn_core.review.workspace_consensus` does.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scn_core.records import DoubleArray, FloatArray, IntArray
from scn_core.review.regression_columns import standardised_logs

_FACES_NEEDED = 20
"""Faces with a vote before the models' probabilities are corrected by what people say."""
_STRENGTH = 0.1
"""Inverse of the regularisation of the logistic regression."""
_GIVEN = 2.0
"""How far apart given labels are beside log-probabilities of variance 1."""
_FEWER = 20_000
"""The logistic regression is fitted on so many faces with votes at most."""
_RIGHT, _PAIRS = 0.8, 50.0
"""How often people are right before two have read a face, and how many pairs of answers that guess stands for."""
_PSEUDO_OF_ALL, _PSEUDO_OF_ONE = 100.0, 6.0
"""Answers to each class that the confusion of all people, and that of one, begin with."""
_ALONE = 0.1
"""What the only answer to a face counts for the confusion of its person; one of k answers counts 1 - 1 / k."""
_EVEN = 0.5
"""Share of a confusion matrix that confuses all classes alike: with a whole one of their own, EM would rather rename a
class than believe that a face is hard to tell."""
_FLOOR = 0.01
"""Share of a face's prior that is the same for all classes: no model is ever certain."""
_ROUNDS, _SETTLED = 20, 5e-3
"""EM ends after so many rounds, or when no probability changes by more."""


@dataclass(frozen=True)
class Votes:
    """Answers that name a class, as columns of equal length; each of R rows is one person's to one face."""

    face: IntArray
    """(R,) 0..N-1."""
    person: IntArray
    """(R,) 0..P-1."""
    label: IntArray
    """(R,) 0..C-1."""
    count: IntArray
    """(R,) how often; above 1 only for people counted together, such as taggers without names."""


@dataclass(frozen=True)
class Consensus:
    """What people and models come to, of N faces, C classes and P people."""

    probabilities: DoubleArray
    """(N, C) of each class; rows sum to 1."""
    prior: DoubleArray
    """(N, C) the same from the models alone, corrected by what people say elsewhere."""
    confusion: DoubleArray
    """(P, C, C) how likely each person answers what (last) where which class is right."""
    anyone: DoubleArray
    """(C, C) the confusion of all people together, which somebody new would have."""
    votes: IntArray
    """(N,) answers to each face."""

    @cached_property
    def label(self) -> IntArray:
        """(N,) the likeliest class."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def probability(self) -> DoubleArray:
        """(N,) how likely that class is the right one, 0..1."""
        return np.asarray(self.probabilities.max(axis=1), np.float64)

    @cached_property
    def quality(self) -> DoubleArray:
        """(P,) how often each person is right, were they asked about faces of all classes as these are, 0..1."""
        share = self.probabilities.sum(axis=0) + 1e-9  # of no face at all: even
        return np.asarray(np.einsum("c,pcc->p", share, self.confusion) / share.sum())

    @cached_property
    def worth(self) -> DoubleArray:
        """(N,) by how much one more answer would raise `probability` on average, 0 or more."""
        gain = np.zeros(len(self.probabilities))
        for answer in range(self.anyone.shape[1]):  # no (N, C, C) array: N may be large
            gain += (self.probabilities * self.anyone[:, answer]).max(axis=1)
        return np.asarray(np.maximum(gain - self.probability, 0.0))


def consensus(
    votes: Votes, models: Sequence[FloatArray], people: int, *, given: IntArray | None = None, seed: int = 0
) -> Consensus:
    """The consensus of people and models.

    Args:
        votes: of `people` people, numbered from 0.
        models: one or more (N, C) probabilities of the same faces and classes; rows of NaN where a model says nothing
            of the face. Of every face one of them says something.
        people: P.
        given: (N,) labels the faces began with, as further evidence; None where they were made from the votes.
        seed: of the draw of faces to fit on, where very many have votes.

    Raises ValueError where there is no model, or two are of different shapes.
    """
    if not models or len({model.shape for model in models}) > 1:
        raise ValueError(
            f"got models of shapes {[model.shape for model in models]}; one or more of one shape are needed"
        )
    faces, classes = models[0].shape
    counts = np.zeros((faces, classes))
    np.add.at(counts, (votes.face, votes.label), votes.count)
    voted = np.flatnonzero(counts.sum(axis=1))
    prior = sum((np.nan_to_num(model, nan=0.0).astype(np.float64) for model in models), np.zeros((faces, classes)))
    prior = _with_floor(prior / np.maximum(prior.sum(axis=1, keepdims=True), 1e-12))
    start = _even_confusion(right_by_agreement(counts), classes)
    confusion, anyone = np.repeat(start[None], people, axis=0), start
    probabilities = _posterior(prior, votes, confusion)
    regression = _Regression(_features(models, given), voted, seed) if len(voted) >= _FACES_NEEDED else None
    for _ in range(_ROUNDS if len(voted) else 0):
        before = probabilities[voted]
        if regression is not None:
            prior = _with_floor(regression.fit(probabilities))
        probabilities = _posterior(prior, votes, confusion)
        confusion, anyone = _confusions(probabilities, votes, people, start)
        if np.abs(probabilities[voted] - before).max() < _SETTLED:
            break
    return Consensus(probabilities, prior, confusion, anyone, np.asarray(counts.sum(axis=1), np.int64))


def right_by_agreement(counts: DoubleArray) -> float:
    """How often people are right, by how often two of them agree on a face; `counts`: (N, C) answers.

    Two who are right with probability r and otherwise give any other of C answers agree in r^2 + (1 - r)^2 / (C - 1) of
    the faces. A guess stands for the first pairs.
    """
    classes = counts.shape[1]
    total = counts.sum(axis=1)
    several = total > 1
    pairs = float(several.sum())
    share = (counts * (counts - 1)).sum(axis=1)[several] / (total * (total - 1))[several]
    guess = _RIGHT**2 + (1 - _RIGHT) ** 2 / (classes - 1)
    agree = (float(share.sum()) + _PAIRS * guess) / (pairs + _PAIRS)
    others = classes - 1  # r of (others + 1) r^2 - 2 r + 1 - others agree = 0, the larger root
    root = max(1 - (others + 1) * (1 - others * agree), 0.0)
    return float((1 + root**0.5) / (others + 1))


def _even_confusion(right: float, classes: int) -> DoubleArray:
    found = np.full((classes, classes), (1 - right) / (classes - 1))
    np.fill_diagonal(found, right)
    return found


def _posterior(prior: DoubleArray, votes: Votes, confusion: DoubleArray) -> DoubleArray:
    logs = np.log(prior)
    seen = np.log(confusion)[votes.person, :, votes.label] * votes.count[:, None]
    np.add.at(logs, votes.face, seen)
    return _softmax(logs)


def _confusions(
    probabilities: DoubleArray, votes: Votes, people: int, start: DoubleArray
) -> tuple[DoubleArray, DoubleArray]:
    """(P, C, C) of each person, drawn towards (C, C) that of all, which is drawn towards `start`."""
    answered = np.bincount(votes.face, votes.count, len(probabilities))[votes.face]
    weight = votes.count * np.maximum(1 - 1 / answered, _ALONE)
    answers = np.zeros((people, *start.shape))
    np.add.at(answers.transpose(0, 2, 1), (votes.person, votes.label), probabilities[votes.face] * weight[:, None])
    anyone = answers.sum(axis=0) + _PSEUDO_OF_ALL * start
    anyone /= anyone.sum(axis=1, keepdims=True)
    each = answers + _PSEUDO_OF_ONE * anyone
    each /= each.sum(axis=2, keepdims=True)
    share = probabilities.mean(axis=0)
    both = (np.stack([_half_even(one, share) for one in part]) for part in (each, anyone[None]))
    each, (anyone,) = both
    return each, anyone


def _half_even(confusion: DoubleArray, share: DoubleArray) -> DoubleArray:
    even = _even_confusion(float(share @ confusion.diagonal()), len(share))
    return np.asarray((1 - _EVEN) * confusion + _EVEN * even)


def _features(models: Sequence[FloatArray], given: IntArray | None) -> FloatArray:
    columns = np.concatenate([standardised_logs(np.asarray(model, np.float32)) for model in models], axis=1)
    if given is not None:
        columns = np.concatenate([columns, np.eye(models[0].shape[1], dtype=np.float32)[given] * _GIVEN], axis=1)
    return np.asarray(columns, np.float32)


class _Regression:
    """The probability of each class of a face by its features, fitted to probabilities rather than to labels."""

    def __init__(self, features: FloatArray, voted: IntArray, seed: int) -> None:
        from sklearn.linear_model import LogisticRegression  # takes a second, which no other command is to wait for

        few = len(voted) <= _FEWER
        self.rows = voted if few else np.sort(np.random.default_rng(seed).choice(voted, _FEWER, replace=False))
        self.features = features
        self.model = LogisticRegression(C=_STRENGTH, max_iter=50, warm_start=True)

    def fit(self, probabilities: DoubleArray) -> DoubleArray:
        """(N, C) what it says of all faces, fitted to `probabilities`, (N, C), of those with votes."""
        from sklearn.exceptions import ConvergenceWarning

        classes = probabilities.shape[1]
        weight = probabilities[self.rows].copy()
        weight[:, weight.sum(axis=0) < 1e-6] = 1e-6  # every class occurs, so that all have a column
        place, label = np.nonzero(weight > 1e-6 * 0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the next round of EM goes on from here
            self.model.fit(self.features[self.rows[place]], label, sample_weight=weight[place, label])
        found = np.full((len(self.features), classes), 0.0)
        found[:, self.model.classes_] = self.model.predict_proba(self.features)
        return found


def _with_floor(probabilities: DoubleArray) -> DoubleArray:
    return np.asarray((1 - _FLOOR) * probabilities + _FLOOR / probabilities.shape[1])


def _softmax(logs: DoubleArray) -> DoubleArray:
    shifted = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
