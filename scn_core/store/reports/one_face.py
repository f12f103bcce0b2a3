"""What the database says of one face: its scores in every round, and the label it has now."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from scn_core.records import DOUBTS, Answer, Doubt
from scn_core.store.schema.expressions import ALPHA


@dataclass(frozen=True, slots=True)
class FaceScore:
    """One row of table `score`."""

    round: int
    start_label: int
    """The label the round began with: the data set's, or what people decided in an earlier round."""
    alpha: float | None
    """None: the round was made from opinions and has none."""
    margin: float
    suspicion: float
    predicted_label: int
    proposed_label: int | None
    trained_label: int
    low_importance: bool
    suspicious: bool
    """Asked about for its suspicion alone."""
    doubt: Doubt | None
    """None: the round is from before they were told apart."""
    second_label: int | None
    """The likeliest class that is neither `start_label` nor the best other one."""
    probabilities: tuple[float, ...]
    """One per class."""


@dataclass(frozen=True, slots=True)
class FaceLabel:
    """The label the next round would train on, and the answer that decided it."""

    label: int
    excluded: bool
    action: Answer | None
    """None: nobody has decided, the given label stands."""
    round: int | None
    person: str | None
    decided_at: str | None
    given_when_decided: int | None
    """The given label of when it was decided, where an update has replaced it since."""


def face_scores(db: Database, sample_id: int) -> list[FaceScore]:
    """The scores of a face, newest round first; empty for a face that no round trained on."""
    sql = (
        f"SELECT r.id, c.start_label, {ALPHA}, c.margin, c.suspicion, c.predicted_label, c.proposed_label, "
        "c.trained_label, c.low_importance, c.suspicious, c.doubt, c.second_label, c.probabilities "
        "FROM round r JOIN score c ON c.round_id = r.id AND c.sample_id = ? ORDER BY r.id DESC"
    )
    return [_score(row) for row in db.execute(sql, (sample_id,))]


def face_label(db: Database, sample_id: int) -> FaceLabel | None:
    """The effective label of a face; None: there is no such face."""
    sql = "SELECT label, excluded, action, round_id, person, decided_at, given_when_decided "
    sql += "FROM effective_label WHERE sample_id = ?"
    row = db.execute(sql, (sample_id,)).fetchone()
    return None if row is None else FaceLabel(row[0], bool(row[1]), *row[2:])


def _score(row: tuple[Any, ...]) -> FaceScore:
    *plain, low, suspicious, doubt, second, blob = row
    kind = None if doubt is None else DOUBTS[doubt]
    probabilities = struct.unpack(f"<{len(blob) // 4}f", blob)
    return FaceScore(*[*plain, bool(low), bool(suspicious), kind, second, probabilities])
