"""The data set in the database: classes, samples, reference labels, and what the import had to say."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.errors import DataError, WorkspaceError, error_text
from scn_core.import_balance import UNREADABLE_ROW, Problem
from scn_core.records import SPLITS, Box, IntArray, Manifest, Sample, Split
from scn_core.store.columns import read_columns
from scn_core.store.connection import transaction
from scn_core.store.pictures import insert_measures
from scn_core.store.schema.expressions import PRESENT
from scn_core.store.votes import insert_what_was_read

_SAMPLE = (
    "SELECT id, key, path, given_label, split, withdrawn_in IS NOT NULL, box_left, box_top, box_right, box_bottom "
    "FROM sample"
)
_COLUMNS = "id, key, path, split, given_label, box_left, box_top, box_right, box_bottom, digest"


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A sample and its number. Its reference label stays apart: see `references`."""

    id: int
    """1..N in the order of the manifest; those of later updates follow."""
    sample: Sample
    withdrawn: bool = False
    """Taken out: nothing of its picture is decoded or shown."""


@dataclass(frozen=True)
class References:
    """Reference labels as columns of equal length, ordered by sample id. For measuring only."""

    sample_id: IntArray
    label: IntArray


def insert_manifest(db: Database, manifest: Manifest) -> None:
    """Fill an empty database with a data set, in one transaction. Samples get the ids 1..N in manifest order.

    Raises WorkspaceError where samples are there already, DataError naming the first sample that does not fit
    (a key met twice, a label outside the classes, an empty box).
    """
    with transaction(db):
        if db.execute("SELECT EXISTS (SELECT 1 FROM sample)").fetchone()[0]:
            raise WorkspaceError(
                error_text("", "a data set in this workspace already", "one", "make another workspace")
            )
        db.conn.executemany("INSERT INTO class VALUES (?, ?)", enumerate(manifest.classes.names))
        _insert_samples(db, manifest)
        references = (
            (i, s.reference_label) for i, s in enumerate(manifest.samples, 1) if s.reference_label is not None
        )
        insert_references(db, references)
        insert_problems(db, manifest.problems)
        insert_what_was_read(db, manifest, range(1, len(manifest.samples) + 1))
        insert_measures(db, ((i, sample.measures) for i, sample in enumerate(manifest.samples, 1)))


def insert_problems(db: Database, found: Iterable[Problem]) -> None:
    """Writes what a reading had to say."""
    db.conn.executemany(
        "INSERT INTO problem (file, line, found, allowed, kept, reason, rows) VALUES (?, ?, ?, ?, ?, ?, ?)",
        ((p.file, p.line, p.found, p.allowed, p.kept, p.reason, p.rows) for p in found),
    )


def classes(db: Database) -> ClassVocabulary:
    """The class names in the order of their numbers."""
    return ClassVocabulary(tuple(name for (name,) in db.execute("SELECT name FROM class ORDER BY number")))


def data_hash(db: Database) -> str:
    """SHA-256 of what the data set is now: classes, and of every face that is there key, split, given label, box and
    the hash of its picture. The same data set read into another workspace has the same; 64 hexadecimal digits.

    Of one moment only within `snapshot`.
    """
    found = hashlib.sha256(json.dumps(classes(db).names).encode())
    columns = "key, split, given_label, box_left, box_top, box_right, box_bottom, hex(digest)"
    for (face,) in db.execute(f"SELECT json_array({columns}) FROM sample WHERE {PRESENT} ORDER BY id"):
        found.update(face.encode())
    return found.hexdigest()


def count_by_split(db: Database) -> dict[Split, int]:
    """Number of samples in each split, all three named; without those that were taken out or have vanished."""
    sql = f"SELECT split, count(*) FROM sample WHERE {PRESENT} GROUP BY split"
    counted: dict[Split, int] = dict(db.execute(sql).fetchall())
    return {split: counted.get(split, 0) for split in SPLITS}


def find_sample(db: Database, key: str) -> StoredSample | None:
    """The sample of that key, or None."""
    row = db.execute(f"{_SAMPLE} WHERE key = ?", (key,)).fetchone()
    return None if row is None else _stored(row)


def get_sample(db: Database, sample_id: int) -> StoredSample | None:
    """The sample of that number, or None."""
    row = db.execute(f"{_SAMPLE} WHERE id = ?", (sample_id,)).fetchone()
    return None if row is None else _stored(row)


def is_erased(db: Database, sample_id: int) -> bool:
    """Whether nothing of the face is known any more but what people decided."""
    row = db.execute("SELECT erased_in IS NOT NULL FROM sample WHERE id = ?", (sample_id,)).fetchone()
    return row is not None and bool(row[0])


def search_samples(db: Database, text: str, *, limit: int = 50) -> list[StoredSample]:
    """Samples by key: the one that is `text`, then keys that start with it, then keys that contain it; none that was
    erased.

    Letters of ASCII are found in either case, but for those that start with it in the same case come first.
    """
    begins = "erased_in IS NULL AND key >= :text AND key < :text || char(1114111)"
    like = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {"text": text, "like": f"%{like}%", "limit": limit}
    rows = [*db.execute(f"{_SAMPLE} WHERE {begins} ORDER BY key LIMIT :limit", values)]
    if text and len(rows) < limit:
        known = {row[0] for row in rows}
        more = db.execute(
            f"{_SAMPLE} WHERE erased_in IS NULL AND key LIKE :like ESCAPE '\\' "
            "ORDER BY NOT (key LIKE substr(:like, 2) ESCAPE '\\'), id "
            "LIMIT :limit",
            values,
        )
        rows += [row for row in more if row[0] not in known][: limit - len(rows)]
    return [_stored(row) for row in rows]


