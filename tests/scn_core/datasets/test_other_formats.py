"""Files of other tools: not read, but told what they are and how they become something that is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import DataError


@pytest.mark.parametrize("place", ["data-00000-of-00001.arrow", "train/data-0.arrow", "data/train-0.parquet"])
def test_folders_of_hugging_face_datasets(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_bytes(b"\xff\xff\xff\xff")
    suffix = Path(place).suffix
    for name, source in {"folder": Source(root=tmp_path), "csv": Source(csv=tmp_path)}.items():
        with pytest.raises(
            DataError, match=rf"found files {suffix} of Hugging Face .*; rows = datasets.*save\(f'faces/"
        ):
            read_manifest(name, source)


@pytest.mark.parametrize(
    ("name", "content"), [("a.parquet", b"PAR1\xff\xfe"), ("b.csv", b"PAR1\x80"), ("c.arrow", b"\xff\xff\x00")]
)
def test_files_that_are_no_text(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=r"which is no text; allowed: a CSV of path and label; rows = datasets"):
        read_manifest("csv", Source(csv=tmp_path / name))


def test_annotations_of_coco(tmp_path: Path) -> None:
    (tmp_path / "instances.json").write_text(json.dumps({"images": [], "annotations": [], "categories": []}))
    with pytest.raises(
        DataError, match=r"found annotations of COCO; allowed: a CSV of path, label, x, y, w, h; in pandas"
    ):
        read_manifest("csv", Source(csv=tmp_path / "instances.json"))
