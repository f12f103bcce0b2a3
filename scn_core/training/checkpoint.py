"""What a stopped round continues from, and the weights a finished one leaves behind."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from scn_core.disk import naming_full_disk
from scn_core.errors import DAMAGED_ARRAYS, WorkspaceError, error_text
from scn_core.files import remove, replaced, write_bytes
from scn_core.records import FloatArray
from scn_core.scn.memorising import passes_to_average
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.suspicion import DYNAMICS, strongest_other

_CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.safetensors"
_PASSES = "passes.npy"
_COUNTS = "counts.npy"

CLEAN_PASS_COUNTS = 2.0
"""As many times as what was said in training: it sees the face as it is, by the weights at the end of an epoch."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a round after `epoch` epochs. Random numbers need none: each epoch is seeded anew."""

    epoch: int
    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    labels: Tensor
    """(N,) labels in force, which mode auto may have changed."""
    average: dict[str, Tensor] | None = None
    """The network of averaged weights, where there is one."""


CHECKPOINT_EVERY_S = 10.0
"""Seconds from the beginning of one write to that of the next: what a kill or a power cut costs at most, and an epoch.

A checkpoint of ResNet-18 is 134 MB, and on a GPU an epoch of 28,000 faces takes less than a second.
"""


class CheckpointWriter:
    """Keeps the state after the last whole epoch, and writes it to a round folder now and then while training goes on.

    As a context manager it ends with the newest state on the disk, also where an error or Ctrl-C ends the training.
    """

    def __init__(self, folder: Path, every_s: float = CHECKPOINT_EVERY_S) -> None:
        self._folder, self._every_s = folder, every_s
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._writing: Future[None] | None = None
        self._begun = -math.inf
        self._unwritten: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        try:
            # Where training has failed, that is what to say, not what became of the state before.
            with suppress(*(() if kind is None else (Exception,))):
                self._write_newest()
                self._settle()
        finally:
            self._thread.shutdown()

    def save(self, checkpoint: Checkpoint) -> None:
        """Keeps a copy of the state, on its device. Writes it if `every_s` have gone by, the first one at once.

        The file takes the place of the last one when it is whole; a kill in the middle leaves the last one. Raises
        what became of the write before this one.
        """
        self._unwritten = _each_tensor(vars(checkpoint), _copied)
        if time.monotonic() - self._begun >= self._every_s:
            self._write_newest()
        elif self._writing is not None and self._writing.done():
            self._settle()

    def _write_newest(self) -> None:
        self._settle()
        if self._unwritten is not None:
            self._begun = time.monotonic()
            on_host = _each_tensor(self._unwritten, Tensor.cpu)
            self._writing, self._unwritten = self._thread.submit(_write, self._folder, on_host), None

    def _settle(self) -> None:
        if self._writing is not None:
            self._writing.result()


def _write(folder: Path, state: dict[str, Any]) -> None:
    with replaced(folder / _CHECKPOINT, needed=_bytes_of(state)) as file:
        torch.save(state, file)


def _bytes_of(state: Any) -> int:
    """What the tensors of the state take."""
    if isinstance(state, Tensor):
        return state.nbytes
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list | tuple) else ()
    return sum(_bytes_of(part) for part in parts)


