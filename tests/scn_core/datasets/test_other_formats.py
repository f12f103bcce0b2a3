"""Files of other tools: not read, but told what they are and how they become something that is."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import pandas as pd
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


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b"path,label\na.jpg,happy\n", mtime=0), "found a gzip file; .*; unpack it: gunzip FILE"),
        (b"PK\x03\x04\xff\xfe", r"found a zip, numpy .npz or Excel file; allowed: a table as text"),
        (b"\x93NUMPY\x01\x00", "found a numpy file .npy; .*to_csv"),
        (pickle.dumps({"path": ["a.jpg"]}), "found a Python pickle, which is never opened here"),
    ],
)
def test_files_that_no_encoding_makes_a_table(tmp_path: Path, content: bytes, words: str) -> None:
    """They were told to be saved as UTF-8."""
    (tmp_path / "faces.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_manifest("csv", Source(csv=tmp_path / "faces.csv"))


def test_json_by_columns_is_told_how_to_be_written(tmp_path: Path) -> None:
    pd.DataFrame({"path": ["a.jpg", "b.jpg"], "label": ["happy", "sad"]}).to_json(tmp_path / "faces.json")
    with pytest.raises(DataError, match=r"found columns path, label of a table, .*to_json\(FILE, orient='records'"):
        read_manifest("csv", Source(csv=tmp_path / "faces.json"))


def test_annotations_of_coco(tmp_path: Path) -> None:
    (tmp_path / "instances.json").write_text(json.dumps({"images": [], "annotations": [], "categories": []}))
    with pytest.raises(
        DataError, match=r"found annotations of COCO; allowed: a CSV of path, label, x, y, w, h; in pandas"
    ):
        read_manifest("csv", Source(csv=tmp_path / "instances.json"))
