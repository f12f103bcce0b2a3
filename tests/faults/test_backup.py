"""Backups while others write, and programs killed at every step of a backup and of a restore.

A step is a file renamed or removed, or a piece copied: `steps` kills a process of its own at the first, at the second,
and so on, until one comes to its end; in `make test` at every third.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scn_core.records import Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.projections import check
from scn_core.workspace.backup.make import backups_in, make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_table
from tests.review_workspace import add_round
from tests.scn_core.conftest import PATIENCE_S, REPOSITORY

WRITERS, BACKUPS = 4, 3
MANY = 10
"""As many kills as `make faults` tries, or nearly: every step, then."""

_AT_EVERY_STEP = """
import os, shutil, signal, sys
from pathlib import Path
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace

what, folder, file, apart = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
left = 0

def step(*ignored):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1

def stepping(function):
    def stepped(*arguments, **options):
        step()
        return function(*arguments, **options)
    return stepped

def work(workspace):
    for name in ("rename", "replace", "unlink"):
        setattr(os, name, stepping(getattr(os, name)))
    if what == "restore":
        restore(file, workspace, force=True, progress=step)
    else:
        with workspace.database() as db:
            make_backup(workspace, db, progress=step)

for number in range(0, 1_000, apart):
    copy = folder.with_name(f"{folder.name}-{number}")
    shutil.copytree(folder, copy)
    child = os.fork()
    if not child:
        left = number
        work(Workspace(copy))
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(copy, ended, flush=True)
    if ended != -signal.SIGKILL:
        break
"""


def steps(what: str, workspace: Workspace, file: Path, kills: int) -> Iterator[Workspace]:
    """A copy of the workspace for each step at which the work was killed, and one in which it came to its end."""
    command = [sys.executable, "-c", _AT_EVERY_STEP, what, str(workspace.path), str(file), "3" if kills < MANY else "1"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    lines = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
    assert [int(ended) for _, ended in lines] == [-signal.SIGKILL] * (len(lines) - 1) + [0], done.stderr
    yield from (Workspace(Path(copy)) for copy, _ in lines)


@pytest.fixture
def asked(_drawn: Path, tmp_path: Path) -> Workspace:
    workspace = Workspace(shutil.copytree(_drawn, tmp_path / "ws", ignore=shutil.ignore_patterns("images")))
    add_round(workspace, proposals=60, low=10, audit=4)
    return workspace


def say(workspace: Workspace, person: str, faces: list[int]) -> list[str]:
    with workspace.database() as db:
        ensure_person(db, person)
        return record_decisions(db, [Decision(f"{person} {face}", 1, face, person, "unsure") for face in faces])


def faces_of(workspace: Workspace) -> list[int]:
    with workspace.database(read_only=True) as db:
        return [face for (face,) in db.execute("SELECT DISTINCT sample_id FROM queue_item")]


def state(workspace: Workspace) -> dict[str, object]:
    """What tells the state of a workspace from another, found to hang together."""
    with workspace.database() as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert check(db) == []
        ids = [number for (number,) in db.execute("SELECT id FROM decision ORDER BY seq")]
        rounds = [number for (number,) in db.execute("SELECT id FROM round ORDER BY id")]
    folders = {
        each.name: {file.name: file.read_bytes() for file in each.iterdir()}
        for each in (workspace.path / "rounds").iterdir()
    }
    return {"decisions": ids, "rounds": rounds, "settings": workspace.settings_file.read_bytes(), "folders": folders}


def test_a_backup_while_others_write_has_all_that_was_acknowledged(asked: Workspace, tmp_path: Path) -> None:
    faces = faces_of(asked)
    acknowledged: list[str] = []
    written = [threading.Semaphore(0) for _ in range(WRITERS)]

    def write(number: int) -> None:
        with asked.database() as db:
            ensure_person(db, f"writer {number}")
            for face in faces:
                one = Decision(f"{number} {face}", 1, face, f"writer {number}", "unsure")
                acknowledged.extend(record_decisions(db, [one]))
                written[number].release()
        written[number].release(BACKUPS)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for each in writers:
        each.start()
    made = []
    for _ in range(BACKUPS):
        for writer in written:
            writer.acquire()
        before = list(acknowledged)
        with asked.database() as db:
            file = make_backup(asked, db)
        made.append((file, before, len(acknowledged)))
    for each in writers:
        each.join()
    for number, (file, before, after) in enumerate(made):
        restored = Workspace(tmp_path / f"restored-{number}")
        done = restore(file, restored)
        found = state(restored)["decisions"]
        assert isinstance(found, list)
        assert {*before} <= {*found} <= {*acknowledged}
        assert len(before) <= done.decisions <= after + WRITERS
    assert len(acknowledged) == WRITERS * len(faces)


def test_a_backup_killed_at_any_step_leaves_a_whole_one_or_none(asked: Workspace, kills: int) -> None:
    say(asked, "ann", faces_of(asked)[:5])
    before = state(asked)
    found = []
    for workspace in steps("backup", asked, Path("-"), kills):
        assert state(workspace) == before
        found.append(len(backups_in(workspace.backups)))
        with workspace.database() as db:
            make_backup(workspace, db)
        assert len(backups_in(workspace.backups)) == found[-1] + 1
        assert {each.suffix for each in workspace.backups.iterdir()} == {".zip"}, "a piece of the killed one is left"
    assert found == sorted(found)
    assert {*found} == {0, 1}
    assert len(found) > 3


def test_a_restore_killed_at_any_step_leaves_the_old_state_or_the_new(
    asked: Workspace, tmp_path: Path, kills: int
) -> None:
    faces = faces_of(asked)
    say(asked, "ann", faces[:5])
    new = state(asked)
    with asked.database() as db:
        file = make_backup(asked, db, out=tmp_path)
    say(asked, "bob", faces)
    change_table(asked.settings_file, "review", {"readings": 2})
    (asked.round_folder(1) / "log.txt").write_text("written since")
    shutil.copytree(asked.round_folder(1), asked.round_folder(2))
    old = state(asked)
    assert old != new
    found = []
    for number, workspace in enumerate(steps("restore", asked, file, kills)):
        killed = (workspace.path / "restoring").exists()
        after = state(workspace)
        assert after in (old, new), sorted(each.name for each in workspace.path.iterdir())
        found.append((after == new, killed))
        if number % 4 == 0:  # again, over whatever is left
            restore(file, workspace, force=True)
            assert state(workspace) == new
            assert not (workspace.path / "restoring").exists()
    assert found == sorted(found, key=lambda each: each[0])  # at first the old one, from some step on the new one
    assert {(False, True), (True, True), (True, False)} <= {*found}
    assert len(found) > 10
