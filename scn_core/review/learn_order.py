"""The queue learns while people review: what they have answered says which of the open faces are most likely wrong.

A multinomial logistic regression of what people decided on the label a face began with, the logarithms of its class
probabilities and, where the data set came with several people's labels, those of their shares. It learns within a few
hundred answers which labels are mostly wrong, and how far to believe the network and earlier annotators in each class.
What it gives is a function of the answers, the scores and the votes alone, so it is the same after a restart.
Measured in benchmarks/README.md, but for the votes.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import IntArray
from scn_core.store.connection import snapshot
from scn_core.store.queue.learned_order import (
    UNSURE,
    LearnedOrder,
    OpenFaces,
    TrainingExamples,
    open_faces,
    scored_faces,
    training_examples,
    write_order,
)
from scn_core.store.rounds.states import get_round
from scn_core.store.votes import vote_shares

NEEDED = 20
"""Decided faces before anything is learned."""
_STRENGTH = 0.1
"""Inverse of the regularisation; .02 to .3 gave the same on real faces."""
_GIVEN = 2.0
"""How far apart labels are beside probabilities of variance 1."""
_FIRST, _OF_A_PAIR = 5_000, 200
"""Places: the first of all, and the first of each pair of given and proposed label, for whoever filters by it."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Faces:
    """Scored faces, as columns of equal length."""

    sample_id: IntArray
    """Rising."""
    label: IntArray
    """The label the round began with."""
    probabilities: npt.NDArray[np.float32]
    """(N, C)"""
    votes: npt.NDArray[np.float32] | None = None
    """(N, C) shares of the labels that people gave before the import, above 0; None: the data set came without."""


def learn_order(db: Database, round_id: int, *, votes: bool = True) -> LearnedOrder | None:
    """Learns the order of a round's open faces from its answers and puts it in force.

    `votes`: learn from the votes that the data set came with, too; not where the answers were made from them.
    None where fewer than NEEDED scored faces are decided, or all of them alike; the order is that of suspicion then.
    """
    with snapshot(db):
        examples, open_ones = training_examples(db, round_id), open_faces(db, round_id)
        sample_id, label, probabilities = scored_faces(db, round_id)
        shares = vote_shares(db, sample_id, probabilities.shape[1]) if votes else None
        faces = Faces(sample_id, label, probabilities, shares)
        rules = get_round(db, round_id).review
    doubt = change_probability(faces, examples)
    if doubt is None:
        return write_order(db, round_id, np.empty(0, np.int64), examples)
    order = rank_open_faces(
        open_ones,
        doubt[faces.sample_id.searchsorted(open_ones.sample_id)],
        faces.label[faces.sample_id.searchsorted(open_ones.sample_id)],
        explore=rules.get("explore", ReviewSettings.explore),
        seed=examples.seq,
    )
    return write_order(db, round_id, order, examples)


def change_probability(faces: Faces, examples: TrainingExamples) -> Floats | None:
    """(N,) how likely an answer would change the label of a face, by another one or by its exclusion, 0..1.

    Faces of which people would say that they cannot tell come late: the answer changes nothing. None: too little is
    decided.
    """
    from sklearn.exceptions import ConvergenceWarning  # takes a second, which no other command is to wait for
    from sklearn.linear_model import LogisticRegression

    # A face that was excluded when the round began has no score, though people may have decided on it since.
    scored = np.isin(examples.sample_id, faces.sample_id)
    place, answer = faces.sample_id.searchsorted(examples.sample_id[scored]), examples.answer[scored]
    if len(answer) < NEEDED or len(np.unique(answer)) < 2:
        return None
    features = evidence(faces)
    model = LogisticRegression(C=_STRENGTH, max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # an order that is nearly the best one will do
        model.fit(features[place], answer)
    chances = model.predict_proba(features)
    stays = np.zeros(len(chances))
    for column, outcome in enumerate(model.classes_.tolist()):
        stays += chances[:, column] * ((faces.label == outcome) | (outcome == UNSURE))
    return 1 - stays


def evidence(faces: Faces) -> npt.NDArray[np.float32]:
    """(N, 2 C) what it learns from: log-probabilities of mean 0 and variance 1, and which label the face began with.

    With votes (N, 3 C): the logarithms of their shares come in between, scaled alike. So a face on which they disagree,
    with the label or with each other, is told from one on which they agree, and the answers say what that is worth.
    """
    classes = faces.probabilities.shape[1]
    logs = [_scaled_logs(faces.probabilities)] + ([] if faces.votes is None else [_scaled_logs(faces.votes)])
    given = np.eye(classes, dtype=np.float32)[faces.label] * np.float32(_GIVEN)
    return np.concatenate([*logs, given], axis=1)


def _scaled_logs(shares: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    logs: npt.NDArray[np.float32] = np.log(shares + np.float32(1e-3))
    logs -= logs.mean(axis=0)
    logs /= logs.std(axis=0) + np.float32(1e-6)
    return logs


def rank_open_faces(open_ones: OpenFaces, doubt: Floats, label: IntArray, *, explore: float, seed: int) -> IntArray:
    """The sample ids to ask about first.

    By falling doubt, but for a share `explore` drawn at random from all, so that what the model is wrong about comes
    to light; and for audit faces, which come in the order they had and as densely as they lie among the open faces:
    nothing that was learned tells on them, so the estimate made from them stays unbiased.
    """
    rng = np.random.default_rng(seed)
    plain, audit = np.flatnonzero(~open_ones.audit), np.flatnonzero(open_ones.audit)
    ranked = plain[np.argsort(-doubt[plain], kind="stable")]
    pairs = label[ranked] * (open_ones.proposed.max(initial=0) + 2) + open_ones.proposed[ranked] + 1
    chosen = ranked[(np.arange(len(ranked)) < _FIRST) | (_rank_within(pairs) < _OF_A_PAIR)]
    drawn = rng.permutation(plain)[: round(explore * len(chosen))]
    mixed = _spread(chosen[~np.isin(chosen, drawn)], drawn)
    share = len(audit) / max(len(open_ones.audit), 1)
    found: IntArray = open_ones.sample_id[_spread(mixed, audit[: round(share / max(1 - share, 1e-9) * len(mixed))])]
    return found


def _rank_within(groups: IntArray) -> IntArray:
    """(N,) how many of the same group come before."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(groups) else np.empty(0, np.int64)
    rank = np.empty(len(groups), np.int64)
    rank[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    return rank


def _spread(main: IntArray, among: IntArray) -> IntArray:
    """Both in their order, the second ones evenly between the first."""
    places = np.r_[np.arange(len(main)) + 0.5, (np.arange(len(among)) + 1) * (len(main) / (len(among) + 1))]
    both = np.concatenate([main, among])
    return both[np.argsort(places, kind="stable")]
