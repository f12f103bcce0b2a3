"""What a trained round says of its faces: suspicion, proposals, and who is asked about beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from scn_core.config import TrainSettings
from scn_core.records import FloatArray, RoundScores
from scn_core.rounds.inputs import RoundFaces
from scn_core.scn.opinions import pooled
from scn_core.scn.relabel import Relabelling, propose_by
from scn_core.scn.suspicion import (
    asked_for_suspicion,
    class_trust,
    cured_probabilities,
    kinds_of_doubt,
    may_be_proposed,
    second_choice,
    suspicion,
)
from scn_core.training.data import TrainingResult


def score_faces(
    result: TrainingResult, faces: RoundFaces, settings: TrainSettings, opinions: Sequence[FloatArray] = ()
) -> tuple[RoundScores, Relabelling]:
    """The scores of the N faces of a round, and the relabel rule they come from, on the device of `result`.

    Suspicion of the labels the round began with comes from the mean of the passes. Proposals come from the same mean,
    cured, or with `--proposals paper` from the last pass; those that people have turned down are left out, with
    `--relabel off` all. Suspicious faces are those to ask about for their suspicion alone: of high importance, and
    without a proposal.

    Args:
        result: of the training, by the paper's rule.
        faces: of the round.
        settings: of the round.
        opinions: (N, C) each, what other models say of the faces: pooled with the mean (`scn.opinions`). Not with
            `--proposals paper`, whose proposals are the paper's own; their suspicion is pooled all the same.
    """
    start = faces.labels
    mean, device = pooled(result.mean.cpu().numpy(), start, opinions), result.mean.device
    suspicions = suspicion(mean, start)
    rule = result.rule
    if settings.proposals != "paper":
        cured = cured_probabilities(mean, class_trust(mean, start))
        among = may_be_proposed(suspicions, cured, start)
        rule = propose_by(
            torch.from_numpy(cured).to(device),
            result.alpha,
            torch.from_numpy(start).to(device),
            beta=settings.beta,
            margin=settings.margin_relabel,
            among=torch.from_numpy(among).to(device),
        )
    unasked = torch.from_numpy(faces.turned_down | (settings.relabel == "off")).to(rule.proposed.device)
    dropped = unasked.gather(1, rule.proposed.clamp_min(0).unsqueeze(1)).squeeze(1)
    rule = replace(rule, proposed=rule.proposed.masked_fill(dropped, -1))
    low, proposed, probabilities = (
        part.cpu().numpy() for part in (rule.low_importance, rule.proposed, rule.probabilities)
    )
    suspicious = asked_for_suspicion(suspicions, proposed, low, settings.queue_suspicion)
    scores = RoundScores(
        sample_id=faces.sample_id,
        start_label=start,
        alpha=result.alpha.cpu().numpy(),
        p_given=rule.p_given.cpu().numpy(),
        p_max=rule.p_max.cpu().numpy(),
        predicted_label=rule.predicted.cpu().numpy(),
        margin=rule.margin.cpu().numpy(),
        suspicion=suspicions,
        doubt=kinds_of_doubt(probabilities, start, suspicions).astype(np.int64),
        low_importance=low,
        suspicious=suspicious,
        proposed_label=proposed,
        second_label=second_choice(probabilities, start),
        trained_label=result.labels.cpu().numpy(),
        probabilities=probabilities,
    )
    return scores, rule
