"""Opinions of other models beside the network's own: one row of probabilities for each face from all of them.

A pool of logarithms: log P = log P_network + sum of w_k log P_k, normalised. The weight w_k of an opinion is its
agreement with the labels beyond chance (Cohen's kappa of its likeliest class and the label), squared: one that agrees
no more than chance may bring about counts for nothing, and none counts for more than the network. What it says of the
label of a single class is weighed by suspicion, which asks for every class how clearly its faces are known. Where
several opinions agree on another class, their logarithms add up, and so a relabel is proposed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scn_core.records import FloatArray, IntArray
from scn_core.scn.suspicion import LEAST_PROBABILITY

_CHANCE_ERRORS = 3.0
"""Standard errors by which an opinion's agreement with the labels exceeds that by chance, for it to count at all."""


def pooled(network: FloatArray, labels: IntArray, opinions: Sequence[FloatArray] = ()) -> FloatArray:
    """(N, C) probabilities of the network and of other models together; the network's own where no opinion counts.

    Args:
        network: (N, C), rows summing to 1.
        labels: (N,) that opinions are measured against.
        opinions: (N, C) each, rows of NaN where the model says nothing of a face.
    """
    weighed = [each for each in zip(opinion_weights(labels, opinions), opinions, strict=True) if each[0] > 0]
    if not weighed:
        return network
    logs = np.log(network + LEAST_PROBABILITY)
    for weight, opinion in weighed:
        logs += np.where(np.isfinite(opinion), np.float32(weight) * np.log(opinion + LEAST_PROBABILITY), np.float32(0))
    known = np.any([np.isfinite(opinion[:, 0]) for _, opinion in weighed], axis=0)
    return np.where(known[:, None], _shares(logs), network)


def opinions_alone(labels: IntArray, opinions: Sequence[FloatArray]) -> FloatArray:
    """(N, C) probabilities of other models together, without a network: a geometric mean by their weights.

    Rows of NaN where none that counts says anything. The arguments are those of `pooled`; one opinion or more.
    """
    logs: FloatArray = np.zeros_like(opinions[0])
    total: FloatArray = np.zeros((len(labels), 1), np.float32)
    for weight, opinion in zip(opinion_weights(labels, opinions), opinions, strict=True):
        known = np.isfinite(opinion)
        logs += np.where(
            known, np.float32(weight) * np.log(np.where(known, opinion, 1) + LEAST_PROBABILITY), np.float32(0)
        )
        total += np.float32(weight) * known[:, :1]
    said = total > 0
    logs /= np.where(said, total, np.float32(1))
    return np.where(said, _shares(logs), np.float32(np.nan))


def opinion_weights(labels: IntArray, opinions: Sequence[FloatArray]) -> list[float]:
    """How much each opinion counts beside a network, 0..1: kappa of its likeliest class and the label, squared.

    0 where the agreement is less than three standard errors above that by chance: a mean of opinions without a network
    would otherwise follow noise, however small its weight, where nothing else speaks.
    """
    return [_kappa(labels, opinion) ** 2 for opinion in opinions]


def _kappa(labels: IntArray, opinion: FloatArray) -> float:
    """Agreement beyond chance of the likeliest class with the label, 0..1; 0 where it may be chance."""
    known = np.isfinite(opinion[:, 0])
    if not known.any():
        return 0.0
    label, said, classes = labels[known], opinion[known].argmax(axis=1), opinion.shape[1]
    agreed = float((label == said).mean())
    of_labels, of_opinion = (np.bincount(each, minlength=classes) / len(label) for each in (label, said))
    chance = float(of_labels @ of_opinion)
    least = chance + _CHANCE_ERRORS * math.sqrt(max(chance * (1 - chance), 0.0) / len(label))
    return (agreed - chance) / (1 - chance) if agreed > least else 0.0


def _shares(logs: FloatArray) -> FloatArray:
    shares: FloatArray = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
