"""What the page Explore colours the faces of a round by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from sqlite_utils import Database

from scn_core.records import SPLITS, BoolArray, FloatArray, IntArray
from scn_core.store.columns import read_columns
from scn_core.store.decisions.visibility import open_audit
from scn_core.store.schema.expressions import PRESENT, TAKEN_OUT

FaceState = Literal["not asked about", "to review", "in conflict", "kept", "relabelled", "unsure or excluded"]
FACE_STATES: tuple[FaceState, ...] = get_args(FaceState)


@dataclass(frozen=True)
class MapFaces:
    """The N scored faces of a round, and those of val and test, that are still in the workspace, by rising sample id.

    Of an audit face that somebody is still asked about, in whatever round, nothing is told that the network says of it.
    """

    sample_id: IntArray
    given: IntArray
    """The label the round began with."""
    proposed: IntArray
    """-1: none."""
    suspicion: FloatArray
    """NaN: not told."""
    state: IntArray
    """Place in FACE_STATES."""
    split: IntArray
    """Place in SPLITS."""
    opinions: dict[str, IntArray]
    """By name of another model: the likeliest class, -1 where it says nothing of the face, or it is not told."""
    withheld: BoolArray
    """Audit faces that wait for an answer."""


def map_faces(db: Database, round_id: int) -> MapFaces:
    """The faces of a round that has ended."""
    sample_id, given, proposed, suspicion, state, blind, split = read_columns(
        db.execute(_FACES, {"round": round_id}),
        np.int64, np.int64, np.int64, np.float32, np.int64, np.bool_, np.int64,
    )  # fmt: skip
    proposed[blind], suspicion[blind] = -1, np.nan
    opinions = {}
    for number, name in db.execute("SELECT id, name FROM opinion_source ORDER BY id").fetchall():
        rows = db.execute("SELECT sample_id, label FROM opinion WHERE source_id = ? AND label IS NOT NULL", (number,))
        faces, labels = read_columns(rows, np.int64, np.int64)
        said = np.full(len(sample_id), -1, np.int64)
        _, here, there = np.intersect1d(sample_id, faces, assume_unique=True, return_indices=True)
        said[here] = labels[there]
        said[blind] = -1
        opinions[name] = said
    return MapFaces(sample_id, given, proposed, suspicion, state, split, opinions, blind)


_STATE = f"""CASE
  WHEN o.state = 'conflict' THEN {FACE_STATES.index("in conflict")}
  WHEN o.state = 'decided' AND o.label IS NULL THEN {FACE_STATES.index("unsure or excluded")}
  WHEN o.state = 'decided' AND o.label = coalesce(s.start_label, s.trained_label) THEN {FACE_STATES.index("kept")}
  WHEN o.state = 'decided' THEN {FACE_STATES.index("relabelled")}
  WHEN q.open THEN {FACE_STATES.index("to review")}
  ELSE 0 END"""
_FACES = f"""
  SELECT s.sample_id, coalesce(s.start_label, s.trained_label), coalesce(s.proposed_label, -1), s.suspicion, {_STATE},
    {open_audit("s.sample_id")}, {SPLITS.index("train")}
  FROM score s
  LEFT JOIN (SELECT sample_id, max(action IS NULL) AS open FROM queue_item WHERE round_id = :round AND listed = 1
    GROUP BY sample_id) q ON q.sample_id = s.sample_id
  LEFT JOIN outcome o ON o.sample_id = s.sample_id AND o.round_id = s.round_id
  WHERE s.round_id = :round AND s.sample_id NOT IN {TAKEN_OUT}
  UNION ALL
  SELECT id, given_label, -1, NULL, 0, 0, iif(split = 'val', {SPLITS.index("val")}, {SPLITS.index("test")}) FROM sample
  WHERE split <> 'train' AND {PRESENT} AND id NOT IN (SELECT sample_id FROM score WHERE round_id = :round)
  ORDER BY 1"""
