"""What answers correct, against the formula written down slowly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scn_core.review.fit_outcomes import Correction, fit_outcomes

N, K, D = 40, 4, 3
rng = np.random.default_rng(3)
EXPECTED = np.log(rng.dirichlet(np.ones(K), N))
UNCHANGED = rng.integers(0, K, N)
EVIDENCE = rng.normal(size=(N, D))
OUTCOME = rng.integers(0, K, N)


def loss(found: Correction) -> float:
    """Minus the logarithms of the chances of what was answered, and of the priors."""
    total = ((found.scale - 1) / 0.3) ** 2 / 2 + found.level**2 / 2 + (found.weights**2).sum() / 2
    for e, unchanged, x, outcome in zip(EXPECTED, UNCHANGED, EVIDENCE, OUTCOME, strict=True):
        logits = [
            found.scale * e[k] + found.level * (k == unchanged) + 0.3 * found.weights[-1, k]
            + sum(x[d] * found.weights[d, k] for d in range(D))
            for k in range(K)
        ]  # fmt: skip
        total -= logits[outcome] - math.log(sum(math.exp(each) for each in logits))
    return float(total)


def test_nothing_near_it_is_more_probable() -> None:
    found = fit_outcomes(EXPECTED, UNCHANGED, EVIDENCE, OUTCOME)
    least = loss(found)
    for _ in range(30):
        scale, level = found.scale + rng.normal() * 0.02, found.level + rng.normal() * 0.02
        weights = found.weights + rng.normal(size=found.weights.shape) * 0.02
        assert loss(Correction(scale, level, weights)) > least
    assert least < loss(Correction(1.0, 0.0, np.zeros((D + 1, K)))) - 1


def test_without_answers_it_is_what_was_expected() -> None:
    found = fit_outcomes(EXPECTED[:0], UNCHANGED[:0], EVIDENCE[:0], OUTCOME[:0])
    assert found.probabilities(EXPECTED, UNCHANGED, EVIDENCE) == pytest.approx(np.exp(EXPECTED))
