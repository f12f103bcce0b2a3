"""Items of the queue with everything a tile shows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core.records import Box, QueueItem
from scn_core.store.views import STANDS

# CROSS JOIN keeps the order of the tables: the ids asked for lead, whatever the planner believes of them.
_ITEMS = """
SELECT q.id, q.round_id, q.sample_id, s.key, s.path, s.box_left, s.box_top, s.box_right, s.box_bottom, q.kind,
  q.given_label, c.proposed_label, c.predicted_label, c.alpha, c.margin, c.suspicion, c.probabilities,
  q.action, a.label, p.name, a.decided_at, a.id, q.lease_person, q.lease_until
FROM json_each(?) asked CROSS JOIN queue_item q ON q.id = asked.value JOIN sample s ON s.id = q.sample_id
JOIN score c ON c.round_id = q.round_id AND c.sample_id = q.sample_id
LEFT JOIN decision a ON a.seq = q.answered_seq LEFT JOIN person p ON p.id = q.answered_by
ORDER BY asked.key
"""
_MARKS = f"""
SELECT d.sample_id, d.round_id, d.action, d.id, d.person_id, d.text,
  (SELECT name FROM person WHERE id = d.person_id)
FROM (SELECT DISTINCT value FROM json_each(?)) asked CROSS JOIN decision d ON d.sample_id = asked.value
WHERE d.action IN ('skip', 'flag', 'note') AND {STANDS} ORDER BY d.seq
"""


def load_items(db: Database, viewer_id: int, ids: Sequence[int]) -> list[QueueItem]:
    """The items of these ids, in that order."""
    rows = db.execute(_ITEMS, (json.dumps(list(ids)),)).fetchall()
    marks: defaultdict[tuple[int, int], list[tuple[Any, ...]]] = defaultdict(list)
    for sample_id, round_id, *mark in db.execute(_MARKS, (json.dumps([row[2] for row in rows]),)):
        marks[sample_id, round_id].append(tuple(mark))
    return [_item(viewer_id, row, marks.get((row[2], row[1]), [])) for row in rows]


def _item(viewer_id: int, row: tuple[Any, ...], marks: list[tuple[Any, ...]]) -> QueueItem:
    number, round_id, sample_id, key, path, *sides, kind = row[:10]
    given, proposed, predicted, alpha, margin, suspicion, probabilities = row[10:17]
    action, label, by, at, decision_id, lease_person, lease_until = row[17:]
    flag = skip = note = note_by = None
    flagged = False
    for mark, mark_id, person, text, name in marks:
        if mark == "note":
            note, note_by = text, name
        elif mark == "flag":
            flagged = True
            flag = mark_id if person == viewer_id else flag
        elif person == viewer_id:
            skip = mark_id
    return QueueItem(
        id=number,
        round=round_id,
        sample_id=sample_id,
        key=key,
        path=path,
        box=None if sides[0] is None else Box(*sides),
        kind=kind,
        given_label=given,
        proposed_label=proposed,
        predicted_label=predicted,
        alpha=alpha,
        margin=margin,
        suspicion=suspicion,
        probabilities=tuple(np.frombuffer(probabilities, "<f4").tolist()),
        action=action,
        label=label,
        answered_by=by,
        answered_at=at,
        decision_id=decision_id,
        flag=flag,
        flagged=flagged,
        note=note,
        note_by=note_by,
        skip=skip,
        lease_person=lease_person,
        lease_until=lease_until,
    )
