"""What a simulation tells: labels before and after, round by round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scn_core.records import BoolArray, EffectiveLabels, IntArray, RoundInfo
from scn_core.review.simulate.reviewer import Plan


@dataclass(frozen=True)
class LabelChange:
    """Labels of the training faces with a reference label, before and after; excluded faces are left out."""

    faces: int
    accuracy_before: float
    accuracy_after: float
    corrected: int
    """Wrong before, right after."""
    over_corrected: int
    """Right before, wrong after."""
    mis_corrected: int
    """Wrong before, wrong in another way after."""
    left_wrong: int
    """Wrong, and as before: under-correction."""
    missed: int
    """Of these, on faces that were answered."""


@dataclass(frozen=True)
class SimulatedRound:
    """One round: how well its network does, and what its review changed."""

    round: int
    val_accuracy: float | None
    test_accuracy: float | None
    reviewed: int
    """Faces that were answered; 0 for the last round, which is measured only."""
    answers: int
    """Of all reviewers, repeats included."""
    actions: dict[str, int]
    """Answers by kind."""
    labels: LabelChange


@dataclass(frozen=True)
class Simulation:
    """All rounds, and all of their reviews together."""

    plan: Plan
    rounds: list[SimulatedRound]
    total: LabelChange
    answers: int


def label_change(
    before: EffectiveLabels, after: EffectiveLabels, truth: Mapping[int, int], answered: set[int]
) -> LabelChange:
    """What became of the labels; `truth` by sample id, `answered` sample ids that people were asked about."""
    known = np.isin(after.sample_id, list(truth)) & (after.split == "train") & ~after.excluded
    sample_id = after.sample_id[known]
    right: IntArray = np.array([truth[number] for number in sample_id.tolist()], np.int64)
    old, new = before.label[known], after.label[known]
    wrong, still = old != right, new != right
    left: BoolArray = wrong & (new == old)
    return LabelChange(
        faces=len(right),
        accuracy_before=float((~wrong).mean()),
        accuracy_after=float((~still).mean()),
        corrected=int((wrong & ~still).sum()),
        over_corrected=int((~wrong & still).sum()),
        mis_corrected=int((wrong & still & (new != old)).sum()),
        left_wrong=int(left.sum()),
        missed=int((left & np.isin(sample_id, list(answered))).sum()),
    )


def simulated_round(
    info: RoundInfo,
    actions: Counter[str],
    answered: set[int],
    before: EffectiveLabels,
    after: EffectiveLabels,
    truth: Mapping[int, int],
) -> SimulatedRound:
    """The figures of a round; `actions` of all reviewers, `answered` the sample ids they were asked about."""
    return SimulatedRound(
        round=info.id,
        val_accuracy=info.metrics.get("val_accuracy"),
        test_accuracy=info.metrics.get("test_accuracy"),
        reviewed=len(answered),
        answers=actions.total(),
        actions=dict(sorted(actions.items())),
        labels=label_change(before, after, truth, answered),
    )
