"""The power fails while files are written: a training goes on to the same round, settings and exports are whole.

The seed of a cut is the number of the step before which it is made.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from scn_core.config import ReviewSettings
from scn_core.datasets.source import Source
from scn_core.exchange.export.formats import FORMAT_NAMES, FormatName
from scn_core.exchange.export.manifest import manifest_file
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.store.current_labels import LabelFilter
from scn_core.store.rounds.states import latest_round
from scn_core.training.checkpoint import Dynamics
from scn_core.workspace.folder import Workspace, create_workspace
from tests.faults.file_disk import cut_while, power_cuts
from tests.faults.test_training import TRAIN, round_of
from tests.scn_core.conftest import Run

STEPS_OF_INIT = 325
"""About: cuts are spread over so many."""


def test_a_training_goes_on_to_the_same_round(
    workspace: Workspace, tmp_path: Path, run: Run, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = shutil.copytree(workspace.path, tmp_path / "fresh")
    undisturbed = Workspace(tmp_path / "undisturbed")

    def train() -> None:
        done = run("train", workspace.path, *TRAIN[1:])
        assert done.code == 0, done.err

    def begin_anew() -> None:
        workspace.path.rename(undisturbed.path)
        shutil.copytree(fresh, workspace.path)

    copies = cut_while(train, begin_anew, workspace.path, tmp_path / "cuts", kills, capsys)
    wanted = round_of(undisturbed)
    assert wanted["queue_item"]
    for path in copies:
        found = Workspace(path)
        with found.database(read_only=True) as db:
            begun = latest_round(db)
        if begun is None or begun.state != "review":
            again = run("train", path, *(TRAIN[1:] if begun is None else ["--resume"]))
            assert again.code == 0, (path.name, again.err)
        shown = round_of(found)
        for name in wanted:
            assert shown[name] == wanted[name], (path.name, name)
        shutil.rmtree(path)


def test_files_of_the_epochs_are_whole_or_not_there(tmp_path: Path) -> None:
    """From their creation on, which may be after the first checkpoint: with what was recorded by then."""
    disk = tmp_path / "disk"
    disk.mkdir()
    epochs, faces, classes = 3, 1500, 4
    alpha, given = torch.full((faces,), 0.5), torch.zeros(faces, dtype=torch.int64)
    passes = torch.tensor([0.5, 0.25, 0.125, 0.125]).expand(faces, classes)
    recorded: list[int] = []
    """Of each cut, how many epochs were recorded before it."""
    with power_cuts(disk, tmp_path / "cuts") as cut:
        cut.at = set(range(100))
        dynamics = Dynamics(disk, epochs, faces, classes, keep=True)
        for epoch in range(1, epochs + 1):
            dynamics.record(epoch, alpha, passes, given)
            dynamics.count(epoch, passes, None)
            recorded += [epoch - 1] * (len(cut.made) - len(recorded))
            cut.step()
            recorded.append(epoch)
    assert recorded.count(0) > 1
    for copy, whole in zip(cut.made, recorded, strict=True):
        Dynamics(copy, epochs, faces, classes, keep=True)
        assert (np.load(copy / "dynamics.npy")["p_given"][:whole] == 0.5).all(), copy.name
        assert (np.load(copy / "passes.npy")[:whole] == passes.numpy()).all(), copy.name
        assert (np.load(copy / "counts.npy")[:whole] == 1).all(), copy.name


def test_settings_are_the_old_or_the_new_ones(
    workspace: Workspace, tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = workspace.settings_file.read_bytes()

    def change() -> None:
        workspace.write_review(ReviewSettings(readings=2))
        workspace.write_review(ReviewSettings(readings=3))

    def put_back() -> None:
        workspace.settings_file.write_bytes(before)

    for path in cut_while(change, put_back, workspace.path, tmp_path / "cuts", kills, capsys):
        assert Workspace(path).settings().review.readings in (1, 2, 3)


def content_of(path: Path) -> dict[str, bytes]:
    """Of a file or of all files below a folder; empty where there is none."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files if file.is_file()}


# raf-db, a text file as csv is, takes pictures of its own names alone
@pytest.mark.parametrize("name", [name for name in FORMAT_NAMES if name != "raf-db"])
def test_an_export_is_the_old_or_the_new_one(
    name: FormatName, reviewed: Workspace, tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "labels"
    out.parent.mkdir()
    options = ExportOptions(format=name, copies=True)
    pictures = Path(reviewed.settings().root)
    with reviewed.database(read_only=True) as db:
        export_labels(
            db, out, ExportOptions(format=name, copies=True, where=LabelFilter(changed=True)), pictures=pictures
        )
        older = newer = content_of(out)

        def export() -> None:
            with reviewed.database(read_only=True) as db:
                export_labels(db, out, options, pictures=pictures)

        def put_back() -> None:
            nonlocal newer
            newer = content_of(out)

        copies = cut_while(export, put_back, out.parent, tmp_path / "cuts", kills, capsys)
    for path in copies:
        found = content_of(path / out.name)
        assert found in (older, newer, {}), (path.name, sorted(found))
    assert manifest_file(out).exists()


def test_a_new_workspace_has_its_pictures_or_is_none(
    tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Demo faces are drawn by `init`; the last cut is made right after it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    place = disk / "new" / "ws"
    with power_cuts(disk, tmp_path / "cuts") as cut:
        cut.at = {int((each + random.Random(each).random()) * STEPS_OF_INIT / kills) for each in range(kills - 1)}
        create_workspace(place, "demo", Source(), demo_faces=70)
        cut.at.add(cut.steps)
        cut.step()
    with capsys.disabled():
        print(f"{len(cut.made)} power cuts in {cut.steps} steps")
    wanted = content_of(place / "images")
    for path in cut.made:
        found = Workspace(path / "new" / "ws")
        if found.settings_file.exists():
            assert content_of(found.path / "images") == wanted, path.name
        else:
            assert path != cut.made[-1]
            create_workspace(found.path, "demo", Source(), demo_faces=70)
            assert content_of(found.path / "images") == wanted, path.name
