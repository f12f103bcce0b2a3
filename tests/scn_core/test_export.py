from __future__ import annotations

import csv
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlite_utils import Database

from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import UsageError
from scn_core.export import COLUMNS, export_csv
from scn_core.labels import ClassVocabulary
from scn_core.records import Box, Decision, Manifest, RoundScores, Sample
from scn_core.store.connection import create_database
from scn_core.store.decisions import record_decisions
from scn_core.store.people import ensure_person
from scn_core.store.rounds import finish_round, start_round
from scn_core.store.samples import insert_manifest

RISKY = ["=1+1.png", "+1.png", "-1.png", "@sum.png", "＝1.png"]
PATHS = ["a.png", *RISKY, 'quo"te, comma.png', "größe/日本.png", "b.png", "c.png"]


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """A real picture for each of PATHS; happy and sad in turn; the last two are val and test."""
    samples = []
    for number, path in enumerate(PATHS):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / path)
        samples.append(Sample(path, path, number % 2, "train"))
    samples[-2:] = [Sample("b.png", "b.png", 0, "val"), Sample("c.png", "c.png", 1, "test")]
    return Manifest("toy", tmp_path, ClassVocabulary(("happy", "sad")), tuple(samples))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = create_database(tmp_path / "review.db")
    yield opened
    opened.close()


def review(db: Database, manifest: Manifest) -> None:
    """Everything is proposed the other label, and round 1 is in review."""
    insert_manifest(db, manifest)
    train = np.array([i for i, sample in enumerate(manifest.samples, 1) if sample.split == "train"])
    given = np.array([sample.given_label for sample in manifest.samples if sample.split == "train"])
    half = np.full(len(train), 0.5, np.float32)
    found = RoundScores(
        train, half, half, half, 1 - given, half, half, half > 1, 1 - given, given, np.stack([half, half], axis=1)
    )
    finish_round(db, start_round(db, {}, code_version="1"), found, {})


def decide(db: Database, sample_id: int, action: Any, label: int | None = None, person: str = "ann") -> None:
    ensure_person(db, person)
    record_decisions(db, [Decision(str(uuid.uuid4()), 1, sample_id, person, action, label)])


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_without_decisions_it_is_what_was_given(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    insert_manifest(db, manifest)
    done = export_csv(db, tmp_path / "out.csv")
    assert (done.rows, done.changed, done.excluded) == (len(PATHS), 0, 0)
    found = rows(tmp_path / "out.csv")
    assert tuple(found[0]) == COLUMNS
    assert found[0] == {
        "path": "a.png", "label": "happy", "split": "train", "given_label": "happy", "changed": "0", "action": "",
        "person": "", "decided_at": "", "round": "", "key": "a.png",
    }  # fmt: skip
    assert [row["split"] for row in found[-2:]] == ["val", "test"]


def test_each_answer_shows(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    review(db, manifest)
    decide(db, 1, "accept", 1)
    decide(db, 2, "relabel", 0, person="bob")
    decide(db, 3, "keep", 0)
    decide(db, 4, "unsure")
    decide(db, 5, "exclude")
    done = export_csv(db, tmp_path / "out.csv")
    assert (done.rows, done.changed, done.excluded) == (len(PATHS) - 1, 2, 1)
    found = rows(tmp_path / "out.csv")
    assert [(row["label"], row["given_label"], row["changed"], row["action"], row["person"]) for row in found[:5]] == [
        ("sad", "happy", "1", "accept", "ann"),
        ("happy", "sad", "1", "relabel", "bob"),
        ("happy", "happy", "0", "keep", "ann"),
        ("sad", "sad", "0", "unsure", "ann"),
        ("sad", "sad", "0", "", ""),
    ]
    assert {row["round"] for row in found[:4]} == {"1"}
    assert found[0]["decided_at"].endswith("Z")
    assert PATHS[4] not in {row["key"].removeprefix("./") for row in found}


def test_no_cell_is_run_by_a_spreadsheet(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    review(db, manifest)
    decide(db, 1, "accept", 1, person='=HYPERLINK("http://evil","x")')
    decide(db, 2, "unsure", person="+ann")
    export_csv(db, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as text:
        cells = {cell for row in csv.reader(text) for cell in row}
    assert not [cell for cell in cells if cell[:1] in {*"=+-@\t\r\n＝＋－＠"}]
    assert """'=HYPERLINK("http://evil","x")""" in cells
    assert {f"./{path}" for path in RISKY} <= cells


def test_it_reads_back_as_the_same_labels(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    review(db, manifest)
    decide(db, 1, "accept", 1)
    decide(db, 5, "exclude")
    export_csv(db, tmp_path / "out.csv")
    again = read_manifest("csv", Source(csv=tmp_path / "out.csv"), strict=True)
    expected = {sample.path: (sample.given_label, sample.split) for sample in manifest.samples}
    expected["a.png"] = (1, "train")
    del expected[PATHS[4]]
    assert {sample.path: (sample.given_label, sample.split) for sample in again.samples} == expected
    assert again.classes == manifest.classes


def test_boxes_are_written_where_there_are_some(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    boxed = [
        Sample(f"{path}#{n}", path, n, "train", Box(n, 2, 15, 16)) for path in ("a.png", "=1+1.png") for n in range(2)
    ]
    insert_manifest(db, Manifest("toy", tmp_path, manifest.classes, (*boxed, *manifest.samples[2:])))
    export_csv(db, tmp_path / "out.csv")
    again = read_manifest("csv", Source(csv=tmp_path / "out.csv"), strict=True)
    assert again.samples == (*boxed, *manifest.samples[2:])
    found = rows(tmp_path / "out.csv")
    assert tuple(found[0]) == (*COLUMNS, "left", "top", "right", "bottom")
    assert [found[0][side] for side in ("left", "top", "right", "bottom")] == ["0", "2", "15", "16"]
    assert found[0]["key"] == "a.png#0"
    assert found[4]["left"] == ""


def test_a_file_there_is_replaced_whole(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    insert_manifest(db, manifest)
    (tmp_path / "out.csv").write_text("old " * 10_000)
    export_csv(db, tmp_path / "out.csv")
    assert len(rows(tmp_path / "out.csv")) == len(PATHS)
    assert not list(tmp_path.glob("*.part"))


def test_a_failure_leaves_the_old_file_and_no_part(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    """A path damaged in the database breaks the export off at the last row."""
    insert_manifest(db, manifest)
    export_csv(db, tmp_path / "out.csv")
    before = (tmp_path / "out.csv").read_bytes()
    db.execute("UPDATE sample SET path = CAST(x'ff' AS TEXT) WHERE id = ?", (len(PATHS),))
    with pytest.raises(sqlite3.OperationalError, match="Could not decode"):
        export_csv(db, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_places_that_cannot_be_written_are_named(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    insert_manifest(db, manifest)
    with pytest.raises(UsageError, match=r"--out: found no folder .*gone; allowed: a file in a folder that is there"):
        export_csv(db, tmp_path / "gone" / "out.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match=r"--out: found the folder .*folder\.csv"):
        export_csv(db, tmp_path / "folder.csv")
    assert not list(tmp_path.glob("*.part"))
