"""What an answer, a mark or an undo does to the queue and the counts, within the same transaction.

A face has one slot for each independent reading. The slots hold the newest live answers, one a person. One slot holds
the answer that came last; of several, each keeps its person, and whoever answers beyond them has none, though their
reading counts. So a late answer is never refused, and an undo brings back what stood before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlite_utils import Database

from scn_core.records import ANSWERS
from scn_core.store.decisions.outcomes import Reading, in_slots, readings_of, refresh_outcome
from scn_core.store.decisions.repeats import settle_repeat
from scn_core.store.hooks import tell_face
from scn_core.store.schema.expressions import from_now

LEASE_S = 120

_SHOWN_FIRST = "answered_by IS NOT :viewer, lease_person IS NOT :viewer, action IS NOT NULL, slot"
ITEM_OF_VIEWER = f"""
SELECT id FROM queue_item WHERE round_id = :round AND sample_id = :sample
  AND (listed = 1 OR (:again AND reader = :viewer AND lease_person = :viewer))
ORDER BY listed, {_SHOWN_FIRST} LIMIT 1
"""
"""SQL: the item whose answer the viewer is shown: their own reading, else an open one, else the first. With :again what
they have on screen to answer once more comes before all of these."""
_UNTIL = from_now(LEASE_S)


class Entry(NamedTuple):
    """A row of the log that has just been written, or the one an undo of it leads back to."""

    seq: int
    round_id: int
    sample_id: int
    person_id: int
    action: str
    decided_at: str
    stands: bool
    adjudicates: bool


class _Slot(NamedTuple):
    slot: int
    answered_by: int | None
    answered_seq: int | None
    lease_person: int | None


def shown_item(round_id: str, sample_id: str) -> str:
    """The SQL of `ITEM_OF_VIEWER` without :again, for a round and a face named in SQL."""
    return f"""SELECT id FROM queue_item WHERE round_id = {round_id} AND sample_id = {sample_id} AND listed = 1
      ORDER BY {_SHOWN_FIRST} LIMIT 1"""


def apply_to_queue(db: Database, decision_id: str, *, lease: bool = True) -> None:
    """Bring the queue in step with the decision of this id, just inserted.

    With `lease`, whoever took an answer back has the face on screen again.
    """
    entry = _entry(db, decision_id)
    if entry.action in ANSWERS:
        _count(db, entry)
        readings = readings_of(db, entry.round_id, entry.sample_id)
        if refresh_outcome(db, entry.round_id, entry.sample_id, readings):
            tell_face(db, entry.round_id, entry.sample_id)
    if entry.adjudicates:
        return
    if entry.action in ANSWERS:
        settle_repeat(db, entry.round_id, entry.sample_id, entry.person_id, lease_s=LEASE_S)
        stay = fill_slots(db, entry.round_id, entry.sample_id, readings)
        if lease and stay is not None and entry.person_id not in stay:
            _lease_again(db, entry)
    elif entry.action == "skip":
        _release(db, entry) if entry.stands else _lease_again(db, entry)


def _entry(db: Database, decision_id: str) -> Entry:
    """The decision that an undo, an undo of an undo, ... is about; itself where it is no undo."""
    row = db.execute(
        """
        WITH RECURSIVE back(id, undoes, n) AS (
          SELECT id, undoes, 1 FROM decision WHERE id = ?
          UNION ALL SELECT d.id, d.undoes, n + 1 FROM back JOIN decision d ON d.id = back.undoes)
        SELECT d.seq, d.round_id, d.sample_id, d.person_id, d.action, d.decided_at, back.n % 2 = 1,
          d.adjudicates
        FROM back JOIN decision d ON d.id = back.id WHERE back.undoes IS NULL
        """,
        (decision_id,),
    ).fetchone()
    return Entry(*row)


def _count(db: Database, entry: Entry) -> None:
    step = 1 if entry.stands else -1
    db.execute(
        "INSERT INTO answer_count VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        (entry.round_id, entry.person_id, entry.decided_at[:16], step),
    )


def fill_slots(db: Database, round_id: int, sample_id: int, readings: Sequence[Reading]) -> set[int] | None:
    """Bring the answers in the queue in step with the readings, the newest first; an answer in its slot stays there.

    The people whose answers are in the slots; None: the face is not in the queue of the round.
    """
    face = (round_id, sample_id)
    slots = [
        _Slot(*row)
        for row in db.execute(
            "SELECT slot, max(answered_by), max(answered_seq), max(lease_person) FROM queue_item "
            "WHERE round_id = ? AND sample_id = ? AND reader IS NULL GROUP BY slot ORDER BY slot",
            face,
        )
    ]
    if not slots:
        return None  # answered, though not asked about
    answers = in_slots(readings, len(slots))
    stay = {each.person_id: each.seq for each in answers}
    free = [slot for slot in slots if slot.answered_by not in stay]
    held = {slot.answered_by: slot for slot in slots if slot.answered_by in stay}
    for slot in free:
        if slot.answered_by is not None:
            _reopen(db, face, slot.slot)
    for each in answers:
        taken = held.get(each.person_id)
        if taken is None:
            taken = min(free, key=lambda slot: _preference(slot, each.person_id))
            free.remove(taken)
        elif taken.answered_seq == each.seq:
            continue
        _close(db, face, taken.slot, each)
    return set(stay)


def _preference(slot: _Slot, person_id: int) -> tuple[bool, bool, int]:
    return slot.lease_person != person_id, slot.lease_person is not None, slot.slot


def _close(db: Database, face: tuple[int, int], slot: int, by: Reading) -> None:
    db.execute(
        "UPDATE queue_item SET action = ?, answered_by = ?, answered_seq = ?, lease_person = NULL, lease_until = NULL "
        "WHERE round_id = ? AND sample_id = ? AND slot = ? AND reader IS NULL",
        (by.action, by.person_id, by.seq, *face, slot),
    )


def _reopen(db: Database, face: tuple[int, int], slot: int) -> None:
    db.execute(
        "UPDATE queue_item SET action = NULL, answered_by = NULL, answered_seq = NULL "
        "WHERE round_id = ? AND sample_id = ? AND slot = ? AND reader IS NULL",
        (*face, slot),
    )


def _release(db: Database, entry: Entry) -> None:
    db.execute(
        "UPDATE queue_item SET lease_person = NULL, lease_until = NULL "
        "WHERE round_id = ? AND sample_id = ? AND lease_person = ?",
        (entry.round_id, entry.sample_id, entry.person_id),
    )


def _lease_again(db: Database, entry: Entry) -> None:
    """Whoever took an answer or a skip back has the face on screen again, unless others hold or answered it all."""
    mine = "SELECT 1 FROM queue_item WHERE round_id = :round AND sample_id = :sample AND "
    db.execute(
        f"""
        UPDATE queue_item SET lease_person = :person, lease_until = {_UNTIL}
        WHERE id = (SELECT id FROM queue_item WHERE round_id = :round AND sample_id = :sample AND listed = 1
            AND action IS NULL AND lease_person IS NULL ORDER BY slot LIMIT 1)
          AND NOT EXISTS ({mine} (lease_person = :person OR answered_by = :person))
        """,
        {"person": entry.person_id, "round": entry.round_id, "sample": entry.sample_id},
    )
