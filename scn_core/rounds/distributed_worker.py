"""The part of a round that the other processes of a team take: they train, and write nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from scn_core.config import TrainSettings
from scn_core.records import PixelArray
from scn_core.scn.model import build_model
from scn_core.training.data import TrainingData
from scn_core.training.device import use_threads
from scn_core.training.distributed import Team, within_memory
from scn_core.training.loop import Training
from scn_core.workspace.folder import Workspace

_FACES = ("rows", "labels", "val_rows", "val_labels", "softness", "targets")


def tell_followers(
    team: Team, number: int, settings: TrainSettings, classes: int, pixels: PixelArray, *, resume: bool
) -> None:
    """What the first process has settled by now: all that the others need beside the files of the workspace."""
    file = Path(str(pixels.filename)).name if isinstance(pixels, np.memmap) else ""
    start = {"round": number, "settings": settings.as_dict(), "classes": classes, "pixels": file, "resume": resume}
    team.broadcast_text(json.dumps(start))


def follow_round(workspace: Workspace, team: Team) -> None:
    """Trains with the first process of the team, which begins the round and writes what comes of it.

    Raises TrainingError when another process ends in the middle of an exchange, and when memory runs out.
    """
    with within_memory(), team.together():
        start = json.loads(team.broadcast_text(None))
        settings, folder = TrainSettings(**start["settings"]), workspace.round_folder(start["round"])
        use_threads(settings.threads)
        pixels = np.load(workspace.pixels / start["pixels"], mmap_mode="r", allow_pickle=False)
        with (folder / "faces.npz").open("rb") as file, np.load(file, allow_pickle=False) as faces:
            data = TrainingData(pixels, **{name: faces[name] for name in _FACES if name in faces})
        # Its weights are those of the first process: torch sends them around when the team begins.
        model = build_model(settings, start["classes"], afresh=False)
        Training(settings, data, model, folder, team=team).run(resume=start["resume"], on_epoch=lambda report: None)
