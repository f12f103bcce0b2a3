"""What other models say of the faces, as columns that the learned order learns from."""

from __future__ import annotations

from scn_core.records import FloatArray
from scn_core.review.regression_columns import standardised, standardised_logs
from scn_core.store.opinions import Opinions


def opinion_evidence(opinions: Opinions) -> list[FloatArray]:
    """(N, C) log-probabilities of every source that has some, then (N, D) components of every source's features.

    Every column has mean 0 and variance 1 over the faces that the source says something of; the others have 0, which
    speaks neither way.
    """
    of_probabilities = [standardised_logs(each) for each in opinions.probabilities]
    return [*of_probabilities, *(standardised(each) for each in opinions.features)]
