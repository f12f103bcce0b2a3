"""The clean pass: un-augmented pictures, evaluation mode, raw logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from scn_core.scn.model import SelfCureNetwork
from scn_core.training.device import Compute
from scn_core.training.resident import ResidentFaces

_SETTLING_FACES = 1024


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
def clean_pass(
    model: SelfCureNetwork,
    faces: ResidentFaces,
    compute: Compute,
    batch_size: int | None = None,
    *,
    step: Callable[[], None] = lambda: None,
) -> CleanPass:
    """Logits and importance weights of all faces, in their order. Leaves the model in the mode it was in.

    `step` is called after every batch.
    """
    logits, alphas = [], []
    with evaluating(model), compute.autocast():
        for rows in faces.in_order(batch_size or compute.clean_batch):
            output = model(faces.pictures(rows))
            logits.append(output.logits)
            alphas.append(output.alpha)
            step()
    return CleanPass(torch.cat(logits), torch.cat(alphas))


@torch.no_grad()
def settle_statistics(
    model: SelfCureNetwork, faces: ResidentFaces, compute: Compute, batch_size: int, generator: torch.Generator
) -> None:
    """Recomputes what batch normalisation believes of its inputs, from random batches of un-augmented faces.

    The running averages kept while training lag behind the weights. After a few steps of large batches they are so far
    off that the clean pass saw alpha at 0.004 where the training batches had 0.4. Costs the forward pass of a thousand
    faces.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    with evaluating(model), compute.autocast():
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain average over the batches that follow
            norm.train()
        for rows in islice(faces.shuffled(batch_size, generator), -(-_SETTLING_FACES // batch_size)):
            model(faces.pictures(rows))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode within; afterwards the mode it was in."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
