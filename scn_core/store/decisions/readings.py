"""What each person answered in a round, as columns: the base of agreement and of figures about reviewers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.records import BoolArray, IntArray
from scn_core.store.columns import read_columns
from scn_core.store.schema.expressions import TIMED

_NEVER = 2**31
"""More readings than a face has."""


@dataclass(frozen=True)
class RoundReadings:
    """Each person's newest live answer to each face of a round, adjudications left out; columns of equal length."""

    sample_id: IntArray
    person_id: IntArray
    says: IntArray
    """What the answer comes to: the number of a class, -1 unsure, -2 exclude. Accepting, keeping and choosing the same
    label are the same."""
    action: npt.NDArray[np.str_]
    offered: BoolArray
    """A proposal was in sight."""
    took: BoolArray
    """The answer is the proposed label."""
    milliseconds: IntArray
    """-1: not measured, or given to several faces at once."""
    decided: IntArray
    """As `says`, what others decided about the face: another person settled it, or others alone are as many as decide,
    so that it is decided so whatever this person answers. -3: they decided nothing."""


def round_readings(db: Database, round_id: int) -> RoundReadings:
    """The readings of a round, by face and person."""
    cursor = db.execute(
        f"""
        SELECT d.sample_id, d.person_id, {_says("d")}, d.action, c.proposed_label IS NOT NULL AND NOT d.blind,
          c.proposed_label IS NOT NULL AND d.label IS c.proposed_label,
          iif(d.bulk IS NULL, coalesce(d.milliseconds, -1), -1),
          iif(o.state = 'decided' AND (o.answers > 1 OR o.adjudicated), {_says("o")}, -3),
          CASE WHEN o.adjudicated THEN iif(s.person_id = d.person_id, {_NEVER}, 0)
            WHEN r.review ->> 'decided_by' = 'lead' THEN o.answers ELSE o.answers / 2 + 1 END, max(d.seq)
        FROM live_decision d JOIN round r ON r.id = d.round_id
        LEFT JOIN score c ON c.round_id = d.round_id AND c.sample_id = d.sample_id
        LEFT JOIN outcome o ON o.round_id = d.round_id AND o.sample_id = d.sample_id
        LEFT JOIN decision s ON s.seq = o.seq
        WHERE d.round_id = ? AND d.adjudicates = 0 GROUP BY d.sample_id, d.person_id ORDER BY 1, 2
        """,
        (round_id,),
    )
    number, flag = np.int64, np.bool_
    read = read_columns(cursor, number, number, number, np.str_, flag, flag, number, number, number, number)
    sample_id, person_id, says, action, offered, took, milliseconds, decided, enough, _ = read
    face, alike = np.unique(sample_id, return_inverse=True)[1], says == decided
    others = np.bincount(face, alike)[face] - alike if len(face) else decided
    decided = np.where(others >= enough, decided, -3)
    return RoundReadings(sample_id, person_id, says, action, offered, took, milliseconds, decided)


@dataclass(frozen=True)
class LabelReadings:
    """Answers that name a class; columns of equal length, by face and person."""

    sample_id: IntArray
    person_id: IntArray
    label: IntArray


def label_readings(db: Database) -> LabelReadings:
    """Each person's newest live answer to each face, of all rounds, where it names a class; adjudications left out."""
    cursor = db.execute(
        "SELECT sample_id, person_id, label FROM (SELECT sample_id, person_id, label, max(seq) FROM live_decision "
        "WHERE adjudicates = 0 GROUP BY sample_id, person_id) WHERE label IS NOT NULL ORDER BY 1, 2"
    )
    return LabelReadings(*read_columns(cursor, np.int64, np.int64, np.int64))


def people_of(db: Database, round_id: int) -> list[tuple[int, str, int, int]]:
    """(id, name, answers that stand and whose time was measured, minutes with such an answer in them) of everybody who
    answered in the round."""
    return [
        (int(number), str(name), int(answers), int(minutes))
        for number, name, answers, minutes in db.execute(
            f"SELECT p.id, p.name, sum({TIMED}), count(DISTINCT iif({TIMED}, substr(d.decided_at, 1, 16), NULL)) "
            "FROM live_decision d JOIN person p ON p.id = d.person_id "
            "WHERE d.round_id = ? GROUP BY p.id ORDER BY count(*) DESC, p.name",
            (round_id,),
        )
    ]


def _says(table: str) -> str:
    return f"coalesce({table}.label, iif({table}.action = 'exclude', -2, -1))"
