"""Faces of a round in groups alike in all that hints at a wrong label: those decided, and those still to be asked."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.records import BoolArray, IntArray
from scn_core.store.columns import read_columns
from scn_core.store.schema.expressions import LABEL_WAS_WRONG, TAKEN_OUT

_STEPS = 50
"""Suspicion is told apart in so many steps."""
_LABELS = 2**20
"""More than there are classes."""


@dataclass(frozen=True)
class FaceGroups:
    """Groups of faces; columns of equal length."""

    label: IntArray
    """The label the round began with."""
    proposed: IntArray
    """The proposed label, -1: none."""
    low_importance: BoolArray
    suspicion: npt.NDArray[np.float64]
    """Mean of the group."""
    faces: IntArray
    wrong: IntArray
    """Of these decided to be wrong: another label, or excluded. 0 where not decided."""


def decided_groups(db: Database, round_id: int) -> FaceGroups:
    """The faces of a round that people have decided on."""
    return _read(db, _DECIDED, {"round": round_id})


def open_groups(db: Database, round_id: int, first: int) -> tuple[FaceGroups, FaceGroups]:
    """The `first` open faces of a round's queue in the order of asking, and all later ones.

    The order is that in force: learned places first, then falling suspicion.
    """
    values: dict[str, int | str] = {"round": round_id, "first": first}
    taught = [number for (number,) in db.execute(_LEARNED, values)]
    by_suspicion = sorted(number for sql in _BY_SUSPICION for (number,) in db.execute(sql, values))
    ids = list(dict.fromkeys([*taught, *by_suspicion]))[:first]
    values = {"round": round_id, "ids": json.dumps(ids), "start": min(by_suspicion, default=0)}
    near = values | {"end": max(ids, default=0)}
    return _read(db, _AHEAD.format(among="IN"), near), _read(db, _AHEAD.format(among="NOT IN"), values | {"end": 2**62})


def _cell(label: str, proposed: str, low: str, suspicion: str) -> str:
    """One whole number a group, so that SQLite sorts a million faces in a second."""
    pair = f"{label} * {_LABELS} + coalesce({proposed}, -1) + 1"
    return f"(({pair}) * 2 + {low}) * {_STEPS} + min({_STEPS - 1}, CAST({suspicion} * {_STEPS} AS INTEGER))"


_DECIDED = f"""
SELECT {_cell("c.start_label", "c.proposed_label", "c.low_importance", "c.suspicion")}, avg(c.suspicion), count(*),
  sum({LABEL_WAS_WRONG})
FROM outcome o INDEXED BY outcome_of_round JOIN score c ON c.round_id = o.round_id AND c.sample_id = o.sample_id
WHERE o.round_id = :round AND o.state = 'decided' AND o.sample_id NOT IN {TAKEN_OUT} GROUP BY 1
"""
# A face with several open readings is one face.
_OPEN = """q.round_id = :round AND q.action IS NULL AND q.listed = 1 AND (q.slot = 0 OR NOT EXISTS (
  SELECT 1 FROM queue_item e WHERE e.round_id = q.round_id AND e.sample_id = q.sample_id AND e.slot < q.slot
    AND e.listed = 1 AND e.action IS NULL))"""


_LEARNED = f"""
SELECT q.id FROM learned_place p CROSS JOIN queue_item q INDEXED BY queue_reading
  ON q.round_id = p.round_id AND q.sample_id = p.sample_id
WHERE {_OPEN} ORDER BY p.place LIMIT :first
"""
_BY_SUSPICION = [
    f"SELECT q.id FROM queue_item q INDEXED BY {index} WHERE {_OPEN} AND q.lease_person {held} "
    "ORDER BY q.id LIMIT :first"
    for index, held in (("queue_free", "IS NULL"), ("queue_leased", "IS NOT NULL"))
]
# The queue copies what it needs of a face, but for audit items, of which nothing is to be told. A range of ids is read
# faster than any index.
_RANGE = f"""{_OPEN} AND q.id BETWEEN :start AND :end
  AND q.id {{among}} (SELECT value FROM json_each(:ids))"""
_AHEAD = f"""
SELECT {_cell("q.given_label", "q.proposed_label", "q.low_importance", "q.priority")}, avg(q.priority), count(*), 0
FROM queue_item q NOT INDEXED WHERE {_RANGE} AND q.kind <> 'audit' GROUP BY 1
UNION ALL
SELECT {_cell("c.start_label", "c.proposed_label", "c.low_importance", "c.suspicion")}, c.suspicion, 1, 0
FROM queue_item q NOT INDEXED CROSS JOIN score c ON c.round_id = q.round_id AND c.sample_id = q.sample_id
WHERE {_RANGE} AND q.kind = 'audit'
"""


def _read(db: Database, sql: str, values: dict[str, int | str]) -> FaceGroups:
    cell, suspicion, faces, wrong = read_columns(db.execute(sql, values), np.int64, np.float64, np.int64, np.int64)
    pair, low = np.divmod(cell // _STEPS, 2)
    return FaceGroups(pair // _LABELS, pair % _LABELS - 1, low.astype(np.bool_), suspicion, faces, wrong)
