from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scn_core.datasets import image_folder
from scn_core.datasets.image_folder import class_name, ordered_vocabulary
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.rows import Row
from scn_core.datasets.source import Source
from scn_core.errors import DataError

Draw = Callable[..., Path]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("happy face", "happy"),
        ("angry_man-2", "anger"),
        ("Happiness", "happy"),
        ("sad and sadness", "sad"),
        ("happy or sad", "happy or sad"),
        ("Unhappy", "Unhappy"),
        ("Class 3", "Class 3"),
    ],
)
def test_search_words_name_one_emotion_or_themselves(folder: str, name: str) -> None:
    assert class_name(folder) == name


def test_numbers_in_names_of_classes_count_by_their_value() -> None:
    names = {"au 1", "au 2", "au 10", "au 30", "au 2 + 12", "au 2 + 4", "none"}
    due = ("au 1", "au 2", "au 2 + 4", "au 2 + 12", "au 10", "au 30", "none")
    assert ordered_vocabulary(names).names == due
    assert ordered_vocabulary({"sad", "happy"}).names == ("happy", "sad")


def test_folders_become_classes_in_a_stable_order(tmp_path: Path, draw: Draw) -> None:
    paths = ["sad/b.jpg", "sad/a.PNG", "sad/more/0.jpg", "happy woman/x.jpg", "happy man/y.webp"]
    for number, path in enumerate(paths):
        draw(path, number)
    (tmp_path / "sad/notes.txt").write_text("no picture")
    (tmp_path / "sad/.hidden.jpg").write_text("no picture")
    (tmp_path / ".cache").mkdir()
    manifest = read_manifest("folder", Source(root=tmp_path))
    assert manifest.classes.names == ("happy", "sad")
    assert [(sample.path, sample.given_label, sample.split) for sample in manifest.samples] == [
        ("happy man/y.webp", 0, "train"),
        ("happy woman/x.jpg", 0, "train"),
        ("sad/a.PNG", 1, "train"),
        ("sad/b.jpg", 1, "train"),
        ("sad/more/0.jpg", 1, "train"),
    ]
    assert [problem.found for problem in manifest.problems] == [
        "1 row left out: no picture by its name (notes.txt)",
        "2 rows left out: hidden, or a file of the operating system (.cache, .hidden.jpg)",
    ]


def test_a_picture_that_has_no_list_is_named_once(tmp_path: Path, draw: Draw) -> None:
    for path in ("happy/a.png", "sad/b.png"):
        draw(path, 1)
    (problem,) = read_manifest("folder", Source(root=tmp_path)).problems
    assert str(problem).count("sad/b.png") == 1
    assert problem.found == "the same picture as happy/a.png, labelled sad and happy"


def test_parts_with_classes_below_them(tmp_path: Path, draw: Draw) -> None:
    for number, path in enumerate(["test/cat", "train/cat", "train/dog", "val/dog"]):
        draw(f"{path}/0.jpg", number)
    (tmp_path / "val/cat").mkdir()
    manifest = read_manifest("folder", Source(root=tmp_path))
    assert manifest.classes.names == ("cat", "dog")
    assert [(sample.path, sample.split) for sample in manifest.samples] == [
        ("train/cat/0.jpg", "train"),
        ("train/dog/0.jpg", "train"),
        ("val/dog/0.jpg", "val"),
        ("test/cat/0.jpg", "test"),
    ]


def test_given_classes_set_the_order_and_the_rest_is_told(tmp_path: Path, draw: Draw) -> None:
    for number, name in enumerate(["happy", "sad", "fear"]):
        draw(f"{name}/0.jpg", number)
    manifest = read_manifest("folder", Source(root=tmp_path, classes=("sad", "happy")))
    assert [sample.given_label for sample in manifest.samples] == [1, 0]
    (problem,) = manifest.problems
    assert "class 'fear'" in problem.found


def test_an_empty_class_is_fatal(tmp_path: Path, draw: Draw) -> None:
    draw("happy/0.jpg")
    (tmp_path / "sad").mkdir()
    with pytest.raises(DataError, match="sad: found an empty class"):
        list(image_folder.read(Source(root=tmp_path)))


def test_no_folders_at_all(tmp_path: Path, draw: Draw) -> None:
    draw("0.jpg")
    with pytest.raises(DataError, match=r"found no class folders; allowed: .*CLASS/\*\.jpg$"):
        list(image_folder.read(Source(root=tmp_path)))
    draw("train/1.jpg")
    (tmp_path / "train/metadata.jsonl").write_text('{"file_name": "1.jpg", "label": "happy"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=f"read {tmp_path} with --dataset csv --csv {tmp_path}$"):
        list(image_folder.read(Source(root=tmp_path)))


def test_the_order_is_the_same_whatever_the_order_of_writing(tmp_path: Path, draw: Draw) -> None:
    names = [f"{name}/{n}.jpg" for name in ("sad", "happy") for n in range(12)]
    for number, name in enumerate(names):
        draw(name, number, root=tmp_path / "a")
        draw(names[-1 - number], number, root=tmp_path / "b")
    a, b = (
        [row.sample.key for row in image_folder.read(Source(root=tmp_path / name)) if isinstance(row, Row)]
        for name in "ab"
    )
    assert a == b == sorted(names)
