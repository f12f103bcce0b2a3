"""What other models say of the faces, as columns that the learned order learns from, and what each counts."""

from __future__ import annotations

import numpy as np
from sqlite_utils import Database

from scn_core.records import FloatArray
from scn_core.review.regression_columns import standardised, standardised_logs
from scn_core.scn.opinions import opinion_weights
from scn_core.store.decisions.record import effective_labels
from scn_core.store.opinions import Opinions, opinions_on


def opinion_evidence(opinions: Opinions) -> list[FloatArray]:
    """(N, C) log-probabilities of every source that has some, then (N, D) components of every source's features.

    Every column has mean 0 and variance 1 over the faces that the source says something of; the others have 0, which
    speaks neither way.
    """
    of_probabilities = [standardised_logs(each) for each in opinions.probabilities]
    return [*of_probabilities, *(standardised(each) for each in opinions.features)]


def opinion_weight(db: Database, name: str) -> float | None:
    """What a source counts beside a network in a round that began now, 0..1; None: it has no probabilities of a face
    that such a round would train on."""
    now = effective_labels(db)
    asked = (now.split == "train") & ~now.excluded
    found = opinions_on(db, now.sample_id[asked])
    said = dict(zip(found.names, found.probabilities, strict=True)).get(name)
    return None if said is None or np.isnan(said).all() else opinion_weights(now.label[asked], [said])[0]
