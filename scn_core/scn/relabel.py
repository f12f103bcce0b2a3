"""The low-importance group and the relabel rule (CVPR 2020, section 3), on raw logits or probabilities of clean passes.

The published code relabels the whole batch, from the augmented and alpha-weighted softmax. Weighting flattens exactly
the faces that relabelling is about, so here the softmax is that of the raw logits, and only the low-importance group
is ever relabelled.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scn_core.scn.losses import high_group_size


def low_importance_group(alpha: Tensor, beta: float) -> Tensor:
    """(N,) bool mask of the N - M faces with the lowest importance; ties go by position, so the size is exact."""
    n = alpha.shape[0]
    low = torch.zeros(n, dtype=torch.bool, device=alpha.device)
    low[alpha.argsort(stable=True)[: n - high_group_size(n, beta)]] = True
    return low


@dataclass(frozen=True)
class Relabelling:
    """What the relabel rule says of N faces; every field is a tensor of N (or N x C)."""

    probabilities: Tensor
    """(N, C) that the rule was applied to; rows sum to 1."""
    predicted: Tensor
    """(N,) argmax class."""
    p_given: Tensor
    p_max: Tensor
    margin: Tensor
    """P_max - P_given, 0..1."""
    low_importance: Tensor
    """(N,) bool."""
    proposed: Tensor
    """(N,) proposed class, -1 where none is."""


def propose(logits: Tensor, alpha: Tensor, given: Tensor, *, beta: float, margin: float) -> Relabelling:
    """The relabel rule: within the low-importance group, y' = argmax P if P_max - P_given > delta2, else y.

    Args:
        logits: (N, C), raw, from an un-augmented pass in evaluation mode.
        alpha: (N,) importance weights of the same pass.
        given: (N,) int64 labels the proposals are measured against.
        beta: share of faces in the high-importance group.
        margin: delta2.
    """
    return propose_by(logits.float().softmax(dim=1), alpha, given, beta=beta, margin=margin)


def propose_by(
    probabilities: Tensor,
    alpha: Tensor,
    given: Tensor,
    *,
    beta: float,
    margin: float,
    among: Tensor | None = None,
) -> Relabelling:
    """`propose` by (N, C) probabilities, rows summing to 1: of the mean of several passes, cured or not.

    `among`, (N,) bool: faces that may be proposed a relabel; None: the low-importance group.
    """
    p_max, predicted = probabilities.max(dim=1)
    p_given = probabilities.gather(1, given.unsqueeze(1)).squeeze(1)
    gap = p_max - p_given
    low = low_importance_group(alpha, beta)
    may = low if among is None else among
    proposed = torch.where(may & (gap > margin), predicted, torch.full_like(predicted, -1))
    return Relabelling(probabilities, predicted, p_given, p_max, gap, low, proposed)


def relabel_for_next_epoch(rule: Relabelling, given: Tensor, current: Tensor) -> Tensor:
    """Mode auto: the (N,) labels the next epoch trains on. `given` and `current` stay as they are.

    A low-importance face takes the proposed label, or its given one where the rule proposes none; a face that has
    risen to the high group keeps the label it rose with.
    """
    cured = torch.where(rule.proposed >= 0, rule.proposed, given)
    return torch.where(rule.low_importance, cured, current)
