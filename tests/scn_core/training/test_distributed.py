"""Two processes on one batch come to what one process comes to; and what each has a part of."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scn_core.training.distributed import ALONE, Team, joined
from tests.scn_core.forks import run_forked

WORKER = Path(__file__).with_name("team_worker.py")


Trained = Callable[..., Path]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """trained(processes, option=...): the folder with what such a training has left, done once."""

    @cache
    def train(processes: int, **changes: object) -> Path:
        folder = tmp_path_factory.mktemp("team")
        ran = run_forked(WORKER, folder, json.dumps(changes), processes=processes)
        assert ran.code == 0, ran.err
        return folder

    return train


def result(folder: Path) -> dict[str, Any]:
    with np.load(folder / "result.npz") as found:
        return dict(found)


@pytest.mark.parametrize("changes", [{"learn_margin_rank": True}, {"relabel": "auto", "relabel_from": 1}])
def test_two_processes_come_to_what_one_comes_to(trained: Trained, changes: dict[str, object]) -> None:
    """Half of the steps before alpha weights the logits, when the attention head gets no gradient, half after."""
    alone, team = (trained(n, **changes) for n in (1, 2))
    one, two = result(alone), result(team)
    assert (one["labels"] == two["labels"]).all()
    drawn = [np.load(team / f"global-{rank}.npy") for rank in range(2)]
    assert (drawn[0] == np.load(alone / "global-0.npy")).all()
    assert (drawn[0] != drawn[1]).all(), "each drops out its own"
    for name in ("reports", "weights", "alpha", "mean"):
        assert two[name] == pytest.approx(one[name], abs=5e-5, nan_ok=True), name  # epochs that validate nothing
    assert one["reports"][-1, 0] < one["reports"][0, 0]


def test_ranking_within_each_process_is_something_else(trained: Trained) -> None:
    whole = result(trained(2, learn_margin_rank=True))
    parts = result(trained(2, learn_margin_rank=True, rank_over="process"))
    assert np.abs(whole["weights"] - parts["weights"]).max() > 1e-3
    assert np.abs(whole["reports"][:, 2] - parts["reports"][:, 2]).max() > 1e-3


@given(st.integers(0, 50), st.integers(1, 9))
def test_parts_are_equal_and_make_the_whole(n: int, size: int) -> None:
    parts = [list(range(n))[Team(rank, size).part(n)] for rank in range(size)]
    assert sum(parts, []) == list(range(n))  # noqa: RUF017
    assert len({len(part) for part in parts if part}) <= 2
    if n % size == 0:
        assert {len(part) for part in parts} == {n // size}


def test_without_torchrun_a_process_is_alone() -> None:
    with joined() as team:
        assert team == ALONE
        assert team.leads
        some = torch.rand(3, requires_grad=True)
        assert team.with_gradient(some) is some
        assert team.broadcast_text("so it is") == "so it is"
    assert not torch.distributed.is_initialized()
