"""How far the people agree who labelled the data set before it came here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core.errors import counted
from scn_core.intervals import Measured
from scn_core.review.quality.agreement import krippendorff
from scn_core.store.votes import annotator_count, vote_counts


@dataclass(frozen=True)
class VoteAgreement:
    """Agreement of a data set's own labels, where its faces have several."""

    faces: int
    """With two votes or more."""
    votes: int
    """On these."""
    annotators: int
    """0: the data set has counts alone."""
    unanimous: int
    """Faces all of whose votes are the same."""
    alpha: Measured | None
    """Krippendorff's, nominal; None: undefined, as there are fewer than two faces or only one answer."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def describe(self) -> str:
        """On one line."""
        people = f" of {counted(self.annotators, 'person', 'people')}" if self.annotators else ""
        alpha = "" if self.alpha is None else f", Krippendorff's alpha {self.alpha.value:.2f}"
        return (
            f"{counted(self.votes, 'label')}{people} on {counted(self.faces, 'face')}, {self.unanimous:,} "
            f"unanimous{alpha}"
        )


def vote_agreement(db: Database) -> VoteAgreement | None:
    """Agreement of the votes that the data set came with; None where no face has two."""
    votes = vote_counts(db)
    if not len(votes.sample_id):
        return None
    _, face = np.unique(votes.sample_id, return_inverse=True)
    counts = np.zeros((int(face.max()) + 1, int(votes.answer.max()) + 1), np.int64)
    np.add.at(counts, (face, votes.answer), votes.votes)
    counts = counts[counts.sum(1) > 1]
    if not len(counts):
        return None
    unanimous = int((counts.max(1) == counts.sum(1)).sum())
    return VoteAgreement(len(counts), int(counts.sum()), annotator_count(db), unanimous, krippendorff(counts))
