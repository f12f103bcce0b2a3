"""Variants of the training that keep a network from memorising wrong labels; each is off unless its option is set."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor

from scn_core.scn.model import SelfCureNetwork


class AverageWeights:
    """A second network whose weights follow those that are trained (Polyak averaging).

    At step t, counted from 0, min(decay, (1 + t) / (10 + t)) of the average is kept, so that it leaves the random start
    behind within a few dozen steps: a decay of 0.999 alone would keep three quarters of it after 300.
    Its batch statistics are its own: they are settled before each clean pass, as those of the first are.
    """

    def __init__(self, model: SelfCureNetwork, decay: float) -> None:
        """`decay`: what is kept of the average at each step in the end, 0..1."""
        self.model = deepcopy(model).requires_grad_(False)
        self._decay = decay
        # On the device: a recorded step reads it anew each time.
        self._steps = torch.zeros((), device=next(model.parameters()).device)

    @torch.no_grad()
    def follow(self, model: SelfCureNetwork) -> None:
        """Takes in the weights after one more step. Does not wait for the device."""
        moved = 1 - ((1 + self._steps) / (10 + self._steps)).clamp(max=self._decay)
        own: list[Tensor] = [*self.model.parameters()]
        new: list[Tensor] = [*model.parameters()]
        apart = [*torch._foreach_sub(new, own)]  # few launches, whatever the number of layers
        torch._foreach_mul_(apart, moved)
        torch._foreach_add_(own, apart)
        self._steps += 1

    def resume(self, weights: dict[str, Tensor], steps: int) -> None:
        """From where it was after so many steps, with the weights it had."""
        self.model.load_state_dict(weights)
        self._steps.fill_(steps)


class Blend(NamedTuple):
    """Which faces of a batch of B were blended into which, and how much is left of the first."""

    partner: Tensor
    """(B,) places in the batch."""
    share: Tensor
    """Scalar, 0.5..1."""


def blended(pictures: Tensor, concentration: float, generator: torch.Generator) -> tuple[Tensor, Blend]:
    """Mixup (Zhang et al., 2018): every one of (B, 3, S, S) pictures with another of the batch shining through.

    The share is drawn once a batch from Beta(concentration, concentration), the same by all processes of a team. Where
    they share a batch, partners are of one process's part, so several processes do not come to what one comes to.
    """
    shape = torch.full((2,), concentration, device=pictures.device)
    drawn = torch._sample_dirichlet(shape, generator)[0]  # what Beta draws, but from the generator that all share
    share = torch.maximum(drawn, 1 - drawn)  # the same pairs, and the first of a pair leads
    partner = torch.randperm(len(pictures), generator=generator, device=generator.device)
    return torch.lerp(pictures[partner], pictures, share), Blend(partner, share)
