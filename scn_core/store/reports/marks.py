"""Faces that people flagged or wrote a note about, in rounds in review: what asks a lead to look."""

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
    flagged: int
    """With a flag of anyone."""
    noted: int
    """With a note of anyone that the viewer may read."""


def marked_faces(db: Database, viewer_id: int) -> list[MarkedFaces]:
    """The marked faces of every round in review that has any. Notes that the viewer may not read yet are left out."""
    rounds = db.execute("SELECT id FROM round WHERE state = 'review' ORDER BY id DESC").fetchall()
    found = [_of_round(db, number, viewer_id) for (number,) in rounds]
    return [marks for marks in found if marks.flagged or marks.noted]


def _of_round(db: Database, number: int, viewer_id: int) -> MarkedFaces:
    flagged, noted = (open_and_answered(db, number, viewer_id, mark) for mark in (FLAGGED, NOTED))
    return MarkedFaces(number, flagged, noted)
