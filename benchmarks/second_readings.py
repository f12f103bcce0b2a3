"""Whether to ask a second person or about a new face, with readers who each give one of a face's ten crowd votes.

    python -m benchmarks.second_readings WORK ROOT [--opinion CSV] [--seeds 0 1 2] [--faces 13000] [--tuning]

WORK and ROOT are as in `benchmarks.label_cleaning`, whose trainings on the data set's own labels must be there. In
every arm as many answers are given, 30 % of the faces; what differs is who is asked about what:

    learned order           a new face each time, in today's order
    new faces               a new face each time, whose answer raises the consensus most
    new faces and readings  the same, or a second or third reading of a face where that raises it more

Three label accuracies are told of each: with the answers as they are; with the consensus label on the faces that were
answered; and with the consensus label on all. The constants of `scn_core.review.consensus` were chosen on the faces of
even places (--tuning shows these); all others are reported. With --opinion a second model's probabilities join, from a
CSV with the columns path and one for each class. The table goes to standard output and results/second_readings.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.cleaning.faces import Faces, load_faces, load_opinion
from benchmarks.cleaning.tables import spread
from benchmarks.label_cleaning import FACES, RESULTS, order_of_answers, trainings
from scn_core.bench.report import versions
from scn_core.records import FloatArray, IntArray
from scn_core.review.consensus import Consensus, Votes, consensus
from scn_core.scn.suspicion import class_trust, cured_probabilities, suspicion

SHARE = 0.3
EVERY = 100
"""Answers between two times that the consensus is fitted."""
MOST = 3
"""Readings of a face."""


@dataclass(frozen=True)
class Half:
    """N faces, what readers would say of each, and what models do."""

    given: IntArray
    truth: IntArray
    said: IntArray
    """(N, 10) the votes of the crowd in the order they are given; -1: there are no more."""
    mean: FloatArray
    models: list[FloatArray]


@dataclass(frozen=True)
class Arm:
    """What an arm comes to, with one seed."""

    name: str
    opinion: bool
    seed: int
    faces: int
    twice: int
    """Faces with two readings or more."""
    answers_alone: float
    """Label accuracy with the first answer on the faces that were asked about; the same as today for learned order."""
    on_answered: float
    """With the consensus label on these."""
    on_all: float
    """With the consensus label on all faces."""


def main() -> None:
    parser = parser_of_halves(__doc__)
    parser.add_argument("--opinion", type=Path)
    asked = parser.parse_args()
    other = None if asked.opinion is None else load_opinion(asked.opinion, asked.work, asked.faces)
    arms = []
    for opinion in (None,) if other is None else (None, other):
        for seed, half in halves(asked, opinion):
            arms += [_learned(half, seed, opinion is not None)]
            arms += [_by_worth(half, seed, opinion is not None, most) for most in (1, MOST)]
    print(table(arms))
    if not asked.tuning:
        written = {"versions": versions(), "share": SHARE, "arms": [asdict(arm) for arm in arms]}
        (RESULTS / "second_readings.json").write_text(json.dumps(written, indent=1) + "\n")


def parser_of_halves(description: str | None) -> argparse.ArgumentParser:
    """Of what `halves` takes: where the faces and trainings are, how many, which seeds, which half."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--faces", type=int, default=FACES)
    parser.add_argument("--tuning", action="store_true", help="the faces that constants were chosen on; writes nothing")
    return parser


def halves(asked: argparse.Namespace, opinion: FloatArray | None = None) -> Iterator[tuple[int, Half]]:
    """Each seed and its `half_of` the faces asked for, odd unless for tuning."""
    everyone = load_faces(asked.work, asked.root, asked.faces)
    for seed in asked.seeds:
        mean = trainings(asked.work, everyone, "real", seed, train=())["scn"].mean
        yield seed, half_of(everyone, mean, opinion, seed, odd=not asked.tuning)


