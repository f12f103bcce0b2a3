"""Each format is read again by a reader that knows nothing of the writer."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from sqlite_utils import Database

from scn_core.class_names import RAF_DB, ClassVocabulary
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import UsageError
from scn_core.exchange.export.formats import FormatName
from scn_core.exchange.export.label_studio import label_studio_config
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.records import Box, Manifest, Sample
from scn_core.store.current_labels import LabelFilter
from scn_core.store.samples import insert_manifest
from tests.scn_core.exchange.export.labelled import PATHS, begin, decide, draw

TRAIN_ONLY = LabelFilter(split="train")


@pytest.fixture
def answered(db: Database, manifest: Manifest) -> Database:
    """Face 1 is accepted as sad, 2 excluded, 3 kept, 4 unsure; the others are as given."""
    begin(db, manifest)
    decide(db, 1, "accept", 1)
    decide(db, 2, "exclude")
    decide(db, 3, "keep", 0)
    decide(db, 4, "unsure")
    return db


def written(db: Database, folder: Path, name: FormatName, where: LabelFilter | None = None) -> str:
    export_labels(db, folder / "out", ExportOptions(name, where or LabelFilter()))
    return (folder / "out").read_text(encoding="utf-8")


def expected() -> dict[str, str]:
    """Path -> class, of the faces that are in."""
    labels = {path: ("happy", "sad")[i % 2] for i, path in enumerate(PATHS)}
    labels |= {"a.png": "sad", "b.png": "happy", "c.png": "sad"}
    del labels[PATHS[1]]
    return labels


def test_json_lines(answered: Database, tmp_path: Path) -> None:
    found = [json.loads(line) for line in written(answered, tmp_path, "jsonl").splitlines()]
    assert {row["path"]: row["label"] for row in found} == expected()
    assert found[0]["reviewers"] == ["ann"]
    assert (found[0]["box"], found[0]["alpha"], found[0]["changed"], found[0]["round"]) == (None, 0.5, 1, 1)


def test_label_studio_tasks(answered: Database, tmp_path: Path) -> None:
    tasks = json.loads(written(answered, tmp_path, "label-studio", LabelFilter(excluded=True)))
    config = ElementTree.fromstring(label_studio_config(("happy", "sad")))
    choices, image = config.find("Choices"), config.find("Image")
    assert choices is not None
    assert image is not None
    allowed = {choice.get("value") for choice in choices}
    results: list[dict[str, Any]] = []
    for task in tasks:
        said = [*task["predictions"], *task["annotations"]]
        results += [result for each in said for result in each["result"]]
        assert str(image.get("value")).removeprefix("$") in task["data"]
    assert {(r["from_name"], r["to_name"], r["type"]) for r in results} == {("label", "image", "choices")}
    assert (choices.get("name"), choices.get("toName"), image.get("name")) == ("label", "image", "image")
    assert {choice for r in results for choice in r["value"]["choices"]} <= allowed
    assert len({r["id"] for r in results}) == len(results)
    where = [parse_qs(urlsplit(task["data"]["image"]).query, strict_parsing=True)["d"] for task in tasks]
    assert where == [[path] for path in PATHS]  # the folder of the pictures is not known here
    first, second, third, fourth = tasks[:4]
    assert [p["result"][0]["value"]["choices"] for p in first["predictions"]] == [["happy"], ["sad"]]
    assert [p["score"] for p in first["predictions"]] == [0.5, 0.5]
    assert "score" not in tasks[-1]["predictions"][0]  # a test face has no score
    assert first["annotations"][0]["result"][0]["value"]["choices"] == ["sad"]
    assert second["annotations"] == [{"result": [], "was_cancelled": True}]
    assert third["annotations"][0]["result"][0]["value"]["choices"] == ["happy"]
    assert fourth["annotations"] == []
    assert [len(task["predictions"]) for task in tasks[-4:]] == [2, 1, 1, 1]  # the last training face has no proposal


def test_fiftyone_finds_each_picture_without_its_ending(answered: Database, manifest: Manifest, tmp_path: Path) -> None:
    draw(manifest)
    said = json.loads(written(answered, tmp_path, "fiftyone"))
    pictures = {os.path.splitext(p.relative_to(tmp_path).as_posix())[0] for p in tmp_path.rglob("*.png")}  # noqa: PTH122
    assert set(said["labels"]) <= pictures
    found = {f"{stem}.png": said["classes"][face["label"]] for stem, face in said["labels"].items()}
    assert found == expected()
    assert said["labels"]["a"]["attributes"] == {
        "given_label": "happy", "source": "accept", "split": "train", "alpha": 0.5, "margin": 0.0, "suspicion": 0.5,
        "path": "a.png", "key": "a.png", "proposed_label": "sad",
        "decided_at": said["labels"]["a"]["attributes"]["decided_at"],
    }  # fmt: skip
    assert said["labels"]["c"]["attributes"].keys() == {"given_label", "source", "split", "path", "key", "decided_at"}


@pytest.mark.parametrize("name", ["jsonl", "label-studio", "fiftyone", "csv", "raf-db"])
def test_an_export_of_nothing_is_still_of_its_format(name: FormatName, db: Database, tmp_path: Path) -> None:
    insert_manifest(db, Manifest("toy", tmp_path, RAF_DB, (Sample("train_1.jpg", "train_1.jpg", 0, "train"),)))
    text = written(db, tmp_path, name, LabelFilter(decided=True))
    empty: dict[str, Any] = {"label-studio": [], "fiftyone": {"classes": list(RAF_DB.names), "labels": {}}}
    if name in empty:
        assert json.loads(text) == empty[name]
    else:
        assert len(text.splitlines()) == int(name.endswith("csv"))


def raf_manifest(root: Path) -> Manifest:
    """Classes in another order than RAF-DB's own, a training face each, and one for testing."""
    names = ClassVocabulary(tuple(reversed(RAF_DB.names)))
    stems = [*(f"train_{number:05}" for number in range(7)), "test_0001"]
    paths = [f"Image/aligned/{stem}_aligned.jpg" for stem in stems]
    samples = [Sample(path, path, number % 7, "train") for number, path in enumerate(paths)]
    samples[-1] = replace(samples[-1], split="test")
    return Manifest("raf", root, names, tuple(samples))


