"""Exports as the libraries they are for read them: datasets, torchvision and cleanlab themselves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from scn_core.datasets.images import open_face
from scn_core.exchange.export.write import ExportOptions, export_labels, is_export
from scn_core.records import Manifest, Sample
from scn_core.store.current_labels import LabelFilter
from tests.scn_core.exchange.export.labelled import add_round, decide
from tests.scn_core.exchange.export.layouts import LAYOUTS, imported

os.environ["HF_HUB_OFFLINE"] = "1"  # before datasets is imported: nothing here is fetched

_HF_SPLIT = {"train": "train", "val": "validation", "test": "test"}


@pytest.fixture(params=LAYOUTS)
def data_set(request: pytest.FixtureRequest, tmp_path: Path) -> Manifest:
    (tmp_path / "pictures").mkdir()
    return LAYOUTS[request.param](tmp_path / "pictures")


def corrected(data_set: Manifest, tmp_path: Path, options: ExportOptions) -> dict[str, str]:
    """Exports with the first training face accepted as the next class and the second excluded; key -> label."""
    train = [i for i, sample in enumerate(data_set.samples, 1) if sample.split == "train"]
    labels = {s.key: s.given_label for s in data_set.samples}
    first, second = (data_set.samples[train[place] - 1] for place in (0, 1))
    labels[first.key] = (first.given_label + 1) % len(data_set.classes)
    del labels[second.key]
    with imported(data_set, tmp_path) as db:
        add_round(db, data_set)
        decide(db, train[0], "accept", labels[first.key])
        decide(db, train[1], "exclude")
        export_labels(db, tmp_path / "train export", options, pictures=data_set.root)
    assert is_export(tmp_path / "train export")
    return {key: data_set.classes.names[label] for key, label in labels.items()}


def pixels(data_set: Manifest, sample: Sample) -> np.ndarray:
    """A face as it is exported: whole where it has no box."""
    if sample.box is None and not sample.path.endswith(".GIF"):
        return np.asarray(Image.open(data_set.root / sample.path).convert("RGB"))
    return open_face(data_set.root / sample.path, sample.box, 1_000, enlarge=False)


@pytest.mark.parametrize("copies", [False, True])
def test_load_dataset_reads_the_corrected_labels(copies: bool, data_set: Manifest, tmp_path: Path) -> None:
    """In both ways to call it. A metadata.csv beside such pictures is not even looked at: see the test below."""
    import datasets  # here, as every process that runs tests imports this file: it takes half a second

    wanted = corrected(data_set, tmp_path, ExportOptions("hugging-face", copies=copies))
    by_key = {sample.key: sample for sample in data_set.samples}
    place = str(tmp_path / "train export")
    for said in ({"path": "imagefolder", "data_dir": place}, {"path": place}):
        loaded = datasets.load_dataset(**said, cache_dir=str(tmp_path / "cache"))
        assert {row["key"]: row["label"] for split in loaded for row in loaded[split]} == wanted
        for split in loaded:
            for row in loaded[split]:
                sample = by_key[row["key"]]
                assert _HF_SPLIT[sample.split] == split
                assert np.array_equal(np.asarray(row["image"].convert("RGB")), pixels(data_set, sample))
    classes = json.loads((tmp_path / "train export" / "classes.json").read_text())
    numbered = loaded["train"].cast_column("label", datasets.ClassLabel(names=classes))
    assert tuple(numbered.features["label"].names) == data_set.classes.names
    assert [classes[row["label"]] for row in numbered] == [row["label"] for row in loaded["train"]]


def test_why_the_pictures_are_not_where_they_were(tmp_path: Path) -> None:
    """What the export must work around: a split in the name of a picture hides metadata.csv from load_dataset."""
    import datasets

    for name in ("train_1.png", "test_1.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "metadata.csv").write_text("file_name,label\ntrain_1.png,sad\ntest_1.png,happy\n")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].column_names == ["image"]


@pytest.mark.parametrize("copies", [False, True])
def test_image_folder_reads_faces_in_the_order_of_the_classes(copies: bool, data_set: Manifest, tmp_path: Path) -> None:
    wanted = corrected(data_set, tmp_path, ExportOptions("class-folders", copies=copies))
    place = tmp_path / "train export"
    names = data_set.classes.names
    for split in sorted({sample.split for sample in data_set.samples}):
        read = ImageFolder(place / split, allow_empty=True)
        assert list(read.class_to_idx.values()) == list(range(len(names)))
        found = sorted((np.asarray(face).tobytes(), names[label]) for face, label in read)
        assert found == sorted(
            (pixels(data_set, sample).tobytes(), wanted[sample.key])
            for sample in data_set.samples
            if sample.split == split and sample.key in wanted
        )


def test_cleanlab_takes_the_arrays(data_set: Manifest, tmp_path: Path) -> None:
    wanted = corrected(data_set, tmp_path, ExportOptions("npz"))
    with np.load(tmp_path / "train export", allow_pickle=False) as arrays:
        found = dict(arrays)
    train = [sample for sample in data_set.samples if sample.split == "train" and sample.key in wanted]
    names = data_set.classes.names
    assert (found["probabilities"].dtype, found["probabilities"].shape) == (np.float32, (len(train), len(names)))
    assert found["keys"].tolist() == [sample.key for sample in train]
    assert [names[label] for label in found["labels"]] == [wanted[sample.key] for sample in train]
    assert found["given_labels"].tolist() == [sample.given_label for sample in train]
    assert tuple(found["classes"].tolist()) == names
    assert np.allclose(found["alpha"], 0.5)
    assert np.allclose(found["suspicion"], 0.5)


def test_cleanlab_finds_what_the_probabilities_contradict(tmp_path: Path) -> None:
    from cleanlab.filter import find_label_issues  # a second, which processes without this test are spared

    (tmp_path / "pictures").mkdir()
    data_set = LAYOUTS["class folders"](tmp_path / "pictures")
    with imported(data_set, tmp_path) as db:
        add_round(db, data_set)
        sure = np.full((9, 3), 0.02, "<f4")
        sure[np.arange(9), [sample.given_label for sample in data_set.samples]] = 0.96
        sure[4] = np.roll(sure[4], 1)
        with db.conn:
            for number, row in enumerate(sure, 1):
                db.execute("UPDATE score SET probabilities = ? WHERE sample_id = ?", (row.tobytes(), number))
        made = export_labels(db, tmp_path / "out.npz", ExportOptions("npz", LabelFilter(split="train")))
    assert made.counts.rows == 9
    with np.load(tmp_path / "out.npz") as arrays:
        assert np.array_equal(arrays["probabilities"], sure)
        issues = find_label_issues(arrays["labels"], arrays["probabilities"], n_jobs=1)
    assert issues.nonzero()[0].tolist() == [4]
