"""Two rounds side by side: what the decisions between them changed, and what the network made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from scn_core.errors import WorkspaceError, counted, error_text
from scn_core.records import NO_ALPHA, BoolArray, FloatArray, IntArray, RoundInfo
from scn_core.rounds.compare_accuracy import AccuracyChange, accuracy_changes
from scn_core.store.rounds.better_round import WORSE_MEANS, validation_change
from scn_core.store.rounds.states import SCORED, which_round
from scn_core.store.scores import ScoreColumns, score_columns
from scn_core.workspace.folder import Workspace

ALPHA_BINS = 40
"""Of equal width from 0 to 1."""
SHOWN = 24
"""Faces named of each group."""
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Of the ranks of a group."""


@dataclass(frozen=True)
class RoundFigures:
    """What one round showed."""

    info: RoundInfo
    faces: int
    """Scored: its training faces."""
    low_importance: int
    alpha: IntArray
    """(ALPHA_BINS,) faces by importance weight; zeros where the round has none."""
    boundary: float | None
    """The highest alpha of the low-importance group."""


@dataclass(frozen=True, slots=True)
class LabelChange:
    """Faces that the second round began with another label than the first."""

    before: int
    after: int
    faces: int


@dataclass(frozen=True, slots=True)
class Faces:
    """Some faces, and the first SHOWN of them."""

    count: int
    sample_ids: tuple[int, ...]
    labels: tuple[tuple[int, int], ...]
    """Those that the rounds began with, the first and the second, of each of these."""


@dataclass(frozen=True)
class Ranks:
    """Where faces rank by importance weight among all that both rounds scored: 0 the least important, 1 the most.

    Ranks, not weights, since the weights of two trainings have different scales.
    """

    before: tuple[float, ...]
    """In the first round, at each of QUANTILES."""
    after: tuple[float, ...]
    """In the second."""
    gained: float
    """Share of the faces that rank higher in the second round, 0 to 1."""


@dataclass(frozen=True)
class Importance:
    """Whether faces with a corrected label gained importance, as the paper expects.

    The weight of a face differs from training to training, so that of many faces that ranked low, some rank higher in
    any other training. `others` shows how much of the gain is that: for each corrected face, the one whose label stayed
    and whose rank in the first round was nearest.
    """

    faces: int
    corrected: Ranks
    others: Ranks


@dataclass(frozen=True)
class Movements:
    """What became of faces that both rounds scored, and of those that only one did."""

    both: int
    changes: tuple[LabelChange, ...]
    """Most faces first."""
    cured: Faces
    """Changed, and the second network sees the new label too. Most suspicious in the first round first."""
    fell_back: Faces
    """Changed, but the second round proposes another label than the new one. Most suspicious in it first."""
    doubtful: Faces
    """Changed, and neither: the second network sees another class, but is not sure enough to propose it."""
    left_low: Faces
    """In the low-importance group of the first round alone. Greatest rise of alpha first."""
    entered_low: Faces
    """In that of the second round alone. Greatest fall of alpha first."""
    importance: Importance | None
    """None where no label changed, or none stayed, among faces with a weight in both rounds."""
    only_first: int
    """The second round did not train on them: excluded since, or left out as unsure."""
    only_second: int

    @property
    def changed(self) -> int:
        """Faces that the second round began with another label."""
        return sum(change.faces for change in self.changes)


@dataclass(frozen=True)
class Comparison:
    """Two rounds side by side."""

    first: RoundFigures
    second: RoundFigures
    moved: Movements
    accuracy: tuple[AccuracyChange, ...] = ()
    """Of val and test, as far as both rounds kept what they say of their faces."""

    @property
    def worse(self) -> str | None:
        """That the second round came out worse, and what that means; None: it did not."""
        change = validation_change(self.second.info, self.first.info)
        if change is None or not change.is_worse:
            return None
        return (
            f"Round {self.second.info.id} came out worse than round {self.first.info.id}: {change}. Worse means that "
            f"{WORSE_MEANS}; test accuracy decides nothing."
        )


def compare(workspace: Workspace, db: Database, first: int, second: int) -> Comparison:
    """What changed from one round to a later one.

    Raises WorkspaceError for a round without scores, and where the second is not the later one.
    """
    if second <= first:
        raise WorkspaceError(error_text("", f"rounds {first} and {second}", "an earlier round, then a later one"))
    earlier, later = (which_round(db, number, *SCORED) for number in (first, second))
    before, after = score_columns(db, first), score_columns(db, second)
    figures = _figures(earlier, before), _figures(later, after)
    return Comparison(*figures, movements(before, after), accuracy_changes(workspace, db, first, second))