def iter_samples(db: Database, *, page: int = 10_000) -> Iterator[StoredSample]:
    """All samples by id, read `page` at a time, so that no read transaction stays open while the caller works."""
    last = 0
    while rows := db.execute(f"{_SAMPLE} WHERE id > ? ORDER BY id LIMIT ?", (last, page)).fetchall():
        yield from map(_stored, rows)
        last = rows[-1][0]


def samples_among(db: Database, sample_ids: IntArray) -> Iterator[StoredSample]:
    """The samples of these numbers by id, read as `iter_samples` does."""
    wanted = np.zeros(sample_ids.max(initial=0) + 1, np.bool_)
    wanted[sample_ids] = True
    return (each for each in iter_samples(db) if each.id < len(wanted) and wanted[each.id])


def present_samples(db: Database, *, page: int = 10_000) -> Iterator[StoredSample]:
    """The samples that the data set has and nobody took out, by id, read like `iter_samples`."""
    last = 0
    sql = f"{_SAMPLE} WHERE {PRESENT} AND id > ? ORDER BY id LIMIT ?"
    while rows := db.execute(sql, (last, page)).fetchall():
        yield from map(_stored, rows)
        last = rows[-1][0]


def withdrawn_samples(db: Database) -> IntArray:
    """The samples that were taken out, rising."""
    cursor = db.execute("SELECT id FROM sample WHERE withdrawn_in IS NOT NULL ORDER BY id")
    (sample_id,) = read_columns(cursor, np.int64)
    return sample_id


def not_taken_out(db: Database, sample_ids: Sequence[int]) -> list[int]:
    """Those of some samples that nobody took out, in their order."""
    sql = (
        "SELECT f.value FROM json_each(?) f JOIN sample s ON s.id = f.value WHERE s.withdrawn_in IS NULL ORDER BY f.key"
    )
    return [number for (number,) in db.execute(sql, (json.dumps(list(sample_ids)),))]


def known_paths(db: Database) -> set[str]:
    """The paths of the pictures of all faces that nobody took out, also of those that the data set has no more."""
    return {path for (path,) in db.execute("SELECT DISTINCT path FROM sample WHERE withdrawn_in IS NULL")}


def picture_files(db: Database) -> Iterator[tuple[str, bytes | None]]:
    """Path and hash of the picture of every face that the data set has and nobody took out, each file once."""
    yield from db.execute(f"SELECT path, max(digest) FROM sample WHERE {PRESENT} GROUP BY path ORDER BY path")


class AllSamples:
    """The samples by id, read from the database each time they are walked: ten million never stand in memory."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM sample").fetchone()[0])

    def __iter__(self) -> Iterator[Sample]:
        return (stored.sample for stored in iter_samples(self._db))


def problems(db: Database, limit: int = -1) -> list[Problem]:
    """What the import could not use, in the order met; the first `limit` of them, -1: all."""
    sql = "SELECT file, line, found, allowed, kept, coalesce(reason, ?), rows FROM problem ORDER BY id LIMIT ?"
    rows = db.execute(sql, (UNREADABLE_ROW, limit))
    return [
        Problem(file, line, found, allowed, bool(kept), reason, count)
        for file, line, found, allowed, kept, reason, count in rows
    ]


def count_problems(db: Database) -> int:
    """Number of import problems, warnings included."""
    return int(db.execute("SELECT count(*) FROM problem").fetchone()[0])


def references(db: Database) -> References:
    """The samples that have a reference label."""
    cursor = db.execute("SELECT sample_id, label FROM reference ORDER BY sample_id")
    return References(*read_columns(cursor, np.int64, np.int64))


def _insert_samples(db: Database, manifest: Manifest) -> None:
    last = ""  # executemany draws one row at a time, so this is the one that failed

    def rows() -> Iterator[tuple[Any, ...]]:
        nonlocal last
        for i, s in enumerate(manifest.samples, 1):
            last = f"{s.key!r}: label {s.given_label}, split {s.split!r}, box {s.box}"
            yield (i, *sample_values(s))

    try:
        db.conn.executemany(f"INSERT INTO sample ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows())
    except sqlite3.IntegrityError as error:
        raise DataError(
            error_text(
                str(manifest.dataset),
                f"sample {last}",
                f"keys that differ, labels 0 to {len(manifest.classes) - 1}, boxes with an area ({error})",
                "correct the data set",
            )
        ) from error


def sample_values(sample: Sample) -> tuple[Any, ...]:
    """key, path, split, given_label, the four sides of the box and digest, as table `sample` has them."""
    box = sample.box
    sides = (None,) * 4 if box is None else (box.left, box.top, box.right, box.bottom)
    return sample.key, sample.path, sample.split, sample.given_label, *sides, sample.digest or None


def insert_references(db: Database, rows: Iterable[tuple[int, int | None]]) -> None:
    """Writes reference labels by sample id, in place of earlier ones. Raises DataError for a label that is no class."""
    try:
        db.conn.executemany(
            "INSERT INTO reference VALUES (?, ?) ON CONFLICT (sample_id) DO UPDATE SET label = excluded.label", rows
        )
    except sqlite3.IntegrityError as error:
        raise DataError(error_text("", "a reference label that is no class", classes(db).allowed())) from error


def _stored(row: tuple[Any, ...]) -> StoredSample:
    number, key, path, given_label, split, withdrawn, *sides = row
    box = None if sides[0] is None else Box(*sides)
    return StoredSample(number, Sample(key, path, given_label, split, box), bool(withdrawn))
