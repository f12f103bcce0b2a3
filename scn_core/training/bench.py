"""Faces per second of every stage of training, on the machine it runs on."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
import torchvision

from scn_core.config import TrainSettings
from scn_core.scn.model import SelfCureNetwork
from scn_core.training.augment import augment
from scn_core.training.device import seed_epoch
from scn_core.training.loop import Training, TrainingData
from scn_core.training.optimise import update

_CLASSES = 7
_WARM_UP = 3


@dataclass(frozen=True)
class Stage:
    """One stage, measured `n` times after warm-up."""

    faces_per_s: float
    """Median."""
    slowest: float
    fastest: float
    n: int


@dataclass(frozen=True)
class Bench:
    """All stages, and what they were measured on."""

    data: Stage
    """Batch out of the resident pictures, normalised and augmented."""
    model: Stage
    """Forward, both losses, backward and optimiser step on one fixed batch."""
    step: Stage
    """A whole training step: data and model."""
    epoch: Stage
    """A whole epoch with its clean pass over all faces."""
    device: str
    settings: dict[str, object]
    versions: dict[str, str]
    cores: int
    threads: int


def run_bench(settings: TrainSettings, *, seconds: float) -> Bench:
    """Measures each stage for about `seconds`, on random pictures."""
    faces = 32 * settings.batch_size  # enough that an epoch is mostly training, as in a real one
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (faces, settings.image_size, settings.image_size, 3), dtype=np.uint8)
    labels = rng.integers(_CLASSES, size=faces)
    none = np.empty(0, np.int64)
    torch.manual_seed(0)
    model = SelfCureNetwork(settings.backbone, _CLASSES, image_size=settings.image_size)
    with tempfile.TemporaryDirectory() as folder:
        data = TrainingData(pixels, np.arange(faces), labels, none, none)
        job = Training(settings, data, model, Path(folder))
        return Bench(
            data=_measure(lambda: _load(job), settings.batch_size, seconds, job.compute.device),
            model=_measure(_model_only(job), settings.batch_size, seconds, job.compute.device),
            step=_measure(lambda: _step(job, _load(job)), settings.batch_size, seconds, job.compute.device),
            epoch=_measure(lambda: _epoch(job), faces, seconds, job.compute.device, warm_up=0),
            device=job.compute.describe(),
            settings={name: settings.as_dict()[name] for name in ("image_size", "batch_size", "backbone", "precision")},
            versions={
                "python": platform.python_version(),
                "torch": torch.__version__,
                "torchvision": torchvision.__version__,
            },
            cores=os.cpu_count() or 0,
            threads=torch.get_num_threads(),
        )


def _load(job: Training) -> torch.Tensor:
    generator = seed_epoch(0, 1, job.compute.device)
    rows = next(job.faces.shuffled(job.settings.batch_size, generator))
    return augment(job.faces.pictures(rows), generator)


def _model_only(job: Training) -> Callable[[], None]:
    pictures = _load(job)
    return lambda: _step(job, pictures)


def _step(job: Training, pictures: torch.Tensor) -> None:
    with job.compute.autocast():
        output = job.model(pictures)
    loss, _, _ = job.losses(output, job.faces.labels[: len(pictures)], weighting=True)
    update(job.model, job.optimizer, loss, job.settings.clip_norm)


def _epoch(job: Training) -> None:
    job.train_epoch(1, lambda report: None)
    job.settle(1)
    job.look()


def _measure(
    work: Callable[[], object], faces: int, seconds: float, device: torch.device, *, warm_up: int = _WARM_UP
) -> Stage:
    for _ in range(warm_up):
        work()
    rates: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(rates) < 3:
        _wait(device)
        started = time.perf_counter()
        work()
        _wait(device)
        rates.append(faces / (time.perf_counter() - started))
    return Stage(median(rates), min(rates), max(rates), len(rates))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def describe_bench(result: Bench) -> str:
    """A table for a terminal."""
    lines = [
        f"{result.settings['backbone']}, {result.settings['image_size']} px, batch {result.settings['batch_size']}, "
        f"{result.device}, {result.threads} threads; torch {result.versions['torch']}",
        f"{'stage':<8}{'faces/s':>10}{'slowest':>10}{'fastest':>10}{'n':>6}",
    ]
    lines += [
        f"{name:<8}{stage.faces_per_s:>10,.0f}{stage.slowest:>10,.0f}{stage.fastest:>10,.0f}{stage.n:>6}"
        for name, stage in (
            ("data", result.data),
            ("model", result.model),
            ("step", result.step),
            ("epoch", result.epoch),
        )
    ]
    return "\n".join(lines)
