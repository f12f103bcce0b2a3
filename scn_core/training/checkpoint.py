"""What a stopped round continues from, and the weights a finished one leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from scn_core.errors import WorkspaceError
from scn_core.scn.model import SelfCureNetwork

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


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Writes the checkpoint in place of the last one; a kill in the middle leaves the last one whole."""
    unfinished = folder / (_CHECKPOINT + ".tmp")
    torch.save(vars(checkpoint), unfinished)
    unfinished.replace(folder / _CHECKPOINT)


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


def save_weights(folder: Path, model: SelfCureNetwork) -> None:
    """Writes weights.safetensors: every parameter and buffer under its name in `SelfCureNetwork`."""
    unfinished = folder / (_WEIGHTS + ".tmp")
    # Bytes, not `save_file`: that one makes files only their owner may read, whatever the umask.
    unfinished.write_bytes(save({name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}))
    unfinished.replace(folder / _WEIGHTS)


def load_weights(folder: Path, model: SelfCureNetwork) -> None:
    """Loads what `save_weights` wrote into a model of the same shape."""
    model.load_state_dict(load_file(folder / _WEIGHTS))
