"""All pictures and labels as tensors, on the device or as near to it as they fit; a batch is an index into them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from scn_core.config import ResidentChoice
from scn_core.records import IntArray, PixelArray
from scn_core.training.memory import Tier, free_room

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of red, green and blue in 0..1 on ImageNet, which torchvision's weights expect: the network is given
(pixels - MEAN) / STD."""
_COPIED_AT_ONCE = 4096

T = TypeVar("T")


class ResidentFaces:
    """N pictures and their labels. The pictures are in one of three places, and batches are the same from each.

    device  as uint8 on the device: a batch is one indexing kernel, and nothing waits for the host
    pinned  in the host's memory; a thread gathers the next batch into page-locked memory and copies it while the
            device computes
    file    the same out of the memory-mapped file, for what not even the host has room for

    Where the host computes, it is the device: pinned is device there, and nothing is gathered ahead.
    """

    def __init__(
        self,
        pixels: PixelArray,
        rows: IntArray,
        labels: IntArray,
        device: torch.device,
        resident: ResidentChoice = "auto",
        sharers: int = 1,
    ) -> None:
        """`pixels`: (all, S, S, 3), of which the N `rows` are taken; `labels`: (N,) class numbers.

        `sharers` processes on this host keep pictures; `auto` leaves each its part of the memory.
        """
        if len(rows) != len(labels):
            raise ValueError(f"got {len(rows)} pictures and {len(labels)} labels; the counts must be equal")
        self.labels = torch.tensor(labels, device=device)  # a copy: mode auto writes into it
        self.device = device
        self.bytes = len(rows) * int(np.prod(pixels.shape[1:], dtype=np.int64))
        """Of the pictures."""
        self.tier: Tier = free_room(device, sharers).tier(self.bytes, resident)
        there = _tensor(pixels)
        if self.tier == "file":
            self._pixels, self._rows = there, torch.from_numpy(rows)
        else:
            home = device if self.tier == "device" else torch.device("cpu")
            self._pixels, self._rows = _copied(there, rows, home), torch.arange(len(rows), device=home)
        self._streams = self.tier != "device" and device.type == "cuda"

    def __len__(self) -> int:
        return len(self.labels)

    def pictures(self, rows: Tensor, *, mirrored: bool = False) -> Tensor:
        """(len(rows), 3, S, S) floats, normalised, channels_last in memory; left and right swapped if `mirrored`."""
        return normalise(self._gathered(rows, mirrored))

    def batches(self, rows: Iterable[Tensor], *, mirrored: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        """Every batch of B rows with its (B, S, S, 3) pixels; the next one is on its way while one is worked on."""
        if not self._streams:
            yield from ((some, self._gathered(some, mirrored)) for some in rows)
            return
        copies = torch.cuda.Stream(self.device)

        def fetch(some: Tensor) -> tuple[Tensor, Tensor, torch.cuda.Event]:
            # On a stream of its own, so that the copy and the steps run side by side.
            with torch.cuda.stream(copies):
                pixels = self._gathered(some, mirrored)
                return some.to(self.device, non_blocking=True), pixels, copies.record_event()

        for some, pixels, copied in ahead(map(fetch, self._on_host(rows))):
            now = torch.cuda.current_stream(self.device)
            now.wait_event(copied)
            for tensor in (some, pixels):
                tensor.record_stream(now)  # its memory is not used again before the step has read it
            yield some, pixels

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

    def in_order(self, batch_size: int, part: slice = slice(None)) -> Iterator[Tensor]:
        """Row batches of one clean pass over a part of the faces, in order; the last may be short, none is empty."""
        rows = torch.arange(len(self), device=self.device)[part]
        yield from rows.split(batch_size) if len(rows) else ()

    def describe(self) -> str:
        """Such as '3.20 GB of pictures on the device'."""
        where = {"device": "on the device", "pinned": "in host memory", "file": "in the memory-mapped file"}
        return f"{self.bytes / 1e9:.2f} GB of pictures {where[self.tier]}"

    def _gathered(self, rows: Tensor, mirrored: bool) -> Tensor:
        """(len(rows), S, S, 3) uint8 on the device."""
        if self._streams:
            staged = torch.empty(len(rows), *self._pixels.shape[1:], dtype=torch.uint8, pin_memory=True)
            # By numpy, as torch would have its threads wait for each other: four times slower on 16 cores.
            np.take(self._pixels.numpy(), self._rows[rows.cpu()].numpy(), axis=0, out=staged.numpy(), mode="clip")
            pixels = staged.to(self.device, non_blocking=True)
        else:
            pixels = self._pixels[self._rows[rows]]
        return pixels.flip(2) if mirrored else pixels

    def _on_host(self, rows: Iterable[Tensor]) -> Iterator[Tensor]:
        # One copy for all batches: one for each would wait for the device every time.
        several = list(rows)
        yield from torch.cat(several).cpu().split([len(some) for some in several]) if several else ()


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The items in their order, each drawn by a thread while its predecessor is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:
        end = object()
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]


def _tensor(pixels: PixelArray) -> Tensor:
    with warnings.catch_warnings():  # the map is for reading, and nothing here writes to it
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(pixels)


def _copied(pixels: Tensor, rows: IntArray, home: torch.device) -> Tensor:
    """The rows' pictures in the memory of `home`, copied piece by piece so that no second copy of all is made."""
    there = torch.empty(len(rows), *pixels.shape[1:], dtype=torch.uint8, device=home)
    for start in range(0, len(rows), _COPIED_AT_ONCE):
        part = slice(start, start + _COPIED_AT_ONCE)
        there[part] = pixels[torch.from_numpy(rows[part])].to(home)
    return there


def steps_per_epoch(faces: int, batch_size: int) -> int:
    """Batches that `ResidentFaces.shuffled` yields."""
    return -(-faces // min(batch_size, faces))


def normalise(pixels: Tensor) -> Tensor:
    """(B, S, S, 3) uint8 -> (B, 3, S, S) float32 with mean 0 and deviation 1 on ImageNet, channels_last."""
    mean, std = _statistics(pixels.device)
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)


@cache  # a tensor made from numbers of the host makes it wait for the device
def _statistics(device: torch.device) -> tuple[Tensor, Tensor]:
    mean, std = (torch.tensor(of_each, dtype=torch.float64) * 255 for of_each in (MEAN, STD))
    return mean.float().to(device), std.float().to(device)
