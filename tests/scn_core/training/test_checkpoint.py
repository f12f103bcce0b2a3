"""Checkpoints are written while training goes on, and hold what was so when they were asked for."""

import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from scn_core.errors import DiskFullError, TrainingError
from scn_core.training.checkpoint import Checkpoint, CheckpointWriter, Dynamics, drop_checkpoint, load_checkpoint


def state(epoch: int, weight: torch.Tensor) -> Checkpoint:
    optimizer = {
        "state": {0: {"step": torch.tensor(float(epoch)), "exp_avg": weight}},
        "param_groups": [{"params": [0]}],
    }
    return Checkpoint(epoch, {"weight": weight}, optimizer, torch.arange(3))


def test_what_changes_meanwhile_is_not_in_it(tmp_path: Path) -> None:
    weight = torch.zeros(10_000_000)
    with CheckpointWriter(tmp_path, every_s=0) as checkpoints:
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


@pytest.mark.parametrize("ending", [None, KeyboardInterrupt, TrainingError])
def test_between_writes_the_newest_state_is_kept_and_is_on_disk_at_the_end(
    tmp_path: Path, ending: type[BaseException] | None
) -> None:
    weight = torch.zeros(10)
    with suppress(KeyboardInterrupt, TrainingError), CheckpointWriter(tmp_path, every_s=3600) as checkpoints:
        for epoch in range(1, 6):
            checkpoints.save(state(epoch, weight))
            weight += 1
            while not (tmp_path / "checkpoint.pt").exists():  # the first one is written at once
                time.sleep(0.001)
            found = load_checkpoint(tmp_path)
            assert found is not None
            assert (found.epoch, float(found.model["weight"][0])) == (1, 0)
        if ending is not None:
            raise ending("stopped")
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert (found.epoch, float(found.model["weight"][0]), float(found.optimizer["state"][0]["step"])) == (5, 4, 5)


def test_what_went_wrong_is_told_by_the_next_one_and_at_the_end(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    checkpoints = CheckpointWriter(gone)
    with pytest.raises((OSError, RuntimeError), match="gone"), checkpoints:
        checkpoints.save(state(1, torch.zeros(3)))
    checkpoints = CheckpointWriter(gone, every_s=0)
    checkpoints.save(state(1, torch.zeros(3)))
    with pytest.raises((OSError, RuntimeError), match="gone"):
        checkpoints.save(state(2, torch.zeros(3)))


def recorded(folder: Path, passes: torch.Tensor, *, keep_from: int | None = None) -> Dynamics:
    """Dynamics of (epochs, N, C) passes, all labels 0; with `keep_from` gone on with from there, as by --resume."""
    dynamics = Dynamics(folder, *passes.shape, keep=keep_from is not None)
    given = torch.zeros(passes.shape[1], dtype=torch.int64)
    for epoch in range(keep_from or 0, len(passes)):
        dynamics.record(epoch + 1, torch.full((passes.shape[1],), 0.5), passes[epoch], given)
        dynamics.count(epoch + 1, passes[epoch], None)
    return dynamics


def by_heart(epochs: int, begins: int) -> torch.Tensor:
    """Passes over 100 faces that doubt 40 labels, and of these come to agree with half from pass `begins` on."""
    passes = torch.tensor([0.75, 0.125, 0.125]).repeat(epochs, 100, 1)
    passes[:, :40] = torch.tensor([0.125, 0.125, 0.75])
    passes[begins:, :20] = torch.tensor([0.5, 0.25, 0.25])
    return passes


def test_the_mean_is_of_the_passes_before_labels_are_learned_by_heart(tmp_path: Path) -> None:
    passes = by_heart(12, begins=7)
    mean, epochs = recorded(tmp_path, passes).mean()
    assert epochs == range(4, 8)
    assert mean == pytest.approx(passes[3:7].mean(dim=0).numpy())
    assert np.load(tmp_path / "passes.npy") == pytest.approx(passes.numpy())
    assert recorded(tmp_path, by_heart(12, begins=12)).mean()[1] == range(7, 13)


def test_passes_go_on_where_they_were_and_go_with_the_checkpoint(tmp_path: Path) -> None:
    passes = by_heart(12, begins=7)
    recorded(tmp_path, passes[:5].repeat(3, 1, 1)[:12])
    mean, epochs = recorded(tmp_path, passes, keep_from=5).mean()
    assert epochs == range(4, 8)
    assert mean == pytest.approx(passes[3:7].mean(dim=0).numpy())
    drop_checkpoint(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["dynamics.npy"]


def test_a_round_cut_short_averages_what_there_is(tmp_path: Path) -> None:
    passes = by_heart(12, begins=12)
    recorded(tmp_path, passes)
    mean, epochs = Dynamics(tmp_path, 6, *passes.shape[1:], keep=True).mean()
    assert epochs == range(4, 7)
    assert mean == pytest.approx(passes[3:6].mean(dim=0).numpy())


def test_rows_sum_to_one_whatever_half_precision_made_of_them(tmp_path: Path) -> None:
    passes = torch.rand(4, 50, 7, generator=torch.Generator().manual_seed(0)).softmax(dim=2)
    mean, _ = recorded(tmp_path, passes).mean()
    assert mean.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert mean == pytest.approx(passes[2:].mean(dim=0).numpy(), abs=5e-4)


def test_a_full_disk_is_named_and_leaves_no_half_file(small_disk: Path) -> None:
    too_large = pytest.raises(DiskFullError, match=r"checkpoint\.pt: found 2 MB free .*; allowed: 80 MB")
    with too_large, CheckpointWriter(small_disk) as checkpoints:
        checkpoints.save(state(1, torch.zeros(10_000_000)))
    # Written as a map, without room, it would end the process with SIGBUS.
    with pytest.raises(DiskFullError, match=r"dynamics\.npy: found 2 MB free .*; allowed: 6 MB"):
        Dynamics(small_disk, 10, 100_000, 7, keep=False)
    assert not list(small_disk.iterdir())
