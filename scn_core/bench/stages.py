"""The stages of a round on the machine at hand: data, model, step, epoch, the whole round; and the plain loop."""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch

from scn_core.bench.baseline import PlainLoop
from scn_core.bench.limits import Limits, MatrixWork, matrix_work, measure_limits
from scn_core.bench.windows import Stage, measure
from scn_core.config import TrainSettings
from scn_core.datasets.source import Source
from scn_core.records import EpochReport, PixelArray
from scn_core.rounds.lifecycle import New
from scn_core.rounds.train import train_round
from scn_core.scn.model import SelfCureNetwork, build_model
from scn_core.store.samples import AllSamples
from scn_core.training.augment import augment
from scn_core.training.data import StepReport, TrainingData
from scn_core.training.loop import Training
from scn_core.training.optimise import update
from scn_core.training.resident import normalise
from scn_core.workspace.folder import Workspace, create_workspace

StageName = Literal["data", "model", "step", "epoch", "round"]
STAGES: tuple[StageName, ...] = get_args(StageName)
_CLASSES = 7
_BATCHES = 16
_FEWEST_DRAWN = 70  # every class in every split


@dataclass
class Bench:
    """What was measured: faces a second of every stage, and the limits they are held against."""

    limits: Limits
    resident: str
    """Where the pictures were."""
    flops_per_face: float = 0.0
    """Of the convolutions and matrix products of a training step."""
    roofline: float = 0.0
    """Faces a second of a step at most, by arithmetic and memory bandwidth of these."""
    stages: dict[str, Stage] = field(default_factory=dict)
    round_seconds: float | None = None
    """Median of a whole round."""
    memory_gb: dict[str, float] = field(default_factory=dict)
    """Peak of the process and of the device."""


def run_bench(
    settings: TrainSettings,
    *,
    seconds: float,
    faces: int = 0,
    stages: tuple[StageName, ...] = STAGES,
    baseline: bool = False,
) -> Bench:
    """Measures each stage for about `seconds`, and at least five times, after a warm-up that is not counted.

    Args:
        settings: of the round; those of the data play no part in all stages but the round.
        seconds: for each stage; an epoch or a round that takes longer is measured five times all the same.
        faces: of an epoch and a round; 0: as many as fill 16 batches.
        stages: which.
        baseline: measure an epoch of the plain loop too.
    """
    faces = faces or _BATCHES * settings.batch_size
    with tempfile.TemporaryDirectory() as folder:
        job = random_training(settings, faces, Path(folder))
        device = job.compute.device
        result = Bench(measure_limits(job.compute, seconds / 5), job.faces.describe())
        work = work_of_a_step(job)
        result.flops_per_face = work.flops / settings.batch_size
        result.roofline = settings.batch_size / work.least_seconds(result.limits.flops.per_s, result.limits.bytes.per_s)
        for part, call in work_within_an_epoch(job).items():
            if part in stages:
                result.stages[part] = measure(call, settings.batch_size, seconds, device)
        if "epoch" in stages:
            result.stages["epoch"] = measure(lambda: three_epochs(job), 3 * faces, seconds, device, warm_up=1)
        if "round" in stages or baseline:
            for name, stage in _with_pictures(settings, faces, Path(folder), seconds, device, stages, baseline):
                result.stages[name] = stage
        if "round" in result.stages:
            result.round_seconds = faces * settings.epochs / result.stages["round"].per_s
    result.memory_gb = _memory(device)
    return result


def random_training(settings: TrainSettings, faces: int, folder: Path) -> Training:
    """A training on `faces` random pictures, as what they show makes no difference to the time.

    With `resident` file they are in a memory-mapped file in `folder`, else in memory.
    """
    shape = (faces, settings.image_size, settings.image_size, 3)
    rng = np.random.default_rng(0)
    pixels: PixelArray = np.empty(shape, np.uint8)
    if settings.resident == "file":
        pixels = np.lib.format.open_memmap(folder / "pixels.npy", mode="w+", dtype=np.uint8, shape=shape)
    pixels.reshape(-1)[:] = np.frombuffer(rng.bytes(pixels.size), np.uint8)
    none = np.empty(0, np.int64)
    data = TrainingData(pixels, np.arange(faces), rng.integers(_CLASSES, size=faces), none, none)
    return Training(settings, data, build_model(settings, _CLASSES), folder)


