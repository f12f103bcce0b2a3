"""Checkpoints are written while training goes on, and hold what was so when they were asked for."""

from contextlib import suppress
from pathlib import Path

import pytest
import torch

from scn_core.training.checkpoint import Checkpoint, CheckpointWriter, load_checkpoint


def state(epoch: int, weight: torch.Tensor) -> Checkpoint:
    optimizer = {
        "state": {0: {"step": torch.tensor(float(epoch)), "exp_avg": weight}},
        "param_groups": [{"params": [0]}],
    }
    return Checkpoint(epoch, {"weight": weight}, optimizer, torch.arange(3))


def test_what_changes_meanwhile_is_not_in_it(tmp_path: Path) -> None:
    weight = torch.zeros(10_000_000)
    with CheckpointWriter(tmp_path) as checkpoints:
        for epoch in (1, 2):
            checkpoints.save(state(epoch, weight))
            weight += 1
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert found.epoch == 2
    assert found.optimizer["param_groups"] == [{"params": [0]}]
    for kept in (found.model["weight"], found.optimizer["state"][0]["exp_avg"]):
        assert kept.min() == kept.max() == 1
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_it_is_whole_when_an_error_ends_the_training(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), CheckpointWriter(tmp_path) as checkpoints:
        checkpoints.save(state(7, torch.zeros(1_000_000)))
        raise KeyboardInterrupt
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert found.epoch == 7


def test_what_went_wrong_is_told_by_the_next_one_and_at_the_end(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    checkpoints = CheckpointWriter(gone)
    with pytest.raises((OSError, RuntimeError), match="gone"), checkpoints:
        checkpoints.save(state(1, torch.zeros(3)))
    checkpoints = CheckpointWriter(gone)
    checkpoints.save(state(1, torch.zeros(3)))
    with pytest.raises((OSError, RuntimeError), match="gone"):
        checkpoints.save(state(2, torch.zeros(3)))
