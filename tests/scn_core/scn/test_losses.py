"""The losses against slow references written from the paper's formulas."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from scn_core.scn.losses import (
    group_means,
    high_group_size,
    learnable_margin,
    margin_value,
    rank_regularisation,
    total_loss,
    weighted_cross_entropy,
)


def reference_wce(logits: Tensor, alpha: Tensor, labels: Tensor) -> float:
    """-1/N sum_i log( exp(alpha_i W_y^T x_i) / sum_j exp(alpha_i W_j^T x_i) ), one exponential at a time."""
    total = 0.0
    row: list[float]
    for row, weight, label in zip(logits.tolist(), alpha.tolist(), labels.tolist(), strict=True):
        powers = [math.exp(weight * score) for score in row]
        total -= math.log(powers[label] / sum(powers))
    return total / len(labels)


def reference_rank(alpha: Tensor, beta: float, margin: float) -> float:
    """max(0, delta1 - (alpha_H - alpha_L)) over a list sorted by hand."""
    ranked: list[float] = sorted(alpha.tolist(), reverse=True)
    m = min(max(round(beta * len(ranked)), 1), len(ranked) - 1)
    high, low = ranked[:m], ranked[m:]
    return max(0.0, margin - (sum(high) / len(high) - sum(low) / len(low)))


@st.composite
def batches(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    n, classes = draw(st.integers(2, 40)), draw(st.integers(2, 9))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    logits = torch.randn(n, classes, generator=generator, dtype=torch.float64) * draw(st.floats(0.1, 20))
    alpha = torch.rand(n, generator=generator, dtype=torch.float64)
    return logits, alpha, torch.randint(classes, (n,), generator=generator)


@given(batches())
def test_weighted_cross_entropy_is_the_formula(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    assert weighted_cross_entropy(*batch).item() == pytest.approx(reference_wce(*batch), rel=1e-9, abs=1e-12)


def reference_soft_wce(logits: Tensor, alpha: Tensor, labels: Tensor, softness: list[float]) -> float:
    """-1/N sum_i sum_j w_ij log p_ij: w_ij is 1 - s_i for the label, s_i / (C - 1) for each other class."""
    total = 0.0
    row: list[float]
    for row, weight, label, soft in zip(logits.tolist(), alpha.tolist(), labels.tolist(), softness, strict=True):
        powers = [math.exp(weight * score) for score in row]
        for j, power in enumerate(powers):
            share = 1 - soft if j == label else soft / (len(row) - 1)
            total -= share * math.log(power / sum(powers))
    return total / len(labels)


@given(batches(), st.data())
def test_softness_spreads_a_share_of_the_label(batch: tuple[Tensor, Tensor, Tensor], data: st.DataObject) -> None:
    n = len(batch[2])
    softness = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n))
    got = weighted_cross_entropy(*batch, torch.tensor(softness, dtype=torch.float64)).item()
    assert got == pytest.approx(reference_soft_wce(*batch, softness), rel=1e-9, abs=1e-12)


@given(batches(), st.data())
def test_targets_replace_label_and_softness(batch: tuple[Tensor, Tensor, Tensor], data: st.DataObject) -> None:
    logits, alpha, _ = batch
    n, classes = logits.shape
    softness = torch.tensor(data.draw(st.lists(st.sampled_from([0.0, 0.5]), min_size=n, max_size=n)))
    has = torch.tensor(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    shares = torch.rand(n, classes, generator=torch.Generator().manual_seed(n))
    targets = torch.where(has.unsqueeze(1), shares / shares.sum(1, keepdim=True), 0.0)
    log_p = (alpha.unsqueeze(1) * logits).log_softmax(dim=1)
    plain = torch.stack([weighted_cross_entropy(*(part[i : i + 1] for part in (*batch, softness))) for i in range(n)])
    expected = torch.where(has, -(targets * log_p).sum(dim=1), plain).mean()
    got = weighted_cross_entropy(*batch, softness, targets)
    assert got.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)


@given(batches())
def test_no_softness_is_the_papers_loss_bit_for_bit(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    logits, alpha, labels = (each.float() if each.is_floating_point() else each for each in batch)
    logits.requires_grad_()
    plain = weighted_cross_entropy(logits, alpha, labels)
    soft = weighted_cross_entropy(logits, alpha, labels, torch.zeros(len(labels)))
    assert plain.item() == soft.item() == torch.nn.functional.cross_entropy(alpha.unsqueeze(1) * logits, labels).item()


@given(batches(), st.floats(0.01, 0.99), st.floats(0, 1))
def test_rank_regularisation_is_the_formula(batch: tuple[Tensor, Tensor, Tensor], beta: float, margin: float) -> None:
    alpha = batch[1]
    got = rank_regularisation(alpha, beta=beta, margin=margin).item()
    assert got == pytest.approx(reference_rank(alpha, beta, margin), abs=1e-12)


@given(st.integers(2, 5000), st.floats(0.01, 0.99))
def test_both_groups_always_have_a_face(n: int, beta: float) -> None:
    m = high_group_size(n, beta)
    assert 1 <= m <= n - 1
    assert abs(m - beta * n) <= 1


def test_one_face_cannot_form_two_groups() -> None:
    with pytest.raises(ValueError, match=r"batch of 1.*at least 2"):
        high_group_size(1, 0.7)


def test_group_means_follow_rank_not_position() -> None:
    high, low = group_means(torch.tensor([0.1, 0.9, 0.2, 0.8]), beta=0.5)
    assert [high.item(), low.item()] == pytest.approx([0.85, 0.15])


def test_gamma_trades_rank_against_cross_entropy() -> None:
    rank, wce = torch.tensor(2.0), torch.tensor(10.0)
    assert total_loss(rank, wce, gamma=0.25).item() == pytest.approx(0.25 * 2 + 0.75 * 10)
    assert total_loss(rank, wce, gamma=0.0).item() == 10.0
    assert total_loss(rank, wce, gamma=1.0).item() == 2.0


def test_gradient_of_alpha_matches_finite_differences() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(12, 7, generator=generator, dtype=torch.float64, requires_grad=True)
    alpha = torch.rand(12, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(7, (12,), generator=generator)

    def loss(logits: Tensor, alpha: Tensor) -> Tensor:
        rank = rank_regularisation(alpha, beta=0.7, margin=0.9)
        return total_loss(rank, weighted_cross_entropy(logits, alpha, labels), gamma=0.5)

    assert torch.autograd.gradcheck(loss, (logits, alpha))


def test_alpha_zero_is_not_a_trivial_solution() -> None:
    """Weighting the loss would reach 0 at alpha = 0; weighting the logits costs ln C there."""
    logits, labels = torch.randn(50, 7), torch.randint(7, (50,))
    assert weighted_cross_entropy(logits, torch.zeros(50), labels).item() == pytest.approx(math.log(7), rel=1e-5)


@settings(max_examples=20)
@given(st.floats(0.01, 0.99))
def test_learnable_margin_starts_where_it_is_told(initial: float) -> None:
    assert margin_value(learnable_margin(initial)).item() == pytest.approx(initial, abs=1e-5)


def test_learnable_margin_gets_a_gradient_while_groups_are_too_close() -> None:
    margin = learnable_margin(0.15)
    rank_regularisation(torch.full((10,), 0.5), beta=0.7, margin=margin_value(margin)).backward()
    assert margin.grad is not None
    assert margin.grad.item() > 0
