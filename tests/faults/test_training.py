"""A trainer killed at any instant: `train --resume`, or `train` where no round had begun, comes to the same round."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scn_core.store.rounds.states import latest_round
from scn_core.workspace.folder import Workspace
from tests.faults.doomed import killed, whole
from tests.scn_core.conftest import BATCH_NORM, Run, flags, settings

TRAIN = ["train", *flags(settings(backbone=BATCH_NORM, epochs=4)), "--proposals=paper", "--margin-relabel=0.02"]
TABLES = {
    "score": "*",
    "queue_item": "*",
    "queue_count": "*",
    "audit_stratum": "*",
    "epoch": "epoch, loss, wce_loss, rank_loss, accuracy, alpha_mean, alpha_std, val_accuracy, relabelled",
    "round": "id, parent, state, config, message, json_remove(metrics, '$.seconds', '$.faces_per_s')",
}
FILES = ("dynamics.npy", "neighbours.npy", "weights.safetensors", "faces.npz")
LEFT_OVER = {"began", "checkpoint.pt", "counts.npy", "passes.npy"}
"""Of a round that was done when the end came: `clean` removes it."""


@pytest.fixture(scope="session")
def uninterrupted(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, float]:
    """A round nobody disturbed, and the seconds it took."""
    path = tmp_path_factory.mktemp("whole") / "ws"
    shutil.copytree(_drawn, path, ignore=shutil.ignore_patterns("images"))
    return Workspace(path), whole(TRAIN[0], path, *TRAIN[1:])


def round_of(workspace: Workspace) -> dict[str, object]:
    """All of round 1 that does not tell the time."""
    folder = workspace.round_folder(1)
    found: dict[str, object] = {name: (folder / name).read_bytes() for name in FILES}
    found["folder"] = sorted({path.name for path in folder.iterdir()} - LEFT_OVER)
    with workspace.database(read_only=True) as db:
        found |= {
            name: db.execute(f"SELECT {what} FROM {name} ORDER BY 1, 2").fetchall() for name, what in TABLES.items()
        }
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return found


def test_the_round_is_the_same(
    workspace: Workspace, uninterrupted: tuple[Workspace, float], run: Run, instant: float
) -> None:
    undisturbed, seconds = uninterrupted
    killed(instant * seconds, TRAIN[0], workspace.path, *TRAIN[1:])
    with workspace.database(read_only=True) as db:
        begun = latest_round(db)
    if begun is None or begun.state != "review":
        again = run("train", workspace.path, *(TRAIN[1:] if begun is None else ["--resume"]))
        assert again.code == 0, again.err
    found, wanted = round_of(workspace), round_of(undisturbed)
    assert wanted["queue_item"]
    for name in wanted:
        assert found[name] == wanted[name], name
