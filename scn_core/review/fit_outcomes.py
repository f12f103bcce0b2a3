"""A multinomial logistic regression that begins at what was expected, and moves from there as far as answers say.

For outcome k of a face with expected log-probabilities e, evidence x and a mark m on the outcome "nothing changes":

    log P_k  =  scale e_k + level m_k + (x W)_k + w_k,  less the logarithm of the sum over all outcomes

Scale, level, W and w are the most probable ones under normal priors around 1, 0, 0, 0. So a few answers correct how
sure the expectation is on the whole, and hundreds what it says of each class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scn_core.records import DoubleArray, IntArray

Values = npt.NDArray[np.floating]

_SCALE_SD, _LEVEL_SD, _CONSTANT_SD = 0.3, 1.0, 0.3
"""Standard deviations of the priors of scale, level and w; that of W is 1. With a wider one of w, twenty answers made
the order worse on three of four kinds of wrong labels (the half of the faces that constants were chosen on:
benchmarks/README.md, "Finding wrong labels")."""
_STEPS = 100


@dataclass(frozen=True)
class Correction:
    """What answers have changed of what was expected of K outcomes, from D columns of evidence."""

    scale: float
    level: float
    weights: DoubleArray
    """(D + 1, K); the last row, in units of its prior's standard deviation, is for every face."""

    def probabilities(self, expected: Values, unchanged: IntArray, evidence: Values) -> DoubleArray:
        """(N, K), rows summing to 1. The arguments are as in `fit_outcomes`."""
        return np.exp(_log_probabilities(self, expected, unchanged, evidence))


def fit_outcomes(expected: Values, unchanged: IntArray, evidence: Values, outcome: IntArray) -> Correction:
    """The most probable correction.

    Args:
        expected: (N, K) log-probabilities of the outcomes, before any answer.
        unchanged: (N,) which outcome changes nothing.
        evidence: (N, D), each column as large as its weight is thought to come to.
        outcome: (N,) what people answered, 0..K - 1.
    """
    from scipy.optimize import minimize  # as heavy to import as scikit-learn

    rows, columns = np.arange(len(outcome)), evidence.shape[1] + 1
    beside = np.concatenate([evidence, np.full((len(rows), 1), _CONSTANT_SD)], axis=1, dtype=np.float64)

    def read(flat: DoubleArray) -> Correction:
        return Correction(float(flat[0]), float(flat[1]), flat[2:].reshape(columns, -1))

    def loss(flat: DoubleArray) -> tuple[float, DoubleArray]:
        correction = read(flat)
        logs = _log_probabilities(correction, expected, unchanged, evidence)
        off = np.exp(logs)
        off[rows, outcome] -= 1
        pulls = np.concatenate([[(flat[0] - 1) / _SCALE_SD**2, flat[1] / _LEVEL_SD**2], flat[2:]])
        slope = np.concatenate([[(off * expected).sum(), off[rows, unchanged].sum()], (beside.T @ off).ravel()])
        prior = (flat[0] - 1) * pulls[0] + flat[1] * pulls[1] + np.square(flat[2:]).sum()
        return float(prior / 2 - logs[rows, outcome].sum()), slope + pulls

    start = np.zeros(2 + columns * expected.shape[1])
    start[0] = 1
    return read(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x)


def _log_probabilities(correction: Correction, expected: Values, unchanged: IntArray, evidence: Values) -> DoubleArray:
    logs: DoubleArray = correction.scale * expected + evidence @ correction.weights[:-1]
    logs += _CONSTANT_SD * correction.weights[-1]
    logs[np.arange(len(logs)), unchanged] += correction.level
    logs -= logs.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return logs
