"""Imports of decisions: what one asks about each row of its file, and those that the log holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from scn_core.records import ANSWERS, Box, Decision, Split
from scn_core.store.decisions.record import DECISION, read_decision
from scn_core.store.schema.expressions import STANDS
from scn_core.store.schema.migrations import migrations
from scn_core.store.updates import former_keys

IMPORTED, IMPORT, UNDONE_IMPORT = "imported", "import", "undone_import"
"""In what a row of the log was shown: the name of the file it came from; which import that was, by the file's content;
of an undo, the import it took back as a whole."""


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
    one_row_decides: bool
    """The round asks for several readings, but not of this face, which is not in the queue."""
    path: str
    box: Box | None = field(kw_only=True)


_FACE = """
SELECT e.sample_id, e.key, e.split, coalesce(c.start_label, e.given_label), c.proposed_label, e.label, e.decided_at,
  s.withdrawn_in IS NOT NULL, coalesce((SELECT review ->> 'readings' FROM round WHERE id = :round), 1) > 1
    AND NOT EXISTS (SELECT 1 FROM queue_item WHERE round_id = :round AND sample_id = e.sample_id),
  e.path, s.box_left, s.box_top, s.box_right, s.box_bottom
FROM effective_label e JOIN sample s ON s.id = e.sample_id
LEFT JOIN score c ON c.sample_id = e.sample_id AND c.round_id = :round
"""


def face_of_key(db: Database, round_id: int, key: str) -> list[KnownFace]:
    """The face of that key; empty where there is none."""
    return _faces(db, "e.key = :name", {"round": round_id, "name": key})


def faces_of_picture(db: Database, round_id: int, path: str) -> list[KnownFace]:
    """The faces of the picture of that path; empty where there is none."""
    # Keys are the path, or the path, '#' and a number, so the index of keys finds them.
    within = "e.path = :name AND (e.key = :name OR e.key > :name || '#' AND e.key < :name || '$')"
    return _faces(db, within, {"round": round_id, "name": path})


def faces_of(db: Database, round_id: int, sample_ids: Iterable[int]) -> list[KnownFace]:
    """The faces of these numbers, rising."""
    values = {"round": round_id, "ids": json.dumps(list(sample_ids))}
    return _faces(db, "e.sample_id IN (SELECT value FROM json_each(:ids))", values)


def _faces(db: Database, which: str, values: dict[str, Any]) -> list[KnownFace]:
    found = []
    for row in db.execute(f"{_FACE} WHERE {which} ORDER BY e.sample_id", values):
        *face, left, top, right, bottom = row
        found.append(KnownFace(*face, box=None if left is None else Box(left, top, right, bottom)))
    return found


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


def is_imported(db: Database, sample_id: int, label: int) -> bool:
    """Whether an import brought an answer to a face that stood for this label."""
    sql = f"SELECT 1 FROM decision WHERE sample_id = ? AND label = ? AND shown ->> '{IMPORTED}' IS NOT NULL LIMIT 1"
    return db.execute(sql, (sample_id, label)).fetchone() is not None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What has become of a decision of the log."""

    round: int
    stands: bool
    undone_with_import: str | None
    """The row that took it back, where that was done to the whole import."""


def find_recorded(db: Database, decision_id: str) -> Recorded | None:
    """What has become of the decision of that id; None where the log has none."""
    sql = f"""
        WITH RECURSIVE chain(id, n) AS (
          SELECT id, 1 FROM decision WHERE id = :id
          UNION ALL SELECT u.id, n + 1 FROM chain JOIN decision u ON u.undoes = chain.id)
        SELECT d.id, n, (SELECT round_id FROM decision WHERE id = :id),
          json_extract(d.shown, '$.{UNDONE_IMPORT}') IS NOT NULL
        FROM chain JOIN decision d ON d.id = chain.id ORDER BY n DESC LIMIT 1
        """
    row = db.execute(sql, {"id": decision_id}).fetchone()
    if row is None:
        return None
    last, length, round_id, whole = row
    stands = length % 2 == 1
    return Recorded(round_id, stands, last if whole and not stands else None)


@dataclass(frozen=True, slots=True)
class TakenImport:
    """An import of which the log has decisions."""

    id: str
    """Follows from the content of the file."""
    file: str
    """Its name."""
    round: int
    taken_at: str
    """UTC, ISO-8601: when its first decision was written."""
    answers: int
    standing: int
    """Of the answers, those that were not taken back."""


_OF_IMPORT = f"json_extract(d.shown, '$.{IMPORT}')"
_ANSWERED = ", ".join(f"'{action}'" for action in ANSWERS)


def taken_imports(db: Database, round_id: int | None = None) -> list[TakenImport]:
    """The imports of a round, or of all, the newest first; those of earlier versions are not known as such."""
    sql = f"""
        SELECT {_OF_IMPORT} AS import, max(json_extract(d.shown, '$.{IMPORTED}')), d.round_id,
          min(d.decided_at), count(*), sum({STANDS})
        FROM decision d WHERE d.round_id = coalesce(?, d.round_id) AND d.action IN ({_ANSWERED})
          AND {_OF_IMPORT} IS NOT NULL
        GROUP BY d.round_id, import ORDER BY min(d.seq) DESC
        """
    return [TakenImport(*row) for row in db.execute(sql, (round_id,))]


def standing_of_import(db: Database, import_id: str, round_id: int) -> list[Decision]:
    """The answers and notes of an import in a round that were not taken back, the newest first."""
    sql = (
        f"{DECISION} WHERE d.round_id = ? AND {_OF_IMPORT} = ? AND d.action <> 'undo' AND {STANDS} ORDER BY d.seq DESC"
    )
    return [read_decision(row) for row in db.execute(sql, (round_id, import_id))]


def workspace_mark(db: Database) -> str:
    """Tells this workspace and its copies from all others: when its database was made."""
    return str(next(iter(migrations.applied(db))).applied_at)
