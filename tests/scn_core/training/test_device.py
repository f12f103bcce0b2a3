import pytest
import torch

from scn_core.config import TrainSettings
from scn_core.errors import UsageError
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
