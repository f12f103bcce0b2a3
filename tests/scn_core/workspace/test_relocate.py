"""Workspaces and pictures that were moved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError, WorkspaceError
from scn_core.store.samples import iter_samples
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.relocate import relocate
from scn_core.workspace.thumbnails import thumbnails_of
from scn_core.workspace.toml import change_root
from tests.scn_core.conftest import Run


@pytest.fixture(scope="module")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "ws"
    create_workspace(path, "demo", Source(seed=5), demo_faces=70)
    return path


@pytest.fixture
def own(_own: Path, tmp_path: Path) -> Workspace:
    """A workspace that holds its own pictures."""
    return Workspace(shutil.copytree(_own, tmp_path / "ws"))


@pytest.fixture
def moved(workspace: Workspace, tmp_path: Path) -> Path:
    """The pictures of `workspace`, in another place."""
    return Path(shutil.copytree(workspace.settings().root, tmp_path / "moved here"))


def pictures_shown(ws: Workspace) -> int:
    with ws.database(read_only=True) as db:
        found = thumbnails_of(ws, list(iter_samples(db))[:5])
    return sum(isinstance(picture, bytes) for picture in found.values())


def test_a_workspace_with_its_own_pictures_may_be_moved(own: Workspace, tmp_path: Path) -> None:
    assert 'root = "images"\n' in own.settings_file.read_text(encoding="utf-8")
    assert str(tmp_path) not in own.settings_file.read_text(encoding="utf-8")
    own.path.rename(tmp_path / "renamed")
    ws = Workspace(tmp_path / "renamed")
    assert ws.settings().root == str(tmp_path / "renamed/images")
    assert ws.settings().source["root"] == str(tmp_path / "renamed/images")
    assert pictures_shown(ws) == 5


@pytest.mark.parametrize("rebuilt", [False, True])
def test_so_may_one_of_an_earlier_version_with_its_absolute_root(own: Workspace, tmp_path: Path, rebuilt: bool) -> None:
    text = own.settings_file.read_text(encoding="utf-8")
    own.settings_file.write_text(text.replace('"images"', f'"{own.path}/images"'), encoding="utf-8")
    assert own.settings().root == str(own.path / "images")
    own.path.rename(tmp_path / "renamed")
    if rebuilt:  # another workspace took its place: its pictures are not ours
        create_workspace(own.path, "demo", Source(seed=6), demo_faces=70)
    assert Workspace(tmp_path / "renamed").settings().root == str(tmp_path / "renamed/images")
    assert Workspace(tmp_path / "renamed").pictures() == tmp_path / "renamed/images"


def test_only_the_line_of_the_root_changes(workspace: Workspace, moved: Path, run: Run) -> None:
    old = workspace.settings().root
    text = workspace.settings_file.read_text(encoding="utf-8")
    mine = text.replace(f'root = "{old}"\n', f'root = "{old}"  # the disk # in the cellar\n', 1)
    mine = mine.replace("[train]\n", "[train]\n# not too long\nepochs = 7\n")
    workspace.settings_file.write_text(mine, encoding="utf-8")
    done = run("relocate", workspace.path, "--root", moved)
    assert (done.code, done.out) == (0, f"100 pictures = 100 the same by their content\nroot is now {moved}\n")
    assert workspace.settings_file.read_text(encoding="utf-8") == mine.replace(
        f'root = "{old}"  # the', f'root = "{moved}"  # the', 1
    )
    assert workspace.settings().root == str(moved)
    assert pictures_shown(workspace) == 5


def test_pictures_that_are_not_the_same_are_refused_and_told(workspace: Workspace, moved: Path, run: Run) -> None:
    before = workspace.settings_file.read_text(encoding="utf-8")
    (moved / "faces/00008.jpg").unlink()
    (moved / "faces/00007.jpg").write_bytes(b"another picture")
    with pytest.raises(DataError) as told:
        relocate(workspace, moved)
    for part in (
        "100 pictures = 98 the same by their content + 1 missing + 1 with other content",
        "faces/00007.jpg (different), faces/00008.jpg (missing)",
        "nothing was changed",
    ):
        assert part in str(told.value)
    assert workspace.settings_file.read_text(encoding="utf-8") == before
    said = json.loads(run("relocate", workspace.path, "--root", moved, "--force", "--json").out)
    assert (said["missing"], said["different"], said["root"]) == (1, 1, str(moved))
    assert workspace.settings().root == str(moved)


def test_the_wrong_folder_is_refused(workspace: Workspace, tmp_path: Path, moved: Path) -> None:
    with pytest.raises(UsageError, match=r"--root: found no folder .*nowhere"):
        relocate(workspace, tmp_path / "nowhere")
    with pytest.raises(DataError, match="100 pictures = 0 the same by their content \\+ 100 missing"):
        relocate(workspace, moved / "faces")


def test_an_import_without_hashes_is_looked_through_for_paths(workspace: Workspace, moved: Path) -> None:
    with workspace.database() as db:
        db.execute("UPDATE sample SET digest = NULL")
    found = relocate(workspace, moved)
    assert (found.unchecked, found.pictures) == (100, 100)
    assert "100 there, but with no hash to compare them with" in found.describe()


def test_not_while_a_trainer_is_at_work(workspace: Workspace, moved: Path) -> None:
    lock = FileLock(workspace.path / "train.lock")
    with lock, pytest.raises(WorkspaceError, match="another trainer is at work"):
        relocate(workspace, moved)


def test_pictures_moved_into_the_workspace_move_with_it(workspace: Workspace, moved: Path, tmp_path: Path) -> None:
    moved.rename(workspace.path / "faces of mine")
    relocate(workspace, workspace.path / "faces of mine")
    assert 'root = "faces of mine"' in workspace.settings_file.read_text(encoding="utf-8")
    workspace.path.rename(tmp_path / "elsewhere")
    assert Workspace(tmp_path / "elsewhere").pictures() == tmp_path / "elsewhere/faces of mine"


def test_a_root_over_several_lines_is_changed_too(workspace: Workspace) -> None:
    text = workspace.settings_file.read_text(encoding="utf-8")
    root = workspace.settings().root
    workspace.settings_file.write_text(text.replace(f'root = "{root}"', f"root = '''\n{root}'''", 1), encoding="utf-8")
    change_root(workspace.settings_file, "/elsewhere")
    assert workspace.settings().root == "/elsewhere"
