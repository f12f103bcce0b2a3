"""Options that do not go together are refused, in words that say what does."""

import pytest

from scn_core.config import TrainSettings
from scn_core.errors import TrainingError, UsageError
from scn_core.training.check import check_training
from scn_core.training.distributed import ALONE, Team


@pytest.mark.parametrize(("faces", "batch_size"), [(100, 33), (100, 6), (30, 64), (7, 64)])
def test_a_batch_that_cannot_be_divided_is_refused(faces: int, batch_size: int) -> None:
    settings = TrainSettings(batch_size=batch_size)
    with pytest.raises(UsageError, match=r"--batch-size: found \d+ faces a step for 4 processes; allowed: a multiple"):
        check_training(settings, faces, Team(0, 4))
    check_training(TrainSettings(batch_size=64), 100, Team(0, 4))
    check_training(settings, faces, ALONE)


def test_too_few_faces_are_told() -> None:
    with pytest.raises(TrainingError, match="got 1 training faces; at least 2"):
        check_training(TrainSettings(), 1, ALONE)
