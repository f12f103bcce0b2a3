"""What a step makes smaller: the losses of a batch, of which every process of a team has a part."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scn_core.config import TrainSettings
from scn_core.scn.losses import group_means, rank_gap, total_loss, weighted_cross_entropy
from scn_core.scn.model import Output, SelfCureNetwork
from scn_core.training.distributed import Team
from scn_core.training.sums import Losses
from scn_core.training.variants import Blend


@dataclass(frozen=True)
class Objective:
    """The paper's loss, (1 - gamma) WCE + gamma RR (equations 2 to 4), and what the options make of it."""

    settings: TrainSettings
    model: SelfCureNetwork
    """Whose margin alpha is ranked by."""
    team: Team

    def __call__(
        self,
        output: Output,
        labels: Tensor,
        softness: Tensor | None = None,
        blend: Blend | None = None,
        targets: Tensor | None = None,
        *,
        weighting: bool,
    ) -> Losses:
        """The losses of a batch of B; with `rank_over` batch it is ranked among what all processes have.

        Args:
            output: of the network, for this process's part.
            labels: (B,)
            softness: (B,) share of each label's weight that goes evenly to the other classes; None: 0.
            blend: which faces were blended in; None: none.
            targets: (B, C) in place of label and softness, of faces whose row is not all 0; None: of none.
            weighting: whether alpha weights the logits yet. Before that the head only watches: logits that know
                nothing yet would teach it to silence all.
        """
        settings, alpha = self.settings, output.alpha
        weights = alpha if weighting else torch.ones_like(alpha)
        wce = weighted_cross_entropy(output.logits, weights, labels, softness, targets)
        if blend is not None:
            others = None if softness is None else softness[blend.partner]
            aims = None if targets is None else targets[blend.partner]
            other = weighted_cross_entropy(output.logits, weights, labels[blend.partner], others, aims)
            wce = torch.lerp(other, wce, blend.share)
        ranked = self.team.with_gradient(alpha) if settings.rank_over == "batch" else alpha
        high, low = group_means(ranked, settings.beta)
        rank = rank_gap(high, low, margin=self.model.margin_rank)
        loss = total_loss(rank if weighting else rank.detach(), wce, gamma=settings.gamma)
        return Losses(loss, wce, rank, high, low)
