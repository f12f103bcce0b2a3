"""What a round begins with: nothing that lies about from another one, and what it left itself where it goes on."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import numpy as np
import pytest

from scn_core.errors import WorkspaceError
from scn_core.records import Decision
from scn_core.rounds.inputs import faces_now, fix_faces
from scn_core.rounds.lifecycle import FromJob, New, Resume
from scn_core.rounds.train import train_round
from scn_core.store.backup import backup
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import get_round
from scn_core.store.scores import scores
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_table
from tests.scn_core.conftest import Recorder, Run, flags, settings
from tests.scn_core.rounds.test_train import stop_with


def exclude(workspace: Workspace, faces: list[int]) -> None:
    with workspace.database() as db:
        ensure_person(db, "ann")
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, "ann", "exclude", None) for face in faces])


def trained_on(workspace: Workspace, number: int) -> list[int]:
    with workspace.database(read_only=True) as db:
        found: list[int] = scores(db, number).sample_id.tolist()
    return found


def stopped(workspace: Workspace) -> None:
    """Round 2 with a checkpoint of its first epoch."""
    with pytest.raises(KeyboardInterrupt):
        train_round(workspace, New(settings()), stop_with(KeyboardInterrupt(), after=2))


def restored(workspace: Workspace, copy: Path) -> None:
    for suffix in ("-wal", "-shm", "-newest"):
        Path(f"{workspace.database_file}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(copy, workspace.database_file)


def saved(workspace: Workspace, copy: Path) -> Path:
    with workspace.database() as db:
        backup(db, copy)
    return copy


def test_a_new_round_after_a_restored_database_trains_on_no_excluded_face(
    reviewed: Workspace, tmp_path: Path, run: Run
) -> None:
    before = saved(reviewed, tmp_path / "before.db")
    stopped(reviewed)
    left = sorted(entry.name for entry in reviewed.round_folder(2).iterdir())
    restored(reviewed, before)
    excluded = trained_on(reviewed, 1)[:10]
    exclude(reviewed, excluded)
    done = run("train", reviewed.path, *flags(settings(epochs=1)))
    assert done.code == 0, done.err
    assert not {*trained_on(reviewed, 2)} & {*excluded}
    aside = reviewed.path / "rounds" / "0002-left-1"
    assert sorted(entry.name for entry in aside.iterdir()) == left
    assert {"checkpoint.pt", "faces.npz"} <= {*left}
    assert f"files of a round that the database does not know; now in {aside}" in done.err


def test_a_second_folder_left_over_gets_a_name_of_its_own(workspace: Workspace) -> None:
    assert workspace.set_aside(1) is None
    for number in (1, 2):
        workspace.round_folder(1).mkdir(parents=True)
        assert workspace.set_aside(1) is None
        (workspace.round_folder(1) / "faces.npz").write_text(str(number))
        aside = workspace.set_aside(1)
        assert aside is not None
        assert aside.name == f"0001-left-{number}"
        assert (aside / "faces.npz").read_text() == str(number)
        workspace.round_folder(1).rmdir()


def test_a_round_does_not_go_on_in_the_folder_of_another_one(reviewed: Workspace, tmp_path: Path) -> None:
    """Two backups: the round that the database says was stopped is not the one whose files lie there."""
    none = saved(reviewed, tmp_path / "none.db")
    stopped(reviewed)
    one = saved(reviewed, tmp_path / "one.db")
    restored(reviewed, none)
    exclude(reviewed, trained_on(reviewed, 1)[:10])
    stopped(reviewed)
    restored(reviewed, one)
    with pytest.raises(WorkspaceError, match=r"--resume: found files of another round 2 in .*; train without --resume"):
        train_round(reviewed, Resume(), Recorder())
    assert train_round(reviewed, New(settings(epochs=1)), Recorder()).id == 3


def test_a_stopped_round_goes_on_in_a_workspace_that_was_restored(reviewed: Workspace, tmp_path: Path) -> None:
    stopped(reviewed)
    with reviewed.database() as db:
        file = make_backup(reviewed, db)
    restored_to = Workspace(tmp_path / "restored")
    assert restore(file, restored_to).rounds_without_files == ()
    there = Recorder()
    done = train_round(restored_to, Resume(), there)
    assert (done.id, done.state, [report.epoch for report in there.epochs]) == (2, "review", [2])


def recorded(workspace: Workspace, number: int, name: str, value: float) -> None:
    """As an older version, which had that option, wrote it."""
    with workspace.database() as db:
        db.execute("UPDATE round SET config = json_set(config, ?, ?) WHERE id = ?", (f"$.{name}", value, number))
        db.conn.commit()


def test_a_round_of_an_older_version_goes_on_where_it_used_no_removed_option(reviewed: Workspace, run: Run) -> None:
    stopped(reviewed)
    recorded(reviewed, 2, "folds", 2)
    asked = run("train", reviewed.path, "--resume")
    assert asked.code == 2
    assert "--resume: round 2: found --folds 2, an option that this version does not have" in asked.err
    assert "begin a new round" in asked.err
    with reviewed.database(read_only=True) as db:
        assert get_round(db, 2).state == "cancelled", "as it was"
    recorded(reviewed, 2, "folds", 0)
    recorded(reviewed, 2, "flip_consistency", 0.0)
    went_on = run("train", reviewed.path, "--resume")
    assert went_on.code == 0, went_on.err
    recorded(reviewed, 2, "folds", 2)
    shown = run("round", "list", reviewed.path, "--json")
    assert shown.code == 0, shown.err
    assert json.loads(shown.out)[0]["config"]["folds"] == 2


def test_a_removed_option_in_workspace_toml_is_told(reviewed: Workspace, run: Run) -> None:
    change_table(reviewed.settings_file, "train", {"folds": 2})
    asked = run("train", reviewed.path)
    assert asked.code == 2
    assert "workspace.toml, table [train]: found option 'folds', which was removed" in asked.err


def test_the_faces_of_a_job_are_used_and_nothing_that_lies_beside_them(reviewed: Workspace) -> None:
    stopped(reviewed)
    folder, heard = reviewed.round_folder(3), Recorder()
    shutil.copytree(reviewed.round_folder(2), folder)
    (folder / "faces.npz").unlink()
    exclude(reviewed, [trained_on(reviewed, 1)[0]])
    with reviewed.database() as db:
        fix_faces(folder, faces_now(db))
    brought = (folder / "faces.npz").read_bytes()
    exclude(reviewed, [trained_on(reviewed, 1)[1]])
    done = train_round(reviewed, FromJob(settings(epochs=1)), heard)
    assert (done.id, [report.epoch for report in heard.epochs]) == (3, [1])
    assert (folder / "faces.npz").read_bytes() == brought
    with np.load(folder / "faces.npz") as faces:
        assert trained_on(reviewed, 3) == faces["sample_id"].tolist() == trained_on(reviewed, 1)[1:]
    assert (reviewed.path / "rounds" / "0003-left-1" / "checkpoint.pt").exists()


def test_a_job_without_its_faces_is_refused_before_there_is_a_round(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="found no faces of the job; allowed: those it brought"):
        train_round(workspace, FromJob(settings()), Recorder())
    with workspace.database(read_only=True) as db:
        assert db.execute("SELECT count(*) FROM round").fetchone() == (0,)
