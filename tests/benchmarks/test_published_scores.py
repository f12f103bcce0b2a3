"""Scores of the literature against slow references written from their formulas."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.cleaning.published_scores import (
    logit_margin,
    loss_mixture,
    low_importance,
    neighbour_vote,
    probability_margin,
    scn_margin,
    self_confidence,
)

RNG = np.random.default_rng(0)
P = RNG.dirichlet(np.ones(5), 40).astype(np.float32)
LABELS = RNG.integers(5, size=40)


def test_scores_of_one_pass_are_what_their_formulas_say() -> None:
    from cleanlab.rank import get_label_quality_scores  # a second, which processes without this test are spared

    for row, label, margin, doubt in zip(
        P.tolist(), LABELS.tolist(), scn_margin(P, LABELS), self_confidence(P, LABELS), strict=True
    ):
        assert margin == pytest.approx(max(row) - row[label], abs=1e-6)
        assert doubt == pytest.approx(1 - row[label], abs=1e-6)
    quality = get_label_quality_scores(LABELS, P, method="self_confidence")
    assert self_confidence(P, LABELS) == pytest.approx(1 - quality, abs=1e-6)
    assert low_importance(np.array([0.25, 1.0], np.float32)).tolist() == [0.75, 0.0]


@given(seed=st.integers(0, 1000))
@settings(max_examples=25)
def test_the_margin_of_scn_is_0_exactly_where_the_label_is_likeliest(seed: int) -> None:
    p = np.random.default_rng(seed).dirichlet(np.full(4, 0.5), 20).astype(np.float32)
    labels = np.random.default_rng(seed + 1).integers(4, size=20)
    assert ((scn_margin(p, labels) == 0) == (p.argmax(axis=1) == labels)).all()
    assert (scn_margin(p, labels) == np.maximum(probability_margin(p, labels), 0)).all()


def test_the_margin_is_from_minus_one_where_the_label_is_sure_to_one_where_another_is() -> None:
    p = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]], np.float32)
    assert probability_margin(p, np.zeros(4, np.int64)).tolist() == pytest.approx([-1, 1, 0, 0.3])


def test_the_logit_margin_is_the_mean_difference_of_logits() -> None:
    """Whatever is added to all logits of a face: a softmax tells their differences and nothing else."""
    logits = RNG.normal(size=(3, 8, 4)) * 3
    labels = RNG.integers(4, size=8)
    p = np.exp(logits + 5) / np.exp(logits + 5).sum(axis=2, keepdims=True)
    own = np.take_along_axis(p, np.broadcast_to(labels[None, :, None], (3, 8, 1)), 2)[:, :, 0]
    others = np.where(np.arange(4) == labels[None, :, None], 0, p).max(axis=2)
    found = logit_margin(own.astype(np.float32), others.astype(np.float32))
    for face, label in enumerate(labels.tolist()):
        margins = [
            max(z for c, z in enumerate(logits[epoch, face]) if c != label) - logits[epoch, face, label]
            for epoch in range(3)
        ]
        assert found[face] == pytest.approx(statistics.fmean(margins), abs=1e-3)


def test_the_logit_margin_takes_a_probability_of_0() -> None:
    assert np.isfinite(logit_margin(np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32))).all()


def test_a_mixture_parts_two_heaps_of_losses() -> None:
    small, large = RNG.normal(0.1, 0.02, 200), RNG.normal(2.5, 0.3, 60)
    posterior = loss_mixture(np.exp(-np.concatenate([small, large])).astype(np.float32))
    assert posterior[:200].max() < 0.05
    assert posterior[200:].min() > 0.95


def test_the_mixture_rises_with_the_loss_between_its_heaps() -> None:
    loss = np.sort(np.concatenate([RNG.normal(0.3, 0.1, 100), RNG.normal(1.5, 0.2, 100)]).clip(0.01))
    posterior = loss_mixture(np.exp(-loss).astype(np.float32))
    between = (loss > 0.4) & (loss < 1.4)
    assert (np.diff(posterior[between]) >= 0).all()


@pytest.mark.parametrize("count", [1, 3, 20])
def test_neighbours_vote_as_a_search_by_hand_finds_them(count: int) -> None:
    features = RNG.normal(size=(1100, 6)).astype(np.float32)  # more than are compared at a time
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    labels = RNG.integers(3, size=1100)
    votes = neighbour_vote(features, labels, count)
    for face in (0, 7, 999, 1000, 1099):
        alike = sorted((j for j in range(1100) if j != face), key=lambda j: -math.fsum(features[face] * features[j]))
        other = sum(int(labels[j] != labels[face]) for j in alike[:count])
        assert votes[face] == pytest.approx(other / count)
