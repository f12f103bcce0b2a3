"""What other models say of the faces: opinions, by the source they come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

import numpy as np
from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.records import FloatArray, IntArray
from scn_core.store.columns import CHUNK
from scn_core.store.connection import transaction
from scn_core.store.events import log_event
from scn_core.store.schema.expressions import PRESENT

SourceKind = Literal["csv", "npz", "onnx"]
SUM_TOLERANCE = 0.02 + 1e-6
"""How far the sum of an opinion may be from 1: files round to a few digits. Rounding does not tell 1.02 apart."""


@dataclass(frozen=True, slots=True)
class OpinionSource:
    """Another model whose opinions were brought in."""

    id: int
    name: str
    kind: SourceKind
    added_at: str
    """UTC, ISO-8601."""
    faces: int
    """Faces it has probabilities of."""
    features: int
    """Faces it has features of."""
    about: dict[str, Any]
    """How its file was read, for people; of a model also its hash."""


@dataclass(frozen=True, slots=True)
class FaceOpinion:
    """What one source says of one face."""

    source: str
    label: int
    """The likeliest class."""
    probabilities: tuple[float, ...]
    """One per class."""


@dataclass(frozen=True)
class Opinions:
    """All opinions on N faces, source by source in the order in which they were added."""

    names: tuple[str, ...]
    """Of the sources that have probabilities of any of these faces."""
    probabilities: tuple[FloatArray, ...]
    """(N, C) for each name; rows of NaN where the source says nothing of the face."""
    features: tuple[FloatArray, ...]
    """(N, D) principal components for each source that has some, with or without a name above; NaN likewise."""

    def __bool__(self) -> bool:
        return bool(self.probabilities or self.features)


def opinion_sources(db: Database) -> list[OpinionSource]:
    """All sources, oldest first. Counts their faces: a second for a million."""
    rows = db.execute(
        "SELECT s.id, s.name, s.kind, s.added_at, count(o.probabilities), count(o.features), s.about "
        "FROM opinion_source s LEFT JOIN opinion o ON o.source_id = s.id GROUP BY s.id ORDER BY s.id"
    )
    return [
        OpinionSource(number, name, kind, at, faces, features, json.loads(about))
        for number, name, kind, at, faces, features, about in rows
    ]


def source_names(db: Database) -> list[str]:
    """Names of all sources, oldest first."""
    return [name for (name,) in db.execute("SELECT name FROM opinion_source ORDER BY id")]


def find_source(db: Database, name: str) -> OpinionSource | None:
    """The source of that name, or None."""
    return next((source for source in opinion_sources(db) if source.name == name), None)


def add_source(db: Database, name: str, kind: SourceKind, about: Mapping[str, Any]) -> int:
    """A new source without faces; its number. To be called within a transaction.

    Raises WorkspaceError where the name is taken.
    """
    check_name_is_free(db, name)
    db.execute("INSERT INTO opinion_source (name, kind, about) VALUES (?, ?, ?)", (name, kind, json.dumps(dict(about))))
    return int(db.execute("SELECT last_insert_rowid()").fetchone()[0])


def check_name_is_free(db: Database, name: str) -> None:
    """Raises WorkspaceError where there is a source of that name."""
    if name in source_names(db):
        raise WorkspaceError(
            error_text("opinion", f"{name!r}, which is taken", "a new name", "or first: opinion remove")
        )


def insert_opinions(
    db: Database, source_id: int, sample_id: IntArray, probabilities: FloatArray | None, features: FloatArray | None
) -> None:
    """Write what a source says of faces it has said nothing of. To be called within a transaction.

    Args:
        db: the database.
        source_id: of the source.
        sample_id: (N,), each once.
        probabilities: (N, C), rows summing to 1, or of NaN where it has none of a face; None: it has none at all.
        features: (N, D) likewise. Every face has a row in one of the two.
    """
    for start in range(0, len(sample_id), CHUNK):
        part = slice(start, start + CHUNK)
        ids = sample_id[part].tolist()
        said, seen = _blobs(probabilities, part, len(ids)), _blobs(features, part, len(ids))
        likeliest = [0] * len(ids) if probabilities is None else probabilities[part].argmax(axis=1).tolist()
        labels = (None if shares is None else label for shares, label in zip(said, likeliest, strict=True))
        rows = zip(ids, repeat(source_id), labels, said, seen, strict=False)
        db.conn.executemany("INSERT INTO opinion VALUES (?, ?, ?, ?, ?)", rows)


def known_source(db: Database, name: str) -> OpinionSource:
    """The source of this name. Raises WorkspaceError where there is none."""
    found = find_source(db, name)
    if found is None:
        there = ", ".join(repr(each) for each in source_names(db))
        raise WorkspaceError(error_text("opinion", f"{name!r}", there or "none: no opinion was added"))
    return found


def remove_source(db: Database, name: str) -> OpinionSource:
    """Takes a source out with all it says; what it was. Raises WorkspaceError where there is none of that name."""
    with transaction(db):
        found = known_source(db, name)
        db.execute("DELETE FROM opinion WHERE source_id = ?", (found.id,))
        db.execute("DELETE FROM opinion_source WHERE id = ?", (found.id,))
        about = {"name": name, "source": found.id, "faces": max(found.faces, found.features)}
        log_event(db, "opinion removed", about, by=None)
    return found


def forget_faces(db: Database, sample_ids: Iterable[int]) -> None:
    """Takes out what any source says of these faces. To be called within a transaction."""
    db.execute(
        "DELETE FROM opinion WHERE sample_id IN (SELECT value FROM json_each(?))", (json.dumps(list(sample_ids)),)
    )


def faces_of_source(db: Database, source_id: int) -> IntArray:
    """Sample ids that a source has said something of, rising."""
    rows = db.execute("SELECT sample_id FROM opinion WHERE source_id = ? ORDER BY sample_id", (source_id,))
    return np.array([number for (number,) in rows], np.int64)


def faces_without(db: Database, source_id: int) -> int:
    """How many faces of the data set a source says nothing of."""
    said = "SELECT 1 FROM opinion o WHERE o.sample_id = s.id AND o.source_id = ?"
    sql = f"SELECT count(*) FROM sample s WHERE {PRESENT} AND NOT EXISTS ({said})"
    return int(db.execute(sql, (source_id,)).fetchone()[0])


def agreement_with_labels(db: Database, source_id: int) -> float | None:
    """Share of the faces whose given label is the source's likeliest class; None: it has no probabilities."""
    sql = "SELECT avg(o.label = s.given_label) FROM opinion o JOIN sample s ON s.id = o.sample_id WHERE o.source_id = ?"
    found: float | None = db.execute(sql, (source_id,)).fetchone()[0]
    return found


