"""Options that do not go together are refused, in words that say what does."""

import pytest

from scn_core.config import TrainSettings
from scn_core.errors import TrainingError, UsageError
from scn_core.training.check import check_round, check_training
from scn_core.training.distributed import ALONE, Team


@pytest.mark.parametrize(("faces", "batch_size"), [(100, 33), (100, 6), (30, 64), (7, 64)])
def test_a_batch_that_cannot_be_divided_is_refused(faces: int, batch_size: int) -> None:
    settings = TrainSettings(batch_size=batch_size)
    with pytest.raises(UsageError, match=r"--batch-size: found \d+ faces a step for 4 processes; allowed: a multiple"):
        check_training(settings, faces, Team(0, 4))
    check_training(TrainSettings(batch_size=64), 100, Team(0, 4))
    check_training(settings, faces, ALONE)


def test_the_faces_a_fold_trains_on_are_divided_too() -> None:
    settings = TrainSettings(batch_size=64, folds=2)
    check_round(settings, 128, Team(0, 4))
    with pytest.raises(UsageError, match="--batch-size: found 63 faces a step for 4 processes"):
        check_round(settings, 126, Team(0, 4))
    check_round(TrainSettings(batch_size=64), 126, Team(0, 4))


def test_too_few_faces_are_told() -> None:
    with pytest.raises(TrainingError, match="got 1 training faces; at least 2"):
        check_training(TrainSettings(), 1, ALONE)
    with pytest.raises(TrainingError, match=r"--folds: found 3 for 5 faces; allowed: at least 2 faces a fold"):
        check_round(TrainSettings(folds=3), 5, ALONE)


def test_some_options_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="--folds: found 1; allowed: 0, or 2 and more"):
        TrainSettings(folds=1)
    with pytest.raises(UsageError, match="--compile: found --flip-consistency too; allowed: one of them"):
        TrainSettings(compile=True, flip_consistency=1.0)
