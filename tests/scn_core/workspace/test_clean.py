"""`clean`: which decoded pictures go, and which never do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scn_core.datasets.pixels import pixel_cache
from scn_core.rounds.lifecycle import New
from scn_core.rounds.train import train_round
from scn_core.store.rounds.states import cancel_round, get_round, start_round
from scn_core.store.samples import AllSamples
from scn_core.workspace.clean import Cleaning, clean
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_root
from tests.scn_core.conftest import Process, Recorder, Run, settings

OLD = "pixels-0123456789abcdef01234567"
HOLD_LOCK = """
import signal, sys
from pathlib import Path
from scn_core.workspace.folder import Workspace
with Workspace(Path(sys.argv[1])).training_lock():
    print("holding", file=sys.stderr, flush=True)
    signal.pause()
"""


def decode(workspace: Workspace, *sides: int) -> None:
    """Caches of these sizes, as a trainer makes them."""
    with workspace.database(read_only=True) as db:
        for side in sides:
            pixel_cache(workspace.pixels, AllSamples(db), workspace.pictures(), side)


def caches(*sides: int) -> set[str]:
    return {f"pixels-{side}{end}.npy" for side in sides for end in ("", "-marks")}


def round_of(workspace: Workspace, side: int) -> None:
    """A round of this image size, cancelled half-way."""
    with workspace.database() as db:
        cancel_round(db, start_round(db, {"image_size": side}, code_version="test"))


def names(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.pixels.iterdir()}


def removed(done: Cleaning) -> set[str]:
    return {each.file.removeprefix("pixels/") for each in done.removed}


def test_other_sizes_go_and_those_in_use_stay(workspace: Workspace) -> None:
    decode(workspace, 24, 112, 16, 32)
    sizes = {path.name: path.stat().st_blocks * 512 for path in workspace.pixels.iterdir()}
    round_of(workspace, 16)
    round_of(workspace, 24)
    done = clean(workspace)
    assert removed(done) == caches(16, 32)
    assert names(workspace) == caches(24, 112)
    assert done.freed_bytes == sum(sizes[name] for name in caches(16, 32)) > 0
    assert (done.kept, done.kept_bytes) == (2, sum(sizes[name] for name in caches(24, 112)))
    assert {each.why for each in done.removed} == {f"of {side} pixels; in use: 24, 112" for side in (16, 32)}


def test_the_size_said_in_workspace_toml_stays(workspace: Workspace) -> None:
    decode(workspace, 16, 112)
    text = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(text.replace("\n[train]\n", "\n[train]\nimage_size = 16\n"), encoding="utf-8")
    assert removed(clean(workspace)) == caches(112)
    assert names(workspace) == caches(16)


def test_files_of_earlier_versions_go_whatever_their_size(workspace: Workspace) -> None:
    decode(workspace, 112)
    (workspace.pixels / f"{OLD}-112.npy").write_bytes(b"old")
    assert [(each.file, each.why) for each in clean(workspace).removed] == [
        (f"pixels/{OLD}-112.npy", "of an earlier version")
    ]
    assert names(workspace) == caches(112)


def test_nothing_but_its_own_files_is_touched(workspace: Workspace, tmp_path: Path) -> None:
    decode(workspace, 112)
    elsewhere = tmp_path / "elsewhere.npy"
    elsewhere.write_bytes(b"somebody's")
    strange = {"notes.txt", "pixels-of-mine-64.npy", f"{OLD}-64.npy.bak", f"{OLD}-99.npy", f"{OLD}-98.npy"}
    for name in ("notes.txt", "pixels-of-mine-64.npy", f"{OLD}-64.npy.bak"):
        (workspace.pixels / name).write_bytes(b"mine")
    (workspace.pixels / f"{OLD}-99.npy").symlink_to(elsewhere)
    (workspace.pixels / f"{OLD}-98.npy").mkdir()
    for name in (f"{OLD}-64.npy", f"{OLD}-64-12.part"):
        (workspace.pixels / name).write_bytes(b"old")
    (workspace.path / f"{OLD}-64.npy").write_bytes(b"beside the folder")
    assert removed(clean(workspace)) == {f"{OLD}-64.npy", f"{OLD}-64-12.part"}
    assert names(workspace) == strange | caches(112)
    assert elsewhere.read_bytes() == b"somebody's"
    assert (workspace.path / f"{OLD}-64.npy").exists()


def test_a_dry_run_says_the_same_and_removes_nothing(workspace: Workspace, run: Run) -> None:
    decode(workspace, 16, 112)
    before = names(workspace)
    done = run("clean", workspace.path, "--dry-run", "--json")
    said = json.loads(done.out)
    assert (done.code, said["dry_run"], names(workspace)) == (0, True, before)
    assert "would free 0.00 GB in 2 files; 1 pixel cache kept, 0.00 GB" in run("clean", workspace.path, "--dry-run").out
    for_real = json.loads(run("clean", workspace.path, "--json").out)
    assert for_real == said | {"dry_run": False}
    assert names(workspace) == caches(112)
    assert run("clean", workspace.path).out == "nothing to remove; 1 pixel cache kept, 0.00 GB\n"


def test_it_refuses_while_a_trainer_is_at_work(workspace: Workspace, run: Run, process: Callable[..., Process]) -> None:
    decode(workspace, 16)
    before = names(workspace)
    trainer = process("-c", HOLD_LOCK, workspace.path)
    trainer.wait_for_line("holding")
    done = run("clean", workspace.path)
    assert (done.code, done.out, names(workspace)) == (1, "", before)
    assert "another trainer is at work here" in done.err
    assert run("clean", workspace.path, "--dry-run").code == 0
    trainer.popen.kill()
    trainer.popen.wait()
    assert removed(clean(workspace)) == before


def test_pictures_need_not_be_there(workspace: Workspace) -> None:
    decode(workspace, 16, 112)
    change_root(workspace.settings_file, "/nowhere/unmounted")
    assert removed(clean(workspace)) == caches(16)


def test_a_workspace_without_caches(workspace: Workspace) -> None:
    assert clean(workspace) == Cleaning(str(workspace.path), False, [], 0, 0, 0)


def test_what_a_trainer_left_that_was_killed_right_after_its_round_had_ended(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scn_core.rounds.train.drop_checkpoint", killed)
    with pytest.raises(SystemExit):
        train_round(workspace, New(settings(epochs=1)), Recorder())
    with workspace.database(read_only=True) as db:
        assert get_round(db, 1).state == "review"
    left = {f"rounds/0001/{name}" for name in ("began", "checkpoint.pt", "counts.npy", "passes.npy")}
    assert removed(clean(workspace, dry_run=True)) == removed(clean(workspace)) == left
    there = {path.name for path in workspace.round_folder(1).iterdir()}
    assert there == {
        "config.json", "faces.npz", "dynamics.npy", "features.npy", "held_out.npy", "held_out_features.npy",
        "neighbours.npy", "log.txt", "weights.safetensors", "meta.json",
    }  # fmt: skip


def test_files_of_a_round_that_can_be_gone_on_with_stay(workspace: Workspace) -> None:
    round_of(workspace, 16)
    workspace.round_folder(1).mkdir(parents=True)
    (workspace.round_folder(1) / "checkpoint.pt").write_bytes(b"half a round")
    assert removed(clean(workspace)) == set()


def killed(*arguments: object) -> None:
    raise SystemExit
