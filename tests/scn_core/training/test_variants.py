"""Options against memorising wrong labels."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from scn_core.config import TrainSettings
from scn_core.scn.losses import weighted_cross_entropy
from scn_core.scn.model import Output, SelfCureNetwork
from scn_core.training.augment import AugmentSettings
from scn_core.training.checkpoint import load_checkpoint, save_weights
from scn_core.training.data import TrainingData, TrainingResult
from scn_core.training.loop import Training
from scn_core.training.variants import AverageWeights, Blend, blended
from tests.scn_core.training.conftest import SMALL, small_data

SETTINGS = TrainSettings(image_size=32, epochs=2, batch_size=48, precision="fp32", device="cpu")
VARIANTS: tuple[dict[str, float], ...] = (
    {"label_smoothing": 0.1},
    {"mixup": 0.4},
    {"average_weights": 0.9},
    {"augmentation": 2.0},
)


def network(backbone: str = SMALL) -> SelfCureNetwork:
    torch.manual_seed(0)
    return SelfCureNetwork(backbone, 4, image_size=32)


def training(data: TrainingData, folder: Path, **changes: float) -> Training:
    folder.mkdir(exist_ok=True)
    settings = dataclasses.replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return Training(settings, data, network(), folder)


def result(job: Training, *, resume: bool = False) -> TrainingResult:
    return job.run(resume=resume, on_epoch=lambda report: None)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """Of an epoch without a variant."""
    return result(training(small_data(), tmp_path_factory.mktemp("plain"), epochs=1))


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: next(iter(variant)))
def test_it_changes_what_is_learned_and_repeats(
    variant: dict[str, float], plain: TrainingResult, data: TrainingData, tmp_path: Path
) -> None:
    one, again = (result(training(data, tmp_path / name, epochs=1, **variant)) for name in ("one", "again"))
    assert not torch.equal(one.rule.probabilities, plain.rule.probabilities)
    assert torch.equal(one.rule.probabilities, again.rule.probabilities)
    assert torch.equal(one.alpha, again.alpha)


@pytest.mark.parametrize("variant", VARIANTS[1:3], ids=lambda variant: next(iter(variant)))
def test_a_resumed_round_ends_as_an_uninterrupted_one(
    variant: dict[str, float], data: TrainingData, tmp_path: Path
) -> None:
    whole = result(training(data, tmp_path / "whole", **variant))

    class Stop(Exception):
        pass

    def stop(report: object) -> None:
        if load_checkpoint(tmp_path / "cut") is not None:
            raise Stop

    with pytest.raises(Stop):
        training(data, tmp_path / "cut", **variant).run(on_epoch=stop)
    resumed = result(training(data, tmp_path / "cut", **variant), resume=True)
    torch.testing.assert_close(resumed.mean, whole.mean, rtol=0, atol=0)
    torch.testing.assert_close(resumed.alpha, whole.alpha, rtol=0, atol=0)


@pytest.mark.parametrize("decay", [0.2, 0.75])
def test_the_average_is_what_its_formula_says(decay: float) -> None:
    """From 10 % kept at the first step to the decay."""
    model = network()
    average = AverageWeights(model, decay)
    expected = model.classifier.weight.detach().clone()
    for step in range(4):
        with torch.no_grad():
            model.classifier.weight += step + 1
        average.follow(model)
        kept = min(decay, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * model.classifier.weight.detach()
    torch.testing.assert_close(average.model.classifier.weight.detach(), expected)
    assert not any(parameter.requires_grad for parameter in average.model.parameters())


def test_a_slow_average_does_not_judge_by_the_random_start() -> None:
    """Of 300 steps with 0.999 kept, nothing is left of what the network began with."""
    model = network()
    average = AverageWeights(model, 0.999)
    with torch.no_grad():
        began = model.classifier.weight.clone()
        model.classifier.weight += 1.0
        for _ in range(300):
            average.follow(model)
    torch.testing.assert_close(average.model.classifier.weight, began + 1, rtol=0, atol=1e-3)


def test_the_averaged_network_sees_the_faces_and_stays(data: TrainingData, tmp_path: Path) -> None:
    job = training(data, tmp_path, average_weights=0.9)
    seen = result(job)
    assert job.eval_model is not job.model
    torch.testing.assert_close(job.training_pass().rule.probabilities, seen.rule.probabilities)
    save_weights(tmp_path, job.eval_model)
    loaded = network()
    loaded.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert torch.equal(loaded.classifier.weight, job.eval_model.classifier.weight)


def test_without_averaging_the_trained_network_judges(data: TrainingData, tmp_path: Path) -> None:
    job = training(data, tmp_path)
    assert job.eval_model is job.model


def test_blended_pictures_are_two_of_the_batch() -> None:
    torch.manual_seed(3)
    pictures = torch.randn(6, 3, 4, 4)
    mixed, blend = blended(pictures, 0.4, torch.Generator().manual_seed(1))
    torch.manual_seed(4)
    again, _ = blended(pictures, 0.4, torch.Generator().manual_seed(1))
    assert torch.equal(again, mixed), "whatever the global generator is at, which each process has its own of"
    share = blend.share.item()
    assert 0.5 <= share <= 1
    assert sorted(blend.partner.tolist()) == list(range(6))
    for i, partner in enumerate(blend.partner.tolist()):
        torch.testing.assert_close(mixed[i], share * pictures[i] + (1 - share) * pictures[partner])


def test_shares_of_a_blend_are_of_a_beta_distribution() -> None:
    """The larger half of Beta(0.4, 0.4), by mean and variance; the latter is 1 / (4 (2 x 0.4 + 1))."""
    generator = torch.Generator().manual_seed(2)
    shares = torch.stack([blended(torch.zeros(2, 3, 1, 1), 0.4, generator)[1].share for _ in range(4000)])
    told = torch.distributions.Beta(0.4, 0.4).sample((100_000,))
    assert shares.mean().item() == pytest.approx(torch.maximum(told, 1 - told).mean().item(), abs=0.01)
    assert ((shares - 0.5) ** 2).mean().item() == pytest.approx(1 / 7.2, abs=0.005)


def test_the_loss_of_a_blend_is_shared_as_its_pictures_are(data: TrainingData, tmp_path: Path) -> None:
    job = training(data, tmp_path)
    torch.manual_seed(5)
    labels, softness = torch.tensor([0, 1, 2, 3]), torch.tensor([0.0, 0.5, 0.0, 0.2])
    output = Output(torch.randn(4, 4), torch.rand(4), torch.randn(4, 8))
    partner = torch.tensor([2, 0, 3, 1])
    wce = job.losses(output, labels, softness, Blend(partner, torch.tensor(0.7)), weighting=True).wce

    def cross_entropy(places: Tensor) -> Tensor:
        return weighted_cross_entropy(output.logits, output.alpha, labels[places], softness[places])

    torch.testing.assert_close(wce, 0.7 * cross_entropy(torch.arange(4)) + 0.3 * cross_entropy(partner))


def test_smoothing_never_makes_an_unsure_face_surer(data: TrainingData, tmp_path: Path) -> None:
    soft = np.zeros(192, np.float32)
    soft[:2] = 0.5, 0.05
    job = training(dataclasses.replace(data, softness=soft), tmp_path, label_smoothing=0.1)
    assert job.softness is not None
    torch.testing.assert_close(job.softness[:3], torch.tensor([0.5, 0.1, 0.1]))


def test_augmentation_goes_so_many_times_as_far() -> None:
    further = AugmentSettings().times(3)
    assert (further.degrees, further.erase) == pytest.approx((15.0, 0.3))
    assert further.flip == AugmentSettings().flip
    assert further.erase_share == AugmentSettings().erase_share
    assert AugmentSettings().times(1) == AugmentSettings()
    assert AugmentSettings().times(20).erase == 1
