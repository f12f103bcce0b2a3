from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scn_core.datasets import raf_db
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.rows import Row
from scn_core.datasets.source import Source
from scn_core.errors import DataError
from scn_core.import_balance import Problem

Draw = Callable[..., Path]


def _write(root: Path, lines: list[str], images: str = "aligned") -> Path:
    (root / "EmoLabel").mkdir(parents=True, exist_ok=True)
    (root / "Image" / images).mkdir(parents=True, exist_ok=True)
    file = root / "EmoLabel/list_patition_label.txt"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("inner", [".", "basic"])
def test_reads_all_seven_classes(tmp_path: Path, draw: Draw, inner: str) -> None:
    names = [f"train_{number:05}" for number in range(1, 8)] + ["test_0001"]
    _write(tmp_path / inner, [f"{name}.jpg {1 + n % 7}" for n, name in enumerate(names)])
    for number, name in enumerate(names):
        draw(f"{inner}/Image/aligned/{name}_aligned.jpg", number)
    manifest = read_manifest("raf-db", Source(root=tmp_path))
    assert manifest.problems == ()
    assert manifest.root == tmp_path / inner
    assert manifest.classes.names == ("surprise", "fear", "disgust", "happy", "sad", "anger", "neutral")
    assert [sample.given_label for sample in manifest.samples] == [0, 1, 2, 3, 4, 5, 6, 0]
    assert [sample.split for sample in manifest.samples] == ["train"] * 7 + ["test"]
    assert manifest.samples[0].key == "Image/aligned/train_00001_aligned.jpg"


def test_originals_where_there_are_no_aligned_ones(tmp_path: Path) -> None:
    _write(tmp_path, ["train_00001.jpg 5", "train_00002.jpg\t7"], "original")
    rows = list(raf_db.read(Source(root=tmp_path)))
    assert [row.sample.path for row in rows if isinstance(row, Row)] == [
        "Image/original/train_00001.jpg",
        "Image/original/train_00002.jpg",
    ]


@pytest.mark.parametrize(
    "lines", [["train_00001.jpg 1", "train_00002.jpg 0"], ["train_00001.jpg 7", "test_0001.jpg 0"]]
)
def test_a_list_that_counts_from_0_is_refused(tmp_path: Path, lines: list[str]) -> None:
    _write(tmp_path, lines)
    with pytest.raises(
        DataError, match=r"line 2: found label 0, so the list counts from 0; allowed: 'train_00001\.jpg 5'"
    ):
        list(raf_db.read(Source(root=tmp_path)))


@pytest.mark.parametrize("name", ["/data/raf/train_00001.jpg", "D:\\raf\\train_00001.jpg"])
def test_a_list_of_absolute_paths_is_refused(tmp_path: Path, name: str) -> None:
    _write(tmp_path, [f"{name} 5"])
    with pytest.raises(DataError, match="line 1: found an absolute path"):
        list(raf_db.read(Source(root=tmp_path)))


@pytest.mark.parametrize(
    "line",
    ["train_00001.jpg 8", "train_00001.jpg", "other_00001.jpg 5", "train_00001.jpg happy", "train_../../a.jpg 5"],
)
def test_bad_rows_are_problems(tmp_path: Path, line: str) -> None:
    file = _write(tmp_path, ["train_00009.jpg 5", line])
    good, bad = raf_db.read(Source(root=tmp_path))
    assert isinstance(good, Row)
    assert isinstance(bad, Problem)
    assert (bad.file, bad.line) == (str(file), 2)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"list_patition_label\.txt: found no such file"):
        list(raf_db.read(Source(root=tmp_path)))
    _write(tmp_path, ["train_00001.jpg 5"], "elsewhere")
    with pytest.raises(
        DataError, match=r"Image/aligned: found no such file or folder; allowed: .* or .*Image/original"
    ):
        list(raf_db.read(Source(root=tmp_path)))