def opinions_on(db: Database, sample_id: IntArray) -> Opinions:
    """What all sources say of N faces. `sample_id`: (N,) rising, each once."""
    names, probabilities, features = [], [], []
    for number, name in db.execute("SELECT id, name FROM opinion_source ORDER BY id").fetchall():
        said = _column(db, number, "probabilities", sample_id)
        if said is not None:
            names.append(name)
            probabilities.append(said)
        seen = _column(db, number, "features", sample_id)
        if seen is not None:
            features.append(seen)
    return Opinions(tuple(names), tuple(probabilities), tuple(features))


def opinions_of_face(db: Database, sample_id: int) -> list[FaceOpinion]:
    """What every source that has probabilities says of one face, oldest source first."""
    rows = db.execute(
        "SELECT s.name, o.label, o.probabilities FROM opinion o JOIN opinion_source s ON s.id = o.source_id "
        "WHERE o.sample_id = ? AND o.probabilities IS NOT NULL ORDER BY s.id",
        (sample_id,),
    )
    return [FaceOpinion(name, label, tuple(np.frombuffer(blob, "<f2").astype(float).tolist()))
            for name, label, blob in rows]  # fmt: skip


def broken_opinions(db: Database) -> list[str]:
    """Sources with probabilities of another number of classes, or features of different lengths; a line each."""
    (classes,) = db.execute("SELECT count(*) FROM class").fetchone()
    rows = db.execute(
        "SELECT s.name, count(*) FROM opinion o JOIN opinion_source s ON s.id = o.source_id "
        "WHERE length(o.probabilities) <> ? OR length(o.features) <> (SELECT length(f.features) FROM opinion f "
        "WHERE f.source_id = s.id AND f.features IS NOT NULL LIMIT 1) GROUP BY s.id",
        (2 * classes,),
    )
    return [f"opinion {name!r}: {count:,} of its rows are too long or too short" for name, count in rows]


def _column(
    db: Database, source_id: int, column: Literal["probabilities", "features"], among: IntArray
) -> FloatArray | None:
    """(N, D) a column of a source, NaN where it has none; None: it has none of any of these faces."""
    cursor = db.execute(
        f"SELECT sample_id, {column} FROM opinion WHERE source_id = ? AND {column} IS NOT NULL ORDER BY sample_id",
        (source_id,),
    )
    found: FloatArray | None = None
    while rows := cursor.fetchmany(CHUNK):
        ids, blobs = zip(*rows, strict=True)
        numbers = np.array(ids, np.int64)
        values = np.frombuffer(b"".join(blobs), "<f2").reshape(len(rows), -1)
        known = np.isin(numbers, among)
        if found is None and known.any():
            found = np.full((len(among), values.shape[1]), np.nan, np.float32)
        if found is not None:
            found[among.searchsorted(numbers[known])] = values[known]
    return found


def _blobs(values: FloatArray | None, part: slice, count: int) -> list[bytes | None]:
    """The rows as they are stored; None for rows of NaN."""
    if values is None:
        return [None] * count
    there = np.isfinite(values[part, 0]).tolist()
    rows = np.ascontiguousarray(values[part], "<f2")
    return [row.tobytes() if known else None for row, known in zip(rows, there, strict=True)]
