"""Folders of pictures as people have them: nothing in them goes missing without a word."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scn_core.datasets.image_folder import class_name
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import DataError
from scn_core.records import Manifest

Draw = Callable[..., Path]


def _read(root: Path, **options: object) -> Manifest:
    return read_manifest("folder", Source(root=root, **options))  # type: ignore[arg-type]


def _left_out(manifest: Manifest) -> dict[str, int]:
    counts: dict[str, int] = {}
    for problem in manifest.problems:
        if not problem.kept:
            counts[problem.reason] = counts.get(problem.reason, 0) + problem.rows
    return counts


@pytest.fixture
def two(tmp_path: Path, draw: Draw) -> Path:
    """Two classes of two pictures each."""
    root = tmp_path / "root"
    for number, path in enumerate(["happy/0.png", "happy/1.png", "sad/0.png", "sad/1.png"]):
        draw(path, number, root=root)
    return root


def test_a_name_that_is_not_utf8_is_left_out_and_escaped(two: Path, draw: Draw) -> None:
    picture = draw("other.png", 9)
    shutil.copy(picture, os.fsdecode(os.fsencode(two / "happy") + b"/gl\xfccklich.png"))
    Path(os.fsdecode(os.fsencode(two) + b"/w\xfctend")).mkdir()
    for number in range(3):
        shutil.copy(picture, os.fsdecode(os.fsencode(two) + b"/w\xfctend/%d.png" % number))
    manifest = _read(two)
    assert len(manifest.samples) == 4
    assert _left_out(manifest) == {"a name that is not UTF-8 or has control characters": 4}
    assert any("gl\\udcfccklich.png" in problem.file for problem in manifest.problems)
    for problem in manifest.problems:
        problem.file.encode()


def test_pipes_and_links_to_themselves_are_left_out(two: Path) -> None:
    os.mkfifo(two / "happy/pipe.png")
    (two / "sad/a.png").symlink_to("b.png")
    (two / "sad/b.png").symlink_to("a.png")
    (two / "sad/gone.png").symlink_to("nowhere.png")
    manifest = _read(two)
    assert len(manifest.samples) == 4
    found = " ".join(problem.found for problem in manifest.problems)
    assert "not a picture file" in found
    assert "symbolic links" in found
    assert f"no such picture at {two / 'sad/gone.png'}" in found


def test_linked_folders_leave_a_trace_and_are_read_when_asked_for(two: Path, draw: Draw) -> None:
    for number in range(3):
        draw(f"elsewhere/{number}.png", 20 + number)
    (two / "happy/more").symlink_to(two.parent / "elsewhere")
    (two / "fear").symlink_to(two.parent / "elsewhere")
    (two / "sad/up").symlink_to(two)
    manifest = _read(two)
    assert len(manifest.samples) == 4
    assert _left_out(manifest) == {"a linked folder": 2, "a folder met a second time": 1}
    assert sum("--follow-links" in problem.allowed for problem in manifest.problems) == 2
    manifest = _read(two, follow_links=True)
    assert sorted(sample.path for sample in manifest.samples if sample.split == "train")[:3] == [
        f"fear/{number}.png" for number in range(3)
    ]
    assert _left_out(manifest) == {"a folder met a second time": 2}


def test_a_class_folder_that_leads_back_up_is_no_class(two: Path) -> None:
    (two / "loop").symlink_to(two)
    manifest = _read(two)
    assert manifest.classes.names == ("happy", "sad")
    assert _left_out(manifest) == {"a folder met a second time": 1}


def test_a_linked_class_folder_within_the_root_is_read(two: Path, draw: Draw) -> None:
    draw("pool/0.png", 50, root=two / ".pool")
    (two / "fear").symlink_to(two / ".pool/pool")
    assert "fear" in _read(two).classes.names


def test_pictures_that_are_links_to_elsewhere(two: Path, draw: Draw) -> None:
    (two / "sad/2.png").symlink_to(draw("elsewhere/0.png", 30))
    (problem,) = _read(two).problems
    assert "--follow-links" in problem.allowed
    assert len(_read(two, follow_links=True).samples) == 5


def test_an_unreadable_folder_leaves_a_trace(two: Path) -> None:
    (two / "sad/closed").mkdir()
    (two / "sad/closed").chmod(0)
    if os.access(two / "sad/closed", os.R_OK):
        pytest.skip("this user may read everything")
    try:
        assert _left_out(_read(two)) == {"an unreadable folder": 1}
    finally:
        (two / "sad/closed").chmod(0o700)


@pytest.mark.parametrize("name", ["__MACOSX", "@eaDir", ".cache", "#recycle", "lost+found"])
def test_folders_of_systems_are_no_classes(two: Path, draw: Draw, name: str) -> None:
    draw(f"{name}/happy/0.png", 40, root=two)
    draw(f"sad/{name}/0.png", 41, root=two)
    (two / "Thumbs.db").touch()
    manifest = _read(two)
    assert manifest.classes.names == ("happy", "sad")
    assert _left_out(manifest) == {"hidden, or a file of the operating system": 3}


def test_split_folders_by_other_names_are_read_and_others_are_told(tmp_path: Path, draw: Draw) -> None:
    for number, split in enumerate(["train_set", "dev", "Testing", "extra"]):
        draw(f"{split}/happy/0.png", 2 * number)
        draw(f"{split}/sad/0.png", 2 * number + 1)
    draw("train_set/loose.png", 20)
    draw("loose.png", 21)
    manifest = _read(tmp_path)
    assert [sample.split for sample in manifest.samples] == ["train"] * 2 + ["val"] * 2 + ["test"] * 2
    assert _left_out(manifest) == {
        "a folder beside train that is no split": 2,
        "a picture outside of the class folders": 2,
    }
    assert any("with 2 files" in problem.found and problem.file.endswith("extra") for problem in manifest.problems)


def test_splits_without_train_are_no_classes(tmp_path: Path, draw: Draw) -> None:
    draw("test/happy/0.png", 1)
    draw("val/sad/0.png", 2)
    with pytest.raises(DataError, match="found test, val and no folder train"):
        _read(tmp_path)


@pytest.mark.parametrize("around", ["archive", "a/b", "archive/train/images"])
def test_a_folder_around_everything_is_passed_through(tmp_path: Path, draw: Draw, around: str) -> None:
    draw(f"{around}/happy/0.png", 1)
    draw(f"{around}/sad/0.png", 2)
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "readme.txt").touch()
    manifest = _read(tmp_path)
    assert manifest.classes.names == ("happy", "sad")
    assert [sample.path for sample in manifest.samples] == [f"{around}/happy/0.png", f"{around}/sad/0.png"]
    assert _left_out(manifest) == {"hidden, or a file of the operating system": 1, "no picture by its name": 1}


@pytest.mark.parametrize("first", [0, 1])
def test_numbered_class_folders_have_the_names_given(tmp_path: Path, draw: Draw, first: int) -> None:
    for number in range(3):
        draw(f"train/{number + first}/0.png", number)
    manifest = _read(tmp_path, classes=("surprise", "fear", "disgust"))
    assert [sample.given_label for sample in manifest.samples] == [0, 1, 2]
    assert [(each.written, each.name) for each in manifest.spellings] == [
        (str(first), "surprise"), (str(first + 1), "fear"), (str(first + 2), "disgust"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Happily Surprised", "Happily Surprised"),
        ("Sadly Fearful", "Sadly Fearful"),
        ("not_happy", "not_happy"),
        ("non-neutral", "non-neutral"),
        ("no fear", "no fear"),
        ("sad unhappy man", "sad unhappy man"),
        ("angrily disgusted man", "angrily disgusted man"),
        ("happy_man 2", "happy"),
    ],
)
def test_compounds_and_negations_are_no_simple_emotions(folder: str, name: str) -> None:
    assert class_name(folder) == name


def test_given_names_keep_compounds_apart(tmp_path: Path, draw: Draw) -> None:
    for number, name in enumerate(["Happily Surprised", "happy man", "happy woman"]):
        draw(f"{name}/0.png", number)
    manifest = _read(tmp_path, classes=("happy woman", "happily surprised", "happy man"))
    assert [sample.given_label for sample in manifest.samples] == [1, 2, 0]


_PICTURE = io.BytesIO()
Image.effect_noise((16, 16), 90).save(_PICTURE, "PNG")
_FILES = st.sampled_from(["a.png", "b.JPG", "c.txt", ".hidden", "Thumbs.db", "d.heic"])
_PLACES = st.sampled_from(
    ["", "happy", "sad", "sad/more", "train/happy", "test/sad", "extra/happy", "train", "__MACOSX"]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(_PLACES, _FILES), unique=True, max_size=12), st.booleans())
def test_every_file_is_taken_or_left_out_for_a_reason(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, str]], splits: bool
) -> None:
    """A system's folder counts as one."""
    root = tmp_path_factory.mktemp("tree")
    part = "train/" if splits else ""
    files = [(place, name) for place, name in files if splits or not place.startswith(("train", "test", "extra"))]
    for place, name in [*files, (f"{part}happy", "x.png"), (f"{part}sad", "x.png")]:
        (root / place).mkdir(parents=True, exist_ok=True)
        (root / place / name).write_bytes(_PICTURE.getvalue())
    there = sum(len(names) for where, _, names in os.walk(root) if "__MACOSX" not in where)
    there += (root / "__MACOSX").exists()
    manifest = _read(root)
    assert len(manifest.samples) + sum(_left_out(manifest).values()) == there
