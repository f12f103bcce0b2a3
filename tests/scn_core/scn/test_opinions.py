"""Opinions of other models pooled with the network's own probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scn_core.scn.opinions import opinion_weights, opinions_alone, pooled

NETWORK = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.4, 0.4, 0.2], [0.2, 0.6, 0.2]], np.float32)
OPINION = np.array([[0.1, 0.8, 0.1], [0.0, 0.1, 0.9], [np.nan] * 3, [0.3, 0.6, 0.1]], np.float32)
LABELS = np.array([0, 2, 1, 1])
NETWORK, OPINION, LABELS = (np.concatenate([each] * 20) for each in (NETWORK, OPINION, LABELS))
"""Four faces, twenty times each: so many that the agreement is no chance."""


def test_without_an_opinion_the_network_speaks_alone() -> None:
    assert pooled(NETWORK, LABELS) is NETWORK
    assert pooled(NETWORK, LABELS, [np.full((80, 3), np.nan, np.float32)]).tobytes() == NETWORK.tobytes()


def test_the_pool_as_the_formula_says() -> None:
    # The opinion agrees with the label on 2 of 3 faces; by chance it would on 1/3 * 0 + 1/3 * 2/3 + 1/3 * 1/3 of them.
    chance = (0 + 2 + 1) / 9
    weight = ((2 / 3 - chance) / (1 - chance)) ** 2
    assert opinion_weights(LABELS, [OPINION]) == [pytest.approx(weight)]
    found = pooled(NETWORK, LABELS, [OPINION])
    for face in (0, 1, 3):
        raw = [(NETWORK[face, c] + 0.001) * (OPINION[face, c] + 0.001) ** weight for c in range(3)]
        assert found[face].tolist() == pytest.approx([each / math.fsum(raw) for each in raw], rel=1e-4)
    assert found[2].tobytes() == NETWORK[2].tobytes()


def test_an_opinion_no_better_than_chance_says_nothing() -> None:
    other = OPINION[:, [1, 2, 0]]  # agrees with no label
    assert opinion_weights(LABELS, [other]) == [0.0]
    assert pooled(NETWORK, LABELS, [other]) is NETWORK
    assert np.isnan(opinions_alone(LABELS, [other])).all()
    assert opinions_alone(LABELS, [other, OPINION]).tobytes() == opinions_alone(LABELS, [OPINION]).tobytes()


def test_noise_agrees_no_more_than_chance_may_bring_about() -> None:
    rng = np.random.default_rng(3)
    labels, noise = rng.integers(0, 7, 1_000), rng.dirichlet(np.ones(7), (20, 1_000)).astype(np.float32)
    assert opinion_weights(labels, list(noise)) == [0.0] * 20
    assert min(opinion_weights(labels, [np.where(labels[:, None] == range(7), noise[0] + 0.2, noise[0])])) > 0


def test_opinions_that_agree_outvote_the_network() -> None:
    sure = np.eye(3, dtype=np.float32)[np.tile([1, 2, 1, 1], 20)] * 0.94 + 0.02
    one, two = (pooled(NETWORK, LABELS, [sure] * count)[0] for count in (1, 2))
    assert NETWORK[0].argmax() == 0
    assert two[1] > one[1] > NETWORK[0, 1]


def test_alone_they_are_a_mean_of_what_is_known() -> None:
    assert np.allclose(opinions_alone(LABELS, [OPINION])[0], OPINION[0], atol=3e-3)
    both = opinions_alone(LABELS, [OPINION, NETWORK])
    assert np.allclose(both[2], NETWORK[2], atol=3e-3)
    assert np.isnan(opinions_alone(LABELS, [OPINION])[2]).all()
    assert np.allclose(both.sum(axis=1), 1, atol=1e-5)