def half_of(faces: Faces, mean: FloatArray, opinion: FloatArray | None, seed: int, *, odd: bool) -> Half:
    """The training faces of odd or of even places, and the cured probabilities of a training with this mean."""
    own = faces.own
    cured = cured_probabilities(mean, class_trust(mean, own))
    chosen = np.arange(len(own)) % 2 == odd
    models = [cured] if opinion is None else [cured, opinion]
    assert faces.votes is not None
    said = vote_order(faces.votes[chosen], seed)
    return Half(own[chosen], faces.truth[chosen], said, mean[chosen], [model[chosen] for model in models])


def vote_order(votes: IntArray, seed: int) -> IntArray:
    """(N, 10) the (N, C) votes of each face one by one, in an order drawn by the seed; -1 where there are no more."""
    rng = np.random.default_rng((seed, 77))
    found = np.full((len(votes), 10), -1)
    for row, counts in zip(found, votes, strict=True):
        each = rng.permutation(np.repeat(np.arange(votes.shape[1]), counts))[:10]
        row[: len(each)] = each
    return found


def _learned(half: Half, seed: int, opinion: bool) -> Arm:
    count = round(SHARE * len(half.given))
    order = order_of_answers(half.mean, half.given, half.said[:, 0], count, seed)
    readings = np.zeros(len(half.given), np.int64)
    readings[order] = 1
    return _arm("learned order", half, readings, seed, opinion)


def _by_worth(half: Half, seed: int, opinion: bool, most: int) -> Arm:
    """At first the most suspicious; a share of 1 % is drawn at random, as in the learned order."""
    total = round(SHARE * len(half.given))
    rng, readings = np.random.default_rng(seed), np.zeros(len(half.given), np.int64)
    worth = suspicion(half.mean, half.given).astype(np.float64)
    there = (half.said >= 0).sum(axis=1)
    while (left := total - int(readings.sum())) > 0:
        worth = np.where(readings < np.minimum(most, there), worth, -1)
        batch = min(EVERY, left)
        drawn = rng.choice(np.flatnonzero(readings == 0), 1)
        first = np.argsort(-worth, kind="stable")[:batch]
        asked = np.concatenate([first[~np.isin(first, drawn)][: batch - 1], drawn])
        readings[asked] += 1
        worth = _agreed(half, readings).worth
    return _arm("new faces" if most == 1 else "new faces and readings", half, readings, seed, opinion)


def _agreed(half: Half, readings: IntArray) -> Consensus:
    face = np.repeat(np.arange(len(readings)), readings)
    place = np.arange(len(face)) - np.repeat(readings.cumsum() - readings, readings)
    nobody_known = np.zeros(len(face), np.int64)
    votes = Votes(face, nobody_known, half.said[face, place], np.ones(len(face), np.int64))
    return consensus(votes, half.models, 1, given=half.given)


def _arm(name: str, half: Half, readings: IntArray, seed: int, opinion: bool) -> Arm:
    label, asked = _agreed(half, readings).label, readings > 0
    first = np.where(asked, half.said[:, 0], half.given)
    return Arm(
        name,
        opinion,
        seed,
        int(asked.sum()),
        int((readings > 1).sum()),
        float((first == half.truth).mean()),
        float((np.where(asked, label, half.given) == half.truth).mean()),
        float((label == half.truth).mean()),
    )


def table(arms: list[Arm]) -> str:
    """That of benchmarks/README.md."""
    lines = ["| asked about | second opinion | faces | twice | answers alone | consensus, answered | consensus, all |"]
    lines.append("|---|---|---|---|---|---|---|")
    for name, opinion in dict.fromkeys((arm.name, arm.opinion) for arm in arms):
        these = [arm for arm in arms if (arm.name, arm.opinion) == (name, opinion)]
        counts = [f"{np.mean([getattr(arm, field) for arm in these]):,.0f}" for field in ("faces", "twice")]
        shares = [
            spread([getattr(arm, field) for arm in these]) for field in ("answers_alone", "on_answered", "on_all")
        ]
        lines.append(f"| {' | '.join([name, 'yes' if opinion else 'no', *counts, *shares])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
