"""What the next round would train on, counted without reading every face."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.store.schema.expressions import PRESENT

# Few faces have an outcome, whatever the size of the data set.
_COUNTS = """
SELECT o.action, coalesce(o.label <> s.given_label, 0), count(*)
FROM outcome o JOIN sample s ON s.id = o.sample_id
WHERE o.state = 'decided' AND s.split = 'train' AND s.vanished_in IS NULL AND s.withdrawn_in IS NULL AND NOT EXISTS (
  SELECT 1 FROM outcome n WHERE n.sample_id = o.sample_id AND n.round_id > o.round_id AND n.state = 'decided')
GROUP BY 1, 2
"""
_UNDECIDED = """
SELECT iif(o.state = 'waiting' AND r.state <> 'review', 'never', o.state),
  EXISTS (SELECT 1 FROM outcome n WHERE n.sample_id = o.sample_id AND n.state = 'decided'), count(*)
FROM outcome o JOIN sample s ON s.id = o.sample_id JOIN round r ON r.id = o.round_id
WHERE s.split = 'train' AND s.vanished_in IS NULL AND s.withdrawn_in IS NULL
  AND o.round_id = (SELECT max(round_id) FROM outcome WHERE sample_id = o.sample_id) AND o.state <> 'decided'
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class TrainingSet:
    """Faces of the train split under the decisions of all rounds."""

    faces: int
    """All of the split that the data set has and nobody took out."""
    changed: int
    """People gave them another label than the data set does."""
    confirmed: int
    """People left them the label the data set gives."""
    excluded: int
    unsure: int
    waiting: int
    """In the newest round in which they were answered, which is in review, readings are missing."""
    conflicts: int
    """Likewise, but readings differ."""
    never: int = 0
    """Like `waiting`, but that round is closed: the readings never came."""
    decided_before: int = 0
    """Of those of `waiting`, `conflicts` and `never`: people decided in an earlier round, and that label stands, so
    they are also among `changed`, `confirmed`, `excluded` or `unsure`."""


def training_set(db: Database) -> TrainingSet:
    """Counts the training faces as they are decided now."""
    faces = int(db.execute(f"SELECT count(*) FROM sample WHERE split = 'train' AND {PRESENT}").fetchone()[0])
    found: dict[str, int] = dict.fromkeys(("changed", "confirmed", "exclude", "unsure"), 0)
    for action, other, n in db.execute(_COUNTS):
        found[action if action in found else "changed" if other else "confirmed"] += n
    undecided: Counter[str] = Counter()
    for state, before, n in db.execute(_UNDECIDED):
        undecided[state] += n
        undecided["decided before"] += n if before else 0
    return TrainingSet(
        faces, found["changed"], found["confirmed"], found["exclude"], found["unsure"], undecided["waiting"],
        undecided["conflict"], undecided["never"], undecided["decided before"],
    )  # fmt: skip
