"""The clean pass: un-augmented pictures, evaluation mode, raw logits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scn_core.scn.model import SelfCureNetwork
from scn_core.training.device import Compute
from scn_core.training.resident import ResidentFaces


@dataclass(frozen=True)
class CleanPass:
    """What the network says of N faces as they are."""

    logits: Tensor
    """(N, C) raw, fp32."""
    alpha: Tensor
    """(N,)"""

    def accuracy(self, labels: Tensor) -> float:
        """Share of faces whose likeliest class is the label."""
        return (self.logits.argmax(dim=1) == labels).float().mean().item()


@torch.inference_mode()
def clean_pass(model: SelfCureNetwork, faces: ResidentFaces, compute: Compute, batch_size: int) -> CleanPass:
    """Logits and importance weights of all faces, in their order. Leaves the model in the mode it was in."""
    training = model.training
    model.eval()
    logits, alphas = [], []
    with compute.autocast():
        for rows in faces.in_order(batch_size):
            output = model(faces.pictures(rows))
            logits.append(output.logits)
            alphas.append(output.alpha)
    model.train(training)
    return CleanPass(torch.cat(logits), torch.cat(alphas))
