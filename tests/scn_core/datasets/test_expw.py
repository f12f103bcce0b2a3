from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scn_core.datasets import expw
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.rows import Row
from scn_core.datasets.source import Source
from scn_core.errors import DataError
from scn_core.import_balance import Problem
from scn_core.records import Box

Draw = Callable[..., Path]


@pytest.mark.parametrize("images", ["image/origin", "image", "Images", "Image/origin", "."])
def test_several_faces_a_picture(tmp_path: Path, draw: Draw, images: str) -> None:
    draw(f"{images}/angry actor.jpg", size=(60, 40))
    lines = [f"angry actor.jpg {face} 2 {face * 8} {face * 8 + 10} 20 50.5 {face}" for face in range(7)]
    (tmp_path / "label.lst").write_text("\n".join(lines))
    manifest = read_manifest("expw", Source(root=tmp_path))
    assert manifest.problems == (), "faces of one picture are no doubles"
    path = (Path(images) / "angry actor.jpg").as_posix()
    assert [sample.key for sample in manifest.samples] == [f"{path}#{face}" for face in range(7)]
    assert {sample.path for sample in manifest.samples} == {path}
    assert manifest.samples[2].box == Box(left=16, top=2, right=26, bottom=20)
    assert [sample.given_label for sample in manifest.samples] == list(range(7))
    assert {sample.split for sample in manifest.samples} == {"train"}


@pytest.mark.parametrize(
    "line", ["a.jpg 0 1 2 3 4 50", "a.jpg 0 1 2 3 4 50 7", "a.jpg 0 1 x 3 4 50 1", "a.jpg 0 1 inf 3 4 50 1"]
)
def test_bad_rows_are_problems(tmp_path: Path, line: str) -> None:
    (tmp_path / "label").mkdir()
    file = tmp_path / "label/label.lst"
    file.write_text(f"a.jpg 0 1 2 3 4 50 6\n{line}\n")
    good, bad = expw.read(Source(root=tmp_path))
    assert isinstance(good, Row)
    assert isinstance(bad, Problem)
    assert (bad.file, bad.line) == (str(file), 2)


def test_a_box_outside_its_picture_and_a_double_face(tmp_path: Path, draw: Draw) -> None:
    draw("a.jpg", size=(60, 40))
    rows = [f"a.jpg {n} 0 0 20 20 50 {n}" for n in range(7)]
    (tmp_path / "label.lst").write_text("\n".join([*rows, "a.jpg 7 0 70 90 20 50 1", "a.jpg 3 0 0 20 20 50 1"]))
    manifest = read_manifest("expw", Source(root=tmp_path))
    assert len(manifest.samples) == 7
    outside, double = (problem for problem in manifest.problems if not problem.kept)
    assert (outside.line, "outside the picture" in outside.found) == (8, True)
    assert (double.line, "a.jpg#3 a second time, first in line 4" in double.found) == (9, True)


def test_missing_list(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"label\.lst: found no such file"):
        list(expw.read(Source(root=tmp_path)))
