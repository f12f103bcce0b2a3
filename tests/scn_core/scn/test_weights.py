"""A weights file must fit, or say how little of it did."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from scn_core.errors import WeightsError
from scn_core.scn.backbones import build_backbone
from scn_core.scn.weights import load_backbone_weights


def resnet(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return build_backbone("resnet18", 48)[0]


def numbered(backbone: nn.Module) -> dict[str, Tensor]:
    """As the published code saves it: nn.Sequential(*list(resnet.children())[:-1]) under 'features'."""
    return {f"features.{k}": v for k, v in nn.Sequential(*backbone.children()).state_dict().items()}


SAVED: dict[str, Callable[[nn.Module], dict[str, Any]]] = {
    "plain": lambda b: b.state_dict(),
    "data parallel": lambda b: {f"module.{k}": v for k, v in b.state_dict().items()},
    "our own round": lambda b: (
        {f"backbone.{k}": v for k, v in b.state_dict().items()} | {"attention.bias": torch.zeros(1)}
    ),
    "wrapped and prefixed": lambda b: {
        "epoch": 3,
        "model_state_dict": {f"module.backbone.{k}": v for k, v in b.state_dict().items()},
    },
    "numbered layers": numbered,
    "with another classifier": lambda b: b.state_dict() | {"fc.weight": torch.zeros(8, 512), "fc.bias": torch.zeros(8)},
    "an old file": lambda b: {k: v for k, v in b.state_dict().items() if "num_batches" not in k},
}


@pytest.mark.parametrize("how", SAVED)
def test_weights_arrive_however_they_were_saved(how: str, tmp_path: Path) -> None:
    source, target = resnet(1), resnet(2)
    torch.save(SAVED[how](source), tmp_path / "w.pth")
    report = load_backbone_weights(target, tmp_path / "w.pth")
    assert report.share > 0.999
    for name, tensor in source.named_parameters():
        assert torch.equal(tensor, target.get_parameter(name)), name


def test_safetensors(tmp_path: Path) -> None:
    source, target = resnet(1), resnet(2)
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    report = load_backbone_weights(target, tmp_path / "w.safetensors")
    assert report.matched == report.expected
    assert report.missing == ()


def test_a_file_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    """The published code loads with strict=False, matches no key and trains from scratch without a word."""
    torch.save({f"something.else.{k}.x": v for k, v in resnet(1).state_dict().items()}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"fits 0 of 120 tensors.*at least 90% is needed"):
        load_backbone_weights(resnet(2), tmp_path / "w.pth")


def test_a_file_that_matches_too_little_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    target = resnet(2)
    before = {k: v.clone() for k, v in target.state_dict().items()}
    torch.save({k: v for k, v in resnet(1).state_dict().items() if "layer4" not in k}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"fits 90 of 120 tensors"):
        load_backbone_weights(target, tmp_path / "w.pth")
    assert all(torch.equal(v, before[k]) for k, v in target.state_dict().items())


def test_another_architecture_is_an_error(tmp_path: Path) -> None:
    torch.save(build_backbone("mobilenet_v3_small", 48)[0].state_dict(), tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="another architecture"):
        load_backbone_weights(resnet(2), tmp_path / "w.pth")


def test_nothing_but_tensors_is_unpickled(tmp_path: Path) -> None:
    (tmp_path / "touch.pth").write_bytes(pickle.dumps({"w": Path(tmp_path)}))
    with pytest.raises(WeightsError, match=r"touch\.pth"):
        load_backbone_weights(resnet(2), tmp_path / "touch.pth")


@pytest.mark.parametrize("content", [b"", b"not weights"])
@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_unreadable_files_are_named(content: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=name):
        load_backbone_weights(resnet(2), tmp_path / name)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"found no file .*gone\.pth"):
        load_backbone_weights(resnet(2), tmp_path / "gone.pth")


def test_imagenet_weights_come_through_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From torchvision's own cache, where a file of ours stands for the one it would fetch."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.manual_seed(1)
    source = torchvision.models.resnet18()
    name = Path(torchvision.models.ResNet18_Weights.DEFAULT.url).name
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save(source.state_dict(), tmp_path / "hub" / "checkpoints" / name)
    backbone, _ = build_backbone("resnet18", 48, imagenet=True)
    for name, tensor in backbone.named_parameters():
        assert torch.equal(tensor, source.get_parameter(name)), name


def test_imagenet_weights_that_cannot_be_had_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file" / "below"))
    (tmp_path / "file").write_text("where a folder would have to be")
    with pytest.raises(WeightsError, match=r"--weights imagenet: .*copy the file .* and pass --weights FILE"):
        build_backbone("resnet18", 48, imagenet=True)
