"""What a stopped round continues from, and the weights a finished one leaves behind."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from scn_core.errors import WorkspaceError
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.suspicion import DYNAMICS, strongest_other

_CHECKPOINT = "checkpoint.pt"
_WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a round after `epoch` epochs. Random numbers need none: each epoch is seeded anew."""

    epoch: int
    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    labels: Tensor
    """(N,) labels in force, which mode auto may have changed."""
    seen: Tensor | None = None
    """(N, C) sum of the probabilities of the averaged clean passes; None in a checkpoint of an older program."""
    passes: int = 0
    """How many they are."""
    average: dict[str, Tensor] | None = None
    """The network of averaged weights, where there is one."""


class CheckpointWriter:
    """Writes the checkpoints of a round folder while training goes on; as a context manager it ends with the last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *told: object) -> None:
        self._thread.shutdown()
        if kind is None:
            self._settle()

    def save(self, checkpoint: Checkpoint) -> None:
        """Copies the state to the host now; the file takes the place of the last one when it is whole.

        A kill in the middle leaves the last one. Waits while that is still being written; raises what became of it.
        """
        self._settle()
        self._last = self._thread.submit(_write, self._folder, _copied(vars(checkpoint)))

    def _settle(self) -> None:
        if self._last is not None:
            self._last.result()


def _write(folder: Path, state: dict[str, Any]) -> None:
    unfinished = folder / (_CHECKPOINT + ".tmp")
    torch.save(state, unfinished)
    unfinished.replace(folder / _CHECKPOINT)


def _copied(state: Any) -> Any:
    """The state with every tensor copied to the host, as the next step changes it."""
    if isinstance(state, Tensor):
        return state.detach().to("cpu", copy=True)
    if isinstance(state, dict):
        return {name: _copied(value) for name, value in state.items()}
    return [_copied(value) for value in state] if isinstance(state, list | tuple) else state


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The last checkpoint of a round folder, on the CPU, or None if there is none.

    Raises WorkspaceError for a file that is not one of ours. Nothing is unpickled but tensors and plain values.
    """
    path = folder / _CHECKPOINT
    if not path.exists():
        return None
    try:
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        raise WorkspaceError(
            f"{path}: not a checkpoint of this program ({error}); delete it and train again without --resume"
        ) from error


def drop_checkpoint(folder: Path) -> None:
    """Removes the checkpoint of a finished round; optimiser state is twice the size of the weights."""
    (folder / _CHECKPOINT).unlink(missing_ok=True)


class Dynamics:
    """dynamics.npy of a round folder, (epochs, N) `DYNAMICS`, of which every epoch writes a row."""

    def __init__(self, folder: Path, epochs: int, faces: int, *, keep: bool) -> None:
        """`keep`: go on with the file, if there is one."""
        path = folder / "dynamics.npy"
        if keep and path.exists():
            self._rows = np.lib.format.open_memmap(path, mode="r+")
        else:
            self._rows = np.lib.format.open_memmap(path, mode="w+", dtype=DYNAMICS, shape=(epochs, faces))

    def record(self, epoch: int, alpha: Tensor, probabilities: Tensor, given: Tensor) -> None:
        """The clean pass of an epoch, 1..epochs: (N,) alpha, (N, C) probabilities, (N,) labels they are held to."""
        row, seen, labels = self._rows[epoch - 1], probabilities.cpu().numpy(), given.cpu().numpy()
        row["alpha"] = alpha.cpu().numpy()
        row["p_given"] = seen[np.arange(len(labels)), labels]
        row["p_other"] = strongest_other(seen, labels)
        self._rows.flush()


def save_weights(folder: Path, model: SelfCureNetwork) -> None:
    """Writes weights.safetensors: every parameter and buffer under its name in `SelfCureNetwork`."""
    unfinished = folder / (_WEIGHTS + ".tmp")
    # Bytes, not `save_file`: that one makes files only their owner may read, whatever the umask.
    unfinished.write_bytes(save({name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}))
    unfinished.replace(folder / _WEIGHTS)


def load_weights(folder: Path, model: SelfCureNetwork) -> None:
    """Loads what `save_weights` wrote into a model of the same shape."""
    model.load_state_dict(load_file(folder / _WEIGHTS))
