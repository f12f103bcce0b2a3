"""A data set that changes after init: what a later reading of it brought, and versions of given labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sqlite_utils import Database

from scn_core.import_balance import Problem
from scn_core.records import Manifest
from scn_core.store.connection import snapshot, transaction
from scn_core.store.events import What, log_event
from scn_core.store.face_reading import SAME_BOX, forget_reading, read_faces
from scn_core.store.pictures import insert_measures
from scn_core.store.samples import insert_problems, insert_references, problems
from scn_core.store.votes import insert_what_was_read, spellings

_NAMED = 5
"""Faces named of each group."""
WITHDRAWN = "a face that was taken out"
"""Why a reading leaves such a row out."""
_FORMER_KEYS = "former_keys"
"""In the balance of an update: the key that a face had before -> its sample id."""


@dataclass(frozen=True, slots=True)
class NamedFaces:
    """Some faces, and the keys of the first five."""

    count: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What a later reading of the data set came to, by faces."""

    unchanged: int
    """With the given label they had."""
    new: NamedFaces
    changed: NamedFaces
    """With another given label than before."""
    vanished: NamedFaces
    """In the workspace, but not among the faces read. They keep everything, and are in no further round."""
    returned: int
    """Of unchanged and changed: had vanished before."""
    moved: int
    """Of unchanged and changed: the same picture under another path."""
    pictures: int
    """Of unchanged and changed: another picture or box under the same path."""
    splits: int
    """Of unchanged and changed: the data set says another split; the face stays in the one it was in."""
    answered: int
    """Of changed: people have decided. Their answers stand, and refer to the given label of then."""
    withdrawn: int
    """Were taken out, and the data set has them still; left as they are."""
    votes: int
    """Of unchanged and changed: with other labels of people than before, where the data set has several a face."""
    references: int
    """Of all that were read, but those taken out: with another reference label than before."""
    report: bool
    """What was left out, or how classes are written, is otherwise than at the reading before."""

    @property
    def any(self) -> bool:
        """Whether the reading changes anything."""
        groups = (self.new, self.changed, self.vanished)
        counts = (self.returned, self.moved, self.pictures, self.votes, self.references)
        return self.report or any((*(group.count for group in groups), *counts))


@dataclass(frozen=True, slots=True)
class GivenVersion:
    """A given label that a face had before an update."""

    label: int
    replaced_at: str
    """UTC, ISO-8601."""


@dataclass(frozen=True)
class FaceOrigin:
    """When a face came, how its given label changed, and whether it is still there."""

    added_at: str | None
    """None: by init."""
    earlier: tuple[GivenVersion, ...]
    """The oldest first; the one of now is the sample's."""
    vanished_at: str | None
    withdrawn_at: str | None


class _OnlyAsked(Exception):
    """Ends a transaction that is not to be kept."""


_PAIRS = "FROM temp.reading r JOIN sample s ON s.id = r.sample_id AND s.withdrawn_in IS NULL"
_VOTE = "SELECT annotator, label, other, votes FROM"
_BEFORE, _NOW = f"{_VOTE} vote WHERE sample_id = s.id", f"{_VOTE} temp.reading_vote WHERE place = r.place"
_OTHER_VOTES = f"(EXISTS ({_BEFORE} EXCEPT {_NOW}) OR EXISTS ({_NOW} EXCEPT {_BEFORE}))"
_OTHER_REFERENCE = "r.reference IS NOT NULL AND r.reference IS NOT (SELECT label FROM reference WHERE sample_id = s.id)"
_OTHER_PICTURE = f"NOT moved AND (r.digest IS NOT s.digest AND s.digest IS NOT NULL OR NOT ({SAME_BOX}))"
_GONE = (
    "FROM sample s WHERE s.vanished_in IS NULL AND s.withdrawn_in IS NULL "
    "AND s.id NOT IN (SELECT sample_id FROM temp.reading WHERE sample_id IS NOT NULL)"
)


def take_reading(db: Database, manifest: Manifest, *, dry_run: bool = False) -> Changes:
    """Take a later reading of the data set in, in one transaction: all of it, or with an error nothing.

    Which faces are which: see `face_reading`. New ones get the ids after the last; a changed given label takes the
    place of the old one, which is kept as a version; what vanished is marked. Decisions, rounds and queues stay as they
    are. The classes must be those of the workspace.
    """
    found: list[Changes] = []
    with suppress(_OnlyAsked), snapshot(db) if dry_run else transaction(db):
        read_faces(db, manifest)
        found.append(_changes(db, manifest))
        if dry_run or not found[0].any:
            raise _OnlyAsked
        _write(db, manifest, found[0])
        forget_reading(db)
    return found[0]


def face_origin(db: Database, sample_id: int) -> FaceOrigin:
    """When a face came and how its given label changed; for an unknown one as for a face of init."""
    at = "(SELECT made_at FROM data_change WHERE id = {})"
    row = db.execute(
        f"SELECT {at.format('added_in')}, {at.format('vanished_in')}, {at.format('withdrawn_in')} FROM sample "
        "WHERE id = ?",
        (sample_id,),
    ).fetchone()
    versions = db.execute(
        "SELECT v.label, u.made_at FROM given_version v JOIN data_change u ON u.id = v.replaced_in "
        "WHERE v.sample_id = ? ORDER BY u.id",
        (sample_id,),
    )
    earlier = tuple(GivenVersion(*version) for version in versions)
    added, vanished, withdrawn = row or (None, None, None)
    return FaceOrigin(added, earlier, vanished, withdrawn)


