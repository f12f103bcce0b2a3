"""The consensus of a workspace: what reviewers answered, the votes its data set came with, and what models say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from scn_core.errors import UsageError, counted, error_text
from scn_core.records import FloatArray, IntArray
from scn_core.review.consensus import Consensus, Votes, consensus
from scn_core.scn.opinions import opinion_weights
from scn_core.store.connection import snapshot
from scn_core.store.current_labels import reviewer_names
from scn_core.store.decisions.readings import label_readings
from scn_core.store.decisions.record import effective_labels
from scn_core.store.opinions import SUM_TOLERANCE, opinions_on
from scn_core.store.queue.learned_order import scored_faces
from scn_core.store.samples import classes
from scn_core.store.votes import has_votes, named_votes

ANSWERS_NEEDED = 20
"""Of a person, to faces that somebody else labelled too, before it is said how often they are right."""


@dataclass(frozen=True)
class Contributor:
    """Somebody whose labels are evidence."""

    name: str
    """"" stands for all whom the data set only counts."""
    person_id: int | None
    """None: an annotator of the data set, who answered before the import."""
    answers: int
    """That name a class, of the faces of the consensus."""
    right: float | None
    """How often they are right, estimated, 0..1; None: too few answers to faces that somebody else labelled too."""


@dataclass(frozen=True)
class WorkspaceConsensus:
    """The consensus on N faces of a round, those that people excluded left out."""

    round: int
    sample_id: IntArray
    """(N,) rising."""
    given_label: IntArray
    """(N,) the data set's."""
    label: IntArray
    """(N,) the label in force: what people decided, or else the given one."""
    found: Consensus
    people: tuple[Contributor, ...]
    """Most answers first."""


def workspace_consensus(
    db: Database, round_id: int, opinions: Sequence[FloatArray] = (), *, answered: bool = False
) -> WorkspaceConsensus:
    """The consensus on the faces that a round scored.

    Each person's newest answer to a face counts, of whichever round; unsure, excluded and adjudicated are no answers
    here. The given label is evidence like a model, unless the data set came with votes: then it was made from them. The
    opinions that the workspace holds are evidence, but for those that agree with the labels no more than by chance.

    Args:
        db: of the workspace.
        round_id: a round that has ended.
        opinions: (N, C) probabilities of models that the workspace has no opinions of, of all faces of the round by
            rising sample id; rows of NaN where a model says nothing of the face.
        answered: only the faces that reviewers have answered.

    Raises UsageError for an opinion of another shape, or with other rows that are no probabilities.
    """
    with snapshot(db):
        sample_id, start, _, probabilities = scored_faces(db, round_id, answered=answered)
        stored = opinions_on(db, sample_id).probabilities
        now, seen, names = effective_labels(db), label_readings(db), reviewer_names(db)
        before = named_votes(db, answered=answered)
        voted, number_of_classes = has_votes(db), len(classes(db))
    probabilities = probabilities.reshape(len(sample_id), number_of_classes)  # of no face it has no columns
    for opinion in opinions:
        _check_opinion(opinion, probabilities.shape)
    above_chance = [each for each, weight in zip(stored, opinion_weights(start, stored), strict=True) if weight > 0]
    models = (probabilities, *above_chance, *opinions)
    keep = np.isin(sample_id, now.sample_id[~now.excluded])
    sample_id = sample_id[keep]
    at = now.sample_id.searchsorted(sample_id)
    people, number = np.unique(seen.person_id, return_inverse=True)
    faces = np.concatenate([seen.sample_id, before.sample_id])
    among = np.isin(faces, sample_id)
    columns = (
        np.concatenate([number, before.annotator + len(people)]),
        np.concatenate([seen.label, before.label]),
        np.concatenate([np.ones(len(number), np.int64), before.votes]),
    )
    votes = Votes(sample_id.searchsorted(faces[among]), *(column[among] for column in columns))
    everyone = [(names[person], person) for person in people.tolist()] + [(name, None) for name in before.annotators]
    given = None if voted else now.given_label[at]
    found = consensus(votes, [model[keep] for model in models], len(everyone), given=given)
    return WorkspaceConsensus(
        round_id, sample_id, now.given_label[at], now.label[at], found, _contributors(everyone, votes, found)
    )


def _check_opinion(opinion: FloatArray, shape: tuple[int, ...]) -> None:
    """Raises UsageError unless it has this shape, and every row is probabilities or NaN throughout."""
    if opinion.shape != shape:
        raise UsageError(error_text("opinions", f"shape {opinion.shape}", f"{shape}, as the round has"))
    good = (opinion >= 0).all(axis=1) & (np.abs(opinion.sum(axis=1) - 1) <= SUM_TOLERANCE)
    wrong = np.flatnonzero(~good & ~np.isnan(opinion).all(axis=1))
    if len(wrong):
        what = f"{counted(len(wrong), 'row')} that are no probabilities, the first at {wrong[0]:,}"
        raise UsageError(
            error_text("opinions", what, "0 to 1 with a sum of 1, or NaN for all classes: nothing is said")
        )


def _contributors(
    everyone: Sequence[tuple[str, int | None]], votes: Votes, found: Consensus
) -> tuple[Contributor, ...]:
    answers = np.bincount(votes.person, votes.count, len(everyone)).astype(int).tolist()
    # An answer that nobody gave a second one to fits whatever it says: of random keys alone, most would seem right.
    compared = np.bincount(votes.person, votes.count * (found.votes[votes.face] > 1), len(everyone)).tolist()
    listed = [
        Contributor(name, person, given, good if enough >= ANSWERS_NEEDED else None)
        for (name, person), given, enough, good in zip(everyone, answers, compared, found.quality.tolist(), strict=True)
        if given
    ]
    return tuple(sorted(listed, key=lambda each: (-each.answers, each.name)))
