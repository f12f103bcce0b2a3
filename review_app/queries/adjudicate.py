"""What the page Adjudicate reads, as it is now."""

from __future__ import annotations

from review_app.database import call
from review_app.queries.faces import picture_fault
from scn_core.store.decisions.adjudication import (
    Disputed,
    OutcomeCounts,
    Settled,
    conflicts,
    conflicts_left,
    disputed,
    outcome_counts,
    settled,
)
from scn_core.store.samples import get_sample


def counts(round_id: int) -> OutcomeCounts:
    """How many faces wait for readings, are in conflict, are decided."""
    return call(outcome_counts, round_id)


def left_by_closed_rounds(round_id: int | None) -> int:
    """How many conflicts that rounds were closed with are settled in this round; None: in the next."""
    return call(conflicts_left, round_id)


def next_conflict(round_id: int, *, after: int) -> Disputed | None:
    """The next face in conflict, the oldest first, behind the one with this `seq`."""
    found = call(conflicts, round_id, after=after, limit=1)
    return found[0] if found else None


def one(round_id: int, sample_id: int) -> Disputed | None:
    """This face, if it is in conflict or was settled."""
    return call(disputed, round_id, sample_id)


def settled_faces(round_id: int, *, before: int | None, limit: int) -> tuple[list[Settled], int | None]:
    """What leads settled, newest first, and `before` of the next page."""
    return call(settled, round_id, before=before, limit=limit)


def missing_picture(face: Disputed) -> str | None:
    """Why the face cannot be shown, or None."""
    stored = call(get_sample, face.sample_id)
    return None if stored is None else picture_fault(stored)
