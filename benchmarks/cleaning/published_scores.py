"""Scores of the literature for a label that may be wrong, to compare suspicion with. Higher is more suspicious.

(N, C) probabilities are those of one network, (N,) labels those the round began with.
"""

from __future__ import annotations

import numpy as np

from scn_core.records import FloatArray, IntArray
from scn_core.scn.suspicion import strongest_other


def low_importance(alpha: FloatArray) -> FloatArray:
    """(N,) 1 - alpha, 0..1: SCN's own order (CVPR 2020, section 3.2). It sees the picture, not the label."""
    score: FloatArray = 1 - alpha
    return score


def scn_margin(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) P_max - P_given, 0..1: SCN's relabel rule (CVPR 2020, section 3.4); 0 where the label is the likeliest."""
    margin: FloatArray = probabilities.max(axis=1) - probabilities[np.arange(len(labels)), labels]
    return margin


def probability_margin(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) probability of the best other class minus that of the label, -1..1.

    On averaged probabilities a face that the network fitted late, or never, ranks above one that it fitted at once
    (area under the margin: Pleiss et al., 2020).
    """
    margin: FloatArray = strongest_other(probabilities, labels) - probabilities[np.arange(len(labels)), labels]
    return margin


def self_confidence(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) 1 - P_given, 0..1 (confident learning: Northcutt et al., 2021); by networks that have not seen the label."""
    score: FloatArray = 1 - probabilities[np.arange(len(labels)), labels]
    return score


def logit_margin(p_given: FloatArray, p_other: FloatArray) -> FloatArray:
    """(N,) log P_other - log P_given, averaged over the epochs: minus the area under the margin (Pleiss et al., 2020).

    The difference of two log-probabilities is that of their logits, so the (epochs, N) columns of dynamics.npy do.
    """
    least = np.float32(1e-7)
    margin: FloatArray = (np.log(np.maximum(p_other, least)) - np.log(np.maximum(p_given, least))).mean(axis=0)
    return margin


def loss_mixture(p_given: FloatArray, seed: int = 0) -> FloatArray:
    """(N,) probability of the lossy of two Gaussians fitted to the cross entropy (DivideMix: Li et al., 2020), 0..1.

    `p_given`: (N,) probability of the label.
    """
    from sklearn.mixture import GaussianMixture  # a second to import, and training has no use for it

    loss = -np.log(np.maximum(p_given, np.float32(1e-7)))[:, None]
    mixture = GaussianMixture(2, reg_covar=5e-4, random_state=seed).fit(loss)
    posterior: FloatArray = mixture.predict_proba(loss)[:, mixture.means_.argmax()].astype(np.float32)
    return posterior


def neighbour_vote(features: FloatArray, labels: IntArray, count: int = 20) -> FloatArray:
    """(N,) share of the `count` nearest faces by cosine that carry another label, 0..1 (SimiFeat: Zhu et al., 2022).

    `features`: (N, D) of length 1. Costs N^2 D, a thousand rows at a time.
    """
    votes = np.empty(len(labels), np.float32)
    for start in range(0, len(labels), 1000):
        part = slice(start, start + 1000)
        alike = features[part] @ features.T
        alike[np.arange(len(alike)), np.arange(start, start + len(alike))] = -np.inf  # a face has no vote on itself
        nearest = np.argpartition(-alike, count, axis=1)[:, :count]
        votes[part] = (labels[nearest] != labels[part][:, None]).mean(axis=1)
    return votes
