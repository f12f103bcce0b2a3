"""How much of a round one person has done, how fast, and how much is left for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlite_utils import Database

from scn_core.records import QueueFilter
from scn_core.store.decisions.today import faces_today
from scn_core.store.queue.counts import is_soon_counted, open_left
from scn_core.store.schema.expressions import OUTSIDE_QUEUE

_ACTIVE_MINUTES = 30
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person is in a round."""

    open: int
    """Faces to review that a filter lets through, without those the person skipped."""
    checked: int
    """Faces of the round that show an answer of the person, each once; repeats are none."""
    wrong: int
    """Of these: their label was wrong by it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a person is, and how much is left."""

    today: int
    """Faces this person answered since midnight UTC, over all rounds; see `faces_today`."""
    total: int
    """Answers of this person in the round that nobody took back, those that a newer one replaced too."""
    per_minute: float | None
    """Answers in each of the last 30 minutes that had any; None under 5 answers."""
    left: int
    """Faces of the round that are to review for this person; see `QueueCounts`."""
    seconds_left: int | None
    """At this pace, alone."""


def faces_answered(db: Database, round_id: int, person_id: int) -> int:
    """Faces of a round of which an answer of this person stands; replaced answers to the same face count once."""
    sql = "SELECT count(DISTINCT sample_id) FROM live_decision WHERE round_id = ? AND person_id = ? AND adjudicates = 0"
    return int(db.execute(sql, (round_id, person_id)).fetchone()[0])


def faces_answered_outside(db: Database, round_id: int, person_id: int) -> int:
    """Of `faces_answered` those that the round's queue does not hold, so that `faces_checked` leaves them out."""
    sql = (
        "SELECT count(DISTINCT o.sample_id) FROM live_decision o WHERE o.round_id = ? AND o.person_id = ? "
        f"AND o.adjudicates = 0 AND {OUTSIDE_QUEUE}"
    )
    return int(db.execute(sql, (round_id, person_id)).fetchone()[0])


def faces_checked(db: Database, round_id: int, person_id: int) -> tuple[int, int]:
    """Faces of the round's queue that show an answer of this person; how many of them had a wrong label by it.

    Wrong as LABEL_WAS_WRONG says it: another label, or excluded. `keep` alone gives a face its own.
    """
    row: tuple[int, int] = db.execute(
        "SELECT count(*), coalesce(sum(action IN ('accept', 'relabel', 'exclude')), 0) FROM queue_item "
        "INDEXED BY queue_done_person WHERE round_id = ? AND answered_by = ? AND action IS NOT NULL AND listed = 1",
        (round_id, person_id),
    ).fetchone()
    return row


def pace(db: Database, round_id: int, person_id: int) -> Pace:
    """Counts and speed of one person in one round; zeros for a round that there is not."""
    sql = "SELECT coalesce(sum(n), 0) FROM answer_count WHERE round_id = ? AND person_id = ?"
    total = int(db.execute(sql, (round_id, person_id)).fetchone()[0])
    answers, minutes = db.execute(
        "SELECT sum(n), count(*) FROM (SELECT n FROM answer_count WHERE round_id = ? AND person_id = ? AND n > 0 "
        f"ORDER BY minute DESC LIMIT {_ACTIVE_MINUTES})",
        (round_id, person_id),
    ).fetchone()
    left = open_left(db, round_id, person_id, QueueFilter())
    per_minute = answers / minutes if minutes and answers >= _ENOUGH else None
    today = faces_today(db, person_id).get(person_id, 0)
    return Pace(today, total, per_minute, left, None if per_minute is None else round(left / per_minute * 60))


def progress(
    db: Database, round_id: int, person_id: int, where: QueueFilter, *, left: int | None = None
) -> Progress | None:  # fmt: skip
    """How far a person is; None where it would take long to say, as under some filters with several readings.

    `left`: `Pace.left`, where it is known. With every answer, so what is counted besides is milliseconds at a million
    faces. Raises WorkspaceError for a filter that cannot be.
    """
    if left is None or replace(where, state="open", order="suspicion", grouped=False) != QueueFilter():
        if not is_soon_counted(db, round_id, where):
            return None
        left = open_left(db, round_id, person_id, where)
    return Progress(left, *faces_checked(db, round_id, person_id))
