"""The epochs of a round: train, look at every face as it is, relabel if the mode says so, report, checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from scn_core.config import TrainSettings
from scn_core.errors import TrainingError
from scn_core.records import EpochReport, FloatArray, IntArray, PixelArray
from scn_core.scn.losses import group_means, rank_regularisation, total_loss, weighted_cross_entropy
from scn_core.scn.model import Output, SelfCureNetwork
from scn_core.scn.relabel import Relabelling, propose, relabel_for_next_epoch
from scn_core.training.augment import AugmentSettings, augment
from scn_core.training.checkpoint import Checkpoint, Dynamics, load_checkpoint, save_checkpoint
from scn_core.training.device import Compute, choose_compute, make_deterministic, seed_epoch
from scn_core.training.optimise import build_optimizer, set_learning_rate, update
from scn_core.training.predict import MeanProbabilities, averages, clean_pass, mirrors, settle_statistics
from scn_core.training.resident import ResidentFaces, steps_per_epoch
from scn_core.training.sums import EpochSums
from scn_core.training.variants import AverageWeights, Blend, FlipConsistency, blended


@dataclass(frozen=True)
class TrainingData:
    """The faces of a round: N to train on, and those that only measure."""

    pixels: PixelArray
    """(all, S, S, 3) uint8, memory-mapped or not."""
    rows: IntArray
    """(N,) where in `pixels` the training faces are."""
    labels: IntArray
    """(N,) effective labels: what the first epoch trains on and proposals are measured against."""
    val_rows: IntArray
    """Faces of the validation split, possibly none."""
    val_labels: IntArray
    softness: FloatArray | None = None
    """(N,) share of each label's weight that goes evenly to the other classes; None: 0 for all."""


class StepReport(NamedTuple):
    """The running means of an epoch, for a progress bar."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float
    alpha_high: float
    alpha_low: float
    faces_per_s: float


@dataclass(frozen=True)
class Look:
    """A clean pass over the training faces, and what the relabel rule makes of it."""

    rule: Relabelling
    alpha: Tensor


@dataclass(frozen=True)
class TrainingResult(Look):
    """The round's last clean pass, and the mean of its passes."""

    labels: Tensor
    """(N,) labels the last epoch trained on."""
    mean: Tensor
    """(N, C) probabilities, averaged over the clean passes of the second half of the epochs."""


