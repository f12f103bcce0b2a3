"""Labels that count for a part only: those of faces nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from scn_core.config import TrainSettings
from scn_core.scn.model import SelfCureNetwork
from scn_core.training.data import TrainingData, targets_of
from scn_core.training.loop import Training

SETTINGS = TrainSettings(
    image_size=32, epochs=1, batch_size=50, backbone="squeezenet1_1", precision="fp32", device="cpu"
)


def training(data: TrainingData, folder: Path) -> Training:
    torch.manual_seed(0)
    return Training(SETTINGS, data, SelfCureNetwork(SETTINGS.backbone, 4, image_size=32), folder)


def test_every_batch_takes_the_softness_of_its_own_faces(data: TrainingData, tmp_path: Path) -> None:
    job = training(replace(data, softness=(np.arange(192) / 1000).astype(np.float32)), tmp_path)
    taken: list[tuple[Tensor, Tensor]] = []
    losses: Any = job.losses

    def watched(
        output: Any, labels: Tensor, softness: Tensor, blend: None, targets: None, *, weighting: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        assert blend is targets is None
        taken.append((labels, softness))
        told: tuple[Tensor, Tensor, Tensor] = losses(output, labels, softness, weighting=weighting)
        assert not torch.equal(told[1], losses(output, labels, weighting=weighting)[1])
        return told

    job.losses = watched  # type: ignore[assignment]
    job.train_epoch(1, lambda report: None)
    faces = torch.cat([softness for _, softness in taken]).mul(1000).round().long()
    assert torch.equal(torch.cat([labels for labels, _ in taken]), torch.from_numpy(data.labels)[faces])
    assert set(faces.tolist()) == set(range(192))


def test_every_batch_takes_the_targets_of_its_own_faces(data: TrainingData, tmp_path: Path) -> None:
    shares = np.zeros((192, 4), np.float32)
    shares[::2, 0] = np.arange(96) / 192
    shares[::2, 1] = 1 - shares[::2, 0]
    job = training(replace(data, targets=shares), tmp_path)
    taken: list[Tensor] = []
    losses: Any = job.losses

    def watched(output: Any, labels: Tensor, softness: None, blend: None, targets: Tensor, *, weighting: bool) -> Any:
        taken.append(torch.cat([labels.unsqueeze(1), targets], dim=1))
        return losses(output, labels, softness, blend, targets, weighting=weighting)

    job.losses = watched  # type: ignore[assignment]
    job.train_epoch(1, lambda report: None)
    expected = torch.from_numpy(np.concatenate([data.labels[:, None].astype(np.float32), shares], axis=1))
    assert torch.equal(torch.cat(taken).unique(dim=0), expected.unique(dim=0))


def test_targets_are_smoothed_as_labels_are(data: TrainingData) -> None:
    shares = np.zeros((192, 4), np.float32)
    shares[0], shares[1] = (1, 0, 0, 0), (0.5, 0.5, 0, 0)
    made = targets_of(replace(data, targets=shares), 0.3, torch.device("cpu"))
    assert made is not None
    torch.testing.assert_close(made[0], torch.tensor([0.7, 0.1, 0.1, 0.1]))
    torch.testing.assert_close(made[1], torch.tensor([0.4, 0.4, 0.1, 0.1]))
    assert not made[2:].any()
    for none in (None, np.empty((192, 0), np.float32), np.zeros((192, 4), np.float32)):
        assert targets_of(replace(data, targets=none), 0.3, torch.device("cpu")) is None


@pytest.mark.parametrize("softness", [None, np.zeros(192, np.float32)])
def test_it_costs_nothing_where_nobody_is_unsure(
    softness: np.ndarray | None, data: TrainingData, tmp_path: Path
) -> None:
    assert training(replace(data, softness=softness), tmp_path).softness is None


def test_a_clean_pass_says_that_it_is_alive(data: TrainingData, tmp_path: Path) -> None:
    """So that a round cancelled in the middle of one ends soon."""
    heard: list[None] = []
    job = Training(
        SETTINGS, data, SelfCureNetwork(SETTINGS.backbone, 4, image_size=32), tmp_path, lambda: heard.append(None)
    )
    job.training_pass()
    assert heard
    before = len(heard)
    job.train_epoch(1, lambda report: None)
    assert len(heard) == before + 4
