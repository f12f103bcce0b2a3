from pathlib import Path

import pytest

from scn_core.config import TrainSettings
from scn_core.records import EpochReport
from scn_core.scn.model import build_model
from scn_core.training.collapse import MIN_STD, collapse_warning
from scn_core.training.data import TrainingData
from scn_core.training.loop import Training


@pytest.mark.parametrize(("mean", "where"), [(0.001, "to 0"), (0.999, "to 1"), (0.5, "around 0.50")])
def test_a_vanished_spread_is_named_with_what_to_do(mean: float, where: str) -> None:
    warning = collapse_warning(mean, 0.001)
    assert warning is not None
    assert f"collapsed {where}" in warning
    assert "--attention-lr-scale" in warning


def test_a_healthy_spread_is_silent() -> None:
    assert collapse_warning(0.001, MIN_STD) is None


@pytest.mark.parametrize("batch_size", [64, 128, 1024])
def test_the_default_recipe_keeps_its_spread(batch_size: int, data: TrainingData, tmp_path: Path) -> None:
    settings = TrainSettings(image_size=32, epochs=4, batch_size=batch_size, precision="fp32", device="cpu")
    reports: list[EpochReport] = []
    Training(settings, data, build_model(settings, 4), tmp_path).run(on_epoch=reports.append)
    weighted = [r for r in reports if r.epoch > settings.weighting_from * settings.epochs]
    assert [collapse_warning(r.alpha_mean, r.alpha_std) for r in weighted] == [None] * len(weighted)
    assert reports[-1].alpha_high - reports[-1].alpha_low > settings.margin_rank / 2
