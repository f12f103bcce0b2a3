"""A round that was trained on another machine, made once for all tests of it."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import NamedTuple

import pytest

from scn_core.config import ReviewSettings
from scn_core.records import ANSWERS, Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round
from tests.scn_core.conftest import BATCH_NORM, Recorder, settings
from tests.templates import template

TRAIN = settings(backbone=BATCH_NORM, epochs=2, audit_samples=5, seed=4)


class Trip(NamedTuple):
    """A workspace with decisions in round 1, and what came of sending its next round away."""

    home: Path
    root: Path
    job: Path
    result: Path


@pytest.fixture(scope="session")
def trip(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Trip:
    with template(tmp_path_factory, "trip", lambda folder: _send_away(_drawn, folder)) as made:
        folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("trip") / "trip"))
    home = Workspace(folder / "home")
    return Trip(home.path, Path(home.settings().root), folder / "job.zip", folder / "result.zip")


def _send_away(drawn: Path, folder: Path) -> None:
    from scn_core.rounds.pack import pack_job, run_job

    home = Workspace(shutil.copytree(drawn, folder / "home", ignore=shutil.ignore_patterns("images", "pixels")))
    home.write_review(ReviewSettings(readings=1, unsure="soften"))
    add_round(home, proposals=30, low=20)
    _decide(home)
    pack_job(home, TRAIN, folder / "job.zip")
    run_job(folder / "job.zip", Path(home.settings().root), folder / "result.zip", folder / "work", Recorder())


def _decide(workspace: Workspace) -> None:
    """Some of every answer: corrected, turned down, excluded, unsure."""
    with workspace.database() as db:
        ensure_person(db, "ann")
        rows = db.execute(
            "SELECT sample_id, start_label, proposed_label FROM score WHERE proposed_label IS NOT NULL LIMIT 20"
        ).fetchall()
        for place, (face, start, proposed) in enumerate(rows):
            action = ANSWERS[place % 5]
            label = {"accept": proposed, "keep": start, "relabel": start}.get(action)
            record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, "ann", action, label)])
