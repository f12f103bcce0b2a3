"""The derived state of review.db: what follows from the log of decisions and stands in tables, so that pages are fast.

outcome        what the answers to a face in a round come to: waiting, conflict or decided
queue_item     its columns action, answered_by and answered_seq: the answers that count, one in each slot; of repeats
               the second answer
queue_count    listed items of the queue, by all that a filter asks for
answer_count   answers that stand, by round, person and minute

Every decision keeps them in step within its own transaction: `decisions.effects`, and for queue_count a trigger on
queue_item. Here they are derived from the facts as a whole, to check them or to make them anew. The queue of a closed
round stays as it was when the round was closed, so its answers are not derived. The learned order is no projection: it
follows from scores too, and is learned anew as answers come in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from typing import NamedTuple

from sqlite_utils import Database

from scn_core.store.connection import snapshot, transaction
from scn_core.store.decisions.effects import LEASE_S, fill_slots
from scn_core.store.decisions.outcomes import in_slots, outcome_by_log, readings_of, refresh_outcome
from scn_core.store.decisions.repeats import answers_of, settle_repeat
from scn_core.store.schema.expressions import ALPHA_BIN

_COUNTS = {
    "queue_count": "SELECT round_id, kind, given_label, coalesce(proposed_label, -1), doubt, "
    f"{ALPHA_BIN}, coalesce(action, ''), count(*) FROM queue_item WHERE listed = 1 GROUP BY 1, 2, 3, 4, 5, 6, 7",
    "answer_count": "SELECT round_id, person_id, substr(decided_at, 1, 16), count(*) FROM live_decision "
    "GROUP BY 1, 2, 3",
}
"""Table -> its rows, from the facts. Rows that count nothing may stand in a table."""

_ANSWERED = "SELECT DISTINCT round_id, sample_id FROM live_decision"
_ASKED = """
SELECT DISTINCT q.round_id, q.sample_id FROM round r JOIN queue_item q ON q.round_id = r.id
WHERE r.state = 'review' AND q.reader IS NULL AND (q.action IS NOT NULL
  OR EXISTS (SELECT 1 FROM live_decision d WHERE d.sample_id = q.sample_id AND d.round_id = q.round_id))
ORDER BY 1, 2
"""
_REPEATS = """
SELECT q.round_id, q.sample_id, q.reader, q.priority, q.answered_seq, q.action
FROM round r JOIN queue_item q ON q.round_id = r.id WHERE r.state = 'review' AND q.reader IS NOT NULL ORDER BY q.id
"""


class _Difference(NamedTuple):
    round_id: int
    sample_id: int
    text: str


def check(db: Database) -> list[str]:
    """Every difference between the derived tables and the facts, a line each; empty where there is none.

    Reads the log as a whole: seconds for some 100,000 answers. Not to be called within a transaction.
    """
    with snapshot(db):
        faces = [*_wrong_outcomes(db), *_wrong_answers(db), *_wrong_repeats(db)]
        return [f"round {each.round_id}, sample {each.sample_id}: {each.text}" for each in faces] + _wrong_counts(db)


def rebuild(db: Database) -> None:
    """Make the derived tables what the facts say, in one transaction. Leases, repeats and what is right stay.

    An answer whose slot is unknown takes the first free one.
    """
    with transaction(db):
        for round_id, sample_id, _ in list(_wrong_outcomes(db)):
            refresh_outcome(db, round_id, sample_id, readings_of(db, round_id, sample_id))
        for round_id, sample_id, _ in list(_wrong_answers(db)):
            db.execute(
                "UPDATE queue_item SET action = NULL, answered_by = NULL, answered_seq = NULL "
                "WHERE round_id = ? AND sample_id = ? AND reader IS NULL",
                (round_id, sample_id),
            )
            fill_slots(db, round_id, sample_id, readings_of(db, round_id, sample_id))
        for round_id, sample_id, reader, *_ in db.execute(_REPEATS).fetchall():
            settle_repeat(db, round_id, sample_id, reader, lease_s=LEASE_S)
        for table, rows in _COUNTS.items():
            db.execute(f"DELETE FROM {table}")
            db.execute(f"INSERT INTO {table} {rows}")


def _wrong_outcomes(db: Database) -> Iterator[_Difference]:
    stored = "SELECT state, action, label, seq, answers, needed, adjudicated FROM outcome"
    for round_id, sample_id in db.execute(f"{_ANSWERED} UNION SELECT round_id, sample_id FROM outcome").fetchall():
        found = db.execute(f"{stored} WHERE round_id = ? AND sample_id = ?", (round_id, sample_id)).fetchone()
        outcome = outcome_by_log(db, round_id, sample_id, readings_of(db, round_id, sample_id))
        due = None if outcome is None else astuple(outcome)
        if found != due:
            yield _Difference(round_id, sample_id, f"found the outcome {found}; by the log it is {due}")


def _wrong_answers(db: Database) -> Iterator[_Difference]:
    stored = (
        "SELECT DISTINCT slot, answered_by, action, answered_seq FROM queue_item "
        "WHERE round_id = ? AND sample_id = ? AND reader IS NULL"
    )
    for round_id, sample_id in db.execute(_ASKED).fetchall():
        items = db.execute(stored, (round_id, sample_id)).fetchall()  # an audit item and what it hides say the same
        slots = len({slot for slot, *_ in items})
        found = sorted(tuple(answer) for _, *answer in items if answer != [None, None, None])
        held = in_slots(readings_of(db, round_id, sample_id), slots)
        due = sorted((each.person_id, each.action, each.seq) for each in held)
        if found != due or len(items) != slots:
            yield _Difference(round_id, sample_id, f"found the answers {found} in the queue; by the log they are {due}")


def _wrong_repeats(db: Database) -> Iterator[_Difference]:
    for round_id, sample_id, reader, asked_at, seq, action in db.execute(_REPEATS).fetchall():
        answers = answers_of(db, round_id, sample_id, reader)
        if not answers:
            yield _Difference(round_id, sample_id, f"found a repeat for person {reader}, who has no answer to repeat")
            continue
        due = answers[-1] if answers[-1][0] > asked_at else (None, None)
        if (seq, action) != due:
            yield _Difference(round_id, sample_id, f"found the repeated answer {(seq, action)}; by the log it is {due}")


def _wrong_counts(db: Database) -> list[str]:
    wrong = []
    for table, rows in _COUNTS.items():
        stored = f"SELECT * FROM {table} WHERE n <> 0"
        for what, sql in (
            ("found", f"{stored} EXCEPT SELECT * FROM ({rows})"),
            ("lacks", f"SELECT * FROM ({rows}) EXCEPT {stored}"),
        ):
            wrong += [f"{table}: {what} {row}" for row in db.execute(sql)]
    return wrong