def work_of_a_step(job: Training) -> MatrixWork:
    """The convolutions and matrix products of one step of the training's batch size; runs the step once."""
    rows, pixels = next(_batches(job))
    pictures = normalise(pixels)
    return matrix_work(lambda: _model_only(job, rows, pictures))


def work_within_an_epoch(job: Training) -> dict[StageName, Callable[[], object]]:
    """What to call, again and again, for one batch of each stage that is part of an epoch."""
    batches = _batches(job)
    rows, pixels = next(batches)
    pictures = normalise(pixels)
    return {
        "data": lambda: augment(normalise(next(batches)[1]), job.generator, job.augmentation),
        "model": lambda: _model_only(job, rows, pictures),
        "step": lambda: job.step(*next(batches), weighting=True),
    }


def _batches(job: Training) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """One epoch after the other, without end."""
    while True:
        yield from job.faces.batches(job.faces.shuffled(job.settings.batch_size, job.generator))


def _model_only(job: Training, rows: torch.Tensor, pictures: torch.Tensor) -> None:
    """Forward, losses, backward and update on pictures that are ready; neither compiled nor recorded."""
    with job.compute.autocast():
        output = job.model(job.compute.arranged(pictures))
    losses = job.losses(output, job.faces.labels[rows], weighting=True)
    update(job.model, job.optimizer, losses.total, job.settings.clip_norm)


def three_epochs(job: Training) -> None:
    """The steps of three epochs, and the clean pass that one of them ends in."""
    for epoch in (1, 2, 3):
        job.train_epoch(epoch, lambda report: None)
        job.predictions.whole(job.team)
    job.settle(3)
    job.training_pass()


def _with_pictures(
    settings: TrainSettings,
    faces: int,
    folder: Path,
    seconds: float,
    device: torch.device,
    stages: tuple[StageName, ...],
    baseline: bool,
) -> Iterator[tuple[str, Stage]]:
    """The round and the plain loop, on drawn faces in files. A round of `faces` to train on, with val and test."""
    place = Workspace(folder / "workspace")
    create_workspace(place.path, "demo", Source(), demo_faces=max(_FEWEST_DRAWN, -(-faces * 10 // 8)))
    if "round" in stages:
        trained = faces * settings.epochs
        yield (
            "round",
            measure(lambda: train_round(place, New(settings), _Silent()), trained, seconds, device, warm_up=1),
        )
    if baseline:
        with place.database(read_only=True) as db:
            samples = [sample for sample in AllSamples(db) if sample.split == "train"][:faces]
        root = Path(place.settings().root)
        loop = PlainLoop(
            [root / sample.path for sample in samples],
            [sample.given_label for sample in samples],
            SelfCureNetwork(settings.backbone, _CLASSES, image_size=settings.image_size),
            side=settings.image_size,
            batch_size=settings.batch_size,
            device=device,
            workers=torch.get_num_threads(),
        )
        yield "baseline", measure(loop.epoch, len(samples), seconds, device, warm_up=1)


class _Silent:
    """Follows a round and prints nothing."""

    def message(self, text: str) -> None: ...

    def decoded(self, faces: int, total: int) -> None: ...

    def thumbnails(self, faces: int, total: int) -> None: ...

    def step(self, report: StepReport, epochs: int) -> None: ...

    def epoch(self, report: EpochReport, epochs: int) -> None: ...


def _memory(device: torch.device) -> dict[str, float]:
    unit = 1 if sys.platform == "darwin" else 1024
    peak = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9}
    if device.type == "cuda":
        peak["device"] = torch.cuda.max_memory_allocated(device) / 1e9
    return peak
