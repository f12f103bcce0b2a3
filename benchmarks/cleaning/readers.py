"""Made-up people, the orders they answer in, and what their answers come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.cleaning.faces import Faces
from scn_core.config import ReviewSettings
from scn_core.records import FloatArray, IntArray
from scn_core.review.learn_order import Faces as Scored
from scn_core.review.learn_order import change_probability, rank_open_faces
from scn_core.store.queue.learned_order import NEEDED, OpenFaces, TrainingExamples

SHARES = (0.05, 0.1, 0.2, 0.3)
CROWD = "a vote of the crowd"
READERS = ("perfect", "5 % slips", "15 % slips", CROWD)


@dataclass(frozen=True)
class Reviewed:
    """What answering the faces in an order comes to."""

    accuracy: list[float]
    """Label accuracy after each share of SHARES."""
    curve: list[float]
    """The same after each percent, 0 to 30."""
    area: float
    """Its mean over the first 30 %."""
    hits: float
    """Share of wrong labels among the first k faces, k being the number of wrong labels."""
    over_corrected: int
    """Of a fifth reviewed: right labels turned wrong."""
    under_corrected: int
    """Of a fifth reviewed: wrong labels left wrong, or turned into another wrong one."""


def answers(reader: str, faces: Faces, seed: int) -> IntArray:
    """(N,) what a reader says of each face, whenever it is asked."""
    rng = np.random.default_rng((seed, READERS.index(reader)))
    n, classes = len(faces.truth), len(faces.names)
    if reader == CROWD:
        assert faces.votes is not None
        counts = faces.votes.cumsum(axis=1)
        drawn = rng.random((n, 1)) * counts[:, -1:]
        said: IntArray = (drawn >= counts).sum(axis=1)
        return said
    slips = {"perfect": 0.0, "5 % slips": 0.05, "15 % slips": 0.15}[reader]
    wrong = (faces.truth + rng.integers(1, classes, n)) % classes
    return np.where(rng.random(n) < slips, wrong, faces.truth)


def reviewed(order: IntArray, said: IntArray, given: IntArray, truth: IntArray) -> Reviewed:
    """`order`: faces, the first asked first; it may end before all are asked, after a third of them at the earliest."""
    n = len(truth)
    before = given == truth
    gain = (said == truth).astype(np.int64) - before
    right = np.concatenate([np.zeros(1, np.int64), gain[order]]).cumsum() + before.sum()
    accuracy: npt.NDArray[np.float64] = right / n
    fifth = order[: round(0.2 * n)]
    k = min(int((~before).sum()), len(order))
    return Reviewed(
        accuracy=accuracy[[round(share * n) for share in SHARES]].tolist(),
        curve=accuracy[[round(percent * n / 100) for percent in range(31)]].tolist(),
        area=float(accuracy[: round(SHARES[-1] * n) + 1].mean()),
        hits=float((~before)[order[:k]].mean()),
        over_corrected=int((before & (said != truth))[fifth].sum()),
        under_corrected=int((~before & (said != truth))[fifth].sum()),
    )


def learned_order(
    probabilities: FloatArray,
    suspicion: FloatArray,
    given: IntArray,
    said: IntArray,
    count: int,
    *,
    learn_every: int,
    seed: int,
    opinions: Sequence[FloatArray] = (),
    asked: IntArray | None = None,
) -> IntArray:
    """The first `count` faces in the order that the answers teach (`scn_core.review.learn_order`).

    `asked`: those that were answered before, in their order, with which it begins.
    """
    n = len(given)
    scored = Scored(np.arange(n), given, suspicion, probabilities, opinions=opinions)
    asked = np.empty(0, np.int64) if asked is None else asked
    waiting = np.argsort(-suspicion, kind="stable")
    waiting = waiting[~np.isin(waiting, asked)]
    while len(asked) < count:
        by_id = np.sort(asked)
        learned = TrainingExamples(by_id, said[by_id], seq=len(asked))
        doubt = change_probability(scored, learned)
        if doubt is not None:
            open_faces = OpenFaces(waiting, np.full(len(waiting), -1), np.zeros(len(waiting), np.bool_))
            first = rank_open_faces(
                open_faces, doubt[waiting], given[waiting], explore=ReviewSettings.explore, seed=seed + len(asked)
            )
            waiting = np.concatenate([first, waiting[~np.isin(waiting, first)]])
        more = learn_every if len(asked) else NEEDED
        asked, waiting = np.concatenate([asked, waiting[:more]]), waiting[more:]
    return asked[:count]
