"""How well a round finds wrong labels, measured against reference labels it has never seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score
from sqlite_utils import Database

from scn_core.errors import DataError
from scn_core.records import NO_ALPHA, BoolArray, IntArray
from scn_core.review.reference_labels import reference_labels
from scn_core.store.opinions import Opinions, opinions_on
from scn_core.store.rounds.states import SCORED, which_round
from scn_core.store.samples import iter_samples
from scn_core.store.scores import scores

Ranking = npt.NDArray[np.floating]

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares of the faces reviewed at which label accuracy is told."""


@dataclass(frozen=True)
class Detector:
    """A score as a detector of wrong given labels; None where it is not defined."""

    average_precision: float | None
    auroc: float | None
    auroc_within_classes: float | None
    """Mean over given classes, weighted by size: what remains when knowing the class alone is taken away."""
    precision_at_k: float | None
    """k: the number of wrong labels."""
    precision_at_500: float | None
    precision_at_2000: float | None


@dataclass(frozen=True)
class ProposalQuality:
    """What a perfect reviewer would say of the relabel proposals."""

    count: int
    """Proposals on faces that have a reference label."""
    precision: float | None
    """Share of them whose given label is wrong."""
    recall: float | None
    """Share of the wrong labels that have one."""
    label_right: float | None
    """Share of them whose new label is the reference label."""


@dataclass(frozen=True)
class Evaluation:
    """A round against reference labels."""

    round: int
    faces: int
    """Training faces with a reference label, without those that were taken out since."""
    wrong: int
    """Of these, with another label than it when the round began."""
    unmatched: int
    """Reference rows of no face that the round was trained on: of val or test, or left out."""
    alpha: Detector | None
    """1 - alpha; None: the round was made from opinions and has none."""
    margin: Detector
    suspicion: Detector
    class_error_rate: Detector
    """Not a score of ours: every face ranked by its given class's true error rate. Beat it, or say so."""
    proposals: ProposalQuality
    label_accuracy: dict[str, list[float]]
    """By order of review (suspicion, margin, alpha, random, oracle, and "opinion NAME" of each other model, whatever it
    is called): label accuracy after each share of `SHARES`."""
    shares: tuple[float, ...] = SHARES
    opinions: dict[str, Detector] = field(default_factory=dict)
    """By name of another model: its own margin, on the faces that it says something of; the others are at the end."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; without `opinions` where there are none."""
        return {name: value for name, value in asdict(self).items() if name != "opinions" or value}


def evaluate(
    db: Database, reference: Path | None = None, *, round_id: int | None = None, root: Path | None = None
) -> Evaluation:
    """Measures a round (the newest one that ended) against a CSV of path,label.

    Its paths may be written in any way that names a picture under `root`. Without a CSV, against the references `init`
    kept. Right or wrong is the label the round began with: the given one,
    or what people had decided by then.

    Raises DataError naming file and line for a label that is no class and where no row names a training face, and
    WorkspaceError where no round has ended or there is no reference.
    """
    ended = which_round(db, round_id, *SCORED)
    seen = scores(db, ended.id)
    truth_of = reference_labels(db, reference, root)
    known = np.isin(seen.sample_id, list(truth_of))
    if not known.any():
        some = next(iter_samples(db)).sample.key
        raise DataError(f"{reference}: no path names a training face; allowed: keys of the workspace, such as {some}")
    truth = np.array([truth_of[i] for i in seen.sample_id[known].tolist()])
    given = seen.start_label[known]
    wrong = given != truth
    rankings: dict[str, Ranking] = {
        "suspicion": seen.suspicion[known],
        "margin": seen.margin[known],
    }
    if not (seen.alpha == NO_ALPHA).all():
        rankings["alpha"] = 1 - seen.alpha[known]
    opinions = _opinion_margins(opinions_on(db, seen.sample_id[known]), given)
    named = {opinion_row(name): ranking for name, ranking in opinions.items()}
    return Evaluation(
        round=ended.id,
        faces=len(truth),
        wrong=int(wrong.sum()),
        unmatched=len(truth_of) - len(truth),
        alpha=detector(rankings["alpha"], wrong, given) if "alpha" in rankings else None,
        margin=detector(rankings["margin"], wrong, given),
        suspicion=detector(rankings["suspicion"], wrong, given),
        class_error_rate=detector(_class_error_rate(wrong, given), wrong, given),
        proposals=proposal_quality(seen.proposed_label[known], truth, wrong),
        label_accuracy=label_accuracy(rankings | named, wrong),
        opinions={name: detector(ranking, wrong, given) for name, ranking in opinions.items()},
    )


