"""A folder with a table for each split, read as one data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scn_core.datasets import csv_table
from scn_core.datasets.rows import Row
from scn_core.datasets.source import Source
from scn_core.errors import DataError
from scn_core.import_balance import Problem
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.update import update

Draw = Callable[..., Path]


def test_each_folder_is_a_split(tmp_path: Path) -> None:
    for name, text in {
        "train/metadata.csv": "file_name,label\n1.jpg,sad\nx/2.jpg,fear\n",
        "test/metadata.csv": "label,file_name\nhappy,1.jpg\nsad\n",
        "validation/metadata.jsonl": '{"file_name": "1.jpg", "label": "happy"}\n',
        "other/metadata.csv": "file_name,label\n1.jpg,odd\n",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, encoding="utf-8")
    source = Source(csv=tmp_path)
    assert csv_table.root(source) == tmp_path
    assert csv_table.vocabulary(source).names == ("happy", "sad", "fear")
    entries = list(csv_table.read(source))
    assert [(e.sample.key, e.sample.given_label, e.sample.split, e.line) for e in entries if isinstance(e, Row)] == [
        ("train/1.jpg", 1, "train", 2),
        ("train/x/2.jpg", 2, "train", 3),
        ("validation/1.jpg", 0, "val", 1),
        ("test/1.jpg", 0, "test", 2),
    ]
    (wrong,) = [entry for entry in entries if isinstance(entry, Problem)]
    assert (wrong.file, wrong.line) == (str(tmp_path / "test/metadata.csv"), 3)


def test_a_folder_without_tables_says_what_one_has(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a folder without metadata of splits; allowed: a CSV file, or .* train/meta"):
        csv_table.vocabulary(Source(csv=tmp_path))


def test_a_workspace_of_such_a_folder_is_brought_up_to_date(tmp_path: Path, draw: Draw) -> None:
    faces = tmp_path / "faces"
    for split in ("train", "test"):
        for number in range(2):
            draw(f"{split}/{number}.png", root=faces)
        (faces / split / "metadata.csv").write_text("file_name,label\n0.png,sad\n1.png,happy\n", encoding="utf-8")
    create_workspace(tmp_path / "work", "csv", Source(csv=faces))
    (faces / "test/metadata.csv").write_text("file_name,label\n0.png,sad\n1.png,sad\n", encoding="utf-8")
    assert "1 changed" in update(Workspace(tmp_path / "work")).describe()
