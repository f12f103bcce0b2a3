import dataclasses

import pytest
import torch
from torch import nn

from scn_core.config import TrainSettings
from scn_core.scn.model import SelfCureNetwork
from scn_core.training.data import TrainingData
from scn_core.training.device import choose_compute, seed_epoch
from scn_core.training.predict import clean_pass, has_clean_pass, mirrors, settle_statistics
from scn_core.training.resident import ResidentFaces

COMPUTE = choose_compute(TrainSettings(device="cpu", precision="fp32"))


def network(data: TrainingData) -> tuple[SelfCureNetwork, ResidentFaces]:
    torch.manual_seed(0)
    faces = ResidentFaces(data.pixels, data.rows, data.labels, COMPUTE.device)
    return SelfCureNetwork("resnet18", 4, image_size=32), faces


def test_one_batch_of_all_faces_settles_the_statistics_exactly(data: TrainingData) -> None:
    model, faces = network(data)
    settle_statistics(model, faces, COMPUTE, 192, seed_epoch(0, 1, COMPUTE.device))
    maps = model.backbone.conv1(faces.pictures(torch.arange(192)))  # type: ignore[operator]
    norm = model.backbone.get_submodule("bn1")
    assert torch.allclose(norm.get_buffer("running_mean"), maps.mean((0, 2, 3)), atol=1e-4)
    assert torch.allclose(norm.get_buffer("running_var"), maps.var((0, 2, 3)), rtol=1e-3)


def test_settling_mends_statistics_that_are_far_off(data: TrainingData) -> None:
    """The clean pass then agrees with what a training batch would have said."""
    model, faces = network(data)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.fill_(5)  # type: ignore[union-attr]
    pictures = faces.pictures(torch.arange(192))
    with torch.no_grad():
        in_training = model.train()(pictures).alpha
    astray = clean_pass(model, faces, COMPUTE, 192).alpha
    settle_statistics(model, faces, COMPUTE, 192, seed_epoch(0, 1, COMPUTE.device))
    settled = clean_pass(model, faces, COMPUTE, 192).alpha
    assert (settled - in_training).abs().max() < 0.01
    assert (astray - in_training).abs().max() > 0.05


def test_settling_touches_nothing_else(data: TrainingData) -> None:
    model, faces = network(data)
    weights = {name: p.clone() for name, p in model.named_parameters()}
    settle_statistics(model, faces, COMPUTE, 64, seed_epoch(0, 1, COMPUTE.device))
    assert all(torch.equal(p, weights[name]) for name, p in model.named_parameters())
    assert {m.momentum for m in model.modules() if isinstance(m, nn.BatchNorm2d)} == {0.1}
    assert all(module.training for module in model.modules())


def test_a_mirrored_pass_is_the_pass_over_mirrored_pictures(data: TrainingData) -> None:
    model, faces = network(data)
    turned = dataclasses.replace(data, pixels=data.pixels[:, :, ::-1].copy())
    _, mirrored = network(turned)
    seen = clean_pass(model, faces, COMPUTE, mirrored=True)
    assert torch.equal(seen.logits, clean_pass(model, mirrored, COMPUTE).logits)
    assert not torch.allclose(seen.logits, clean_pass(model, faces, COMPUTE).logits, atol=1e-4)


@pytest.mark.parametrize(
    ("epochs", "passes", "mirrored"),
    [(1, [1], []), (2, [2], []), (4, [1, 4], [1]), (8, [2, 5, 8], [5]), (15, [6, 9, 12, 15], [6, 12])],
)
def test_which_epochs_end_in_a_clean_pass(epochs: int, passes: list[int], mirrored: list[int]) -> None:
    """Every third, counted back from the last, after the first fifth; every other pass sees the faces mirrored."""
    for mode in ("review", "off"):
        chosen = TrainSettings(epochs=epochs, relabel=mode)
        assert [n for n in range(1, epochs + 1) if has_clean_pass(chosen, n)] == passes
        assert [n for n in range(1, epochs + 1) if mirrors(chosen, n)] == mirrored


def test_every_epoch_that_sets_labels_has_a_clean_pass_and_none_is_mirrored() -> None:
    chosen = TrainSettings(epochs=12, relabel="auto", relabel_from=8)
    assert [n for n in range(1, 13) if has_clean_pass(chosen, n)] == [3, 6, 8, 9, 10, 11, 12]
    assert not any(mirrors(chosen, n) for n in range(1, 13))


def test_with_mixup_every_epoch_has_a_clean_pass() -> None:
    chosen = TrainSettings(epochs=5, mixup=0.4)
    assert all(has_clean_pass(chosen, n) for n in range(1, 6))
    assert [n for n in range(1, 6) if mirrors(chosen, n)] == [2, 4]


def test_networks_without_batch_normalisation_pass(data: TrainingData) -> None:
    torch.manual_seed(0)
    model = SelfCureNetwork("alexnet", 4, image_size=64)
    faces = ResidentFaces(data.pixels, data.rows, data.labels, COMPUTE.device)
    settle_statistics(model, faces, COMPUTE, 64, seed_epoch(0, 1, COMPUTE.device))
