"""What other models say enters the scores of a trained round; without any, not a byte of them is another."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import torch

from scn_core.config import TrainSettings
from scn_core.records import FloatArray, RoundScores
from scn_core.rounds.inputs import RoundFaces
from scn_core.rounds.score_and_propose import score_faces
from scn_core.scn.opinions import pooled
from scn_core.scn.relabel import propose_by
from scn_core.scn.suspicion import suspicion
from scn_core.training.data import TrainingResult

N, C = 400, 5
RNG = np.random.default_rng(7)
TRUTH = RNG.integers(0, C, N)
GIVEN = np.where(np.arange(N) % 5 == 0, (TRUTH + 1) % C, TRUTH)  # every fifth label is wrong


def shares(sharpness: float) -> FloatArray:
    """(N, C) of a model that sees the truth through noise."""
    logits = RNG.normal(size=(N, C)) + sharpness * np.eye(C)[TRUTH]
    found: FloatArray = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    return found


NETWORK, FIRST, SECOND = shares(1.5), shares(2.5), shares(2.5)


def scored(*opinions: FloatArray) -> RoundScores:
    alpha, given, mean = torch.full((N,), 0.5), torch.from_numpy(GIVEN), torch.from_numpy(NETWORK)
    rule = propose_by(mean, alpha, given, beta=0.7, margin=0.2)
    none = np.zeros(N, np.bool_)
    empty = np.empty(0, np.int64)
    faces = RoundFaces(
        np.arange(1, N + 1), np.arange(N), GIVEN, np.zeros(N, np.float32), none, np.zeros((N, C), np.bool_),
        empty, empty, empty, empty, np.empty((N, 0), np.float32),
    )  # fmt: skip
    result = TrainingResult(rule, alpha, given, mean, range(1, 2))
    found, _ = score_faces(result, faces, TrainSettings(), opinions)
    return found


def test_without_an_opinion_every_byte_is_as_before() -> None:
    plain, said_nothing = scored(), scored(np.full((N, C), np.nan, np.float32))
    assert plain.suspicion.tobytes() == suspicion(NETWORK, GIVEN).tobytes()
    for field in fields(RoundScores):
        assert getattr(plain, field.name).tobytes() == getattr(said_nothing, field.name).tobytes(), field.name


def test_suspicion_and_proposals_follow_the_pool() -> None:
    wrong = GIVEN != TRUTH
    alone, one, two = scored(), scored(FIRST), scored(FIRST, SECOND)
    assert one.suspicion.tobytes() == suspicion(pooled(NETWORK, GIVEN, [FIRST]), GIVEN).tobytes()
    gaps = [found.suspicion[wrong].mean() - found.suspicion[~wrong].mean() for found in (alone, one, two)]
    assert gaps[0] < gaps[1] < gaps[2]
    right = [int((found.proposed_label == TRUTH)[wrong].sum()) for found in (alone, one, two)]
    assert right[0] < right[2]
    # Where both see the same other class, surely, and the network does not mind it, it is what is proposed.
    agree = (
        wrong & (FIRST.argmax(axis=1) == TRUTH) & (SECOND.argmax(axis=1) == TRUTH) & (NETWORK.argmax(axis=1) == TRUTH)
    )
    assert agree.sum() > 20
    assert (two.proposed_label[agree] == TRUTH[agree]).mean() > 0.8
