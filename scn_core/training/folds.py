"""Out-of-fold probabilities: what networks make of faces whose labels they have never seen (confident learning:
Northcutt et al., 2021)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scn_core.config import TrainSettings
from scn_core.files import replaced
from scn_core.records import EpochReport, FloatArray, IntArray
from scn_core.scn.model import build_model
from scn_core.training.check import check_folds
from scn_core.training.data import TrainingData
from scn_core.training.distributed import ALONE, Team
from scn_core.training.loop import Training
from scn_core.training.predict import clean_pass
from scn_core.training.resident import ResidentFaces

_FOLDS = "folds"


def out_of_fold(
    settings: TrainSettings,
    data: TrainingData,
    classes: int,
    folder: Path,
    *,
    alive: Callable[[], None] = lambda: None,
    on_epoch: Callable[[int, EpochReport], None] = lambda fold, report: None,
    team: Team = ALONE,
) -> Tensor:
    """(N, classes) probabilities of the N training faces, each by the one of `settings.folds` networks without it.

    The mean of two clean passes, one of them mirrored. Labels stay as they are, whatever the relabel mode. What is
    done is kept in `folder` until `drop_folds`, so that a resumed round goes on with the fold it was at.

    Args:
        settings: of the round.
        data: the round's faces.
        classes: how many there are.
        folder: of the round.
        alive: called several times a second.
        on_epoch: gets the fold, 1 and up, and the report of each of its epochs.
        team: whose processes all call this, with the same arguments.

    Raises TrainingError for fewer than two faces a fold.
    """
    count, folds = len(data.labels), settings.folds
    check_folds(folds, count)
    fold = fold_of(data.labels, folds, settings.seed)
    seen = np.empty((count, classes), np.float32)
    for number in range(folds):
        part = folder / _FOLDS / str(number + 1)
        part.mkdir(parents=True, exist_ok=True)
        kept, held_out = part / "probabilities.npy", fold == number
        if kept.exists():
            seen[held_out] = np.load(kept, allow_pickle=False)
            continue
        seen[held_out] = _held_out(settings, data, classes, part, held_out, alive, partial(on_epoch, number + 1), team)
        if team.leads:
            with replaced(kept) as file:
                np.save(file, seen[held_out], allow_pickle=False)
    return torch.from_numpy(seen)


def fold_of(labels: IntArray, folds: int, seed: int) -> IntArray:
    """(N,) which fold, 0 and up, a face is in: drawn at random, the faces of every class spread evenly."""
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(len(labels), np.int64)
    fold[order] = np.arange(len(labels)) % folds
    return fold


def drop_folds(folder: Path) -> None:
    """Removes what the folds of a finished round have left."""
    shutil.rmtree(folder / _FOLDS, ignore_errors=True)


def _held_out(
    settings: TrainSettings,
    data: TrainingData,
    classes: int,
    folder: Path,
    held_out: np.ndarray[tuple[int], np.dtype[np.bool_]],
    alive: Callable[[], None],
    on_epoch: Callable[[EpochReport], None],
    team: Team,
) -> FloatArray:
    """(held out, classes) probabilities by a network that is trained on the others."""
    nobody = np.empty(0, np.int64)
    others = replace(
        data,
        rows=data.rows[~held_out],
        labels=data.labels[~held_out],
        softness=None if data.softness is None else data.softness[~held_out],
        val_rows=nobody,
        val_labels=nobody,
    )
    model = build_model(settings, classes, afresh=team.leads)  # torch sends the weights of the first process around
    job = Training(replace(settings, relabel="review"), others, model, folder, alive, team)
    job.run(resume=True, on_epoch=on_epoch)
    faces = ResidentFaces(
        data.pixels, data.rows[held_out], data.labels[held_out], job.compute.device, settings.resident, team.local_size
    )
    sides = (False, True)
    passes = [clean_pass(job.judge, faces, job.compute, mirrored=side, step=alive, team=team) for side in sides]
    mean = sum(each.logits.softmax(dim=1) for each in passes) / 2
    told: FloatArray = torch.as_tensor(mean).cpu().numpy()
    return told
