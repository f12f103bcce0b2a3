"""A workspace of demo faces with a round in review, made without training; every test gets a copy of its own."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import pytest

from scn_core.records import Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round


@pytest.fixture(scope="session")
def _asked(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asked") / "ws"
    shutil.copytree(_drawn, path, ignore=shutil.ignore_patterns("images"))
    add_round(Workspace(path), proposals=30, low=5, audit=4)
    return path


@pytest.fixture
def asked(_asked: Path, tmp_path: Path) -> Workspace:
    """Round 1 in review. The pictures are shared: leave them as they are."""
    return Workspace(shutil.copytree(_asked, tmp_path / "asked"))


def answer(workspace: Workspace, person: str, count: int = 1) -> list[str]:
    """A person answers the first faces of round 1 with unsure; the ids of the answers."""
    with workspace.database() as db:
        ensure_person(db, person)
        faces = db.execute("SELECT sample_id FROM queue_item WHERE round_id = 1 ORDER BY id LIMIT ?", (count,))
        decisions = [Decision(str(uuid.uuid4()), 1, face, person, "unsure") for (face,) in faces.fetchall()]
        return record_decisions(db, decisions)


def recorded(workspace: Workspace) -> list[str]:
    """Ids of all decisions in the log, oldest first."""
    with workspace.database(read_only=True) as db:
        return [number for (number,) in db.execute("SELECT id FROM decision ORDER BY seq")]
