"""Reading the queue of a round: pages of it in any order, and single faces, with everything a tile shows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.picture_records import PICTURE_ISSUES
from scn_core.records import DOUBTS, Box, ExactCopy, QueueFilter, QueueItem
from scn_core.store.decisions.effects import ITEM_OF_VIEWER, shown_item
from scn_core.store.decisions.visibility import open_audit, unread
from scn_core.store.queue.filter import check_filter
from scn_core.store.queue.walk import Place, Walk
from scn_core.store.schema.expressions import ALPHA, STANDS

# The first round of those that decided this label and have no other one between them and now.
_SINCE = """(SELECT min(o.round_id) FROM outcome o WHERE o.sample_id = q.sample_id AND o.round_id < q.round_id
    AND o.state = 'decided' AND o.label = q.given_label AND NOT EXISTS (SELECT 1 FROM outcome n
      WHERE n.sample_id = q.sample_id AND n.round_id > o.round_id AND n.round_id < q.round_id
        AND n.state = 'decided' AND n.label IS NOT q.given_label))"""
# The data set's label of when they decided it first; updates may have replaced it since.
_ORIGINAL = f"""coalesce((SELECT v.label FROM given_version v JOIN data_change u ON u.id = v.replaced_in
    WHERE v.sample_id = q.sample_id AND u.seq >= (SELECT f.seq FROM outcome f WHERE f.sample_id = q.sample_id
      AND f.round_id = {_SINCE}) ORDER BY u.id LIMIT 1), s.given_label)"""
_NUMBER = """(SELECT max(n.id) FROM queue_item n
  WHERE n.round_id = {0}.round_id AND n.sample_id = {0}.sample_id AND n.listed = 1)"""
"""SQL: the number of the face of an item, the same for all its readings and repeats: the last of its readings, so that
a page goes on behind all of them. An item's own id would tell how many have read the face, or that it is a repeat."""
# CROSS JOIN keeps the order of the tables: the ids asked for lead, whatever the planner believes of them.
_ITEMS = f"""
SELECT {_NUMBER.format("q")}, q.round_id, q.sample_id, s.key, s.path, s.box_left, s.box_top, s.box_right, s.box_bottom,
  iif(q.kind <> 'repeat', q.kind, (SELECT o.kind FROM queue_item o WHERE o.round_id = q.round_id
    AND o.sample_id = q.sample_id AND o.listed = 1)),
  q.given_label, {_ORIGINAL}, {_SINCE},
  c.proposed_label, c.predicted_label, {ALPHA}, c.margin, c.suspicion, coalesce(c.doubt, 0), c.second_label,
  c.probabilities,
  q.action, a.label, p.name, a.decided_at, a.id, q.lease_person, q.lease_until, s.withdrawn_in IS NOT NULL,
  q.kind = 'repeat' AND q.action IS NULL, q.priority, {unread("q.round_id", "q.sample_id")},
  {open_audit("q.sample_id", other_than="q.round_id")}
FROM json_each(?) asked CROSS JOIN queue_item q ON q.id = asked.value JOIN sample s ON s.id = q.sample_id
JOIN score c ON c.round_id = q.round_id AND c.sample_id = q.sample_id
LEFT JOIN decision a ON a.seq = q.answered_seq LEFT JOIN person p ON p.id = q.answered_by
ORDER BY asked.key
"""


def _is_audit(face: str) -> str:
    return f"""(EXISTS (SELECT 1 FROM queue_item a
  WHERE a.round_id = q.round_id AND a.sample_id = {face}.sample_id AND a.kind = 'audit')
  OR {open_audit(f"{face}.sample_id")})"""


_COPIES = f"""
SELECT asked.key, {_is_audit("o")}, o.sample_id, c.start_label, c.proposed_label, d.id, r.name
FROM json_each(:items) asked CROSS JOIN queue_item q ON q.id = asked.value
CROSS JOIN picture p ON p.sample_id = q.sample_id
CROSS JOIN picture o ON o.pixels = p.pixels AND o.sample_id <> p.sample_id
JOIN score c ON c.round_id = q.round_id AND c.sample_id = o.sample_id
JOIN sample s ON s.id = o.sample_id AND s.withdrawn_in IS NULL
LEFT JOIN queue_item v ON v.id = ({shown_item("q.round_id", "o.sample_id")})
LEFT JOIN decision d ON d.seq = v.answered_seq LEFT JOIN person r ON r.id = v.answered_by
WHERE q.kind NOT IN ('audit', 'repeat') AND NOT {_is_audit("q")}
  AND NOT (v.answered_by IS NOT NULL AND v.answered_by <> :viewer AND {unread("q.round_id", "q.sample_id")})
ORDER BY o.sample_id
"""
_ISSUES = """
SELECT asked.key, i.issue FROM json_each(?) asked CROSS JOIN queue_item q ON q.id = asked.value
CROSS JOIN picture_issue i ON i.sample_id = q.sample_id
"""
_MARKS = f"""
SELECT d.sample_id, d.round_id, d.action, d.id, d.person_id, d.seq, d.text,
  (SELECT name FROM person WHERE id = d.person_id)
FROM (SELECT DISTINCT value FROM json_each(?)) asked CROSS JOIN decision d ON d.sample_id = asked.value
WHERE d.action IN ('skip', 'flag', 'note') AND {STANDS} ORDER BY d.seq
"""


