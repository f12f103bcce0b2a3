from __future__ import annotations

import sqlite3
import threading
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from filelock import FileLock
from PIL import Image

from scn_core.config import ReviewSettings
from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError, WorkspaceError
from scn_core.records import Manifest
from scn_core.store.rounds.states import start_round
from scn_core.store.samples import classes, count_by_split, count_problems, iter_samples, references
from scn_core.workspace.folder import Workspace, create_workspace
from tests.scn_core.conftest import FACES

Table = Callable[..., Source]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """table('happy', 'sad') is a CSV of that many training pictures, faces/0.png, ..."""

    def _table(*labels: str) -> Source:
        folder = tmp_path / "data" / "faces"
        folder.mkdir(parents=True, exist_ok=True)
        for number, _ in enumerate(labels):
            noise = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(noise).save(folder / f"{number}.png")
        rows = "".join(f"faces/{number}.png,{label}\n" for number, label in enumerate(labels))
        (folder.parent / "labels.csv").write_text("path,label\n" + rows, encoding="utf-8")
        return Source(csv=folder.parent / "labels.csv")

    return _table


def edit(workspace: Workspace, **changes: Any) -> None:
    said = tomllib.loads(workspace.settings_file.read_text(encoding="utf-8"))
    workspace.settings_file.write_text(tomlkit.dumps(said | changes), encoding="utf-8")


def nothing_usable(path: Path) -> bool:
    with pytest.raises(WorkspaceError, match=r"found no workspace\.toml; allowed: a workspace made by"):
        Workspace(path).settings()
    return True


def test_a_table_becomes_a_workspace(tmp_path: Path, table: Table) -> None:
    path = tmp_path / "new" / "ws"
    heard: list[int] = []
    manifest = create_workspace(path, "csv", table("sad", "joy", "sad", "odd"), noise="pair:0", progress=heard.append)
    assert sum(heard) == len(manifest.samples) == 4
    workspace = Workspace(path)
    said = workspace.settings()
    assert (said.dataset, said.root, said.noise, said.train) == ("csv", str(tmp_path / "data"), "pair:0", {})
    assert said.classes == ["happy", "odd", "sad"]
    assert said.source["csv"] == str(tmp_path / "data/labels.csv")
    with workspace.database(read_only=True) as db:
        assert [stored.sample for stored in iter_samples(db)] == [
            replace(sample, reference_label=None) for sample in manifest.samples
        ]
        assert classes(db) == manifest.classes
        assert count_by_split(db) == {"train": 4, "val": 0, "test": 0}
    assert {entry.name.partition("-")[0] for entry in path.iterdir()} == {"review.db", "workspace.toml"}