def former_keys(db: Database) -> list[tuple[str, int]]:
    """The keys that faces had before their pictures were moved, each with its sample id; the latest first."""
    balances = db.execute("SELECT balance FROM data_change WHERE kind = 'update' ORDER BY id DESC")
    return [pair for (balance,) in balances for pair in json.loads(balance).get(_FORMER_KEYS, {}).items()]


def _changes(db: Database, manifest: Manifest) -> Changes:
    def count(sql: str) -> int:
        return int(db.execute(f"SELECT count(*) {sql}").fetchone()[0])

    def named(column: str, sql: str) -> NamedFaces:
        keys = db.execute(f"SELECT {column} {sql} ORDER BY {column} LIMIT {_NAMED}")
        return NamedFaces(count(sql), tuple(key for (key,) in keys))

    decided = "(SELECT sample_id FROM outcome WHERE state = 'decided')"
    found = Changes(
        unchanged=count(f"{_PAIRS} WHERE r.label = s.given_label"),
        new=named("r.key", "FROM temp.reading r WHERE r.sample_id IS NULL"),
        changed=named("r.key", f"{_PAIRS} WHERE r.label <> s.given_label"),
        vanished=named("s.key", _GONE),
        returned=count(f"{_PAIRS} WHERE s.vanished_in IS NOT NULL"),
        moved=count(f"{_PAIRS} WHERE r.moved"),
        pictures=count(f"{_PAIRS} WHERE {_OTHER_PICTURE}"),
        splits=count(f"{_PAIRS} WHERE r.split <> s.split"),
        answered=count(f"{_PAIRS} WHERE r.label <> s.given_label AND s.id IN {decided}"),
        withdrawn=count("FROM temp.reading r JOIN sample s ON s.id = r.sample_id AND s.withdrawn_in IS NOT NULL"),
        votes=count(f"{_PAIRS} WHERE {_OTHER_VOTES}"),
        references=count(f"{_PAIRS} WHERE {_OTHER_REFERENCE}"),
        report=False,
    )
    left_out = problems(db) != [*_problems(manifest, found)]
    return replace(found, report=left_out or spellings(db) != set(manifest.spellings))


def _write(db: Database, manifest: Manifest, changes: Changes) -> None:
    moved = db.execute("SELECT s.key, s.id FROM temp.reading r JOIN sample s ON s.id = r.sample_id WHERE r.moved")
    change = new_change(db, "update", asdict(changes) | {_FORMER_KEYS: dict(moved.fetchall())})
    values = {"change": change}
    db.execute(
        f"INSERT INTO given_version SELECT s.id, :change, s.given_label {_PAIRS} WHERE r.label <> s.given_label", values
    )
    db.execute(f"UPDATE sample SET vanished_in = :change WHERE id IN (SELECT s.id {_GONE})", values)
    # Two steps, as keys are unique: pictures that changed places have each other's.
    db.execute("UPDATE sample SET key = char(0) || id WHERE id IN (SELECT sample_id FROM temp.reading WHERE moved)")
    db.execute(
        "UPDATE sample SET key = r.key, path = r.path, given_label = r.label, digest = r.digest, vanished_in = NULL, "
        "box_left = r.box_left, box_top = r.box_top, box_right = r.box_right, box_bottom = r.box_bottom "
        "FROM temp.reading r WHERE r.sample_id = sample.id AND sample.withdrawn_in IS NULL"
    )
    db.execute(
        "UPDATE sample SET key = r.key, path = r.path FROM temp.reading r WHERE r.sample_id = sample.id AND r.moved "
        "AND sample.withdrawn_in IS NOT NULL"
    )
    columns = "key, path, split, given_label, box_left, box_top, box_right, box_bottom, digest"
    db.execute(
        f"INSERT INTO sample (id, {columns}, added_in) SELECT new_id, {columns.replace('given_label', 'label')}, "
        ":change FROM temp.reading WHERE sample_id IS NULL ORDER BY place",
        values,
    )
    db.execute("UPDATE reading SET sample_id = new_id WHERE sample_id IS NULL")
    ids = [row[0] for row in db.execute("SELECT sample_id FROM temp.reading ORDER BY place")]
    db.execute("DELETE FROM vote WHERE sample_id IN (SELECT sample_id FROM temp.reading)")
    db.execute("DELETE FROM spelling")
    insert_what_was_read(db, manifest, ids)
    insert_measures(db, ((i, sample.measures) for i, sample in zip(ids, manifest.samples, strict=True)))
    known = zip(ids, manifest.samples, strict=True)
    insert_references(db, ((i, s.reference_label) for i, s in known if s.reference_label is not None))
    db.execute("DELETE FROM problem")
    insert_problems(db, _problems(manifest, changes))


def _problems(manifest: Manifest, changes: Changes) -> Iterator[Problem]:
    yield from manifest.problems
    if changes.withdrawn:
        found = f"{changes.withdrawn:,} rows of faces that were taken out"
        yield Problem(str(manifest.root), None, found, "faces that were not", False, WITHDRAWN, changes.withdrawn)


def new_change(db: Database, kind: Literal["update", "withdraw"], balance: dict[str, Any]) -> int:
    """A row of table data_change, within a transaction; its number."""
    sql = "INSERT INTO data_change (kind, seq, balance) VALUES (?, (SELECT coalesce(max(seq), 0) FROM decision), ?)"
    db.execute(sql, (kind, json.dumps(balance)))
    number = int(db.execute("SELECT last_insert_rowid()").fetchone()[0])
    what: What = "data set updated" if kind == "update" else "faces withdrawn"
    log_event(db, what, {"change": number}, by=None)
    return number
