"""The queue learns while people review: what they have answered says which of the open faces are most likely wrong.

What the scores of the round say of a face is corrected by what people decided (`fit_outcomes`). From twenty answers on
they tell how many labels are wrong on the whole, and within a few hundred which labels mostly are, and how far to
believe the network, earlier annotators and other models in each class. What it gives is a function of the answers, the
scores, the votes and the opinions alone, so it is the same after a restart. Its constants were chosen on one half of
the faces of benchmarks/README.md, "Finding wrong labels", and it is measured there on the other; votes were in neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import BoolArray, DoubleArray, FloatArray, IntArray
from scn_core.review.fit_outcomes import fit_outcomes
from scn_core.review.opinion_evidence import opinion_evidence
from scn_core.review.regression_columns import standardised_logs
from scn_core.store.connection import snapshot
from scn_core.store.opinions import opinions_on
from scn_core.store.pictures import contradicted, exact_copies
from scn_core.store.queue.learned_order import (
    NEEDED,
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

_NETWORK, _OTHERS, _GIVEN = 0.1, 0.3, 0.35
"""How much is thought to hang on a standard deviation of a log-probability of the network, whose say the scores are;
on one of the votes, or of another model; and on which label a face began with, beyond what was expected."""
_RARE = 0.01
"""Expected share of answers that are none of the classes the network knows."""
_LEAST = 1e-4
_AT_ONCE = 65_536
"""Faces whose chances are computed together: of 1,000,000 at once they would take 400 MB more."""
_FIRST, _OF_A_PAIR = 5_000, 200
"""Places: the first of all, and the first of each pair of given and proposed label, for whoever filters by it."""


@dataclass(frozen=True)
class Faces:
    """Scored faces, as columns of equal length."""

    sample_id: IntArray
    """Rising."""
    label: IntArray
    """The label the round began with."""
    suspicion: FloatArray
    """(N,) of that label, 0..1."""
    probabilities: FloatArray
    """(N, C), rows summing to 1."""
    votes: FloatArray | None = None
    """(N, C) shares of the labels that people gave before the import, above 0; None: the data set came without."""
    opinions: Sequence[FloatArray] = ()
    """(N, D) each, what other models say, in columns of mean 0 and variance 1."""


def learn_order(db: Database, round_id: int, *, votes: bool = True) -> LearnedOrder | None:
    """Learns the order of a round's open faces from its answers and puts it in force.

    `votes`: learn from the votes that the data set came with, too; not where the answers were made from them.
    None where fewer than NEEDED scored faces are decided, or all of them alike; the order is that of suspicion then.
    """
    with snapshot(db):
        examples, open_ones = training_examples(db, round_id), open_faces(db, round_id)
        sample_id, label, suspicion, probabilities = scored_faces(db, round_id)
        shares = vote_shares(db, sample_id, probabilities.shape[1]) if votes else None
        said = opinion_evidence(opinions_on(db, sample_id))
        faces = Faces(sample_id, label, suspicion, probabilities, shares, said)
        rules = get_round(db, round_id).review
        certain = sample_id[contradicted(exact_copies(db, sample_id), label)]
    doubt = change_probability(faces, examples)
    if doubt is None:
        return write_order(db, round_id, np.empty(0, np.int64), examples)
    order = rank_open_faces(
        open_ones,
        doubt[faces.sample_id.searchsorted(open_ones.sample_id)],
        faces.label[faces.sample_id.searchsorted(open_ones.sample_id)],
        explore=rules.get("explore", ReviewSettings.explore),
        seed=examples.seq,
        first=np.isin(open_ones.sample_id, certain),
    )
    return write_order(db, round_id, order, examples)


def change_probability(faces: Faces, examples: TrainingExamples) -> DoubleArray | None:
    """(N,) how likely an answer would change the label of a face, by another one or by its exclusion, 0..1.

    Faces of which people would say that they cannot tell come late: the answer changes nothing. None: too little is
    decided.
    """
    # A face that was excluded when the round began has no score, though people may have decided on it since.
    scored = np.isin(examples.sample_id, faces.sample_id)
    place, answer = faces.sample_id.searchsorted(examples.sample_id[scored]), examples.answer[scored]
    if len(answer) < NEEDED or len(np.unique(answer)) < 2:
        return None
    features, outcomes = evidence(faces), np.union1d(np.arange(faces.probabilities.shape[1]), answer)
    unchanged = outcomes.searchsorted(faces.label)

    def expected(rows: IntArray | slice) -> FloatArray:
        some = Faces(faces.sample_id[rows], faces.label[rows], faces.suspicion[rows], faces.probabilities[rows])
        return expectation(some, outcomes)

    correction = fit_outcomes(expected(place), unchanged[place], features[place], outcomes.searchsorted(answer))
    stays = np.empty(len(unchanged))
    for start in range(0, len(stays), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        chances = correction.probabilities(expected(part), unchanged[part], features[part])
        stays[part] = chances[np.arange(len(chances)), unchanged[part]] + chances[:, outcomes == UNSURE].sum(axis=1)
    return 1 - stays


def expectation(faces: Faces, outcomes: IntArray) -> FloatArray:
    """(N, K) log-probabilities of the outcomes before any answer: rising, the classes of the round among them.

    The label stays as suspicion says; if not, it is one of the other classes in proportion to their probabilities.
    """
    rows, classes = np.arange(len(faces.label)), faces.probabilities.shape[1]
    others = faces.probabilities.copy()
    others[rows, faces.label] = 0
    others *= (faces.suspicion / np.maximum(others.sum(axis=1), np.float32(1e-30)))[:, None]
    others[rows, faces.label] = 1 - faces.suspicion
    chances = np.full((len(rows), len(outcomes)), _RARE, np.float32)
    chances[:, outcomes.searchsorted(np.arange(classes))] = others
    logs: FloatArray = np.log(chances + np.float32(_LEAST))
    return logs


def evidence(faces: Faces) -> FloatArray:
    """(N, 2 C) what the expectation is corrected by: log-probabilities, and which label the face began with.

    With votes, C more, the logarithms of their shares. So a face on which they disagree, with the label or with each
    other, is told from one on which they agree, and the answers say what that is worth. With opinions, their columns.
    """
    given = np.eye(faces.probabilities.shape[1], dtype=np.float32)[faces.label]
    others = [*([] if faces.votes is None else [standardised_logs(faces.votes)]), *faces.opinions]
    parts = [_NETWORK * standardised_logs(faces.probabilities), *(_OTHERS * each for each in others), _GIVEN * given]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def rank_open_faces(
    open_ones: OpenFaces,
    doubt: DoubleArray,
    label: IntArray,
    *,
    explore: float,
    seed: int,
    first: BoolArray | None = None,
) -> IntArray:
    """The sample ids to ask about first.

    `first`: copies with different labels, which stay in their order, before all others. The rest by falling doubt, but
    for a share `explore` drawn at random from all, so that what the model is wrong about comes to light; and for audit
    faces, which come in the order they had and as densely as they lie among the open faces: nothing that was learned
    tells on them, so the estimate made from them stays unbiased.
    """
    rng = np.random.default_rng(seed)
    copy = np.zeros_like(open_ones.audit) if first is None else first & ~open_ones.audit
    plain, audit = np.flatnonzero(~open_ones.audit & ~copy), np.flatnonzero(open_ones.audit)
    ranked = plain[np.argsort(-doubt[plain], kind="stable")]
    pairs = label[ranked] * (open_ones.proposed.max(initial=0) + 2) + open_ones.proposed[ranked] + 1
    chosen = ranked[(np.arange(len(ranked)) < _FIRST) | (_rank_within(pairs) < _OF_A_PAIR)]
    drawn = rng.permutation(plain)[: round(explore * len(chosen))]
    mixed = _spread(chosen[~np.isin(chosen, drawn)], drawn)
    share = len(audit) / max(len(open_ones.audit), 1)
    rest = _spread(mixed, audit[: round(share / max(1 - share, 1e-9) * len(mixed))])
    found: IntArray = open_ones.sample_id[np.concatenate([np.flatnonzero(copy)[:_FIRST], rest])]
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