def _each_tensor(state: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The state with every tensor changed."""
    if isinstance(state, Tensor):
        return change(state)
    if isinstance(state, dict):
        return {name: _each_tensor(value, change) for name, value in state.items()}
    return [_each_tensor(value, change) for value in state] if isinstance(state, list | tuple) else state


def _copied(tensor: Tensor) -> Tensor:
    """A copy, as the next step changes the tensor: where it is, for which nothing is waited for, if there is room."""
    try:
        return tensor.detach().clone()
    except torch.OutOfMemoryError:
        return tensor.detach().to("cpu", copy=True)


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The last checkpoint of a round folder, on the CPU, or None if there is none.

    Raises WorkspaceError for a file that is not one of ours. Nothing is unpickled but tensors and plain values.
    """
    path = folder / _CHECKPOINT
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return Checkpoint(**{f.name: state[f.name] for f in fields(Checkpoint) if f.name in state})
    except Exception as error:
        raise WorkspaceError(
            f"{path}: found a damaged file, or one of another program; allowed: a checkpoint of this one; "
            "remove it, then --resume trains the round from its first epoch"
        ) from error


def drop_checkpoint(folder: Path) -> None:
    """Removes what only a round that goes on needs; optimiser state is twice the size of the weights."""
    remove(folder / _CHECKPOINT)
    (folder / _PASSES).unlink(missing_ok=True)
    (folder / _COUNTS).unlink(missing_ok=True)


class Dynamics:
    """What the network said of every face in each epoch, a row each in files of a round folder.

    dynamics.npy  (epochs, N) `DYNAMICS`: as it trained on the face, in the last epoch by the clean pass; stays
    passes.npy    (epochs, N, C) probabilities in half precision: as it trained on the face, or the mean of that and of
                  the epoch's clean pass; until the round has ended
    counts.npy    (epochs,) what a row of passes.npy counts in the mean over epochs; until the round has ended
    """

    def __init__(self, folder: Path, epochs: int, faces: int, classes: int, *, keep: bool) -> None:
        """`keep`: go on with the files, if they are there. Raises WorkspaceError for a damaged one."""
        self._epochs = epochs
        self._rows = _opened(folder / "dynamics.npy", DYNAMICS, (epochs, faces), keep)
        self._passes = _opened(folder / _PASSES, np.dtype("<f2"), (epochs, faces, classes), keep)
        self._counts = _opened(folder / _COUNTS, np.dtype("<f4"), (epochs,), keep)

    def has(self, epoch: int) -> bool:
        """Whether an epoch is recorded."""
        return bool(self._passes[epoch - 1, 0].any())

    def record(self, epoch: int, alpha: Tensor, probabilities: Tensor, given: Tensor) -> None:
        """The row of an epoch, 1..epochs: (N,) alpha, (N, C) probabilities, (N,) labels they are held to."""
        row, seen, labels = self._rows[epoch - 1], probabilities.cpu().numpy(), given.cpu().numpy()
        row["alpha"] = alpha.cpu().numpy()
        row["p_given"] = seen[np.arange(len(labels)), labels]
        row["p_other"] = strongest_other(seen, labels)
        self._rows.flush()

    def count(self, epoch: int, probabilities: Tensor, clean: Tensor | None) -> None:
        """What counts of an epoch in the mean: (N, C) probabilities once, those of its clean pass twice."""
        seen, count = probabilities.cpu().numpy(), 1.0
        if clean is not None:
            count += CLEAN_PASS_COUNTS
            seen = (seen + CLEAN_PASS_COUNTS * clean.cpu().numpy()) / count
        self._passes[epoch - 1] = seen
        self._counts[epoch - 1] = count
        self._passes.flush()
        self._counts.flush()

    def mean(self) -> tuple[FloatArray, range]:
        """(N, C) probabilities, averaged over the epochs that tell wrong labels from right ones, and these epochs.

        Of a round that an older program began, over those of them that are there.
        """
        rows, passes = self._rows[: self._epochs], self._passes[: self._epochs]
        which = passes_to_average(rows["p_given"], rows["p_other"])
        there = [place for place in which if passes[place, 0].any()] or [len(passes) - 1]
        total = np.zeros(passes.shape[1:], np.float32)
        for place in there:
            total += max(float(self._counts[place]), 1.0) * passes[place].astype(np.float32)  # 0: by an older program
        total /= total.sum(axis=1, keepdims=True)
        return total, range(there[0] + 1, there[-1] + 2)


def _opened(path: Path, kind: np.dtype[Any], shape: tuple[int, ...], keep: bool) -> np.memmap[Any, Any]:
    if not (keep and path.exists()):
        return _created(path, kind, shape)
    try:
        # To read first: numpy fills up a file that is cut off where it may write.
        found = np.lib.format.open_memmap(path, mode="r")
        if found.dtype == kind and found.shape[1:] == shape[1:] and len(found) >= shape[0]:
            return np.lib.format.open_memmap(path, mode="r+")
    except DAMAGED_ARRAYS as error:
        raise _damaged(path) from error
    raise _damaged(path)


def _created(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    """A file of zeros, whole and on the disk under its name before it is used: a checkpoint may be there already."""
    path.unlink(missing_ok=True)  # its room first
    size = kind.itemsize * math.prod(shape)
    with replaced(path, needed=size) as file:
        np.lib.format.open_memmap(file.name, mode="w+", dtype=kind, shape=shape)
        _take_room(file, path, size)
    return np.lib.format.open_memmap(path, mode="r+")


def _take_room(file: BinaryIO, path: Path, size: int) -> None:
    """Takes the room of a mapped file: without any when a page is first written, the system kills the process."""
    if not hasattr(os, "posix_fallocate"):
        return
    with suppress(OSError), naming_full_disk(path, size):  # some file systems cannot do it
        os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)


def _damaged(path: Path) -> WorkspaceError:
    found, allowed = "a damaged file, or one of another round", "what the epochs of this round left"
    return WorkspaceError(error_text(str(path), found, allowed, "remove it, then --resume goes on without it"))


def save_weights(folder: Path, model: SelfCureNetwork) -> None:
    """Writes weights.safetensors: every parameter and buffer under its name in `SelfCureNetwork`."""
    # Bytes, not `save_file`: that one makes files only their owner may read, whatever the umask.
    state = {name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}
    write_bytes(folder / WEIGHTS, save(state))
