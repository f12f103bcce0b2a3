from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from scn_core.errors import DataError, WorkspaceError
from scn_core.records import Box, Manifest, Sample
from scn_core.store import samples
from scn_core.store.connection import transaction
from tests.templates import new_database


def test_a_manifest_comes_back_as_it_went_in(db: Database, manifest: Manifest) -> None:
    stored = list(samples.iter_samples(db))
    assert [one.id for one in stored] == list(range(1, 13))
    assert tuple(one.sample for one in stored) == manifest.samples
    assert samples.classes(db) == manifest.classes
    assert tuple(samples.problems(db)) == manifest.problems
    assert samples.problems(db, limit=1) == [manifest.problems[0]]
    assert samples.count_problems(db) == 2
    assert samples.count_by_split(db) == {"train": 10, "val": 1, "test": 1}


@pytest.mark.parametrize("page", [1, 5, 6, 100])
def test_pages_join_without_gap_or_double(db: Database, manifest: Manifest, page: int) -> None:
    assert tuple(one.sample for one in samples.iter_samples(db, page=page)) == manifest.samples


def test_find_sample(db: Database, manifest: Manifest) -> None:
    assert samples.find_sample(db, "train/2.jpg#1") == samples.StoredSample(2, manifest.samples[1])
    assert manifest.samples[1].box == Box(1, 2, 30, 40)
    assert samples.find_sample(db, "train/2.jpg") is None


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (Sample("train/1.jpg#1", "x.jpg", 0, "train"), "'train/1.jpg#1'.*UNIQUE"),
        (Sample("new", "x.jpg", 3, "train"), "'new': label 3.*allowed.*labels 0 to 2"),
        (Sample("new", "x.jpg", 0, "train", Box(5, 0, 5, 9)), "an area"),
        (Sample("new", "x.jpg", 0, "holdout"), "holdout"),  # type: ignore[arg-type]
        (Sample("new", "x.jpg", 0, "train", reference_label=3), "reference label that is no class; allowed: happy"),
    ],
)
def test_a_sample_that_does_not_fit_is_named_and_nothing_is_kept(
    empty: Database, manifest: Manifest, bad: Sample, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        samples.insert_manifest(empty, replace(manifest, samples=(*manifest.samples, bad)))
    assert [empty[table].count for table in ("class", "sample", "problem")] == [0, 0, 0]


def test_a_second_data_set_is_refused(db: Database, manifest: Manifest) -> None:
    with pytest.raises(WorkspaceError, match="found a data set in this workspace already"):
        samples.insert_manifest(db, manifest)


def test_references_stay_apart_from_the_samples(empty: Database, manifest: Manifest) -> None:
    first, *rest = manifest.samples
    samples.insert_manifest(empty, replace(manifest, samples=(replace(first, reference_label=2), *rest)))
    assert samples.references(empty).sample_id.tolist() == [1]
    samples.insert_references(empty, [(1, 1), (3, 0)])
    assert samples.references(empty).sample_id.tolist() == [1, 3]
    assert samples.references(empty).label.tolist() == [1, 0]
    assert next(samples.iter_samples(empty)).sample == first


def test_references_are_inserted_all_or_none(db: Database) -> None:
    with pytest.raises(DataError, match="allowed"), transaction(db):
        samples.insert_references(db, [(1, 0), (2, 3)])
    assert len(samples.references(db).sample_id) == 0


def test_get_sample(db: Database, manifest: Manifest) -> None:
    assert samples.get_sample(db, 2) == samples.StoredSample(2, manifest.samples[1])
    assert samples.get_sample(db, 99) is None


def test_search_gives_the_exact_key_first_then_beginnings_then_any_place(db: Database) -> None:
    for i, key in enumerate(["b", "ab", "ba", "b_c", "bxc", "50%", "500", "B"], 20):
        db.execute("INSERT INTO sample (id, key, path, split, given_label) VALUES (?, ?, ?, 'val', 0)", (i, key, key))

    def found(text: str, limit: int = 50) -> list[str]:
        return [one.sample.key for one in samples.search_samples(db, text, limit=limit)]

    assert found("b") == ["b", "b_c", "ba", "bxc", "B", "ab"]
    assert found("b", 2) == ["b", "b_c"]
    assert found("b_") == ["b_c"]
    assert found("0%") == ["50%"]
    assert found("train/1") == ["train/1.jpg#1", "train/10.jpg#1"]
    assert found("\\") == found("' OR 1=1 --") == []
    assert len(found("", 3)) == 3


def test_all_samples_are_walked_as_often_as_asked_and_read_only_then(db: Database, manifest: Manifest) -> None:
    there = samples.AllSamples(db)
    assert len(there) == 12
    assert tuple(there) == tuple(there) == manifest.samples
    db.execute("UPDATE sample SET path = 'moved.jpg' WHERE id = 1")
    assert next(iter(there)).path == "moved.jpg"


def test_the_hash_of_a_data_set_is_that_of_its_classes_faces_and_pictures(tmp_path: Path, manifest: Manifest) -> None:
    def of(number: int, **changes: Any) -> str:
        first, *rest = manifest.samples
        with closing(new_database(tmp_path / f"{number}.db")) as db:
            samples.insert_manifest(db, replace(manifest, samples=(replace(first, **changes), *rest)))
            return samples.data_hash(db)

    as_it_is = of(0)
    assert (of(1), len(as_it_is)) == (as_it_is, 64)
    changes: tuple[dict[str, Any], ...] = (
        {"key": "other"}, {"given_label": 2}, {"split": "test"}, {"box": Box(1, 2, 30, 40)}, {"digest": b"another"},
    )  # fmt: skip
    assert len({as_it_is, *(of(number, **each) for number, each in enumerate(changes, 2))}) == 6
