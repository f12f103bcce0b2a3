"""All pictures and labels as tensors on the training device; a batch is an index into them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from scn_core.records import IntArray, PixelArray

# ImageNet statistics of RGB in 0..255, which torchvision's weights expect.
_MEAN = (123.675, 116.28, 103.53)
_STD = (58.395, 57.12, 57.375)


class ResidentFaces:
    """N pictures as one uint8 tensor and their labels, on one device.

    On the CPU the pictures stay in the memory-mapped file and are paged in as needed; on a GPU they are copied once.
    """

    def __init__(self, pixels: PixelArray, labels: IntArray, device: torch.device) -> None:
        """`pixels`: (N, S, S, 3); `labels`: (N,) class numbers."""
        if len(pixels) != len(labels):
            raise ValueError(f"got {len(pixels)} pictures and {len(labels)} labels; the counts must be equal")
        self.pixels = torch.from_numpy(pixels).to(device)
        self.labels = torch.from_numpy(labels.astype("int64")).to(device)
        self.device = device

    def __len__(self) -> int:
        return len(self.labels)

    def pictures(self, rows: Tensor) -> Tensor:
        """(len(rows), 3, S, S) floats, normalised, channels_last in memory."""
        return normalise(self.pixels[rows])

    def shuffled(self, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Row batches of one epoch in random order, each of exactly min(batch_size, N).

        The last batch is filled up from the start of the order: equal batches keep the two rank groups (and batch
        normalisation) well defined, where a remainder of one face would give NaN.
        """
        n = len(self)
        size = min(batch_size, n)
        order = torch.randperm(n, generator=generator, device=self.device)
        order = torch.cat([order, order[: -n % size]])
        yield from order.split(size)

    def in_order(self, batch_size: int) -> Iterator[Tensor]:
        """Row batches of one clean pass, in order; the last may be short."""
        yield from torch.arange(len(self), device=self.device).split(batch_size)


def steps_per_epoch(faces: int, batch_size: int) -> int:
    """Batches that `ResidentFaces.shuffled` yields."""
    return -(-faces // min(batch_size, faces))


def normalise(pixels: Tensor) -> Tensor:
    """(B, S, S, 3) uint8 -> (B, 3, S, S) float32 with mean 0 and deviation 1 on ImageNet, channels_last."""
    mean = torch.tensor(_MEAN, device=pixels.device)
    std = torch.tensor(_STD, device=pixels.device)
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)
