"""One test for every defect of the published SCN code that this project must not inherit.

Those of the relabel rule and of weight loading are in tests/scn_core/scn/test_relabel.py and test_weights.py.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from scn_core.config import TrainSettings
from scn_core.scn.model import SelfCureNetwork
from scn_core.training.data import TrainingData
from scn_core.training.device import choose_compute
from scn_core.training.loop import Training
from scn_core.training.optimise import build_optimizer, set_learning_rate
from scn_core.training.predict import clean_pass
from scn_core.training.resident import ResidentFaces
from tests.scn_core.training.conftest import SMALL

SETTINGS = TrainSettings(image_size=32, epochs=2, batch_size=32, backbone=SMALL, precision="fp32", device="cpu")


def training(data: TrainingData, folder: Path, settings: TrainSettings = SETTINGS) -> Training:
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    return Training(settings, data, SelfCureNetwork(settings.backbone, 4, image_size=32), folder)


class CountSyncs(TorchDispatchMode):
    """Counts the operations that make the host wait for the device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count: int = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if func in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default):
            self.count += 1
        return func(*args, **(kwargs or {}))


def test_a_step_never_waits_for_the_device(data: TrainingData, tmp_path: Path) -> None:
    """Published: several `.item()` and `.cpu()` a step."""

    def syncs(batch_size: int) -> int:
        settings = dataclasses.replace(SETTINGS, epochs=1, batch_size=batch_size)
        job = training(data, tmp_path / str(batch_size), settings)
        counter = CountSyncs()
        with counter:
            job.train_epoch(1, lambda report: None)
        return counter.count

    # Six times the steps must not wait more often; the optimiser's own step counter is on the host.
    assert syncs(16) == syncs(96)


def test_dropout_is_off_in_the_clean_pass(data: TrainingData) -> None:
    """Published: dropout stays active in evaluation."""
    torch.manual_seed(0)
    model = SelfCureNetwork("mobilenet_v3_small", 4, image_size=32)
    assert any(isinstance(module, torch.nn.Dropout) for module in model.modules())
    compute = choose_compute(SETTINGS)
    faces = ResidentFaces(data.pixels, data.rows, data.labels, compute.device)
    first, second = (clean_pass(model, faces, compute, 64) for _ in range(2))
    assert torch.equal(first.logits, second.logits)
    assert model.training


def test_a_face_scores_the_same_whoever_shares_its_batch(data: TrainingData) -> None:
    """Scores come from un-augmented pictures and running statistics, not from the training batch."""
    model = SelfCureNetwork("resnet18", 4, image_size=32)
    compute = choose_compute(SETTINGS)
    faces = ResidentFaces(data.pixels, data.rows, data.labels, compute.device)
    large, small = clean_pass(model, faces, compute, 192), clean_pass(model, faces, compute, 7)
    assert torch.allclose(large.logits, small.logits, atol=1e-4)


def test_held_out_faces_choose_nothing(data: TrainingData, tmp_path: Path) -> None:
    """Published: the test set picks the epoch. Here other validation faces leave every weight as it was."""
    shuffled = dataclasses.replace(data, val_labels=np.roll(data.val_labels, 1))
    jobs = training(data, tmp_path / "a"), training(shuffled, tmp_path / "b")
    for job in jobs:
        job.run(on_epoch=lambda report: None)
    for a, b in zip(jobs[0].model.parameters(), jobs[1].model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_learning_rate_asked_for_is_the_one_used(tmp_path: Path) -> None:
    """Published: --lr is ignored."""
    model = SelfCureNetwork("resnet18", 4, image_size=32)
    for lr in (0.01, 0.2):
        optimizer = build_optimizer(model, dataclasses.replace(SETTINGS, lr=lr, batch_size=128))
        set_learning_rate(optimizer, 0.1)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([lr, lr * 0.1])


def test_a_remainder_of_one_face_trains(data: TrainingData, tmp_path: Path) -> None:
    """Published: a last batch of one face gives NaN. 192 faces in batches of 191 leave one over."""
    job = training(data, tmp_path, dataclasses.replace(SETTINGS, batch_size=191, epochs=1))
    reports: list[float] = []
    job.run(on_epoch=lambda report: reports.append(report.loss))
    assert np.isfinite(reports).all()


@pytest.mark.gpu
def test_nothing_on_the_host_indexes_the_device(data: TrainingData, tmp_path: Path) -> None:
    """Published: a CPU tensor is indexed with a CUDA tensor."""
    job = training(data, tmp_path, dataclasses.replace(SETTINGS, device="cuda", relabel="auto", relabel_from=1))
    result = job.run(on_epoch=lambda report: None)
    assert result.labels.is_cuda
