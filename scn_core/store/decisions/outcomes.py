"""What the answers to a face come to: the rule for several readings, and table `outcome`, which follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Literal, NamedTuple

import numpy as np
from sqlite_utils import Database

from scn_core.config import DecidedBy
from scn_core.records import Answer, IntArray
from scn_core.store.columns import read_columns

OutcomeState = Literal["waiting", "conflict", "decided"]


class Reading(NamedTuple):
    """One person's newest answer to a face in a round."""

    seq: int
    person_id: int
    action: Answer
    label: int | None
    first: int = 0
    """`seq` of their oldest answer that stands."""

    @property
    def says(self) -> int | Answer:
        """What it comes to: accepting, keeping and choosing the same label are the same."""
        return self.action if self.label is None else self.label


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the answers to a face in a round come to."""

    state: OutcomeState
    """waiting: not all readings are in; conflict: they are, and a lead has to settle it."""
    action: Answer | None
    """Set exactly where decided."""
    label: int | None
    seq: int
    """The newest answer that says so; while nothing is decided the newest of all."""
    answers: int
    """Readings that count; more than `needed` where more people answered than were asked."""
    needed: int
    adjudicated: bool


def outcome_of(
    readings: Sequence[Reading], adjudication: Reading | None, *, needed: int, decided_by: DecidedBy
) -> Outcome | None:
    """The outcome of a face in a round; None: nobody has answered.

    Where one is needed, the newest counts. Where several are, all that were given count, also those beyond `needed`. A
    lead's adjudication settles it whatever they say. Otherwise `needed` have to be in; by `majority` more than half of
    those that count have to say the same, by `lead` all.

    Args:
        readings: one a person, the newest first.
        adjudication: the newest one that stands, or None.
        needed: how many people are asked, 1 or more.
        decided_by: who decides where readings differ.
    """
    counted = readings if needed > 1 else readings[:1]
    if adjudication is not None:
        return _decided(adjudication, len(counted), needed, adjudicated=True)
    if not counted:
        return None
    says, most = Counter(each.says for each in counted).most_common(1)[0]
    given = len(counted)
    if given >= needed and most > (given / 2 if decided_by == "majority" else given - 1):
        return _decided(next(each for each in counted if each.says == says), given, needed, adjudicated=False)
    state: OutcomeState = "waiting" if given < needed else "conflict"
    return Outcome(state, None, None, counted[0].seq, given, needed, False)


def _decided(by: Reading, answers: int, needed: int, *, adjudicated: bool) -> Outcome:
    return Outcome("decided", by.action, by.label, by.seq, answers, needed, adjudicated)


def readings_of(db: Database, round_id: int, sample_id: int) -> list[Reading]:
    """Each person's newest live answer to the face in the round, the newest first, adjudications left out."""
    sql = (
        "SELECT seq, person_id, action, label FROM live_decision "
        "WHERE sample_id = ? AND round_id = ? AND adjudicates = 0 ORDER BY seq DESC"
    )
    found: dict[int, Reading] = {}
    for row in db.execute(sql, (sample_id, round_id)):
        reading = Reading(*row)
        found[reading.person_id] = found.get(reading.person_id, reading)._replace(first=reading.seq)
    return list(found.values())


def in_slots(readings: Sequence[Reading], slots: int) -> list[Reading]:
    """The readings that the queue holds for a face with so many slots; `readings`: from `readings_of`.

    Of one slot it is the newest. Of several, those of the people who answered first: a reading beyond them counts, and
    pushes none of them out.
    """
    return list(readings[:1]) if slots == 1 else sorted(readings, key=lambda each: each.first)[:slots]


def outcome_by_log(db: Database, round_id: int, sample_id: int, readings: Sequence[Reading]) -> Outcome | None:
    """The outcome of a face as it follows from the log; `readings`: from `readings_of`."""
    row = db.execute(
        "SELECT seq, person_id, action, label FROM live_decision "
        "WHERE sample_id = ? AND round_id = ? AND adjudicates = 1 ORDER BY seq DESC LIMIT 1",
        (sample_id, round_id),
    ).fetchone()
    # A round from before m0003 has no rules: its newest answer counts, as it did then.
    needed, decided_by = db.execute(
        "SELECT iif(review = '{}', 1, max(1, (SELECT count(DISTINCT slot) FROM queue_item "
        "WHERE round_id = :round AND sample_id = :sample AND reader IS NULL))), "
        "coalesce(review ->> 'decided_by', 'majority') FROM round WHERE id = :round",
        {"round": round_id, "sample": sample_id},
    ).fetchone()
    return outcome_of(readings, Reading(*row) if row else None, needed=needed, decided_by=decided_by)


def refresh_outcome(db: Database, round_id: int, sample_id: int, readings: Sequence[Reading]) -> bool:
    """Bring the row of table `outcome` in step with the log. To be called within a transaction.

    Whether others may want to know: the face is decided or in conflict, or was, and is not as before.
    """
    face = (sample_id, round_id)
    sql = "SELECT state, action, label FROM outcome WHERE sample_id = ? AND round_id = ?"
    before = db.execute(sql, face).fetchone() or ("waiting", None, None)
    found = outcome_by_log(db, round_id, sample_id, readings)
    if found is None:
        db.execute("DELETE FROM outcome WHERE sample_id = ? AND round_id = ?", face)
        return bool(before[0] != "waiting")
    db.execute("INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*face, *astuple(found)))
    return bool(before != (found.state, found.action, found.label))


def turned_down(db: Database) -> tuple[IntArray, IntArray]:
    """Proposals that people have answered with another label, as (sample id, proposed label), by sample id.

    Asking the same again would only cost them time, of faces with the same pixels too.
    """
    cursor = db.execute(
        """
        WITH answered(sample_id, label) AS (SELECT o.sample_id, c.proposed_label FROM outcome o
          JOIN score c ON c.round_id = o.round_id AND c.sample_id = o.sample_id
          WHERE o.state = 'decided' AND o.label <> c.proposed_label)
        SELECT sample_id, label FROM answered UNION
        SELECT other.sample_id, a.label FROM answered a JOIN picture p ON p.sample_id = a.sample_id
          JOIN picture other ON other.pixels = p.pixels ORDER BY 1, 2
        """
    )
    sample_id, label = read_columns(cursor, np.int64, np.int64)
    return sample_id, label
