"""How far people agree: Krippendorff's alpha over all readings of a round, Cohen's kappa of every two people."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.intervals import Measured, wilson
from scn_core.records import IntArray
from scn_core.store.decisions.readings import RoundReadings, people_of, round_readings

_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PairAgreement:
    """Two people on the faces both have answered."""

    one: str
    other: str
    faces: int
    same: int
    """Of these with the same answer."""
    kappa: Measured | None
    """Cohen's; None: undefined, as both always gave one and the same answer."""


@dataclass(frozen=True)
class Agreement:
    """Agreement in a round. An answer is what it says: a label, unsure or exclude."""

    round: int
    faces: int
    """With readings of two people or more."""
    readings: int
    """On these."""
    alpha: Measured | None
    """Krippendorff's, nominal; None: undefined, as there are fewer than two faces or only one answer."""
    pairs: tuple[PairAgreement, ...]
    """By names; those who have a face in common."""


def agreement(db: Database, round_id: int) -> Agreement:
    """Agreement of each person's newest answers in a round; adjudications and first answers of repeats are left out."""
    seen = round_readings(db, round_id)
    names = {number: name for number, name, *_ in people_of(db, round_id)}
    counts = _counts(seen)
    order = sorted(set(seen.person_id.tolist()), key=lambda number: names[number])
    pairs = (_pair(seen, names, one, other) for one, other in combinations(order, 2))
    return Agreement(
        round=round_id,
        faces=len(counts),
        readings=int(counts.sum()),
        alpha=krippendorff(counts),
        pairs=tuple(pair for pair in pairs if pair.faces),
    )


def krippendorff(counts: _Counts) -> Measured | None:
    """Krippendorff's nominal alpha; None where it is undefined.

    1 - (observed / expected disagreement). The interval is that of the observed disagreement, a mean over faces:
    Wilson's, with the number of draws that its variance over the faces stands for. With few faces a bootstrap covers
    too little, and nothing at all where nobody disagrees.

    Args:
        counts: (faces, answers) how many people gave which answer; two at least a face.
    """
    if len(counts) < 2:
        return None
    readings, total = counts.sum(1), int(counts.sum())
    apart = 1 - (counts * (counts - 1)).sum(1) / (readings * (readings - 1))
    weight = readings / total
    observed = float((weight * apart).sum())
    by_answer = counts.sum(0)
    expected = 1 - float((by_answer * (by_answer - 1)).sum()) / (total * (total - 1))
    if expected == 0:
        return None
    variance = float((weight**2 * (apart - observed) ** 2).sum()) * len(counts) / (len(counts) - 1)
    guarded = min(max(observed, 0.5 / len(counts)), 1 - 0.5 / len(counts))
    most = float((readings * (readings - 1)).sum()) / 2
    draws = min(max(guarded * (1 - guarded) / max(variance, 1e-12), len(counts)), most)
    return _chance_corrected(observed, expected, draws)


def cohen(one: IntArray, other: IntArray) -> Measured | None:
    """Cohen's kappa of two people's answers to the same faces, in the same order; None where it is undefined."""
    if not len(one):
        return None
    answers = np.unique(np.concatenate([one, other]))
    expected = 1 - float(sum((one == answer).mean() * (other == answer).mean() for answer in answers))
    if expected <= 0:
        return None
    return _chance_corrected(float((one != other).mean()), expected, len(one))


def _chance_corrected(observed: float, expected: float, draws: float) -> Measured:
    low, high = wilson(observed, draws)
    return Measured(1 - observed / expected, 1 - high / expected, 1 - low / expected)


def _counts(seen: RoundReadings) -> _Counts:
    """(faces with two readings or more, answers) how many people said what."""
    _, face = np.unique(seen.sample_id, return_inverse=True)
    answers, answer = np.unique(seen.says, return_inverse=True)
    counts = np.zeros((int(face.max(initial=-1)) + 1, len(answers)), np.int64)
    np.add.at(counts, (face, answer), 1)
    return np.asarray(counts[counts.sum(1) > 1], np.int64)


def _pair(seen: RoundReadings, names: dict[int, str], one: int, other: int) -> PairAgreement:
    a, b = seen.person_id == one, seen.person_id == other
    _, left, right = np.intersect1d(seen.sample_id[a], seen.sample_id[b], assume_unique=True, return_indices=True)
    first, second = seen.says[a][left], seen.says[b][right]
    return PairAgreement(names[one], names[other], len(first), int((first == second).sum()), cohen(first, second))