def page_items(
    db: Database, round_id: int, viewer_id: int, where: QueueFilter, *, after: str | None = None, limit: int = 60
) -> tuple[list[QueueItem], str | None]:
    """The next `limit` faces under the filter, an item each, and where to go on (`after` of the next call); None: that
    was all.

    Of several readings of a face that match, the first in the order stands for it. Where grouped, all are of one pair
    of given and proposed label: fewer than `limit` are not yet all. Takes no leases, and shows items
    others hold. Raises WorkspaceError for a filter or a cursor that cannot be.
    """
    check_filter(where)
    walk = Walk(db, round_id, viewer_id, where)
    found = list(islice(walk.faces(None if after is None else _place(after)), max(limit, 0) + 1))
    page = [each for each in found[:limit] if each.place.group == found[0].place.group]
    more = len(found) > len(page) > 0
    items = load_items(db, viewer_id, [each.place.id for each in page])
    cursor = json.dumps(page[-1].place._replace(id=items[-1].id)) if more else None
    return items, cursor


def items_of(
    db: Database, round_id: int, viewer_id: int, sample_ids: Sequence[int], *, again: bool = True
) -> list[QueueItem]:
    """One item a face in the order asked: the viewer's own reading, else an open one, else the first.

    With `again` what the viewer has on screen to answer once more comes before all of these. Faces that are not in the
    queue of the round are left out.
    """
    who = {"round": round_id, "viewer": viewer_id, "again": again}
    found = (db.execute(ITEM_OF_VIEWER, {**who, "sample": sample}).fetchone() for sample in sample_ids)
    return load_items(db, viewer_id, [row[0] for row in found if row is not None])


def queued_faces(db: Database, round_id: int, sample_ids: Sequence[int]) -> set[int]:
    """Which of these faces the round asks about; those that were taken out are left out."""
    sql = (
        "SELECT f.value FROM json_each(?) f JOIN sample s ON s.id = f.value AND s.withdrawn_in IS NULL WHERE EXISTS "
        "(SELECT 1 FROM queue_item q WHERE q.round_id = ? AND q.sample_id = f.value AND q.listed = 1)"
    )
    return {sample_id for (sample_id,) in db.execute(sql, (json.dumps(list(sample_ids)), round_id))}


def load_items(db: Database, viewer_id: int, ids: Sequence[int]) -> list[QueueItem]:
    """The items of these ids, in that order."""
    rows = db.execute(_ITEMS, (json.dumps(list(ids)),)).fetchall()
    marks: defaultdict[tuple[int, int], list[tuple[Any, ...]]] = defaultdict(list)
    for sample_id, round_id, *mark in db.execute(_MARKS, (json.dumps([row[2] for row in rows]),)):
        marks[sample_id, round_id].append(tuple(mark))
    asked = json.dumps([row[0] for row in rows])
    copies: defaultdict[int, list[ExactCopy]] = defaultdict(list)
    apart: defaultdict[int, int] = defaultdict(int)
    for place, audit, *copy in db.execute(_COPIES, {"items": asked, "viewer": viewer_id}):
        if audit:
            apart[place] += 1
        else:
            copies[place].append(ExactCopy(*copy))
    issues: defaultdict[int, set[str]] = defaultdict(set)
    for place, issue in db.execute(_ISSUES, (asked,)):
        issues[place].add(issue)
    return [
        _item(viewer_id, row, marks.get((row[2], row[1]), []), tuple(copies[place]), apart[place], issues[place])
        for place, row in enumerate(rows)
    ]


def check_cursor(cursor: str) -> None:
    """Raises WorkspaceError for a cursor that no page gave."""
    _place(cursor)


def _place(cursor: str) -> Place:
    try:
        group, section, key, number = json.loads(cursor)
        if not all(type(value) is int for value in (group, section, number)) or type(key) not in (int, float):
            raise ValueError("not numbers")
        if not all(abs(value) < 2**62 for value in (group, section, key, number)):  # NaN and infinity too
            raise ValueError("out of range")
    except (ValueError, TypeError, RecursionError) as error:
        raise WorkspaceError(
            error_text("", f"the cursor {cursor[:100]!r}", "one that a page gave", "begin anew")
        ) from error
    return Place(group, section, key, number)


def _item(
    viewer_id: int, row: tuple[Any, ...], marks: Sequence[tuple[Any, ...]], copies: tuple[ExactCopy, ...], apart: int,
    issues: set[str],
) -> QueueItem:  # fmt: skip
    number, round_id, sample_id, key, path, *sides, kind = row[:10]
    given, original, decided_round, proposed, predicted, alpha, margin, suspicion, doubt, second = row[10:20]
    probabilities, action, label, by, at, decision_id, lease_person, lease_until, withdrawn, again = row[20:30]
    asked_at, blind, elsewhere = row[30:]
    flag = skip = note = note_by = None
    flagged = False
    for mark, mark_id, person, seq, text, name in marks:
        own = person == viewer_id
        if (own and again and seq <= asked_at) or (not own and blind and mark == "note"):
            continue
        if mark == "note":
            note, note_by = text, name
        elif mark == "flag":
            flagged = True
            flag = mark_id if own else flag
        elif own:
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
        original_label=original,
        decided_round=decided_round,
        proposed_label=proposed,
        predicted_label=predicted,
        alpha=alpha,
        margin=margin,
        suspicion=suspicion,
        doubt=DOUBTS[doubt],
        second_label=second,
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
        withdrawn=bool(withdrawn),
        again=bool(again),
        audit_elsewhere=bool(elsewhere),
        copies=copies,
        copies_apart=apart,
        issues=tuple(issue for issue in PICTURE_ISSUES if issue in issues),
    )
