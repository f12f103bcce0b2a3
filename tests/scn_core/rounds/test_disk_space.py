"""A disk without room for a round: said before it begins, and where nobody asks, a round that goes on once there is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scn_core.errors import DiskFullError
from scn_core.records import EpochReport
from scn_core.rounds.disk_space import RoundSize
from scn_core.rounds.features import FEATURES_FILE, HELD_OUT_FEATURES_FILE
from scn_core.rounds.lifecycle import New, Resume
from scn_core.rounds.train import train_round
from scn_core.scn.model import build_model
from scn_core.store.rounds.states import latest_round
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import REVIEWED, Recorder, Run, settings


@pytest.fixture
def ws(_drawn: Path, small_disk: Path) -> Workspace:
    return Workspace(shutil.copytree(_drawn, small_disk / "ws", ignore=shutil.ignore_patterns("images")))


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_room_is_asked_for_before_the_round_begins(ws: Workspace) -> None:
    with pytest.raises(DiskFullError) as told:
        train_round(ws, New(settings()), Recorder())
    text = str(told.value)
    assert text.startswith(f"{ws.round_folder(1)}: found ")
    assert f" free on the disk at {ws.path.parent}, which has 2 MB; allowed: " in text
    assert "for a round of 82 faces (" in text
    for part in ("decoded pictures", "checkpoints", "what every epoch says", "--no-ask-room"):
        assert part in text
    with ws.database() as db:
        assert latest_round(db) is None
    assert not ws.round_folder(1).exists()
    assert not ws.pixels.exists()


def test_a_round_that_does_not_fit_goes_on_when_there_is_room(ws: Workspace) -> None:
    chosen, folder = settings(ask_room=False), ws.round_folder(1)
    with pytest.raises(
        DiskFullError, match=r"checkpoint\.pt: found \d+ \w+ free on the disk at .*make room there"
    ) as told:
        train_round(ws, New(chosen), Recorder())
    with ws.database() as db:
        failed = latest_round(db)
    assert failed is not None
    assert (failed.state, failed.message) == ("failed", str(told.value))
    assert not list(folder.glob(".*"))
    for asks, words in ((True, "for a round of 82 faces"), (False, r"checkpoint\.pt: found")):
        with pytest.raises(DiskFullError, match=words):
            train_round(ws, Resume(ask_room=asks), Recorder())
    subprocess.run(["mount", "-o", "remount,size=200m", ws.path.parent], check=True)
    taken: list[int] = []

    def look(report: EpochReport) -> None:
        taken.append(bytes_in(folder))

    assert train_round(ws, Resume(), Recorder(look)).state == "review"
    size = RoundSize(0, 82, 18, 7, build_model(chosen, 7))
    needed = size.files(chosen)
    assert max(*taken, bytes_in(folder)) <= sum(needed.values()) - needed["the database and thumbnails"] + 100_000


def test_features_take_the_room_that_was_asked_for_those_of_val_and_test_too(reviewed: Workspace) -> None:
    with reviewed.database(read_only=True) as db:
        splits = dict(db.execute("SELECT split, count(*) FROM sample GROUP BY split"))
    held_out = splits["val"] + splits.get("test", 0)
    size = RoundSize(0, splits["train"], held_out, 7, build_model(REVIEWED, 7))
    there = sum((reviewed.round_folder(1) / name).stat().st_size for name in (FEATURES_FILE, HELD_OUT_FEATURES_FILE))
    headers = 2 * 256
    assert size.files(REVIEWED)["features"] <= there <= size.files(REVIEWED)["features"] + headers


def test_a_round_may_be_gone_on_with_without_asking(workspace: Workspace, run: Run) -> None:
    done = run("train", workspace.path, "--resume", "--no-ask-room")
    assert (done.code, "--resume: there is no round yet" in done.err) == (1, True)
