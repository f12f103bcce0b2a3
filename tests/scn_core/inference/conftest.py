"""A round whose stored probabilities are those of its network: `--proposals paper` takes them from the last pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from scn_core.records import RoundScores
from scn_core.store.samples import iter_samples
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Recorder, settings


@pytest.fixture(scope="session")
def trained(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Round 1 in review, resnet18 at 32 px in fp32. Shared: leave it as it is."""
    from scn_core.rounds.lifecycle import New
    from scn_core.rounds.train import train_round

    path = tmp_path_factory.mktemp("network") / "ws"
    shutil.copytree(_drawn, path, ignore=shutil.ignore_patterns("images"))
    train_round(Workspace(path), New(settings(backbone="resnet18", proposals="paper", epochs=3)), Recorder())
    return Workspace(path)


@pytest.fixture(scope="session")
def stored(trained: Workspace) -> RoundScores:
    """What the round says of its training faces."""
    with trained.database(read_only=True) as db:
        found = scores(db, 1)
    assert len(np.unique(found.probabilities.argmax(axis=1))) > 1  # a constant answer would show nothing
    return found


@pytest.fixture(scope="session")
def paths(trained: Workspace, stored: RoundScores) -> list[str]:
    """Paths of the training faces, in the order of `stored`."""
    with trained.database(read_only=True) as db:
        by_id = {each.id: each.sample.path for each in iter_samples(db)}
    return [by_id[number] for number in stored.sample_id.tolist()]