def opinion_row(name: str) -> str:
    """What the order of another model is called beside the program's own, none of whose names begins like this."""
    return f"opinion {name}"


def _opinion_margins(opinions: Opinions, given: IntArray) -> dict[str, Ranking]:
    """By name, the probability of the likeliest other class minus that of the given label; -1 where it has none."""
    found: dict[str, Ranking] = {}
    for name, shares in zip(opinions.names, opinions.probabilities, strict=True):
        others = shares.copy()
        others[np.arange(len(given)), given] = -1
        found[name] = np.nan_to_num(others.max(axis=1) - shares[np.arange(len(given)), given], nan=-1.0)
    return found


def detector(ranking: Ranking, wrong: BoolArray, given: IntArray) -> Detector:
    """The figures of a score that should be high where `wrong`; among equal scores the order is random."""
    both = bool(wrong.any()) and not bool(wrong.all())
    hits = _expected_hits(ranking, wrong)

    def precision_at(k: int) -> float | None:
        return float(hits[:k].mean()) if 0 < k <= len(hits) else None

    return Detector(
        average_precision=float(average_precision_score(wrong, ranking)) if wrong.any() else None,
        auroc=float(roc_auc_score(wrong, ranking)) if both else None,
        auroc_within_classes=_auroc_within_classes(ranking, wrong, given),
        precision_at_k=precision_at(int(wrong.sum())),
        precision_at_500=precision_at(500),
        precision_at_2000=precision_at(2000),
    )


def _expected_hits(ranking: Ranking, wrong: BoolArray) -> Ranking:
    """`wrong` from the highest score to the lowest, as its expectation where equal scores are in random order."""
    _, group = np.unique(-ranking, return_inverse=True)
    sizes = np.bincount(group)
    return np.repeat(np.bincount(group, weights=wrong) / sizes, sizes)


def _auroc_within_classes(ranking: Ranking, wrong: BoolArray, given: IntArray) -> float | None:
    parts = []
    for label in np.unique(given):
        of_class = given == label
        if 0 < wrong[of_class].sum() < of_class.sum():
            parts.append((float(roc_auc_score(wrong[of_class], ranking[of_class])), int(of_class.sum())))
    if not parts:
        return None
    areas, sizes = zip(*parts, strict=True)
    return float(np.average(areas, weights=sizes))


def _class_error_rate(wrong: BoolArray, given: IntArray) -> Ranking:
    rates = {label: wrong[given == label].mean() for label in np.unique(given)}
    return np.array([rates[label] for label in given])


def proposal_quality(proposed: IntArray, truth: IntArray, wrong: BoolArray) -> ProposalQuality:
    """Proposals (-1 where there is none) against the truth."""
    has = proposed >= 0
    count, errors = int(has.sum()), int(wrong.sum())
    return ProposalQuality(
        count=count,
        precision=float(wrong[has].mean()) if count else None,
        recall=float(has[wrong].mean()) if errors else None,
        label_right=float((proposed == truth)[has].mean()) if count else None,
    )


def label_accuracy(rankings: dict[str, Ranking], wrong: BoolArray) -> dict[str, list[float]]:
    """Share of right labels after a perfect reviewer has answered the first 5, 10, ... % in each order.

    Random order, the one among equal scores too, is its expectation, not a draw.
    """
    n, before = len(wrong), 1 - float(wrong.mean())
    curves = {}
    for name, ranking in {**rankings, "oracle": wrong.astype(float)}.items():
        mended = np.concatenate([[0], np.cumsum(_expected_hits(ranking, wrong))])
        curves[name] = [before + float(mended[round(share * n)]) / n for share in SHARES]
    curves["random"] = [before + (1 - before) * round(share * n) / n for share in SHARES]
    return curves
