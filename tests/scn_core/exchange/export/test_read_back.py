"""Whatever is exported, `init` reads back: the same faces, labels, splits, classes and order of classes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scn_core.datasets.images import open_face
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import UsageError
from scn_core.exchange.export.formats import FORMAT_NAMES, FormatName
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.records import Manifest, Sample
from scn_core.store.current_labels import LabelFilter
from tests.scn_core.exchange.export.labelled import add_round, decide
from tests.scn_core.exchange.export.layouts import LAYOUTS, imported, picture, table

FILES: tuple[FormatName, ...] = ("csv", "jsonl", "label-studio", "fiftyone")
FOLDERS: tuple[FormatName, ...] = ("class-folders", "hugging-face")


@pytest.fixture(params=LAYOUTS)
def data_set(request: pytest.FixtureRequest, tmp_path: Path) -> Manifest:
    (tmp_path / "pictures").mkdir()
    return LAYOUTS[request.param](tmp_path / "pictures")


def faces(manifest: Manifest) -> list[tuple[bytes, str, str]]:
    """Pixels as training sees them, label and split of every face."""
    return sorted(
        (
            open_face(manifest.root / s.path, s.box, 1_000, enlarge=False).tobytes(),
            manifest.classes.names[s.given_label],
            s.split,
        )
        for s in manifest.samples
    )


def counted(sample: Sample) -> dict[int | None, int]:
    """Votes for each class; who gave them stays here."""
    counts: Counter[int | None] = Counter()
    for vote in sample.votes:
        counts[vote.label] += vote.count
    return dict(counts)


@pytest.mark.parametrize("name", FILES)
def test_a_file_reads_back(name: FormatName, data_set: Manifest, tmp_path: Path) -> None:
    with imported(data_set, tmp_path) as db:
        add_round(db, data_set)
        train = [i for i, sample in enumerate(data_set.samples, 1) if sample.split == "train"]
        decide(db, train[0], "accept", (data_set.samples[train[0] - 1].given_label + 1) % len(data_set.classes))
        if name == "fiftyone" and len({s.path for s in data_set.samples}) < len(data_set.samples):
            with pytest.raises(UsageError, match="one face a picture"):
                export_labels(db, tmp_path / "out", ExportOptions(name), pictures=data_set.root)
            return
        export_labels(db, tmp_path / "out", ExportOptions(name), pictures=data_set.root)
    again = read_manifest("csv", Source(root=data_set.root, csv=tmp_path / "out"), strict=True)
    expected = [(s.key, s.path, s.given_label, s.split, s.box) for s in data_set.samples]
    key, path, label, *rest = expected[train[0] - 1]
    expected[train[0] - 1] = (key, path, (label + 1) % len(data_set.classes), *rest)  # type: ignore[assignment]
    assert again.classes == data_set.classes
    if name != "fiftyone":
        assert {s.key: counted(s) for s in again.samples} == {s.key: counted(s) for s in data_set.samples}
    assert sorted(expected) == sorted((s.key, s.path, s.given_label, s.split, s.box) for s in again.samples)


@pytest.mark.parametrize("name", ["csv", "jsonl", "label-studio"])
def test_a_class_that_only_votes_name_comes_back_with_them(name: FormatName, tmp_path: Path) -> None:
    labels = {"a.png": ("happy", "happy", "neutral"), "b.png": ("sad", "sad", "neutral")}
    rows: list[list[object]] = [
        [picture(tmp_path, path, number), label, f"rater {who}"]
        for number, (path, said) in enumerate(labels.items())
        for who, label in enumerate(said)
    ]
    source = Source(csv=table(tmp_path, "path,label,rater", rows), annotator_column="rater")
    data_set = read_manifest("csv", source)
    assert data_set.classes.names == ("neutral", "happy", "sad")
    with imported(data_set, tmp_path) as db:
        export_labels(db, tmp_path / "out", ExportOptions(name), pictures=data_set.root)
    again = read_manifest("csv", Source(root=data_set.root, csv=tmp_path / "out"), strict=True)
    assert again.classes == data_set.classes
    assert [counted(sample) for sample in again.samples] == [{1: 2, 0: 1}, {2: 2, 0: 1}]


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_excluded_faces_do_not_come_back_as_ordinary_ones(name: FormatName, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    data_set, out, read = LAYOUTS["flat"](tmp_path / "pictures"), tmp_path / "out", Source(root=tmp_path / "pictures")
    options = ExportOptions(name, LabelFilter(excluded=True))
    with imported(data_set, tmp_path) as db:
        add_round(db, data_set)
        decide(db, 1, "exclude")
        if name in ("raf-db", "class-folders"):
            with pytest.raises(UsageError, match=f"--excluded: found format {name}.*allowed: csv, jsonl"):
                export_labels(db, out, options, pictures=data_set.root)
            return
        export_labels(db, out, options, pictures=data_set.root)
    if name == "npz":
        assert np.load(out)["excluded"].tolist()[:2] == [True, False]
        return
    source = replace(read, csv=out) if name != "hugging-face" else Source(csv=out / "labels.csv", follow_links=True)
    again = read_manifest("csv", source)
    assert len(again.samples) == len(data_set.samples) - 1
    assert [(p.reason, p.rows) for p in again.problems] == [("a face that people excluded", 1)]


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("copies", [False, True])
def test_a_folder_reads_back(name: FormatName, copies: bool, data_set: Manifest, tmp_path: Path) -> None:
    out = tmp_path / "train out"
    with imported(data_set, tmp_path) as db:
        made = export_labels(db, out, ExportOptions(name, copies=copies), pictures=data_set.root)
    assert made.counts.rows == len(data_set.samples)
    source = (
        Source(root=out, follow_links=not copies)
        if name == "class-folders"
        else Source(csv=out / "labels.csv", follow_links=not copies)
    )
    again = read_manifest("folder" if name == "class-folders" else "csv", source, strict=False)
    assert again.classes == data_set.classes
    assert faces(again) == faces(data_set)
    assert any(file.is_symlink() for file in out.rglob("*")) == (
        not copies and not all(s.box for s in data_set.samples)
    )
