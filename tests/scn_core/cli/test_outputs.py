"""What a command that writes a file may replace: its own earlier file, others on request, and some never."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from scn_core.datasets.source import Source
from scn_core.store.events import events
from scn_core.workspace.folder import Workspace, create_workspace
from tests.review_workspace import draw_workspace
from tests.scn_core.conftest import Run


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn faces and their list, labels.csv."""
    return Path(draw_workspace(tmp_path_factory.mktemp("out") / "ws", faces=70).settings().root)


@pytest.fixture
def ws(faces: Path, tmp_path: Path) -> Workspace:
    """Imported from mine.csv beside it."""
    (tmp_path / "mine.csv").write_bytes((faces / "labels.csv").read_bytes())
    create_workspace(tmp_path / "ws", "csv", Source(csv=tmp_path / "mine.csv", root=faces))
    return Workspace(tmp_path / "ws")


def kept(path: Path) -> tuple[bytes, bool]:
    return path.read_bytes(), path.is_symlink()


@pytest.mark.parametrize(
    "name",
    ["mine.csv", "other/../mine.csv", "same.csv", "link.csv", "dangling.csv", "ws/review.db", "ws/workspace.toml",
     "ws/review.db-wal", "ws/rounds", "ws/notes.txt", "pictures/list.csv", "into-ws/review.db", "ws/secret.key"],
)  # fmt: skip
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_some_files_are_never_replaced(
    run: Run, ws: Workspace, faces: Path, tmp_path: Path, name: str, force: list[str]
) -> None:
    (tmp_path / "other").mkdir()
    os.link(tmp_path / "mine.csv", tmp_path / "same.csv")
    (tmp_path / "link.csv").symlink_to("elsewhere.csv")
    (tmp_path / "elsewhere.csv").write_text("not ours")
    (tmp_path / "dangling.csv").symlink_to("nowhere.csv")
    (tmp_path / "pictures").symlink_to(faces)
    (faces / "list.csv").write_text("not ours")
    (tmp_path / "into-ws").symlink_to("ws")
    (ws.path / "notes.txt").write_text("not ours")
    before = {path: kept(path) for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    done = run("export", ws.path, "--out", tmp_path / name, *force)
    assert (done.code, done.out) == (2, "")
    assert "--out: found" in done.err
    assert "allowed:" in done.err
    assert {path: kept(path) for path in before} == before
    assert not (tmp_path / "nowhere.csv").exists()
    assert not (tmp_path / f"{name}.manifest.json").exists()
    assert run("status", ws.path).code == 0


def test_a_device_or_a_pipe_is_not_replaced(run: Run, ws: Workspace, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name in ("pipe", "socket"):
            before = (tmp_path / name).lstat()
            done = run("export", ws.path, "--out", tmp_path / name, "--force")
            assert (done.code, "no plain file; allowed: a file; - prints" in done.err) == (2, True)
            assert (tmp_path / name).lstat().st_ino == before.st_ino


def test_an_unchanged_export_is_replaced_and_a_changed_one_on_request(run: Run, ws: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert [run("export", ws.path, "--out", out, *more).code for more in ([], [], ["--split", "val"])] == [0, 0, 0]
    exported = out.read_bytes()
    out.write_bytes(exported + b"my own work\n")
    done = run("export", ws.path, "--out", out)
    assert (done.code, out.read_bytes()) == (2, exported + b"my own work\n")
    assert "which is there already and is not as this command left it; allowed: a new name, or --force" in done.err
    assert run("export", ws.path, "--out", out, "--split", "val", "--force").code == 0
    assert out.read_bytes() == exported


def test_a_file_in_the_place_of_the_manifest_is_kept(run: Run, ws: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "out.csv.manifest.json"
    other.write_text("{}")
    done = run("export", ws.path, "--out", tmp_path / "out.csv")
    assert (done.code, other.read_text(), (tmp_path / "out.csv").exists()) == (2, "{}", False)


def test_a_dash_prints(run: Run, ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("export", ws.path, "--out", "out.csv")
    done = run("export", ws.path, "--out", "-")
    assert done.code == 0
    assert done.out.encode() == (tmp_path / "out.csv").read_bytes()
    assert not (tmp_path / "-").exists()
    with ws.database(read_only=True) as db:
        printed, written = (event.about["revision"] for event in events(db, limit=2))
    assert printed == written
    assert run("export", ws.path, "--out", "-", "--json").code == 2


@pytest.mark.parametrize("name", ["mine.csv", "ws/review.db", "link.zip", "mine.txt"])
def test_a_job_replaces_none_of_these_either(run: Run, ws: Workspace, tmp_path: Path, name: str) -> None:
    (tmp_path / "link.zip").symlink_to("mine.txt")
    (tmp_path / "mine.txt").write_text("not ours")
    before = kept(tmp_path / name)
    assert run("round", "pack", ws.path, "--out", tmp_path / name).code == 2
    assert kept(tmp_path / name) == before
    job = tmp_path / "job.zip"
    assert [run("round", "pack", ws.path, "--out", job).code for _ in range(2)] == [0, 0], "its own is replaced"
    done = run("round", "run", job, "--root", ws.settings().root, "--out", tmp_path / name)
    assert (done.code, kept(tmp_path / name)) == (2, before), "and before it trains"
