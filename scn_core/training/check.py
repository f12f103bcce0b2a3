"""Which trainings there cannot be. A round asks before it begins, so that a wrong option leaves no failed round."""

from __future__ import annotations

from scn_core.config import TrainSettings
from scn_core.errors import TrainingError, UsageError, error_text
from scn_core.training.distributed import Team


def check_training(settings: TrainSettings, faces: int, team: Team) -> None:
    """Raises UsageError or TrainingError for a training that these settings do not allow.

    Args:
        settings: of the round.
        faces: how many it trains on.
        team: who trains.
    """
    if faces < 2:
        raise TrainingError(f"got {faces} training faces; at least 2 are needed to train")
    size = min(settings.batch_size, faces)
    if size % team.size or size < 2 * team.size:
        raise UsageError(
            error_text(
                "--batch-size",
                f"{size} faces a step for {team.size} processes",
                (f"a multiple of {team.size}, {2 * team.size} or more, and no more than the {faces:,} training faces"),
            )
        )