def test_relative_places_are_kept_absolute(tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    table("sad", "joy")
    monkeypatch.chdir(tmp_path)
    create_workspace(Path("ws"), "csv", Source(csv=Path("data/labels.csv")))
    said = Workspace(Path("ws")).settings()
    assert (said.root, said.source["csv"]) == (str(tmp_path / "data"), str(tmp_path / "data/labels.csv"))


def test_noise_is_exact_seeded_and_leaves_the_truth_as_reference(tmp_path: Path, table: Table) -> None:
    source = table(*["sad", "joy"] * 15)
    clean = create_workspace(tmp_path / "clean", "csv", source)

    def noisy(name: str, seed: int) -> Manifest:
        chosen = Source(csv=source.csv, seed=seed)
        return create_workspace(tmp_path / name, "csv", chosen, noise="symmetric:0.2")

    truth = [sample.given_label for sample in clean.samples]
    first, again, other = noisy("a", 1), noisy("b", 1), noisy("c", 2)
    assert sum(sample.given_label != label for sample, label in zip(first.samples, truth, strict=True)) == 6
    assert first.samples == again.samples != other.samples
    with Workspace(tmp_path / "a").database(read_only=True) as db:
        assert references(db).label.tolist() == truth
    with Workspace(tmp_path / "clean").database(read_only=True) as db:
        assert references(db).label.tolist() == []


def test_demo_faces_are_drawn_into_the_workspace(workspace: Workspace) -> None:
    said = workspace.settings()
    assert said.dataset == "demo"
    assert len(list(Path(said.root, "faces").glob("*.jpg"))) == FACES
    with workspace.database(read_only=True) as db:
        assert sum(count_by_split(db).values()) == FACES
        assert count_problems(db) == 0
        assert 0 < len(references(db).sample_id) < FACES


def test_a_second_init_is_refused_and_changes_nothing(workspace: Workspace, table: Table) -> None:
    before = workspace.database_file.read_bytes()
    with pytest.raises(WorkspaceError, match="found a workspace already; allowed: a new folder"):
        create_workspace(workspace.path, "csv", table("sad", "joy"))
    assert workspace.database_file.read_bytes() == before


@pytest.mark.parametrize(
    ("labels", "options", "error"),
    [
        (("sad", "sad"), {}, "at least 2 classes"),
        (("sad", "joy"), {"noise": "symmetric:2"}, "--noise: found 'symmetric:2'"),
        (("sad", "joy"), {"noise": "confusion:gone.csv"}, r"gone\.csv"),
        (("sad", "joy", ""), {"strict": True}, "found 1 rows that cannot be used"),
    ],
)
def test_a_failed_init_leaves_no_workspace_and_can_be_repeated(
    labels: tuple[str, ...], options: dict[str, Any], error: str, tmp_path: Path, table: Table
) -> None:
    path = tmp_path / "ws"
    with pytest.raises((UsageError, DataError), match=error):
        create_workspace(path, "csv", table(*labels), **options)
    assert nothing_usable(path)
    create_workspace(path, "csv", table("sad", "joy"))
    with Workspace(path).database(read_only=True) as db:
        assert count_by_split(db)["train"] == 2


def test_an_init_stopped_after_the_database_was_made_can_be_repeated(tmp_path: Path, table: Table) -> None:
    path = tmp_path / "ws"
    create_workspace(path, "csv", table("sad", "joy"))
    Workspace(path).settings_file.unlink()  # the last thing an init writes
    assert nothing_usable(path)
    create_workspace(path, "csv", table("sad", "joy", "fear"))
    with Workspace(path).database(read_only=True) as db:
        assert count_by_split(db)["train"] == 3


@pytest.mark.parametrize("content", [b"", b"not a database, but somebody's"])
def test_what_another_init_began_is_replaced_and_what_is_strange_is_not(
    content: bytes, tmp_path: Path, table: Table
) -> None:
    path = tmp_path / "ws"
    path.mkdir()
    (path / "review.db").write_bytes(content)
    if content:
        with pytest.raises(WorkspaceError, match=r"review\.db"):
            create_workspace(path, "csv", table("sad", "joy"))
        assert (path / "review.db").read_bytes() == content
    else:
        create_workspace(path, "csv", table("sad", "joy"))


def test_a_database_in_use_outlives_a_lost_settings_file(tmp_path: Path, table: Table) -> None:
    workspace = Workspace(tmp_path / "ws")
    create_workspace(workspace.path, "csv", table("sad", "joy"))
    with workspace.database() as db:
        start_round(db, {}, code_version="1")
    workspace.settings_file.rename(tmp_path / "kept.toml")
    with pytest.raises(WorkspaceError, match=r"found a review\.db in use, but no workspace\.toml.*put workspace\.toml"):
        create_workspace(workspace.path, "csv", table("sad", "joy"))
    (tmp_path / "kept.toml").rename(workspace.settings_file)
    with workspace.database(read_only=True) as db:
        assert db["round"].count == 1


def test_a_file_in_the_way_is_named(tmp_path: Path, table: Table) -> None:
    (tmp_path / "ws").write_text("mine")
    with pytest.raises(WorkspaceError, match="ws: found a file; allowed: a folder"):
        create_workspace(tmp_path / "ws", "csv", table("sad", "joy"))


@pytest.mark.parametrize(
    ("dataset", "source", "error"),
    [
        ("imagenet", Source(), "--dataset: found 'imagenet'; allowed: .*demo"),
        ("demo", Source(class_count=7), "--class-count: found 7 with data set demo"),
    ],
)
def test_wrong_use_is_told_before_anything_is_made(dataset: str, source: Source, error: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=error):
        create_workspace(tmp_path / "ws", dataset, source)
    assert not (tmp_path / "ws").exists()


def test_demo_faces_spare_folders_that_hold_something_else(tmp_path: Path) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    (root / "holiday.jpg").write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"--root: .*mine holds holiday\.jpg; demo faces go into an empty"):
        create_workspace(tmp_path / "ws", "demo", Source(root=root), demo_faces=FACES)
    assert [entry.name for entry in root.iterdir()] == ["holiday.jpg"]
    assert nothing_usable(tmp_path / "ws")


def test_demo_faces_may_be_drawn_again_where_they_are(tmp_path: Path) -> None:
    root = tmp_path / "faces"
    first = create_workspace(tmp_path / "a", "demo", Source(root=root, seed=1), demo_faces=70)
    again = create_workspace(tmp_path / "b", "demo", Source(root=root, seed=1), demo_faces=70)
    assert first.samples == again.samples
    assert first.root == root


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("dataset = \n", r"workspace\.toml: not valid TOML \(.*line 1"),
        ("", "lacks dataset, root, classes"),
        ('dataset = "csv"\nroot = "/x"', "lacks classes"),
        (b"dataset = '\xff'", "not valid TOML"),
        ("dataset = " + "[" * 2_000, "not valid TOML"),
        ("seed = " + "9" * 5_000, "not valid TOML"),
    ],
)
def test_a_broken_settings_file_is_named(text: str | bytes, error: str, workspace: Workspace) -> None:
    workspace.settings_file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(WorkspaceError, match=error):
        workspace.settings()
    with pytest.raises(WorkspaceError, match=error), workspace.database():
        pass


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"epochs": 3}, "found epochs; allowed: .*train"),
        ({"train": 3}, "found train = 3; allowed: a table"),
        ({"root": 3}, "found root = 3; allowed: text"),
        ({"classes": "happy"}, "found classes = 'happy'; allowed: a list"),
        ({"seed": "0"}, "found seed = '0'; allowed: a whole number"),
    ],
)
def test_what_settings_may_not_say_is_named(changes: dict[str, Any], error: str, workspace: Workspace) -> None:
    edit(workspace, **changes)
    with pytest.raises(WorkspaceError, match=error):
        workspace.settings()


