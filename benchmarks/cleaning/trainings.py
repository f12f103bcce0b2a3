"""The trainings that all rows are read from. Each is kept in the work folder and not run again."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.cleaning.faces import Faces
from scn_core.config import TrainSettings
from scn_core.records import EpochReport, FloatArray, IntArray
from scn_core.scn.losses import weighted_logits
from scn_core.scn.model import Output, build_model
from scn_core.training.data import StepReport, TrainingData
from scn_core.training.loop import Training
from scn_core.training.neighbours import unit_features
from scn_core.training.predict import clean_pass
from scn_core.training.resident import ResidentFaces
from scn_core.training.sums import EpochSums

SETTINGS = TrainSettings(image_size=48, epochs=8)
PLAIN: dict[str, Any] = {"gamma": 0.0, "weighting_from": 1.0}
"""Cross entropy alone: the same network, schedule and pictures, alpha in no loss."""
PUBLISHED_FROM = 0.4
"""Share of the epochs before the published code relabels."""


@dataclass(frozen=True)
class Recording:
    """What a training left of N faces."""

    last: FloatArray
    """(N, C) probabilities of the last clean pass."""
    mean: FloatArray
    """(N, C) of the mean of the clean passes."""
    alpha: FloatArray
    """(N,) of the last."""
    p_given: npt.NDArray[np.float16]
    """(epochs, N) probability of the label in each clean pass."""
    p_other: npt.NDArray[np.float16]
    """(epochs, N) of the likeliest other class."""
    features: npt.NDArray[np.float16]
    """(N, D) of length 1; empty for a fold."""
    labels: IntArray
    """(N,) the last epoch trained on."""
    predicted: IntArray
    """(T,) likeliest classes of the test faces."""
    seconds: FloatArray
    """Scalar."""


class PublishedRule(Training):
    """Relabels as the published code does: all faces of a batch, in place, by what training saw of them.

    Written from its description: the softmax of the augmented, alpha-weighted logits; a label is replaced by the
    likeliest class where that is more than delta2 more probable.
    """

    _relabels = False
    _seen: Tensor

    def train_epoch(self, epoch: int, on_step: Callable[[StepReport], None]) -> EpochSums:
        self._relabels = epoch > PUBLISHED_FROM * self.settings.epochs
        with self.network.register_forward_hook(self._look):
            return super().train_epoch(epoch, on_step)

    def _look(self, network: nn.Module, pictures: tuple[Tensor], output: Output) -> None:
        self._seen = weighted_logits(output.logits, output.alpha).detach().softmax(dim=1)

    def step(self, rows: Tensor, pixels: Tensor, *, weighting: bool) -> None:
        super().step(rows, pixels, weighting=weighting)
        if self._relabels:
            likeliest, new = self._seen.max(dim=1)
            old = self.faces.labels[rows]
            certain = likeliest - self._seen.gather(1, old.unsqueeze(1)).squeeze(1) > self.settings.margin_relabel
            self.faces.labels[rows] = torch.where(certain, new, old)


def recorded(
    file: Path, faces: Faces, given: IntArray, settings: TrainSettings, *, kind: type[Training] = Training
) -> Recording:
    """One training on all faces under the labels `given`; read from `file` where it is there."""
    if not file.exists():
        rows = np.arange(len(given))
        _keep(file, _train(file.stem, faces, rows, given, settings, kind))
    return _read(file)


def out_of_fold(file: Path, faces: Faces, given: IntArray, settings: TrainSettings, folds: int) -> Recording:
    """The same of `folds` trainings: every face as the one sees it that has not trained on it."""
    if not file.exists():
        fold = np.random.default_rng(settings.seed).permutation(len(given)) % folds
        parts = [
            _train(f"{file.stem}, fold {k}", faces, np.flatnonzero(fold != k), given, settings, Training, held_out=True)
            for k in range(folds)
        ]
        first = parts[0]
        chosen = {
            name: np.choose(fold.reshape(-1, *[1] * (getattr(first, name).ndim - 1)), [getattr(p, name) for p in parts])
            for name in ("last", "mean", "alpha")
        }
        _keep(
            file,
            replace(first, **chosen, labels=given, seconds=np.array(sum(float(p.seconds) for p in parts), np.float32)),
        )
    return _read(file)


def _train(
    name: str,
    faces: Faces,
    rows: IntArray,
    given: IntArray,
    settings: TrainSettings,
    kind: type[Training],
    *,
    held_out: bool = False,
) -> Recording:
    """Trains on `rows`, at the size of the pictures.

    With `held_out` all faces are told of by the mean of two passes, one of them mirrored."""
    begun = time.perf_counter()
    nobody = np.empty(0, np.int64)
    with tempfile.TemporaryDirectory() as folder:
        data = TrainingData(faces.pixels, rows, given[rows], nobody, nobody)
        settings = replace(settings, image_size=faces.pixels.shape[1])
        job = kind(settings, data, build_model(settings, len(faces.names)), Path(folder))
        result = job.run(on_epoch=lambda report: _say(name, report))
        dynamics = np.load(Path(folder) / "dynamics.npy")
    test_rows = np.arange(len(given), len(faces.pixels))
    test = ResidentFaces(faces.pixels, test_rows, faces.test_labels, job.compute.device)
    predicted = clean_pass(job.eval_model, test, job.compute).logits.argmax(dim=1).cpu().numpy()
    last, mean, alpha = (t.cpu().numpy() for t in (result.rule.probabilities, result.mean, result.alpha))
    features = np.empty((0, 0), np.float16)
    if held_out:
        everyone = ResidentFaces(faces.pixels, np.arange(len(given)), given, job.compute.device)
        passes = [clean_pass(job.eval_model, everyone, job.compute, mirrored=side) for side in (False, True)]
        seen = [each.logits.softmax(dim=1).cpu().numpy() for each in passes]
        last, mean, alpha = seen[0], (seen[0] + seen[1]) / 2, passes[0].alpha.cpu().numpy()
    else:
        features = unit_features(job.eval_model, job.faces, job.compute).cpu().numpy()
    return Recording(
        last=last,
        mean=mean,
        alpha=alpha,
        p_given=dynamics["p_given"],
        p_other=dynamics["p_other"],
        features=features,
        labels=result.labels.cpu().numpy(),
        predicted=predicted,
        seconds=np.array(time.perf_counter() - begun, np.float32),
    )


def _say(name: str, report: EpochReport) -> None:
    print(f"{name}: epoch {report.epoch}, {report.faces_per_s:.0f} faces/s", file=sys.stderr, flush=True)


def _keep(file: Path, recording: Recording) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}.npz")
    np.savez(unfinished, **vars(recording))
    unfinished.replace(file)


def _read(file: Path) -> Recording:
    with np.load(file, allow_pickle=False) as kept:
        return Recording(**kept)
