"""The consensus beside cleanlab's CROWDLAB and the plurality, from some of a face's ten crowd votes and one network.

    python -m benchmarks.crowdlab WORK ROOT [--seeds 0 1 2] [--faces 13000] [--tuning]

WORK, ROOT and --tuning are as in `benchmarks.second_readings`. Ten made-up people hand in the votes, each at most one a
face. All three methods get the same votes, the same network and no given label. Told are, of the faces with votes, how
often the label is the plurality of all ten votes, and the expected calibration error of its probability (ten bins). The
plurality takes the likelier class by the network among as many votes. The table goes to standard output and
results/crowdlab.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cleanlab
import numpy as np
from cleanlab.multiannotator import get_label_quality_multiannotator

from benchmarks.cleaning.tables import spread
from benchmarks.label_cleaning import RESULTS
from benchmarks.second_readings import Half, halves, parser_of_halves
from scn_core.bench.report import versions
from scn_core.records import BoolArray, IntArray
from scn_core.review.consensus import Votes, consensus

PEOPLE = 10
KINDS = ("2 of every face", "3 of every face", "10 of every face", "1 of 30 % of the faces, 2 of a sixth of them")


def main() -> None:
    asked = parser_of_halves(__doc__).parse_args()
    cells: list[dict[str, Any]] = []
    for seed, half in halves(asked):
        for kind in KINDS:
            cells += [{"votes": kind, "seed": seed, **cell} for cell in _compared(half, _votes(half, kind, seed))]
    for kind in KINDS:
        for method in dict.fromkeys(cell["method"] for cell in cells):
            these = [cell for cell in cells if (cell["votes"], cell["method"]) == (kind, method)]
            right, calibration = (spread([cell[name] for cell in these]) for name in ("right", "calibration"))
            print(f"| {kind} | {method} | {right} | {calibration} |")
    if not asked.tuning:
        written = {"versions": {**versions(), "cleanlab": cleanlab.__version__}, "cells": cells}
        (RESULTS / "crowdlab.json").write_text(json.dumps(written, indent=1) + "\n")


def _votes(half: Half, kind: str, seed: int) -> Votes:
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    n = len(half.truth)
    few = np.where(rng.random(n) < 0.3, 1 + (rng.random(n) < 1 / 6), 0)
    readings = np.minimum(few if kind == KINDS[-1] else int(kind.split()[0]), (half.said >= 0).sum(axis=1))
    face = np.repeat(np.arange(n), readings)
    place = np.arange(len(face)) - np.repeat(readings.cumsum() - readings, readings)
    person = np.argsort(rng.random((n, PEOPLE)), axis=1)[face, place]
    return Votes(face, person, half.said[face, place], np.ones(len(face), np.int64))


def _compared(half: Half, votes: Votes) -> Iterator[dict[str, Any]]:
    n, classes = half.models[0].shape
    counts = np.zeros((n, classes))
    np.add.at(counts, (votes.face, votes.label), 1)
    voted, right = counts.sum(axis=1) > 0, half.truth
    plural = (counts + 0.5 * half.models[0]).argmax(axis=1)[voted]
    share = counts.max(axis=1)[voted] / counts.sum(axis=1)[voted]
    yield _cell("plurality", plural == right[voted], share)
    wide = np.full((n, PEOPLE), np.nan)
    wide[votes.face, votes.person] = votes.label
    theirs = get_label_quality_multiannotator(wide[voted], half.models[0][voted], verbose=False)["label_quality"]
    label: IntArray = theirs["consensus_label"].to_numpy()
    yield _cell("CROWDLAB", label == right[voted], theirs["consensus_quality_score"].to_numpy())
    ours = consensus(votes, half.models, PEOPLE)
    yield _cell("consensus", (ours.label == right)[voted], ours.probability[voted])


def _cell(method: str, right: BoolArray, probability: np.ndarray[Any, Any]) -> dict[str, Any]:
    bins = np.minimum((probability * 10).astype(int), 9)
    apart = sum(abs(float((right[bins == b] - probability[bins == b]).sum())) for b in range(10))
    return {"method": method, "right": float(right.mean()), "calibration": apart / len(right)}


if __name__ == "__main__":
    main()
