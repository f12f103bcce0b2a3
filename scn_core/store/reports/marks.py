"""Faces that people flagged or wrote a note about, in rounds in review: what asks a lead to look."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlite_utils import Database

from scn_core.records import QueueFilter
from scn_core.store.decisions.visibility import HIDDEN
from scn_core.store.queue.counts import open_and_answered
from scn_core.store.queue.filter import MOST_FACES
from scn_core.store.schema.expressions import STANDS

FLAGGED = QueueFilter(state="all", flagged=True)
"""The filter of the faces that are counted as flagged."""
_NOTED = f"""
SELECT d.sample_id FROM decision d WHERE d.action = 'note' AND d.round_id = :round AND {STANDS} AND NOT {HIDDEN}
GROUP BY 1 ORDER BY max(d.seq) DESC LIMIT {MOST_FACES}
"""


@dataclass(frozen=True, slots=True)
class MarkedFaces:
    """The faces of a round's queue that have a mark."""

    round: int
    flagged: int
    """With a flag of anyone."""
    noted: QueueFilter | None
    """The filter of those with a note; None: there is none."""
    notes: int
    """How many these are, at most MOST_FACES: those with the newest notes."""


def marked_faces(db: Database, viewer_id: int) -> list[MarkedFaces]:
    """The marked faces of every round in review that has any. Notes that the viewer may not read yet are left out."""
    rounds = db.execute("SELECT id FROM round WHERE state = 'review' ORDER BY id DESC").fetchall()
    found = [_of_round(db, number, viewer_id) for (number,) in rounds]
    return [marks for marks in found if marks.flagged or marks.notes]


def _of_round(db: Database, number: int, viewer_id: int) -> MarkedFaces:
    rows = db.execute(_NOTED, {"round": number, "viewer": viewer_id}).fetchall()
    noted = replace(QueueFilter(), state="all", faces="_".join(str(face) for (face,) in rows)) if rows else None
    notes = 0 if noted is None else open_and_answered(db, number, viewer_id, noted)
    flagged = open_and_answered(db, number, viewer_id, FLAGGED)
    return MarkedFaces(number, flagged, noted if notes else None, notes)
