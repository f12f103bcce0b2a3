"""The clean pass: un-augmented pictures, evaluation mode, raw logits; and the mean of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from scn_core.config import TrainSettings
from scn_core.scn.model import SelfCureNetwork
from scn_core.training.device import Compute
from scn_core.training.distributed import ALONE, Team
from scn_core.training.resident import ResidentFaces, normalise

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


_BETWEEN_PASSES = 3
_KNOWS_LITTLE = 0.2


def has_clean_pass(settings: TrainSettings, epoch: int) -> bool:
    """Whether an epoch (1..epochs) ends in a clean pass, which costs a third of its training.

    The last one does, and every third before it, but for the first fifth of the epochs, in which the network knows
    little; in mode auto, every one that sets labels too. With mixup all of them do: what the network says of blended
    faces says nothing of single ones, so there are no predictions from training to go by.
    """
    if settings.mixup or (settings.relabel == "auto" and epoch >= settings.relabel_from):
        return True
    back = settings.epochs - epoch
    return back == 0 or (back % _BETWEEN_PASSES == 0 and epoch > _KNOWS_LITTLE * settings.epochs)


def mirrors(settings: TrainSettings, epoch: int) -> bool:
    """Whether the clean pass of an epoch (1..epochs) sees the faces mirrored: every other one, never the last.

    Mode auto sees them as they are: the paper's own. False for an epoch without a clean pass.
    """
    if settings.relabel == "auto" or not has_clean_pass(settings, epoch):
        return False
    between = 1 if settings.mixup else _BETWEEN_PASSES
    return (settings.epochs - epoch) // between % 2 == 1


@torch.inference_mode()
def clean_pass(
    model: SelfCureNetwork,
    faces: ResidentFaces,
    compute: Compute,
    batch_size: int | None = None,
    *,
    mirrored: bool = False,
    step: Callable[[], None] = lambda: None,
    team: Team = ALONE,
) -> CleanPass:
    """Logits and importance weights of all faces, in their order. Leaves the model in the mode it was in.

    With `mirrored`, left and right are swapped. `step` is called after every batch. Each process of the team sees its
    part of the faces; all of them return the whole.
    """
    classes = model.classifier.out_features
    seen = [torch.empty(0, classes + 1, device=faces.device)]
    rows = faces.in_order(batch_size or compute.clean_batch, team.part(len(faces)))
    with evaluating(model), compute.autocast():
        for _, pixels in faces.batches(rows, mirrored=mirrored):
            output = model(compute.arranged(normalise(pixels)))
            seen.append(torch.cat([output.logits, output.alpha.unsqueeze(1)], dim=1))
            step()
    logits, alpha = team.gathered(torch.cat(seen), len(faces)).split([classes, 1], dim=1)
    return CleanPass(logits.contiguous(), alpha.squeeze(1).contiguous())


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
        some = islice(faces.shuffled(batch_size, generator), -(-_SETTLING_FACES // batch_size))
        for _, pixels in faces.batches(some):
            model(compute.arranged(normalise(pixels)))
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
