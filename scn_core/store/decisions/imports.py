"""What an import of decisions asks about each row of its file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.records import Split
from scn_core.store.schema.migrations import migrations
from scn_core.store.updates import former_keys


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A face of the workspace, as a round sees it."""

    sample_id: int
    key: str
    split: Split
    start_label: int
    """The label the round began with."""
    proposed_label: int | None
    label: int
    """The label it has now."""
    decided_at: str | None
    """Of the answer that counts now."""
    withdrawn: bool


_FACE = """
SELECT e.sample_id, e.key, e.split, coalesce(c.start_label, e.given_label), c.proposed_label, e.label, e.decided_at,
  (SELECT withdrawn_in IS NOT NULL FROM sample WHERE id = e.sample_id)
FROM effective_label e LEFT JOIN score c ON c.sample_id = e.sample_id AND c.round_id = :round
"""


def known_faces(db: Database, round_id: int, name: str) -> list[KnownFace]:
    """The face of that key, or else those of the picture of that path; empty where there is none."""
    values = {"round": round_id, "name": name}
    rows = db.execute(f"{_FACE} WHERE e.key = :name", values).fetchall()
    if not rows:  # keys are the path, '#' and a number, so the index of keys finds them
        within = "e.key > :name || '#' AND e.key < :name || '$' AND e.path = :name"
        rows = db.execute(f"{_FACE} WHERE {within} ORDER BY e.key", values).fetchall()
    return [KnownFace(*row) for row in rows]


def faces_of(db: Database, round_id: int, sample_ids: Iterable[int]) -> list[KnownFace]:
    """The faces of these numbers, rising."""
    values = {"round": round_id, "ids": json.dumps(list(sample_ids))}
    rows = db.execute(f"{_FACE} WHERE e.sample_id IN (SELECT value FROM json_each(:ids)) ORDER BY 1", values)
    return [KnownFace(*row) for row in rows]


def ids_by_former_name(db: Database) -> dict[str, list[int]]:
    """Key that a face had before its picture was moved -> its sample id; and the path of such a picture -> its faces.

    A name that several faces had, one after the other, is the last one's.
    """
    boxed = {number for (number,) in db.execute("SELECT id FROM sample WHERE box_left IS NOT NULL")}
    found: dict[str, list[int]] = {}
    paths: dict[str, list[int]] = {}
    for key, number in former_keys(db):
        found.setdefault(key, [number])
        if number in boxed:  # 'path#n'
            paths.setdefault(key.rpartition("#")[0], []).append(number)
    return {path: list(dict.fromkeys(numbers)) for path, numbers in paths.items()} | found


def labels_by_moment(db: Database) -> set[tuple[str, int]]:
    """When an answer of the log was given, and the label it stood for, of all answers that stood for one."""
    return set(db.execute("SELECT decided_at, label FROM decision WHERE label IS NOT NULL").fetchall())


def labels_decided_at(db: Database, sample_id: int, moment: str) -> set[int]:
    """The labels that answers to a face stood for which were given at that moment."""
    sql = "SELECT label FROM decision WHERE sample_id = ? AND decided_at = ? AND label IS NOT NULL"
    return {label for (label,) in db.execute(sql, (sample_id, moment))}


def is_recorded(db: Database, decision_id: str) -> bool:
    """Whether a decision of that id is in the log."""
    return db.execute("SELECT 1 FROM decision WHERE id = ?", (decision_id,)).fetchone() is not None


def workspace_mark(db: Database) -> str:
    """Tells this workspace and its copies from all others: when its database was made."""
    return str(next(iter(migrations.applied(db))).applied_at)
