"""What a training is given, what it says on the way, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from scn_core.records import FloatArray, IntArray, PixelArray
from scn_core.scn.relabel import Relabelling


@dataclass(frozen=True)
class TrainingData:
    """The faces of a round: N to train on, and those that only measure."""

    pixels: PixelArray
    """(all, S, S, 3) uint8, memory-mapped or not."""
    rows: IntArray
    """(N,) where in `pixels` the training faces are."""
    labels: IntArray
    """(N,) effective labels: what the first epoch trains on and proposals are measured against."""
    val_rows: IntArray
    """Faces of the validation split, possibly none."""
    val_labels: IntArray
    softness: FloatArray | None = None
    """(N,) share of each label's weight that goes evenly to the other classes; None: 0 for all."""
    targets: FloatArray | None = None
    """(N, C) shares of the classes to train on in place of label and softness, rows that sum to 1, or to 0 for faces
    without; None or (N, 0): no face has any."""


class StepReport(NamedTuple):
    """The running means of an epoch, for a progress bar."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float
    alpha_high: float
    alpha_low: float
    faces_per_s: float


@dataclass(frozen=True)
class TrainingPass:
    """A clean pass over the training faces, and what the relabel rule makes of it."""

    rule: Relabelling
    alpha: Tensor


@dataclass(frozen=True)
class TrainingResult(TrainingPass):
    """The round's last clean pass, and the mean of some of its passes."""

    labels: Tensor
    """(N,) labels the last epoch trained on."""
    mean: Tensor
    """(N, C) probabilities, averaged over the epochs that `passes_to_average` chooses."""
    averaged: range
    """These epochs, 1 and up."""


def softness_of(data: TrainingData, label_smoothing: float, device: torch.device) -> Tensor | None:
    """(N,) share of each label's weight for the other classes; None: 0 for all, which costs nothing then."""
    own = np.zeros(len(data.labels), np.float32) if data.softness is None else data.softness
    softness = np.maximum(own, np.float32(label_smoothing))
    return torch.from_numpy(softness).to(device) if softness.any() else None


def targets_of(data: TrainingData, label_smoothing: float, device: torch.device) -> Tensor | None:
    """(N, C) targets, smoothed as labels are; rows of 0 stay so. None: no face has any, which costs nothing then."""
    if data.targets is None or not data.targets.any():
        return None
    targets = data.targets
    others = (targets.sum(axis=1, keepdims=True) - targets) / (targets.shape[1] - 1)
    smoothed = (1 - label_smoothing) * targets + label_smoothing * others
    return torch.from_numpy(smoothed.astype(np.float32)).to(device)
