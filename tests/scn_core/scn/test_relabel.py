"""The relabel rule against a slow reference, and what it must never do."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from scn_core.scn.losses import high_group_size
from scn_core.scn.relabel import low_importance_group, propose, propose_by, relabel_for_next_epoch


def reference_proposals(logits: Tensor, alpha: Tensor, labels: Tensor, beta: float, margin: float) -> list[int]:
    """y' = argmax P if P_max - P_y > delta2 for the lowest N - M alphas, else -1; one face at a time."""
    n = len(labels)
    order = sorted(range(n), key=lambda i: (alpha[i].item(), i))
    low = set(order[: n - high_group_size(n, beta)])
    proposals = []
    for i in range(n):
        powers = [math.exp(score) for score in logits[i].tolist()]
        p = [power / sum(powers) for power in powers]
        best = max(range(len(p)), key=lambda j: (p[j], -j))
        proposals.append(best if i in low and p[best] - p[int(labels[i])] > margin else -1)
    return proposals


@given(st.integers(2, 60), st.integers(2, 8), st.floats(0.05, 0.95), st.integers(0, 2**31))
def test_rule_is_the_formula(n: int, classes: int, beta: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, classes, generator=generator) * 3
    alpha, labels = torch.rand(n, generator=generator), torch.randint(classes, (n,), generator=generator)
    rule = propose(logits, alpha, labels, beta=beta, margin=0.2)
    assert rule.proposed.tolist() == reference_proposals(logits, alpha, labels, beta, 0.2)
    assert torch.allclose(rule.margin, rule.p_max - rule.p_given)
    assert rule.margin.min() >= 0
    assert int(rule.low_importance.sum()) == n - high_group_size(n, beta)


@settings(deadline=None)
@given(st.integers(2, 60), st.integers(2, 8), st.integers(0, 2**31))
def test_the_rule_is_the_same_by_probabilities(n: int, classes: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    probabilities = torch.rand(n, classes, generator=generator) + 0.01
    probabilities /= probabilities.sum(dim=1, keepdim=True)
    alpha, labels = torch.rand(n, generator=generator), torch.randint(classes, (n,), generator=generator)
    rule = propose_by(probabilities, alpha, labels, beta=0.7, margin=0.2)
    assert rule.probabilities is probabilities
    assert rule.proposed.tolist() == reference_proposals(probabilities.double().log(), alpha, labels, 0.7, 0.2)
    by_logits = propose(probabilities.log(), alpha, labels, beta=0.7, margin=0.2)
    for field in ("predicted", "proposed", "low_importance"):
        assert torch.equal(getattr(rule, field), getattr(by_logits, field))
    for field in ("probabilities", "p_given", "p_max", "margin"):
        assert torch.allclose(getattr(rule, field), getattr(by_logits, field), atol=1e-6)


def test_only_the_low_importance_group_is_relabelled() -> None:
    logits = torch.tensor([[0.0, 9.0]] * 10)
    alpha = torch.linspace(0, 1, 10)
    rule = propose(logits, alpha, torch.zeros(10, dtype=torch.int64), beta=0.7, margin=0.2)
    assert rule.proposed.tolist() == [1, 1, 1] + [-1] * 7


def test_low_alpha_does_not_flatten_the_softmax_it_is_judged_by() -> None:
    """From the weighted softmax, a face with alpha 0.01 would have margin 0.04 and never be proposed."""
    logits = torch.tensor([[0.0, 8.0], [8.0, 0.0]])
    rule = propose(logits, torch.tensor([0.01, 0.9]), torch.tensor([0, 0]), beta=0.5, margin=0.2)
    assert rule.margin[0].item() == pytest.approx(math.tanh(4), abs=1e-5)
    assert rule.proposed.tolist() == [1, -1]


def test_margin_must_be_exceeded_not_met() -> None:
    logits = torch.zeros(4, 2)
    rule = propose(logits, torch.rand(4), torch.zeros(4, dtype=torch.int64), beta=0.5, margin=0.0)
    assert (rule.proposed == -1).all()


def test_others_than_the_group_may_be_asked_about() -> None:
    p = torch.tensor([[0.1, 0.9]] * 5 + [[0.45, 0.55]])
    alpha, labels = torch.tensor([0.1, 0.9, 0.8, 0.7, 0.6, 0.5]), torch.zeros(6, dtype=torch.int64)
    assert propose_by(p, alpha, labels, beta=0.8, margin=0.2).proposed.tolist() == [1, -1, -1, -1, -1, -1]
    among = torch.tensor([False, True, False, True, False, True])
    rule = propose_by(p, alpha, labels, beta=0.8, margin=0.2, among=among)
    assert rule.proposed.tolist() == [-1, 1, -1, 1, -1, -1]
    assert rule.low_importance.tolist() == [True] + [False] * 5


def test_equal_alphas_still_give_a_group_of_the_right_size() -> None:
    assert low_importance_group(torch.full((10,), 0.5), 0.7).tolist() == [True] * 3 + [False] * 7


def test_next_epoch_labels_leave_given_and_current_as_they_are() -> None:
    given_labels, current = torch.tensor([0, 0, 0, 0]), torch.tensor([1, 1, 0, 1])
    logits = torch.tensor([[0.0, 9.0], [9.0, 0.0], [0.0, 9.0], [0.0, 9.0]])
    rule = propose(logits, torch.tensor([0.1, 0.2, 0.8, 0.9]), given_labels, beta=0.5, margin=0.2)
    following = relabel_for_next_epoch(rule, given_labels, current)
    # low and proposed -> 1; low and no longer proposed -> given; high keeps what it has, relabelled or not
    assert following.tolist() == [1, 0, 0, 1]
    assert given_labels.tolist() == [0, 0, 0, 0]
    assert current.tolist() == [1, 1, 0, 1]
