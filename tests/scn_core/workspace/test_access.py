"""Nobody else on the machine reads faces, names and hashes of passwords."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scn_core.errors import WorkspaceError
from scn_core.store.connection import transaction
from scn_core.store.thumbnail_cache import Thumb, Thumbs
from scn_core.workspace.access import close_to_others
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Run
from tests.templates import new_database


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_databases_are_made_for_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    with umask(0):
        db = new_database(tmp_path / "review.db")
        with transaction(db):
            db.execute("INSERT INTO class VALUES (0, 'happy')")
        Thumbs(tmp_path / "thumbs.db").put([Thumb(1, b"made from", b"webp")])
        found = modes(tmp_path)
        db.close()
    assert set(found) >= {"review.db", "review.db-wal", "review.db-shm", "thumbs.db"}
    assert set(found.values()) == {0o600}


def test_init_makes_a_folder_for_its_owner(workspace: Workspace) -> None:
    assert stat.S_IMODE(workspace.path.stat().st_mode) == 0o700


def test_what_holds_faces_or_hashes_is_made_for_its_owner_whatever_the_umask(
    workspace: Workspace, tmp_path: Path, run: Run
) -> None:
    """But labels, which are exported to be handed on, and a folder that was opened by its owner."""
    out = tmp_path / "out"
    out.mkdir()
    commands: tuple[tuple[object, ...], ...] = (
        ("backup", workspace.path, "--pictures", "--out", out / "backup.zip"),
        ("restore", out / "backup.zip", out / "restored"),
        ("round", "pack", workspace.path, "--out", out / "job.zip", "--epochs", 1),
        ("export", workspace.path, "--format", "class-folders", "--out", out / "pictures"),
        ("export", workspace.path, "--out", out / "labels.csv"),
    )
    with umask(0):
        for words in commands:
            assert (done := run(*words)).code == 0, done.err
        found = modes(out)
        (out / "pictures").chmod(0o755)
        assert run(*commands[3]).code == 0
    expected = {"backup.zip": 0o600, "restored": 0o700, "job.zip": 0o600, "pictures": 0o700, "labels.csv": 0o666}
    assert {name: found[name] for name in expected} == expected
    assert modes(out)["pictures"] == 0o755


@pytest.mark.parametrize(("access", "mode"), [("owner", 0o600), ("group", 0o640)])
def test_whoever_writes_closes_what_earlier_versions_left_open(workspace: Workspace, access: str, mode: int) -> None:
    text = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(f'access = "{access}"\n{text}', encoding="utf-8")
    Thumbs(workspace.thumbs_file).put([])
    (workspace.path / "backups").mkdir()
    (workspace.path / "backups" / "review-before-m0002.db").touch()
    files = [workspace.database_file, workspace.thumbs_file, *(workspace.path / "backups").iterdir()]
    for file in files:
        file.chmod(0o644)
    with workspace.database(read_only=True):
        assert [file.stat().st_mode & 0o777 for file in files] == [0o644] * 3, "reading changes nothing"
    with workspace.database():
        assert [file.stat().st_mode & 0o777 for file in files] == [mode] * 3


def test_another_word_for_access(workspace: Workspace) -> None:
    text = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(f'access = "everybody"\n{text}', encoding="utf-8")
    with pytest.raises(WorkspaceError, match="found access = 'everybody'; allowed: owner or group"):
        workspace.settings()


def test_a_file_of_somebody_else_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "review.db").touch(mode=0o644)

    def chmod(self: Path, mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", chmod)
    (line,) = close_to_others(tmp_path, "owner")
    assert line.endswith("review.db: found mode 644; allowed: 600; its owner changes it with chmod")
