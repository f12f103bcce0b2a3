"""Hidden repeats: faces a person has answered in a round are asked once more, to see how consistent the answers are.

A repeat is an item of kind `repeat` for that one reviewer. It is not listed, so that no list, filter or count knows of
it; only a page of new faces brings it. Its `priority` is the newest `seq` of the log when it was asked: answers up to
there are the first, those after it the second.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.records import Answer
from scn_core.store.schema.expressions import from_now

_REPEAT = "round_id = :round AND sample_id = :sample AND kind = 'repeat' AND reader = :person"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A face that one person answered twice in a round without being told."""

    person_id: int
    sample_id: int
    first_action: Answer
    first_label: int | None
    """The label that answer stands for; None: unsure or exclude."""
    again_action: Answer
    again_label: int | None


def repeats(db: Database, round_id: int) -> list[Repeat]:
    """Every repeat of the round that is answered, in the order of asking; where an undo left only one answer: none."""
    rows = db.execute(
        """
        SELECT q.reader, q.sample_id, f.action, f.label, a.action, a.label
        FROM queue_item q INDEXED BY queue_repeat CROSS JOIN decision a ON a.seq = q.answered_seq
        CROSS JOIN decision f ON f.seq = (SELECT max(d.seq) FROM live_decision d WHERE d.sample_id = q.sample_id
          AND d.round_id = q.round_id AND d.person_id = q.reader AND d.adjudicates = 0 AND d.seq <= q.priority)
        WHERE q.round_id = ? AND q.reader IS NOT NULL AND q.action IS NOT NULL ORDER BY q.id
        """,
        (round_id,),
    )
    return [Repeat(*row) for row in rows]


def answers_of(db: Database, round_id: int, sample_id: int, person_id: int) -> list[tuple[int, str]]:
    """(seq, action) of a person's answers to a face that stand, the oldest first."""
    sql = (
        "SELECT seq, action FROM live_decision WHERE sample_id = ? AND round_id = ? AND person_id = ? "
        "AND adjudicates = 0 ORDER BY seq"
    )
    return db.execute(sql, (sample_id, round_id, person_id)).fetchall()


def settle_repeat(db: Database, round_id: int, sample_id: int, person_id: int, *, lease_s: int) -> None:
    """Bring a person's repeat of a face in step with the log: closed by their newest answer since it was asked.

    Where an undo opens it, the person has the face on screen again; where nothing is left to compare with, it goes.
    """
    who = {"round": round_id, "sample": sample_id, "person": person_id}
    row = db.execute(f"SELECT id, priority, action FROM queue_item WHERE {_REPEAT}", who).fetchone()
    if row is None:
        return
    number, asked_at, was = row
    answers = answers_of(db, round_id, sample_id, person_id)
    if answers and answers[-1][0] > asked_at:
        seq, action = answers[-1]
        sql = "action = ?, answered_by = reader, answered_seq = ?, lease_person = NULL, lease_until = NULL"
        db.execute(f"UPDATE queue_item SET {sql} WHERE id = ?", (action, seq, number))
    elif not answers:
        db.execute("DELETE FROM queue_item WHERE id = ?", (number,))
    elif was is not None:
        sql = f"lease_person = reader, lease_until = {from_now(lease_s)}"
        db.execute(
            f"UPDATE queue_item SET action = NULL, answered_by = NULL, answered_seq = NULL, {sql} WHERE id = ?",
            (number,),
        )
