"""The losses of the Self-Cure Network (CVPR 2020, section 3).

Shapes: N faces in a batch, C classes. Nothing here waits for the device: no `.item()`, no branch on a value.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def weighted_logits(logits: Tensor, alpha: Tensor) -> Tensor:
    """alpha_i * W_j^T x_i: (N, C) logits times (N,) importance weights in (0, 1)."""
    return logits * alpha.unsqueeze(1)


def weighted_cross_entropy(
    logits: Tensor,
    alpha: Tensor,
    labels: Tensor,
    softness: Tensor | None = None,
    targets: Tensor | None = None,
) -> Tensor:
    """Logit-weighted cross entropy L_WCE, averaged over the batch.

    Weighting the logits rather than the loss rules out the trivial solution alpha = 0.

    Args:
        logits: (N, C), raw.
        alpha: (N,), importance weights.
        labels: (N,), int64 class numbers.
        softness: (N,), 0..1: share of a label's weight that goes evenly to the C - 1 other classes; None: 0 for all.
        targets: (N, C) in place of label and softness, rows that sum to 1, or to 0 for faces without; None: for all.
    """
    weighted = weighted_logits(logits, alpha)
    if targets is not None:
        whole = soft_labels(labels, softness, logits.shape[1])
        wanted = torch.where(targets.sum(dim=1, keepdim=True) > 0, targets, whole)
        return F.cross_entropy(weighted, wanted.to(weighted.dtype))
    loss = F.cross_entropy(weighted, labels)
    if softness is None:
        return loss
    log_p = weighted.log_softmax(dim=1)
    own = log_p.gather(1, labels.unsqueeze(1)).squeeze(1)
    others = (log_p.sum(dim=1) - own) / (logits.shape[1] - 1)
    return loss + (softness * (own - others)).mean()


def soft_labels(labels: Tensor, softness: Tensor | None, classes: int) -> Tensor:
    """(N, classes) what (N,) labels and their (N,) softness come to as shares of the classes; None: 0 for all."""
    own = F.one_hot(labels, classes).float()
    if softness is None:
        return own
    soft = softness.unsqueeze(1)
    return own * (1 - soft) + (1 - own) * (soft / (classes - 1))


def high_group_size(n: int, beta: float) -> int:
    """M = beta * N, rounded, with at least one face in either group.

    Raises ValueError for fewer than two faces: two groups cannot be formed.
    """
    if n < 2:
        raise ValueError(f"got a batch of {n}; rank regularisation needs at least 2 faces to form two groups")
    return min(max(round(beta * n), 1), n - 1)


def group_means(alpha: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """Mean importance of the high group (top M = beta * N) and of the low-importance group, from (N,) weights."""
    ranked = alpha.sort(descending=True).values
    m = high_group_size(alpha.shape[0], beta)
    return ranked[:m].mean(), ranked[m:].mean()


def rank_regularisation(alpha: Tensor, *, beta: float, margin: float | Tensor) -> Tensor:
    """L_RR = max(0, delta1 - (mean alpha_H - mean alpha_L)); `margin` is delta1, fixed or a learnable scalar."""
    return rank_gap(*group_means(alpha, beta), margin=margin)


def rank_gap(high: Tensor, low: Tensor, *, margin: float | Tensor) -> Tensor:
    """`rank_regularisation` by the means of the two groups."""
    return (margin - (high - low)).clamp_min(0)


def total_loss(rank: Tensor, cross_entropy: Tensor, *, gamma: float) -> Tensor:
    """L = gamma * L_RR + (1 - gamma) * L_WCE."""
    return gamma * rank + (1 - gamma) * cross_entropy


def learnable_margin(initial: float) -> torch.nn.Parameter:
    """delta1 as a parameter, stored as its logit so that it stays in (0, 1). `margin_value` reads it."""
    return torch.nn.Parameter(torch.logit(torch.tensor(float(initial)), eps=1e-4))


def margin_value(parameter: Tensor) -> Tensor:
    """The delta1 a `learnable_margin` stands for, in (0, 1)."""
    return torch.sigmoid(parameter)