class Training:
    """One round's training; `run` it once."""

    def __init__(
        self,
        settings: TrainSettings,
        data: TrainingData,
        model: SelfCureNetwork,
        folder: Path,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """`folder`: the round's own, for dynamics.npy and the checkpoint. `alive` is called several times a second."""
        if len(data.labels) < 2:
            raise TrainingError(f"got {len(data.labels)} training faces; at least 2 are needed to train")
        make_deterministic()
        self.settings = settings
        self.folder, self._alive = folder, alive
        self.compute: Compute = choose_compute(settings)
        self.model = self.compute.place(model)
        self.optimizer = build_optimizer(self.model, settings)
        device = self.compute.device
        self.faces = ResidentFaces(data.pixels, data.rows, data.labels, device)
        self.initial = self.faces.labels.clone()
        self.softness = _softness(data, settings.label_smoothing, device)
        self.val = ResidentFaces(data.pixels, data.val_rows, data.val_labels, device)
        self.steps = steps_per_epoch(len(self.faces), settings.batch_size)
        self.mean = MeanProbabilities(len(self.faces), model.classifier.out_features, device)
        self.augmentation = AugmentSettings().times(settings.augmentation)
        self.average = AverageWeights(self.model, settings.average_weights) if settings.average_weights else None
        self.consistency = FlipConsistency(self.model) if settings.flip_consistency else None

    @property
    def judge(self) -> SelfCureNetwork:
        """The network of the clean passes, which the round leaves behind: the trained one, or its average."""
        return self.model if self.average is None else self.average.model

    def run(
        self,
        *,
        resume: bool = False,
        on_epoch: Callable[[EpochReport], None],
        on_step: Callable[[StepReport], None] = lambda report: None,
    ) -> TrainingResult:
        """Trains the epochs that are left and returns what the clean passes saw.

        Args:
            resume: continue from the folder's checkpoint, if there is one.
            on_epoch: gets every epoch's report.
            on_step: gets the running means, about twice a second.

        Raises TrainingError when the loss is not a number. KeyboardInterrupt passes through; the checkpoint of the
        last whole epoch is on disk then.
        """
        done = self._restore() if resume else 0
        dynamics = Dynamics(self.folder, self.settings.epochs, len(self.faces), keep=done > 0)
        seen = self.look() if done == self.settings.epochs else None
        for epoch in range(done + 1, self.settings.epochs + 1):
            started = time.perf_counter()
            trained_on = self.faces.labels.clone()
            sums = self.train_epoch(epoch, on_step)
            speed = sums.faces_per_s()
            self.settle(epoch)
            seen = self.look(mirrored=mirrors(self.settings, epoch))
            self._record(dynamics, epoch, seen)
            report = self._report(epoch, sums, seen, trained_on, speed, started)
            if self.settings.relabel == "auto" and self.settings.relabel_from <= epoch < self.settings.epochs:
                self.faces.labels = relabel_for_next_epoch(seen.rule, self.initial, trained_on)
            on_epoch(report)
            self._checkpoint(epoch)  # after the report: an epoch with a checkpoint is always reported
        assert seen is not None
        if self.mean.passes == 0:  # all epochs were done, and seen by a program that kept no mean
            self.mean.add(seen.rule.probabilities)
        return TrainingResult(seen.rule, seen.alpha, self.faces.labels, self.mean.value())

    def train_epoch(self, epoch: int, on_step: Callable[[StepReport], None]) -> EpochSums:
        """One pass over the augmented faces, an update a batch. Raises TrainingError for a loss that is no number."""
        generator = seed_epoch(self.settings.seed, epoch, self.compute.device)
        self.model.train()
        sums = EpochSums(self.compute.device)
        said = time.perf_counter()
        for step, rows in enumerate(self.faces.shuffled(self.settings.batch_size, generator), start=1):
            progress = (epoch - 1 + (step - 1) / self.steps) / self.settings.epochs
            set_learning_rate(self.optimizer, progress)
            self._step(rows, generator, sums, weighting=progress >= self.settings.weighting_from)
            self._alive()
            if time.perf_counter() - said > 0.5:
                said = time.perf_counter()
                loss, _, _, accuracy, high, low = sums.means()
                on_step(StepReport(epoch, step, self.steps, loss, accuracy, high, low, sums.faces_per_s()))
        self._check_finite(f"epoch {epoch}: the loss", sums.means()[0])
        return sums

    def _check_finite(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            raise TrainingError(
                f"{what} is {value}; a finite number is needed. Try a lower --lr "
                f"(it was {self.settings.lr}), or --precision fp32"
            )

    def _step(self, rows: Tensor, generator: torch.Generator, sums: EpochSums, *, weighting: bool) -> None:
        settings, labels = self.settings, self.faces.labels[rows]
        pictures, blend = augment(self.faces.pictures(rows), generator, self.augmentation), None
        if settings.mixup:
            pictures, blend = blended(pictures, settings.mixup, generator)
        softness = None if self.softness is None else self.softness[rows]
        with self.compute.autocast():
            output = self.model(pictures)
        loss, wce, rank = self.losses(output, labels, softness, blend, weighting=weighting)
        if self.consistency is not None:
            with self.compute.autocast():
                loss = loss + settings.flip_consistency * self.consistency.loss(pictures)
        update(self.model, self.optimizer, loss, settings.clip_norm)
        if self.average is not None:
            self.average.follow(self.model)
        correct = (output.logits.argmax(dim=1) == labels).float().mean()
        sums.add(loss, wce, rank, correct, *group_means(output.alpha, settings.beta), len(rows))

    def losses(
        self,
        output: Output,
        labels: Tensor,
        softness: Tensor | None = None,
        blend: Blend | None = None,
        *,
        weighting: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of a batch, its cross entropy and its rank regularisation."""
        alpha = output.alpha
        # Before weighting sets in, the head only watches: logits that know nothing yet would teach it to silence all.
        weights = alpha if weighting else torch.ones_like(alpha)
        wce = weighted_cross_entropy(output.logits, weights, labels, softness)
        if blend is not None:
            others = None if softness is None else softness[blend.partner]
            other = weighted_cross_entropy(output.logits, weights, labels[blend.partner], others)
            wce = torch.lerp(other, wce, blend.share)
        rank = rank_regularisation(alpha, beta=self.settings.beta, margin=self.model.margin_rank)
        loss = total_loss(rank if weighting else rank.detach(), wce, gamma=self.settings.gamma)
        return loss, wce, rank

    def settle(self, epoch: int) -> None:
        """Gets the batch statistics ready for a clean pass."""
        generator = seed_epoch(self.settings.seed, -epoch, self.compute.device)
        settle_statistics(self.judge, self.faces, self.compute, self.settings.batch_size, generator)

    @torch.no_grad()
    def look(self, *, mirrored: bool = False) -> Look:
        """A clean pass over all training faces, and what the relabel rule makes of it."""
        seen = clean_pass(self.judge, self.faces, self.compute, mirrored=mirrored, step=self._alive)
        rule = propose(
            seen.logits, seen.alpha, self.initial, beta=self.settings.beta, margin=self.settings.margin_relabel
        )
        self._check_finite("the sum of all scores", (seen.logits.sum() + seen.alpha.sum()).item())
        return Look(rule, seen.alpha)

    def _report(
        self, epoch: int, sums: EpochSums, seen: Look, trained_on: Tensor, speed: float, started: float
    ) -> EpochReport:
        loss, wce, rank, accuracy, high, low = sums.means()
        val = None
        if len(self.val):
            val = clean_pass(self.judge, self.val, self.compute, step=self._alive).accuracy(self.val.labels)
        return EpochReport(
            epoch=epoch,
            loss=loss,
            wce_loss=wce,
            rank_loss=rank,
            accuracy=accuracy,
            alpha_high=high,
            alpha_low=low,
            alpha_mean=seen.alpha.mean().item(),
            alpha_std=seen.alpha.std().item(),
            margin_rank=self.model.margin_rank_now,
            val_accuracy=val,
            relabelled=int((trained_on != self.initial).sum()),
            faces_per_s=speed,
            seconds=time.perf_counter() - started,
        )

    def _record(self, dynamics: Dynamics, epoch: int, seen: Look) -> None:
        dynamics.record(epoch, seen.alpha, seen.rule.probabilities, self.initial)
        if averages(self.settings, epoch):
            self.mean.add(seen.rule.probabilities)

    def _checkpoint(self, epoch: int) -> None:
        model, optimizer = self.model.state_dict(), self.optimizer.state_dict()
        average = None if self.average is None else self.average.model.state_dict()
        state = Checkpoint(epoch, model, optimizer, self.faces.labels, self.mean.sum, self.mean.passes, average)
        save_checkpoint(self.folder, state)

    def _restore(self) -> int:
        checkpoint = load_checkpoint(self.folder)
        if checkpoint is None:
            return 0
        self.model.load_state_dict(checkpoint.model)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        if self.average is not None and checkpoint.average is not None:
            self.average.model.load_state_dict(checkpoint.average)
        self.faces.labels = checkpoint.labels.to(self.compute.device)
        if checkpoint.seen is not None:
            self.mean.restore(checkpoint.seen, checkpoint.passes)
        return checkpoint.epoch


def _softness(data: TrainingData, label_smoothing: float, device: torch.device) -> Tensor | None:
    """(N,) share of each label's weight for the other classes; None: 0 for all, which costs nothing then."""
    own = np.zeros(len(data.labels), np.float32) if data.softness is None else data.softness
    softness = np.maximum(own, np.float32(label_smoothing))
    return torch.from_numpy(softness).to(device) if softness.any() else None
