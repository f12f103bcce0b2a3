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
    """N pictures and their labels on one device.

    On the CPU the pictures stay in the memory-mapped file and are paged in as needed; on a GPU they are copied once.
    """

    def __init__(self, pixels: PixelArray, rows: IntArray, labels: IntArray, device: torch.device) -> None:
        """`pixels`: (all, S, S, 3), of which the N `rows` are taken; `labels`: (N,) class numbers."""
        if len(rows) != len(labels):
            raise ValueError(f"got {len(rows)} pictures and {len(labels)} labels; the counts must be equal")
        self.labels = torch.from_numpy(labels).to(device)
        self.device = device
        self._rows = torch.from_numpy(rows).to(device)
        self._pixels = torch.from_numpy(pixels)
        if device.type != "cpu":
            self._pixels = _copied(self._pixels, rows, device)
            self._rows = torch.arange(len(rows), device=device)

    def __len__(self) -> int:
        return len(self.labels)

    def pictures(self, rows: Tensor, *, mirrored: bool = False) -> Tensor:
        """(len(rows), 3, S, S) floats, normalised, channels_last in memory; left and right swapped if `mirrored`."""
        pixels = self._pixels[self._rows[rows]]
        return normalise(pixels.flip(2) if mirrored else pixels)

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


def _copied(pixels: Tensor, rows: IntArray, device: torch.device, chunk: int = 4096) -> Tensor:
    """The rows' pictures on the device, copied piece by piece so that host memory stays bounded."""
    there = torch.empty(len(rows), *pixels.shape[1:], dtype=torch.uint8, device=device)
    for start in range(0, len(rows), chunk):
        there[start : start + chunk] = pixels[torch.from_numpy(rows[start : start + chunk])].to(device)
    return there


def steps_per_epoch(faces: int, batch_size: int) -> int:
    """Batches that `ResidentFaces.shuffled` yields."""
    return -(-faces // min(batch_size, faces))


def normalise(pixels: Tensor) -> Tensor:
    """(B, S, S, 3) uint8 -> (B, 3, S, S) float32 with mean 0 and deviation 1 on ImageNet, channels_last."""
    mean = torch.tensor(_MEAN, device=pixels.device)
    std = torch.tensor(_STD, device=pixels.device)
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)
