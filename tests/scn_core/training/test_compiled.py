"""Merged by torch.compile or not, a training comes to the same."""

import dataclasses
from pathlib import Path

import torch
from torch import nn

from scn_core.config import TrainSettings
from scn_core.scn.model import SelfCureNetwork
from scn_core.training.data import TrainingData, TrainingResult
from scn_core.training.loop import Training

SETTINGS = TrainSettings(image_size=32, epochs=2, batch_size=192, precision="fp32", device="cpu", weighting_from=0.5)


def trained(data: TrainingData, folder: Path, *, compiled: bool) -> tuple[Training, TrainingResult]:
    folder.mkdir()
    torch.manual_seed(0)
    model = SelfCureNetwork("resnet18", 4, image_size=32)
    # The first block of two of its four stages: all that it is made of, compiled in a quarter of the time.
    model.backbone.layer1, model.backbone.layer2 = map(model.backbone.get_submodule, ("layer1.0", "layer2.0"))
    model.backbone.layer3 = model.backbone.layer4 = nn.Identity()
    model.classifier, model.attention = nn.Linear(128, 4), nn.Linear(128, 1)
    job = Training(dataclasses.replace(SETTINGS, compile=compiled), data, model, folder)
    return job, job.run(on_epoch=lambda report: None)


def test_a_compiled_training_comes_to_what_a_plain_one_comes_to(data: TrainingData, tmp_path: Path) -> None:
    """One step before alpha weights the logits, one after. Two orders of memory differ by 1 % of a gradient too."""
    plain, expected = trained(data, tmp_path / "plain", compiled=False)
    merged, result = trained(data, tmp_path / "merged", compiled=True)
    assert [hasattr(job.network, "_orig_mod") for job in (plain, merged)] == [False, True]
    torch.testing.assert_close(result.alpha, expected.alpha, atol=0.02, rtol=0)
    torch.testing.assert_close(result.mean, expected.mean, atol=0.02, rtol=0)
    for name, weight in plain.model.named_parameters():
        one, other = weight.grad, merged.model.get_parameter(name).grad
        assert one is not None
        assert other is not None
        assert (one - other).norm() < 0.03 * one.norm(), name
