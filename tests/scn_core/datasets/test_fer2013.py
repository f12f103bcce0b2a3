from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import DataError

USAGES = ("Training", "PublicTest", "PrivateTest")


def _table(folder: Path, name: str = "fer2013.csv", header: str = "emotion,pixels,Usage", odd: str = "") -> None:
    folder.mkdir(exist_ok=True)
    lines = [header]
    for number in range(14):
        cells = {"emotion": str(number % 7), "Usage": USAGES[0 if number < 7 else number % 3]}
        cells["pixels"] = " ".join(str((number * 17 + place) % 256) for place in range(48 * 48))
        lines.append(",".join(cells[column.strip()] for column in header.split(",")))
    (folder / name).write_text("\n".join([*lines, *([odd] if odd else [])]) + "\n")


@pytest.mark.parametrize(
    ("name", "header"), [("fer2013.csv", "emotion,pixels,Usage"), ("icml_face_data.csv", "emotion, Usage, pixels")]
)
def test_the_table_alone_is_a_data_set(tmp_path: Path, name: str, header: str) -> None:
    _table(tmp_path / "fer", name, header)
    manifest = read_manifest("fer2013", Source(root=tmp_path / "fer", unpack_to=tmp_path / "images"))
    assert manifest.classes.names == ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert [sample.given_label for sample in manifest.samples] == [number % 7 for number in range(14)]
    assert [sample.split for sample in manifest.samples[6:11]] == ["train", "val", "test", "train", "val"]
    with Image.open(tmp_path / "images" / manifest.samples[3].path) as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((48, 48), 51)
    assert manifest.problems == ()


def test_rows_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    _table(tmp_path / "fer", odd="7,1 2 3,Training")
    (problem,) = read_manifest("fer2013", Source(root=tmp_path / "fer", unpack_to=tmp_path / "images")).problems
    assert (problem.line, problem.found) == (16, "emotion '7' and Usage 'Training'")
    _table(tmp_path / "fer", odd="6,1 2 3,Training")
    with pytest.raises(DataError, match="line 16: found 3 pixel values; allowed: 2304"):
        read_manifest("fer2013", Source(root=tmp_path / "fer", unpack_to=tmp_path / "images"))


def test_ferplus_without_votes_says_which_data_set_it_is(tmp_path: Path) -> None:
    _table(tmp_path / "fer")
    with pytest.raises(DataError, match="take --dataset fer2013"):
        read_manifest("ferplus", Source(root=tmp_path / "fer", unpack_to=tmp_path / "images"))
