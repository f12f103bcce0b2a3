"""Pictures that are gone when a round begins: told at once and all together, or left out where the lead says so."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scn_core.errors import DataError, WorkspaceError
from scn_core.records import Decision, RoundInfo
from scn_core.rounds.lifecycle import New, Resume
from scn_core.rounds.train import train_round
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds import states as store
from scn_core.store.samples import find_sample, iter_samples
from scn_core.workspace.folder import Workspace
from scn_core.workspace.status import describe, status_of
from scn_core.workspace.toml import change_root
from scn_core.workspace.withdraw import withdraw
from tests.scn_core.conftest import Recorder, Run, flags, settings


@pytest.fixture
def ws(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Drawn faces whose pictures are the test's own."""
    shutil.copytree(workspace.settings().root, tmp_path / "mine")
    change_root(workspace.settings_file, str(tmp_path / "mine"))
    return workspace


def train(ws: Workspace, watcher: Recorder | None = None, *, resume: bool = False, **changes: Any) -> RoundInfo:
    return train_round(ws, Resume() if resume else New(settings(epochs=1, **changes)), watcher or Recorder())


def train_faces(ws: Workspace, count: int) -> list[str]:
    with ws.database(read_only=True) as db:
        keys = [stored.sample.key for stored in iter_samples(db) if stored.sample.split == "train"]
    return keys[:count]


def remove(ws: Workspace, keys: list[str]) -> None:
    for key in keys:
        (ws.pictures() / key).unlink()


def rounds(ws: Workspace) -> int:
    with ws.database(read_only=True) as db:
        return len(store.rounds(db))


def test_all_missing_pictures_are_told_before_there_is_a_round(ws: Workspace, run: Run) -> None:
    gone = train_faces(ws, 5)
    remove(ws, gone)
    done = run("train", ws.path, *flags())
    assert done.code == 1
    assert f"found 5 of the round's pictures missing: {', '.join(gone[:3])} and 2 more; put them back" in done.err
    assert "--allow-missing" in done.err
    ways = [
        f"python -m scn_core {what}" for what in (f"relocate {ws.path}", f"update {ws.path}", f"withdraw {ws.path}")
    ]
    places = [done.err.find(way) for way in ways]  # what cannot be taken back comes last
    assert places == sorted(places)
    assert min(places) > 0
    assert rounds(ws) == 0
    assert not ws.pixels.exists()


def test_the_rest_is_trained_on_if_the_lead_says_so(ws: Workspace, run: Run) -> None:
    gone = train_faces(ws, 3)
    remove(ws, gone)
    (ws.pictures() / train_faces(ws, 4)[3]).write_bytes(b"cut off")
    watcher = Recorder()
    info = train(ws, watcher, allow_missing=True)
    assert (info.metrics["missing_faces"], info.config["allow_missing"]) == (4, True)
    assert "--allow-missing: 4 faces left out, as pictures are missing or damaged" in watcher.messages
    with ws.database(read_only=True) as db:
        scored = {row[0] for row in db.execute("SELECT sample_id FROM score")}
        ids = {stored.id for key in train_faces(ws, 4) if (stored := find_sample(db, key)) is not None}
        assert not scored & ids
        assert "4 faces left out, as pictures were missing or damaged" in describe(status_of(ws, db))
    assert "4 faces left out" in run("round", "list", ws.path).out


def test_damaged_pictures_are_told_all_together(ws: Workspace) -> None:
    for key in train_faces(ws, 4):
        (ws.pictures() / key).write_bytes(b"cut off")
    with pytest.raises(DataError, match=r"found 4 of the round's pictures that cannot be decoded: .* and 1 more; put"):
        train(ws)


def test_a_face_that_is_in_no_round_needs_no_picture(ws: Workspace) -> None:
    train(ws)
    missing, damaged = train_faces(ws, 2)
    with ws.database() as db:
        ensure_person(db, "ann")
        for key in (missing, damaged):
            face = find_sample(db, key)
            assert face is not None
            record_decisions(db, [Decision(str(uuid.uuid4()), 1, face.id, "ann", "exclude")])
    remove(ws, [missing])
    (ws.pictures() / damaged).write_bytes(b"cut off")
    watcher = Recorder()
    info = train(ws, watcher)
    assert (info.state, info.metrics["missing_faces"]) == ("review", 0)
    assert watcher.faces_decoded == 0, "the others are decoded already"


def test_where_the_folder_is_gone_one_is_told_how_to_say_where_it_is(ws: Workspace, tmp_path: Path, run: Run) -> None:
    (tmp_path / "mine").rename(tmp_path / "moved")
    done = run("train", ws.path, *flags(), "--allow-missing")
    assert done.code == 1
    assert f"found no folder {tmp_path / 'mine'}" in done.err
    assert f"python -m scn_core relocate {ws.path} --root DIR" in done.err
    assert rounds(ws) == 0


def test_a_round_is_resumed_with_all_of_its_pictures_or_not_at_all(ws: Workspace) -> None:
    class Stop(Recorder):
        def message(self, text: str) -> None:
            if text.startswith("round 1:"):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(ws, Stop(), allow_missing=True)
    (gone,) = train_faces(ws, 1)
    picture = (ws.pictures() / gone).read_bytes()
    remove(ws, [gone])
    with pytest.raises(DataError, match="put them back, or begin a new round: train without --resume"):
        train(ws, resume=True)
    (ws.pictures() / gone).write_bytes(picture)
    withdraw(ws, [gone])
    with pytest.raises(WorkspaceError, match="found 1 of the round's faces taken out"):
        train(ws, resume=True)


def test_taken_out_nothing_of_a_face_is_kept(ws: Workspace) -> None:
    train(ws)
    (gone,) = train_faces(ws, 1)
    with ws.database(read_only=True) as db:
        face = find_sample(db, gone)
    assert face is not None
    before = np.load(ws.pixels / "pixels-32.npy")
    assert before[face.id - 1].any()
    withdraw(ws, [gone])
    remove(ws, [gone])
    after = np.load(ws.pixels / "pixels-32.npy")
    assert np.flatnonzero((before != after).any(axis=(1, 2, 3))).tolist() == [face.id - 1]
    assert not after[face.id - 1].any()
    assert train(ws).metrics["missing_faces"] == 0