def test_train_options_are_read_from_the_file(workspace: Workspace) -> None:
    edit(workspace, train={"epochs": 41, "learn_margin_rank": True})
    assert workspace.settings().train == {"epochs": 41, "learn_margin_rank": True}


def test_review_options_are_read_from_the_file(workspace: Workspace) -> None:
    assert tomllib.loads(workspace.settings_file.read_text(encoding="utf-8"))["review"] == ReviewSettings().as_dict()
    edit(workspace, review={"readings": 3})
    assert workspace.settings().review == ReviewSettings(readings=3)
    edit(workspace, review={})
    assert workspace.settings().review == ReviewSettings(readings=1)


def test_a_workspace_from_before_there_were_review_options_is_read(workspace: Workspace) -> None:
    said = tomllib.loads(workspace.settings_file.read_text(encoding="utf-8"))
    del said["review"]
    workspace.settings_file.write_text(tomlkit.dumps(said), encoding="utf-8")
    assert workspace.settings().review == ReviewSettings(readings=1)


@pytest.mark.parametrize(
    ("review", "error"),
    [
        ({"readings": 0}, r"table \[review\]: found readings = 0; allowed: a whole number from 1 to 9; correct it"),
        ({"readings": 10}, "found readings = 10; allowed: a whole number from 1 to 9"),
        ({"readings": "2"}, "found readings = '2'; allowed: a whole number from 1 to 9"),
        ({"readings": 2.0}, r"found readings = 2\.0; allowed: a whole number from 1 to 9"),
        ({"readings": True}, "found readings = True; allowed: a whole number from 1 to 9"),
        (
            {"reading": 2},
            r"table \[review\]: found key 'reading'; allowed: readings, decided_by, repeats, unsure, ambiguous, "
            "learn_every, explore; correct it",
        ),
        (3, "found review = 3; allowed: a table"),
    ],
)
def test_wrong_review_options_name_file_and_key(review: object, error: str, workspace: Workspace) -> None:
    edit(workspace, review=review)
    with pytest.raises(WorkspaceError, match=rf"workspace\.toml.*{error}"):
        workspace.settings()


def test_a_missing_or_foreign_database_is_told(workspace: Workspace) -> None:
    workspace.database_file.unlink()
    with pytest.raises(WorkspaceError, match=r"review\.db: found no such file"), workspace.database():
        pass
    sqlite3.connect(workspace.database_file).execute("CREATE TABLE mine (x)").connection.close()
    with pytest.raises(WorkspaceError, match="not of a workspace"), workspace.database():
        pass


def test_a_database_opened_for_reading_takes_no_writes(workspace: Workspace) -> None:
    with workspace.database(read_only=True) as db, pytest.raises(WorkspaceError, match="open for reading only"):
        start_round(db, {}, code_version="1")


def test_one_trainer_at_a_time(workspace: Workspace) -> None:
    with (
        workspace.training_lock(),
        pytest.raises(WorkspaceError, match="another trainer is at work here"),
        workspace.training_lock(),
    ):
        pass
    with workspace.training_lock():
        pass


def test_whether_anybody_trains_is_asked_without_being_in_the_way(workspace: Workspace) -> None:
    assert not workspace.is_training()
    with workspace.training_lock():
        assert workspace.is_training()
        assert workspace.is_training(), "asking does not free it"
    assert not workspace.is_training()
    asking = FileLock(workspace.path / "train.lock", thread_local=False)
    asking.acquire()
    threading.Timer(0.2, asking.release).start()  # as `is_training` of another process, seen through a magnifying glass
    with workspace.training_lock():
        pass


def test_review_options_are_written_into_the_file(workspace: Workspace) -> None:
    edit(workspace, train={"epochs": 40})
    before = workspace.settings()
    chosen = ReviewSettings(readings=2, decided_by="lead", repeats=0.05, unsure="leave_out")
    workspace.write_review(chosen)
    assert workspace.settings() == replace(before, review=chosen)
    with pytest.raises(WorkspaceError, match=r"found no workspace\.toml"):
        Workspace(workspace.path / "elsewhere").write_review(chosen)
