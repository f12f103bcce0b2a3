from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scn_core.datasets import affectnet
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.rows import LeftOut, Row
from scn_core.datasets.source import Source
from scn_core.errors import DataError
from scn_core.import_balance import Problem
from scn_core.records import Box

Draw = Callable[..., Path]
HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"


def _row(path: str, expression: object, box: str = "4,5,20,10") -> str:
    return f"{path},{box},1;2;3,{expression},0.1,-0.2"


def _write(root: Path, train: list[str], val: list[str], header: str = HEADER) -> None:
    for name, rows in (("training", train), ("validation", val)):
        (root / f"{name}.csv").write_text("\n".join([header, *rows]).lstrip() + "\n")


@pytest.mark.parametrize("images", ["", "Manually_Annotated_Images/"])
def test_the_old_release(tmp_path: Path, draw: Draw, images: str) -> None:
    train = [_row(f"1/{n}.jpg", n) for n in range(11)]
    _write(tmp_path, train, [_row("2/a.jpg", 3)])
    for n in range(11):
        draw(f"{images}1/{n}.jpg", n, (40, 40))
    draw(f"{images}2/a.jpg", 99, (40, 40))
    manifest = read_manifest("affectnet", Source(root=tmp_path))
    assert [sample.given_label for sample in manifest.samples] == [*range(8), 3]
    assert [sample.split for sample in manifest.samples] == ["train"] * 8 + ["val"]
    assert manifest.samples[0].path == f"{images}1/0.jpg"
    assert manifest.samples[0].box == Box(4, 5, 24, 15)
    (left_out,) = manifest.problems
    assert "3 rows left out: expression 8 or above" in left_out.found


def test_seven_classes_leave_contempt_out(tmp_path: Path) -> None:
    _write(tmp_path, [_row("a.jpg", 6), _row("b.jpg", 7)], [])
    source = Source(root=tmp_path, class_count=7)
    anger, contempt = affectnet.read(source)
    assert isinstance(anger, Row)
    assert isinstance(contempt, LeftOut)
    assert "contempt" in contempt.reason
    assert affectnet.vocabulary(source).names[-1] == "anger"


@pytest.mark.parametrize(
    "bad",
    [
        "1/b.jpg,4,5,20,10,1;2;3",
        _row("b.jpg", "NULL"),
        _row("b.jpg", 11),
        _row("b.jpg", -1),
        _row("b.jpg", 1, "4,,20,10"),
        _row("../b.jpg", 1),
    ],
)
def test_the_malformed_row_is_a_problem(tmp_path: Path, bad: str) -> None:
    _write(tmp_path, [_row("a.jpg", 1), bad, _row("c.jpg", 1)], [])
    first, problem, last = affectnet.read(Source(root=tmp_path))
    assert isinstance(first, Row)
    assert isinstance(last, Row)
    assert isinstance(problem, Problem)
    assert (problem.file, problem.line) == (str(tmp_path / "training.csv"), 3)


def test_lists_without_a_header(tmp_path: Path) -> None:
    _write(tmp_path, [_row("a.jpg", 1), _row("b.jpg", 2)], [_row("c.jpg", 3)], header="")
    rows = [row for row in affectnet.read(Source(root=tmp_path)) if isinstance(row, Row)]
    assert [(row.sample.path, row.sample.given_label, row.line) for row in rows] == [
        ("a.jpg", 1, 1),
        ("b.jpg", 2, 2),
        ("c.jpg", 3, 1),
    ]


def _note(root: Path, part: str, name: str, value: Any) -> None:
    folder = root / part / "annotations"
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}_exp.npy", value)


def test_the_new_release(tmp_path: Path, draw: Draw) -> None:
    for n in range(8):
        draw(f"train_set/images/{n}.jpg", n)
        _note(tmp_path, "train_set", str(n), np.array(str(n)) if n % 2 else np.array(n))
    draw("train_set/images/8.jpg", 8)
    _note(tmp_path, "train_set", "8", np.array("9"))
    draw("val_set/images/0.jpg", 9)
    _note(tmp_path, "val_set", "0", np.array([5]))
    manifest = read_manifest("affectnet", Source(root=tmp_path))
    assert [sample.given_label for sample in manifest.samples] == [*range(8), 5]
    assert manifest.samples[-1].key == "val_set/images/0.jpg"
    assert manifest.samples[-1].split == "val"
    assert ["1 row left out" in problem.found for problem in manifest.problems] == [True]


@pytest.mark.parametrize("value", [None, np.array([1, 2]), np.array("sad"), np.array(1, dtype=object)])
def test_annotations_that_hold_no_number(tmp_path: Path, draw: Draw, value: Any) -> None:
    draw("train_set/images/7.jpg")
    draw("val_set/images/7.jpg")
    _note(tmp_path, "train_set", "other" if value is None else "7", value)
    _note(tmp_path, "val_set", "7", np.array(1))
    problem, row = affectnet.read(Source(root=tmp_path))
    assert isinstance(row, Row)
    assert isinstance(problem, Problem)
    assert problem.file.endswith("train_set/annotations/7_exp.npy")


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"training\.csv: found no such file"):
        list(affectnet.read(Source(root=tmp_path)))
    (tmp_path / "training.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="found columns a, b; allowed: a header with subDirectory_filePath"):
        list(affectnet.read(Source(root=tmp_path)))
    (tmp_path / "train_set").mkdir()
    with pytest.raises(DataError, match="images: found no such file"):
        list(affectnet.read(Source(root=tmp_path)))


def test_decimals_and_files_of_systems_in_the_new_release(tmp_path: Path, draw: Draw) -> None:
    for part in ("train_set", "val_set"):
        for n in range(8):
            draw(f"{part}/images/{n}.jpg", n)
            _note(tmp_path, part, str(n), np.array(float(n)))
        (tmp_path / part / "images/.DS_Store").touch()
        (tmp_path / part / "images/notes.txt").touch()
    draw("train_set/images/9.jpg", 9)
    _note(tmp_path, "train_set", "9", np.array(1.5))
    manifest = read_manifest("affectnet", Source(root=tmp_path))
    assert [sample.given_label for sample in manifest.samples] == [*range(8), *range(8)]
    left_out = {(problem.reason, problem.rows) for problem in manifest.problems if not problem.kept}
    assert left_out == {
        ("hidden, or a file of the operating system", 2),
        ("no picture by its name", 1),
        ("no expression", 1),
    }


def test_a_decimal_that_is_no_whole_number_is_no_expression(tmp_path: Path) -> None:
    _write(tmp_path, [_row("a.jpg", "1.5"), _row("b.jpg", "2.0")], [])
    problem, row = affectnet.read(Source(root=tmp_path))
    assert isinstance(problem, Problem)
    assert isinstance(row, Row)
    assert row.sample.given_label == 2


def test_a_pipe_in_place_of_an_annotation_is_not_waited_for(tmp_path: Path, draw: Draw) -> None:
    draw("train_set/images/0.jpg", 0)
    for part in ("train_set", "val_set"):
        for folder in ("images", "annotations"):
            (tmp_path / part / folder).mkdir(parents=True, exist_ok=True)
    os.mkfifo(tmp_path / "train_set/annotations/0_exp.npy")
    (problem,) = affectnet.read(Source(root=tmp_path))
    assert isinstance(problem, Problem)
    assert problem.found == "no readable expression"
