"""Suspicion: how likely a label is wrong, from what the network, and other models where there are some, see.

(N, C) `probabilities` are M of docs/method.md: the mean of the network's softmax over the clean passes, pooled with the
opinions of other models. (N,) `labels` are those the round began with.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scn_core.errors import counted
from scn_core.records import BoolArray, FloatArray, IntArray

DYNAMICS = np.dtype([("alpha", "<f2"), ("p_given", "<f2"), ("p_other", "<f2")])
"""One face in one epoch's clean pass: importance, probability of the given label, of the likeliest other class."""

BIAS, RATIO, FLOW = -1.2, 0.8, 1.65
"""The log-odds that a label is wrong: BIAS + RATIO * `log_ratio` + FLOW * `class_flow` of the label, gated.

Chosen together on half of the faces, or pictures, of five kinds of wrong labels (benchmarks/README.md), none of which
has a say of its own; what is reported is of the other half."""

PROPOSE_FROM = 0.3
"""Probability of a relabel, `proposal_probability`, from which on it may be proposed."""

FEW_FACES = 5_000
"""Below this, suspicion and `proposal_probability` were measured to be far too high on real pictures; what is known of
them otherwise is of 13,000 faces and more (benchmarks/README.md), and nothing was measured between."""

_PSEUDO_FACES = 10
_SUREST = 0.9
_LEAST_TRUST = 1e-6
LEAST_PROBABILITY = np.float32(1e-3)
"""Added to a probability before its logarithm: nothing is ruled out by one model alone."""
_PSEUDO_FLOW, _SHARE_OF_A_CLASS = 10, 0.1
"""Faces that are added to either direction of a flow: ten, and a tenth of a class of average size."""


def describe_few_faces(faces: int) -> str | None:
    """What is known of the probabilities of a round trained on so few faces, in words; None: it is on enough."""
    if faces >= FEW_FACES:
        return None
    return (
        f"trained on {counted(faces, 'face')}, fewer than {FEW_FACES:,}: suspicion says which faces to look at first, "
        "not how many of them are wrong; of 1,500 to 1,600 real pictures, 18 to 29 of 100 proposals were right where "
        "it said 43 to 49"
    )


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


def log_ratio(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) logarithm of the probability of the best other class over that of the label, each plus .001: -6.9..6.9.

    On averaged probabilities a face that the network fitted late, or never, ranks above one that it fitted at once
    (area under the margin: Pleiss et al., 2020).
    """
    own = probabilities[np.arange(len(labels)), labels]
    ratio: FloatArray = np.log(
        (strongest_other(probabilities, labels) + LEAST_PROBABILITY) / (own + LEAST_PROBABILITY)
    ).astype(np.float32)
    return ratio


def class_flow(cured: FloatArray, labels: IntArray) -> FloatArray:
    """(C,) whether the network would take more faces out of a class than into it, as a logarithm; 0: as many.

    Where classes are merely hard to tell apart, faces go both ways, and a class says little about its labels. Where
    labels are wrong in one direction, as if people had used a word too often, faces leave its class and few enter it.
    Pseudo-faces keep a class of few faces near 0.

    Args:
        cured: (N, C) from `cured_probabilities`; a face would go to the likeliest class.
        labels: (N,)
    """
    classes, likeliest = cured.shape[1], cured.argmax(axis=1)
    moves = likeliest != labels
    leave, enter = (np.bincount(each[moves], minlength=classes) for each in (labels, likeliest))
    pseudo = _PSEUDO_FLOW + _SHARE_OF_A_CLASS * len(labels) / classes
    flow: FloatArray = np.log((leave + pseudo) / (enter + pseudo)).astype(np.float32)
    return flow


def suspicion(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) probability that the label is wrong, 0..1, from the mean probabilities and the flow of the label's class.

    The flow counts in full where the network is sure of the label, and ever less the surer it is of another class: what
    a class is like then adds nothing to what the face is like.
    """
    ratio = log_ratio(probabilities, labels)
    flow = class_flow(cured_probabilities(probabilities, class_trust(probabilities, labels)), labels)
    odds = BIAS + RATIO * ratio + FLOW * flow[labels] / (1 + np.exp(ratio / 2))
    doubt: FloatArray = (1 / (1 + np.exp(-odds))).astype(np.float32)
    return doubt


def proposal_probability(suspicion: FloatArray, cured: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) probability that the best other class is the right one, 0..1: the label is wrong, and of the others it is.

    Args:
        suspicion: (N,), 0..1.
        cured: (N, C), rows summing to 1.
        labels: (N,)
    """
    best = strongest_other(cured, labels)
    others = np.maximum(1 - cured[np.arange(len(labels)), labels], best)
    probability: FloatArray = (suspicion * best / np.maximum(others, np.float32(1e-30))).astype(np.float32)
    return probability


def may_be_proposed(suspicion: FloatArray, cured: FloatArray, labels: IntArray) -> BoolArray:
    """(N,) faces whose best other class is probable enough to be proposed, in whatever group they are.

    SCN proposes within the low-importance group alone, whatever it thinks of the label. Which faces are in that group
    differs from one training to the next, and with it how many of such proposals are right.

    Args:
        suspicion: (N,), 0..1.
        cured: (N, C), rows summing to 1.
        labels: (N,)
    """
    may: BoolArray = proposal_probability(suspicion, cured, labels) >= np.float32(PROPOSE_FROM)
    return may


def asked_for_suspicion(
    suspicion: FloatArray, proposed: IntArray, low_importance: BoolArray, least: float
) -> BoolArray:
    """(N,) faces to ask about for their suspicion alone: neither of low importance nor with a proposal.

    Args:
        suspicion: (N,), 0..1.
        proposed: (N,) a class, or -1.
        low_importance: (N,)
        least: from this suspicion on, 0..1; 1: none.
    """
    if least == 1:
        return np.zeros(len(suspicion), np.bool_)
    asked: BoolArray = ~low_importance & (proposed < 0) & (suspicion >= least)
    return asked


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
