"""Faces that people flagged or wrote a note about, in rounds in review and closed ones: what asks a lead to look."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.records import QueueFilter
from scn_core.store.queue.counts import open_and_answered

FLAGGED = QueueFilter(state="all", flagged=True)
"""The filter of the faces that are counted as flagged."""
NOTED = QueueFilter(state="all", noted=True)
"""The filter of those that are counted as having a note."""


@dataclass(frozen=True, slots=True)
class MarkedFaces:
    """The faces of a round's queue that have a mark."""

    round: int
    closed: bool
    """Nobody can take a flag back any more."""
    flagged: int
    """With a flag of anyone."""
    noted: int
    """With a note of anyone that the viewer may read."""


def marked_faces(db: Database, viewer_id: int) -> list[MarkedFaces]:
    """The marked faces of every round that has any: rounds in review first, then closed ones, the newest first.

    Notes that the viewer may not read yet are left out.
    """
    sql = "SELECT id, state = 'closed' FROM round WHERE state IN ('review', 'closed') ORDER BY 2, id DESC"
    rounds = db.execute(sql).fetchall()
    found = [_of_round(db, number, bool(closed), viewer_id) for number, closed in rounds]
    return [marks for marks in found if marks.flagged or marks.noted]


def _of_round(db: Database, number: int, closed: bool, viewer_id: int) -> MarkedFaces:
    flagged, noted = (open_and_answered(db, number, viewer_id, mark) for mark in (FLAGGED, NOTED))
    return MarkedFaces(number, closed, flagged, noted)
