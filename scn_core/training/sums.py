"""Means over an epoch's batches."""

from __future__ import annotations

import time

import torch
from torch import Tensor


class EpochSums:
    """Sums over an epoch's batches, kept on the device so that no step waits for it."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(6, device=device, dtype=torch.float64)
        self._faces = 0
        self._started = time.perf_counter()

    def add(self, loss: Tensor, wce: Tensor, rank: Tensor, correct: Tensor, high: Tensor, low: Tensor, n: int) -> None:
        """The losses of a batch of `n` faces, the share of right ones, and the means of its two groups."""
        self._sums += torch.stack([loss, wce, rank, correct, high, low]).detach().double() * n
        self._faces += n

    def means(self) -> tuple[float, ...]:
        """loss, wce, rank, accuracy, alpha_high, alpha_low. Waits for the device."""
        return tuple((self._sums / self._faces).tolist())

    def faces_per_s(self) -> float:
        """Faces so far by the seconds since the first."""
        return self._faces / (time.perf_counter() - self._started)
