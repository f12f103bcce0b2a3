"""Whether a round recognises more of the held-out faces than an earlier one. Both were asked about the same faces, so
the difference is one of pairs: faces that both get right, or both wrong, say nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from scn_core.errors import counted
from scn_core.intervals import Measured, difference_words, paired_difference
from scn_core.records import BoolArray, Predictions, Split
from scn_core.rounds.artifacts import predictions, predictions_in
from scn_core.store.rounds.states import SCORED, rounds
from scn_core.workspace.folder import Workspace

HELD_OUT: tuple[Split, ...] = ("val", "test")
_KEPT = ("faces", "gained", "lost", "first", "second")


@dataclass(frozen=True, slots=True)
class AccuracyChange:
    """Accuracy on the faces of one split that both rounds were asked about, by the labels of the later round."""

    split: Split
    faces: int
    first: float
    """Of the earlier round, 0 to 1."""
    second: float
    """Of the later one."""
    gained: int
    """Faces that the later round alone gets right."""
    lost: int
    """Faces that the earlier round alone gets right."""
    difference: Measured
    """`second` less `first`, -1 to 1. The interval tells what other faces might have given, not other trainings."""


def accuracy_changes(workspace: Workspace, db: Database, first: int, second: int) -> tuple[AccuracyChange, ...]:
    """Of val and test, where both rounds kept what they say of some of its faces; rounds made from opinions, and those
    of early versions, did not. Without faces that were taken out since."""
    return _changes(db, predictions(workspace, first), predictions(workspace, second))


def validation_against(workspace: Workspace, db: Database, folder: Path) -> dict[str, dict[str, float]]:
    """What a round keeps, as it ends, of how it compares with each one before it: see `better_round.AGAINST`.

    Its files are in `folder`; it has no scores yet.
    """
    after, found = predictions_in(folder), {}
    for info in rounds(db):
        if info.state in SCORED:
            for change in _changes(db, predictions(workspace, info.id), after):
                if change.split == "val":
                    found[str(info.id)] = {name: getattr(change, name) for name in _KEPT}
    return found


def change_words(found: AccuracyChange) -> str:
    """What changed, and what the interval is of, in a sentence."""
    return (
        f"Of {counted(found.faces, 'face')} of {found.split} that both rounds were asked about, the later one alone "
        f"gets {found.gained:,} right, the earlier one alone {found.lost:,}: {found.first:.1%} to {found.second:.1%}, "
        f"{difference_words(found.difference)}. The 95 % interval in brackets is for other faces like these, not for "
        "other trainings."
    )


def _changes(db: Database, before: Predictions | None, after: Predictions | None) -> tuple[AccuracyChange, ...]:
    if before is None or after is None:
        return ()
    ids, a, b = np.intersect1d(before.sample_id, after.sample_id, assume_unique=True, return_indices=True)
    was, now = before.predicted[a] == after.label[b], after.predicted[b] == after.label[b]
    found = []
    for split in HELD_OUT:
        rows = db.execute("SELECT id FROM sample WHERE split = ? AND withdrawn_in IS NULL", (split,)).fetchall()
        here = np.isin(ids, np.array(rows, np.int64).ravel())
        if here.any():
            found.append(_change(split, was[here], now[here]))
    return tuple(found)


def _change(split: Split, was: BoolArray, now: BoolArray) -> AccuracyChange:
    gained, lost = int((now & ~was).sum()), int((was & ~now).sum())
    return AccuracyChange(
        split, len(was), float(was.mean()), float(now.mean()), gained, lost, paired_difference(gained, lost, len(was))
    )