def importance_words(found: Importance, first: int, second: int) -> str:
    """Whether corrected faces gained importance from one round to another, in a sentence or two."""
    middle = QUANTILES.index(0.5)
    return (
        f"In round {second}, {found.corrected.gained:.0%} of {counted(found.faces, 'face')} with a corrected label "
        f"rank higher by importance weight than in round {first}; of as many others, that ranked the same and kept "
        f"their label, {found.others.gained:.0%}. The middle one of the corrected faces went from more important than "
        f"{found.corrected.before[middle]:.0%} of all faces to {found.corrected.after[middle]:.0%}; of the others, to "
        f"{found.others.after[middle]:.0%}."
    )


def movements(before: ScoreColumns, after: ScoreColumns) -> Movements:
    """What became of the faces of one round in a later one."""
    ids, a, b = np.intersect1d(before.sample_id, after.sample_id, assume_unique=True, return_indices=True)
    start, new, seen = before.start_label[a], after.start_label[b], after.predicted_label[b]
    changed = start != new
    doubted = changed & (after.proposed_label[b] >= 0) & (after.proposed_label[b] != new)
    agreed = changed & (seen == new) & ~doubted
    # A round made from opinions has no such group, so none was left or entered.
    weighed = (before.alpha[a] != NO_ALPHA) & (after.alpha[b] != NO_ALPHA)
    low, still_low = before.low_importance[a], after.low_importance[b]
    labels = np.stack([start, new], axis=1)
    risen = after.alpha[b] - before.alpha[a]
    return Movements(
        both=len(ids),
        changes=_changes(start[changed], new[changed]),
        cured=_faces(ids, labels, agreed, before.suspicion[a]),
        fell_back=_faces(ids, labels, doubted, after.suspicion[b]),
        doubtful=_faces(ids, labels, changed & ~agreed & ~doubted, after.suspicion[b]),
        left_low=_faces(ids, labels, low & ~still_low & weighed, risen),
        entered_low=_faces(ids, labels, still_low & ~low & weighed, -risen),
        importance=_importance(before.alpha[a][weighed], after.alpha[b][weighed], changed[weighed]),
        only_first=len(before.sample_id) - len(ids),
        only_second=len(after.sample_id) - len(ids),
    )


def _figures(info: RoundInfo, columns: ScoreColumns) -> RoundFigures:
    # Counted as `bincount` does: np.histogram's bounds differ for float32 values on a border.
    weighed = columns.alpha[columns.alpha != NO_ALPHA]
    bins = np.minimum((weighed.astype(np.float64) * ALPHA_BINS).astype(np.int64), ALPHA_BINS - 1)
    low = columns.alpha[columns.low_importance]
    return RoundFigures(
        info=info,
        faces=len(columns.sample_id),
        low_importance=len(low),
        alpha=np.bincount(bins, minlength=ALPHA_BINS),
        boundary=float(low.max()) if len(low) else None,
    )


def _changes(before: IntArray, after: IntArray) -> tuple[LabelChange, ...]:
    pairs, counts = np.unique(np.stack([before, after], 1), axis=0, return_counts=True)
    found = [LabelChange(a, b, n) for (a, b), n in zip(pairs.tolist(), counts.tolist(), strict=True)]
    return tuple(sorted(found, key=lambda change: -change.faces))


def _importance(before: FloatArray, after: FloatArray, changed: BoolArray) -> Importance | None:
    corrected, stayed = np.flatnonzero(changed), np.flatnonzero(~changed)
    if not len(corrected) or not len(stayed):
        return None
    first, second = _ranks(before), _ranks(after)
    stayed = stayed[np.argsort(first[stayed], kind="stable")]
    right = np.searchsorted(first[stayed], first[corrected]).clip(1, max(1, len(stayed) - 1))
    left, right = stayed[right - 1], stayed[np.minimum(right, len(stayed) - 1)]
    nearest = np.where(first[corrected] - first[left] <= first[right] - first[corrected], left, right)
    groups = (
        Ranks(
            tuple(np.quantile(first[faces], QUANTILES).tolist()),
            tuple(np.quantile(second[faces], QUANTILES).tolist()),
            float((second[faces] > first[faces]).mean()),
        )
        for faces in (corrected, nearest)
    )
    return Importance(len(corrected), *groups)


def _ranks(alpha: FloatArray) -> FloatArray:
    """The share of the faces with a smaller weight; of equal ones, half of them counts."""
    ordered = np.sort(alpha)
    below, up_to = (np.searchsorted(ordered, alpha, side=side) for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * len(alpha)), np.float64)


def _faces(ids: IntArray, labels: IntArray, chosen: BoolArray, weight: FloatArray) -> Faces:
    """The chosen ones by falling weight, then by id."""
    places = np.flatnonzero(chosen)
    order = places[np.argsort(-weight[places], kind="stable")]
    shown = order[:SHOWN]
    return Faces(len(places), tuple(ids[shown].tolist()), tuple((old, new) for old, new in labels[shown].tolist()))
