"""Means over an epoch's batches."""

from __future__ import annotations

import time
from typing import NamedTuple

import torch
from torch import Tensor

from scn_core.training.distributed import Team


class Losses(NamedTuple):
    """Scalars of a batch."""

    total: Tensor
    wce: Tensor
    """Logit-weighted cross entropy."""
    rank: Tensor
    """Rank regularisation."""
    alpha_high: Tensor
    """Mean importance of the high group."""
    alpha_low: Tensor


class EpochSums:
    """Sums over an epoch's batches, kept on the device so that no step waits for it.

    They stay in one place from epoch to epoch, so that a recorded step finds them.
    """

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(6, device=device, dtype=torch.float64)
        self.begin()

    def begin(self) -> None:
        """Nothing yet, as of now."""
        self._sums.zero_()
        self._faces = 0
        self._started = time.perf_counter()

    def add(self, losses: Losses, correct: Tensor, n: int) -> None:
        """The losses of a batch of `n` faces, and the share of right ones. Works on the device alone."""
        self._sums += torch.stack([*losses[:3], correct, *losses[3:]]).detach().double() * n

    def count(self, n: int) -> None:
        """`n` faces were added."""
        self._faces += n

    def of_all(self, team: Team) -> None:
        """The sums of all processes, in each of them."""
        team.add_up(self._sums)
        self._faces *= team.size

    def means(self) -> tuple[float, ...]:
        """loss, wce, rank, accuracy, alpha_high, alpha_low. Waits for the device."""
        return tuple((self._sums / self._faces).tolist())

    def faces_per_s(self) -> float:
        """Faces so far by the seconds since the first."""
        return self._faces / (time.perf_counter() - self._started)
