"""The network of a round: its weights, and what it takes to build it again and to prepare pictures for it.

weights.safetensors   every parameter and buffer under its name in `SelfCureNetwork`
meta.json             backbone, image_size, classes, epochs, code_version; and how a picture is prepared: channels,
                      crop, resize, mean, std. Older rounds lack these; they prepared pictures alike.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from scn_core import __version__
from scn_core.class_names import ClassVocabulary
from scn_core.config import TrainSettings
from scn_core.errors import UsageError, WorkspaceError, error_text
from scn_core.files import write_text
from scn_core.scn.model import SelfCureNetwork
from scn_core.training import checkpoint
from scn_core.training.resident import MEAN, STD

_META = "meta.json"
PREPARATION: dict[str, Any] = {"channels": "RGB", "crop": "center-square", "resize": "bicubic"}
"""How `open_face` makes a picture square and small: its central square, by Pillow's bicubic filter."""


@dataclass(frozen=True)
class RoundNetwork:
    """The network of a round as it was after the last epoch, in evaluation mode, on the CPU."""

    model: SelfCureNetwork
    classes: tuple[str, ...]
    """Names in the order of the logits, as they were when the round was trained."""
    image_size: int
    """Side of the square pictures it takes, in pixels."""
    backbone: str


def save_network(folder: Path, model: SelfCureNetwork, settings: TrainSettings, classes: ClassVocabulary) -> None:
    """Write weights.safetensors and meta.json into a round's folder."""
    checkpoint.save_weights(folder, model)
    meta = {
        "backbone": settings.backbone,
        "image_size": settings.image_size,
        "classes": list(classes.names),
        "epochs": settings.epochs,
        "code_version": __version__,
        **PREPARATION,
        "mean": MEAN,
        "std": STD,
    }
    write_text(folder / _META, json.dumps(meta, indent=2) + "\n")


def load_network(folder: Path) -> RoundNetwork:
    """What `save_network` wrote, of this version or an earlier one.

    Raises WorkspaceError where the files are missing, damaged, or of another network than meta.json says.
    """
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        backbone, size, names = str(meta["backbone"]), int(meta["image_size"]), tuple(map(str, meta["classes"]))
        weights = load_file(folder / checkpoint.WEIGHTS)
        weights.pop("_margin", None)  # delta1, where it was learned: of training alone
        model = SelfCureNetwork(backbone, len(names), image_size=size)
        model.load_state_dict(weights)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, UsageError) as error:
        found = f"no network that can be loaded ({str(error).strip().splitlines()[0] if str(error) else error!r})"
        raise WorkspaceError(
            error_text(
                str(folder), found, f"{_META} and {checkpoint.WEIGHTS} as the round left them", "restore a backup"
            )
        ) from error
    return RoundNetwork(model.eval(), names, size, backbone)
