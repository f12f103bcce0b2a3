import pytest
import torch
from torch import Tensor

from scn_core.config import TrainSettings
from scn_core.errors import UsageError
from scn_core.scn.backbones import build_backbone
from scn_core.training.device import choose_compute, seed_epoch

CPU = torch.device("cpu")


def test_auto_takes_a_gpu_where_there_is_one() -> None:
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert choose_compute(TrainSettings()).device.type == expected


@pytest.mark.parametrize("name", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there_lists_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match=rf"--device: found '{name}'; allowed on this machine: auto, cpu"):
        choose_compute(TrainSettings(device=name))


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_precision_asked_for_is_the_one_computed_in(precision: str) -> None:
    compute = choose_compute(TrainSettings(device="cpu", precision=precision))  # type: ignore[arg-type]
    with compute.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if precision == "bf16" else torch.float32)


def test_every_epoch_draws_its_own_numbers_whatever_came_before() -> None:
    first = torch.rand(3, generator=seed_epoch(0, 5, CPU)), torch.rand(3)
    torch.rand(100)
    again = torch.rand(3, generator=seed_epoch(0, 5, CPU)), torch.rand(3)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    shared, own = torch.rand(3, generator=seed_epoch(0, 5, CPU, rank=1)), torch.rand(3)
    assert torch.equal(shared, first[0]), "the same augmentation by all processes of a team"
    assert not torch.equal(own, first[1]), "and each drops out its own"
    for seed, epoch in ((0, 6), (1, 5), (0, -5)):
        assert not torch.equal(first[0], torch.rand(3, generator=seed_epoch(seed, epoch, CPU)))


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x0_5"])
def test_the_smallest_pictures_have_the_same_gradients_each_time(name: str) -> None:
    """In bf16 on a CPU torch left parts of them unset: whatever lay in memory, NaN too."""
    compute = choose_compute(TrainSettings(device="cpu", image_size=16))

    def gradients() -> list[Tensor]:
        seed_epoch(0, 1, compute.device)
        network = compute.place(build_backbone(name, 16)[0])
        unset = [torch.full((size,), torch.nan) for size in (1_000, 100_003, 590_000, 2_360_000)]
        del unset
        with compute.autocast():
            features = network(torch.randn(4, 3, 16, 16).contiguous(memory_format=torch.channels_last))
        features.float().square().sum().backward()
        return [each.grad for each in network.parameters() if each.grad is not None]

    once, again = gradients(), gradients()
    assert once
    assert all(torch.equal(one, two) for one, two in zip(once, again, strict=True))


def test_the_smallest_pictures_are_refused_in_bf16_on_a_cpu() -> None:
    with pytest.raises(UsageError, match="found bf16 with pictures of 16 pixels on a CPU; allowed: auto, "):
        choose_compute(TrainSettings(device="cpu", image_size=16, precision="bf16"))
    assert choose_compute(TrainSettings(device="cpu", image_size=17, precision="bf16")).bf16
