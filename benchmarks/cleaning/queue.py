"""The faces that a round of the default settings asks about, from what a training left of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from benchmarks.cleaning.trainings import SETTINGS
from scn_core.records import FloatArray, IntArray
from scn_core.scn.relabel import propose_by
from scn_core.scn.suspicion import asked_for_suspicion, class_trust, cured_probabilities, may_be_proposed, suspicion


class RoundQueue(NamedTuple):
    """Of N faces that were trained on."""

    rows: IntArray
    """(K,) of the faces asked about, the most suspicious first."""
    proposed: IntArray
    """(N,) a class, or -1."""
    cured: FloatArray
    """(N, C) probabilities that proposals come from."""


def round_queue(mean: FloatArray, alpha: FloatArray, given: IntArray) -> RoundQueue:
    """As a round makes it, but for audit faces.

    Args:
        mean: (N, C) probabilities, the mean of the passes.
        alpha: (N,) of the last pass.
        given: (N,) labels.
    """
    doubt = suspicion(mean, given)
    cured = cured_probabilities(mean, class_trust(mean, given))
    rule = propose_by(
        torch.from_numpy(cured),
        torch.from_numpy(alpha),
        torch.from_numpy(given),
        beta=SETTINGS.beta,
        margin=SETTINGS.margin_relabel,
        among=torch.from_numpy(may_be_proposed(doubt, cured, given)),
    )
    proposed, low = rule.proposed.numpy(), rule.low_importance.numpy()
    asked = low | (proposed >= 0) | asked_for_suspicion(doubt, proposed, low, SETTINGS.queue_suspicion)
    order = np.argsort(-doubt, kind="stable")
    return RoundQueue(order[asked[order]], proposed, cured)
