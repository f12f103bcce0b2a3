"""The epochs of a round: train, now and then look at every face as it is, relabel in mode auto, report, checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from scn_core.config import TrainSettings
from scn_core.errors import TrainingError
from scn_core.records import EpochReport
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.relabel import propose, relabel_for_next_epoch
from scn_core.training.augment import AugmentSettings, augment
from scn_core.training.check import check_training
from scn_core.training.checkpoint import Checkpoint, CheckpointWriter, Dynamics, load_checkpoint
from scn_core.training.data import StepReport, TrainingData, TrainingPass, TrainingResult, softness_of, targets_of
from scn_core.training.device import Compute, choose_compute, make_deterministic, seed_epoch
from scn_core.training.distributed import ALONE, Team
from scn_core.training.graphs import StepGraph
from scn_core.training.objective import Objective
from scn_core.training.optimise import build_optimizer, place_learning_rates, set_learning_rate, update
from scn_core.training.predict import clean_pass, has_clean_pass, mirrors, settle_statistics
from scn_core.training.resident import ResidentFaces, normalise, steps_per_epoch
from scn_core.training.sums import EpochSums
from scn_core.training.train_predictions import TrainPredictions
from scn_core.training.variants import AverageWeights, blended


class Training:
    """One round's training; `run` it once."""

    def __init__(
        self,
        settings: TrainSettings,
        data: TrainingData,
        model: SelfCureNetwork,
        folder: Path,
        alive: Callable[[], None] = lambda: None,
        team: Team = ALONE,
    ) -> None:
        """`folder`: the round's own, for dynamics.npy and the checkpoint. `alive` is called several times a second.

        Every process of a team has a training of its own, with the same arguments; the first alone writes.
        """
        check_training(settings, len(data.labels), team)
        make_deterministic()
        self.settings, self.team = settings, team
        self.folder, self._alive = folder, alive
        self.compute: Compute = choose_compute(settings, team.local_rank)
        device = self.compute.device
        self.model = self.compute.place(team.synchronised(model, device) if settings.sync_batch_norm else model)
        self.recorded = settings.cuda_graphs and device.type == "cuda" and team.size == 1
        self.optimizer = build_optimizer(self.model, settings, recorded=self.recorded)
        network = team.shared(self.model)
        self.network: nn.Module = torch.compile(network, dynamic=False) if settings.compile else network  # type: ignore[assignment]
        self.losses = Objective(settings, self.model, team)
        self.average = AverageWeights(self.model, settings.average_weights) if settings.average_weights else None
        keep = partial(ResidentFaces, device=device, resident=settings.resident, sharers=team.local_size)
        self.faces = keep(data.pixels, data.rows, data.labels)
        self.initial = self.faces.labels.clone()
        self.softness = softness_of(data, settings.label_smoothing, device)
        self.targets = targets_of(data, settings.label_smoothing, device)
        self.val = keep(data.pixels, data.val_rows, data.val_labels)
        self.steps = steps_per_epoch(len(self.faces), settings.batch_size)
        self.augmentation = AugmentSettings().times(settings.augmentation)
        self.sums = EpochSums(device)
        self.predictions = TrainPredictions(len(self.faces), self.model.classifier.out_features, device)
        self.generator = torch.Generator(device)
        self._graph: tuple[bool, StepGraph] | None = None

    @property
    def eval_model(self) -> SelfCureNetwork:
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
        done, epochs = self._restore() if resume else 0, self.settings.epochs
        shape = (epochs, len(self.faces), self.model.classifier.out_features)
        dynamics = Dynamics(self.folder, *shape, keep=done > 0) if self.team.leads else None
        seen = self.training_pass() if done == epochs else None
        if dynamics is not None and seen is not None and not dynamics.has(epochs):  # an older program kept no passes
            dynamics.record(epochs, seen.alpha, seen.rule.probabilities, self.initial)
            dynamics.count(epochs, seen.rule.probabilities, None)
        with CheckpointWriter(self.folder) as checkpoints:
            for epoch in range(done + 1, epochs + 1):
                report, seen = self._epoch(epoch, dynamics, on_step)
                if dynamics is not None:
                    on_epoch(report)
                    checkpoints.save(self._state(epoch))  # an epoch with a checkpoint is always reported
        assert seen is not None  # noqa: S101 (tells mypy)
        mean, averaged = seen.rule.probabilities, range(epochs, epochs + 1)
        if dynamics is not None:  # of a follower nobody asks the mean
            mean_probabilities, averaged = dynamics.mean()
            mean = torch.from_numpy(mean_probabilities).to(mean.device)
        return TrainingResult(seen.rule, seen.alpha, self.faces.labels, mean, averaged)

    def _epoch(
        self, epoch: int, dynamics: Dynamics | None, on_step: Callable[[StepReport], None]
    ) -> tuple[EpochReport, TrainingPass | None]:
        """Trains an epoch; its clean pass, if it has one. The last always has."""
        started = time.perf_counter()
        trained_on = self.faces.labels.clone()
        sums = self.train_epoch(epoch, on_step)
        speed = sums.faces_per_s()
        seen = None
        if has_clean_pass(self.settings, epoch):
            self.settle(epoch)
            seen = self.training_pass(mirrored=mirrors(self.settings, epoch))
        probabilities, alpha = self.predictions.whole(self.team)
        clean = None if seen is None else seen.rule.probabilities
        counted = clean if clean is not None and self.settings.mixup else probabilities
        if seen is not None and (self.settings.mixup or epoch == self.settings.epochs):
            probabilities, alpha = seen.rule.probabilities, seen.alpha  # a curve ends where the score is
        if dynamics is not None:
            dynamics.record(epoch, alpha, probabilities, self.initial)
            dynamics.count(epoch, counted, clean)
        report = self._report(epoch, sums, seen, alpha, trained_on, speed, started)
        sets_labels = self.settings.relabel == "auto" and self.settings.relabel_from <= epoch < self.settings.epochs
        if sets_labels and seen is not None:
            self.faces.labels.copy_(relabel_for_next_epoch(seen.rule, self.initial, trained_on))
        return report, seen

    def train_epoch(self, epoch: int, on_step: Callable[[StepReport], None]) -> EpochSums:
        """One pass over the augmented faces, an update a batch. Raises TrainingError for a loss that is no number."""
        settings, team, sums = self.settings, self.team, self.sums
        seed_epoch(settings.seed, epoch, self.compute.device, self.generator, rank=team.rank)
        self.model.train()
        sums.begin()
        self.predictions.begin()
        reported_at = time.perf_counter()
        order = (whole[team.part(len(whole))] for whole in self.faces.shuffled(settings.batch_size, self.generator))
        for step, (rows, pixels) in enumerate(self.faces.batches(order), start=1):
            progress = (epoch - 1 + (step - 1) / self.steps) / settings.epochs
            set_learning_rate(self.optimizer, progress)
            self.step(rows, pixels, weighting=progress >= settings.weighting_from)
            self._alive()
            if team.leads and time.perf_counter() - reported_at > 0.5:
                reported_at = time.perf_counter()
                loss, _, _, accuracy, high, low = sums.means()
                on_step(StepReport(epoch, step, self.steps, loss, accuracy, high, low, sums.faces_per_s() * team.size))
        sums.of_all(team)
        self._check_finite(f"epoch {epoch}: the loss", sums.means()[0])
        return sums

    def _check_finite(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            raise TrainingError(
                f"{what} is {value}; a finite number is needed. Try a lower --lr "
                f"(it was {self.settings.lr}), or --precision fp32"
            )

    def step(self, rows: Tensor, pixels: Tensor, *, weighting: bool) -> None:
        """One update by the faces `rows`, (B,), whose (B, S, S, 3) pixels are given. Does not wait for the device."""
        if self.recorded:
            if self._graph is None or self._graph[0] != weighting:
                self._graph = None  # the memory of the one before is given back first
                self._graph = weighting, StepGraph(partial(self._step, weighting=weighting), self.generator)
            self._graph[1](rows, pixels)
        else:
            self._step(rows, pixels, weighting=weighting)
        self.sums.count(len(rows))

    def _step(self, rows: Tensor, pixels: Tensor, *, weighting: bool) -> None:
        settings, labels = self.settings, self.faces.labels[rows]
        pictures, blend = augment(normalise(pixels), self.generator, self.augmentation, self.team), None
        if settings.mixup:
            pictures, blend = blended(pictures, settings.mixup, self.generator)
        pictures = self.compute.arranged(pictures)
        softness, targets = (None if of is None else of[rows] for of in (self.softness, self.targets))
        with self.compute.autocast():
            output = self.network(pictures)
        self.predictions.add(rows, output)
        losses = self.losses(output, labels, softness, blend, targets, weighting=weighting)
        loss = losses.total
        resting = () if weighting else self.model.importance_parameters()
        if self.team.size > 1 and not weighting:
            loss = loss + 0 * losses.rank  # the team waits for a gradient of every parameter, and it is dropped here
        update(self.model, self.optimizer, loss, settings.clip_norm, resting)
        if self.average is not None:
            self.average.follow(self.model)
        correct = (output.logits.argmax(dim=1) == labels).float().mean()
        self.sums.add(losses, correct, len(rows))

    def settle(self, epoch: int) -> None:
        """Gets the batch statistics ready for a clean pass."""
        generator = seed_epoch(self.settings.seed, -epoch, self.compute.device, rank=self.team.rank)
        settle_statistics(self.eval_model, self.faces, self.compute, self.settings.batch_size, generator)

    @torch.no_grad()
    def training_pass(self, *, mirrored: bool = False) -> TrainingPass:
        """A clean pass over all training faces, and what the relabel rule makes of it."""
        seen = clean_pass(
            self.eval_model, self.faces, self.compute, mirrored=mirrored, step=self._alive, team=self.team
        )
        rule = propose(
            seen.logits, seen.alpha, self.initial, beta=self.settings.beta, margin=self.settings.margin_relabel
        )
        self._check_finite("the sum of all scores", (seen.logits.sum() + seen.alpha.sum()).item())
        return TrainingPass(rule, seen.alpha)

    def _report(
        self,
        epoch: int,
        sums: EpochSums,
        seen: TrainingPass | None,
        alpha: Tensor,
        trained_on: Tensor,
        speed: float,
        started: float,
    ) -> EpochReport:
        if seen is not None:
            alpha = seen.alpha  # without dropout, whose noise would hide a collapse
        loss, wce, rank, accuracy, high, low = sums.means()
        val = None
        if seen is not None and len(self.val):
            held_out = clean_pass(self.eval_model, self.val, self.compute, step=self._alive, team=self.team)
            val = held_out.accuracy(self.val.labels)
        return EpochReport(
            epoch=epoch,
            loss=loss,
            wce_loss=wce,
            rank_loss=rank,
            accuracy=accuracy,
            alpha_high=high,
            alpha_low=low,
            alpha_mean=alpha.mean().item(),
            alpha_std=alpha.std().item(),
            margin_rank=self.model.margin_rank_now,
            val_accuracy=val,
            relabelled=int((trained_on != self.initial).sum()),
            faces_per_s=speed,
            seconds=time.perf_counter() - started,
        )

    def _state(self, epoch: int) -> Checkpoint:
        model, optimizer = self.model.state_dict(), self.optimizer.state_dict()
        average = None if self.average is None else self.average.model.state_dict()
        return Checkpoint(epoch, model, optimizer, self.faces.labels, average)

    def _restore(self) -> int:
        checkpoint = load_checkpoint(self.folder)
        if checkpoint is None:
            return 0
        self.model.load_state_dict(checkpoint.model)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        if self.average is not None and checkpoint.average is not None:
            self.average.resume(checkpoint.average, checkpoint.epoch * self.steps)
        if self.recorded:
            place_learning_rates(self.optimizer)
        self.faces.labels.copy_(checkpoint.labels)
        return checkpoint.epoch
