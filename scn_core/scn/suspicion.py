"""Suspicion: how likely a given label is wrong, from how the network saw the face over the epochs.

(N, C) probabilities are the mean of the softmax over the clean passes, (N,) labels those the round began with.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scn_core.records import BoolArray, FloatArray, IntArray

DYNAMICS = np.dtype([("alpha", "<f2"), ("p_given", "<f2"), ("p_other", "<f2")])
"""One face in one epoch's clean pass: importance, probability of the given label, of the likeliest other class."""

BIAS, MARGIN, DISTRUST = -1.55, 2.57, 5.0
"""The log odds that a label is wrong: BIAS + MARGIN * probability margin + DISTRUST * (1 - trust of its class).

Fitted on 13,000 real faces whose labels ten people checked, under two kinds of wrong labels; DISTRUST is a third lower
than the best fit, because it may be specific to these faces."""

PROPOSE_SUSPICION_LOW_GROUP, PROPOSE_SUSPICION_ELSEWHERE = 0.6, 0.75
"""Suspicion from which on a relabel may be proposed: in the low-importance group, and outside it."""

PROPOSE_MARGIN = 0.7
"""Margin of the cured probabilities above which one may be proposed whatever the suspicion."""

_PSEUDO_FACES = 10
_SUREST = 0.9
_LEAST_TRUST = 1e-6


def strongest_other(probabilities: FloatArray, given: IntArray) -> FloatArray:
    """(N,) probability of the likeliest class that is not the given one, from (N, C) probabilities."""
    others = probabilities.copy()
    others[np.arange(len(given)), given] = -1.0
    strongest: FloatArray = others.max(axis=1)
    return strongest


def second_choice(probabilities: FloatArray, labels: IntArray) -> IntArray:
    """(N,) the likeliest class that is neither the label nor the best other class; -1 where there are two classes."""
    count, classes = probabilities.shape
    if classes < 3:
        return np.full(count, -1)
    rest = probabilities.copy()
    rest[np.arange(count), labels] = -1.0
    rest[np.arange(count), rest.argmax(axis=1)] = -1.0
    second: IntArray = rest.argmax(axis=1)
    return second


def probability_margin(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) probability of the best other class minus that of the label, -1..1.

    On averaged probabilities a face that the network fitted late, or never, ranks above one that it fitted at once
    (area under the margin: Pleiss et al., 2020).
    """
    margin: FloatArray = strongest_other(probabilities, labels) - probabilities[np.arange(len(labels)), labels]
    return margin


def class_trust(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """(C,) how clearly the network knows the faces of a class, 0..1.

    The probability of c that a tenth of the faces labelled c exceed, once every class is made as frequent as the
    others: a rare class shall not be distrusted for being rare. Akin to the class thresholds of confident learning
    (Northcutt et al., 2021), which are means. Drawn by ten pseudo-faces towards the same of all faces, which a class
    without faces has.
    """
    classes = probabilities.shape[1]
    faces = np.bincount(labels, minlength=classes)
    balanced = probabilities / (faces + 1).astype(np.float32)
    own = balanced[np.arange(len(labels)), labels] / np.maximum(balanced.sum(axis=1), np.float32(1e-30))
    overall = float(np.quantile(own, _SUREST)) if len(own) else 0.0
    surest = [float(np.quantile(own[labels == c], _SUREST)) if faces[c] else overall for c in range(classes)]
    trust: FloatArray = ((faces * surest + _PSEUDO_FACES * overall) / (faces + _PSEUDO_FACES)).astype(np.float32)
    return trust


def cured_probabilities(probabilities: FloatArray, trust: FloatArray) -> FloatArray:
    """(N, C), rows proportional to P_c * t_c^2, (C,) t from `class_trust`.

    A class whose labels the network seldom confirms is a poor relabel, and a poor label. On real faces the likeliest
    class is then right as often as its probability says (benchmarks/README.md), so there is no temperature.
    """
    weight = np.square(np.maximum(trust, np.float32(_LEAST_TRUST)))  # so that no row sums to 0
    cured: FloatArray = probabilities * weight
    cured /= cured.sum(axis=1, keepdims=True)
    return cured


def suspicion(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) probability that the label is wrong, 0..1, from the mean probabilities and the trust in the label's class.

    For the same reading, a label of a class that is seldom confirmed is the more likely wrong.
    """
    distrust = 1 - class_trust(probabilities, labels)
    odds = BIAS + MARGIN * probability_margin(probabilities, labels) + DISTRUST * distrust[labels]
    return (1 / (1 + np.exp(-odds))).astype(np.float32)


def may_be_proposed(suspicion: FloatArray, low_importance: BoolArray, margin: FloatArray) -> BoolArray:
    """(N,) faces whose label is likely enough wrong to propose another one, or another class is evident.

    SCN proposes within the low-importance group alone, whatever it thinks of the label. Which faces are in that group
    differs from one training to the next: on real faces 33 to 54 % of such proposals were right over three seeds, and
    45 to 55 % of these.

    Args:
        suspicion: (N,), 0..1.
        low_importance: (N,)
        margin: (N,) probability of the best other class minus that of the label, cured, -1..1.
    """
    enough = suspicion >= np.where(
        low_importance, np.float32(PROPOSE_SUSPICION_LOW_GROUP), np.float32(PROPOSE_SUSPICION_ELSEWHERE)
    )
    may: BoolArray = enough | (margin > PROPOSE_MARGIN)
    return may


CLEAR_MARGIN = 0.2
"""A class is clear where its probability exceeds the next one's by more than this."""
DOUBT_FLOOR = 0.2
"""Up to this suspicion the network is at peace with a label."""


def kinds_of_doubt(probabilities: FloatArray, labels: IntArray, suspicion: FloatArray) -> npt.NDArray[np.int8]:
    """(N,) in what way each label is doubted: 0 none, 1 mislabelled, 2 ambiguous (`records.DOUBTS`).

    Of the labels that the network is not at peace with, those are mislabelled where another class is clear, and those
    ambiguous where no class is. Where the label itself is clear there is no doubt.

    Args:
        probabilities: (N, C), C at least 2, rows summing to 1.
        labels: (N,) that the round began with.
        suspicion: (N,) of these labels, 0..1.
    """
    second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
    clear = first - second > CLEAR_MARGIN
    kind = np.where(clear, np.where(probabilities.argmax(axis=1) != labels, 1, 0), 2)
    return np.where(suspicion > DOUBT_FLOOR, kind, 0).astype(np.int8)