def test_a_raf_db_list_is_read_by_data_set_raf_db(db: Database, tmp_path: Path) -> None:
    manifest = raf_manifest(tmp_path)
    draw(manifest)
    begin(db, manifest)
    decide(db, 2, "relabel", 5)
    text = written(db, tmp_path, "raf-db")
    assert text.splitlines()[:2] == ["train_00000.jpg 7", "train_00001.jpg 2"]  # neutral, fear
    assert text.splitlines()[-1] == "test_0001.jpg 7"
    with_own_label = text.replace("train_00001.jpg 2", "train_00001.jpg 6")  # the reader wants every class
    (tmp_path / "EmoLabel").mkdir()
    (tmp_path / "EmoLabel/list_patition_label.txt").write_text(with_own_label)
    again = read_manifest("raf-db", Source(root=tmp_path), strict=True)
    assert [(s.path, RAF_DB.names[s.given_label], s.split) for s in again.samples] == [
        (s.path, manifest.classes.names[s.given_label], s.split) for s in manifest.samples
    ]


def test_what_a_raf_db_list_cannot_hold_is_named(answered: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--format raf-db: found a\.png \(train\); allowed: whole pictures called"):
        written(answered, tmp_path, "raf-db")
    assert not (tmp_path / "out").exists()


def test_classes_a_raf_db_list_cannot_hold_are_named(db: Database, tmp_path: Path) -> None:
    samples = (Sample("train_1.jpg", "train_1.jpg", 0, "train"),)
    insert_manifest(db, Manifest("toy", tmp_path, ClassVocabulary(("happy", "contempt")), samples))
    with pytest.raises(UsageError, match="--format raf-db: found class contempt; allowed: surprise, fear"):
        written(db, tmp_path, "raf-db")


@pytest.mark.parametrize(
    ("name", "paths"),
    [("fiftyone", ("a.jpg", "a.jpg")), ("fiftyone", ("d/a.jpg", "d/a.png"))],
)
def test_faces_that_would_get_one_name_are_refused(
    name: FormatName, paths: tuple[str, str], db: Database, tmp_path: Path
) -> None:
    samples = tuple(Sample(f"{path}#{i}", path, 0, "train", Box(0, 0, 9, 9)) for i, path in enumerate(paths))
    insert_manifest(db, Manifest("toy", tmp_path, ClassVocabulary(("happy", "sad")), samples))
    with pytest.raises(UsageError, match=rf"--format {name}: found several faces that it would call (d/)?a"):
        written(db, tmp_path, name)
    assert len(written(db, tmp_path, "jsonl").splitlines()) == 2
