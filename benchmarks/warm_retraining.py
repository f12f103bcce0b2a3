"""Whether it pays to go on training, while people review, on the labels as they have decided them.

    python -m benchmarks.warm_retraining WORK ROOT PICTURES [--noises real cifar10n] [--seeds 0 1 2] [--faces 3000]
    python -m benchmarks.warm_retraining WORK ROOT PICTURES --seeds 0 --choose

ROOT is as in `benchmarks.ferplus_faces`, PICTURES a folder with labels.csv for the kind cifar10n. WORK keeps the
trainings; what is there is not run again, so several of these may share it, a kind of labels or a seed each. A round
is trained as in `benchmarks.label_cleaning`, on faces of the reported half alone; a reader answers in the learned
order, and after every tenth of the faces each arm makes new probabilities of those still open:

    suspicion   none, and nothing is learned either: the order in which the round left them
    today       none: the order is learned anew from the answers alone
    given       the last layer fitted anew to the labels as given: what the fit is worth without any answer
    layer       the last layer fitted anew to the labels as decided, answered ones counting more
    warm        the network trained two epochs more, from its weights as they stand, on the labels as decided

A face that was answered keeps the probabilities by which it was asked about, as later ones know the answer. With
--choose the constants of the last three are compared on faces of the other half. The figures go to standard output and
results/warm_retraining.json; with --choose to standard output alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression

from benchmarks.cleaning.faces import PICTURES, Faces, load_faces, load_pictures
from benchmarks.cleaning.readers import answers, learned_order
from benchmarks.cleaning.tables import spread
from benchmarks.cleaning.trainings import SETTINGS
from scn_core.bench.report import versions
from scn_core.config import TrainSettings
from scn_core.records import FloatArray, IntArray
from scn_core.review.regression_columns import standardised_logs
from scn_core.scn.model import build_model
from scn_core.scn.suspicion import class_trust, cured_probabilities, suspicion
from scn_core.training.checkpoint import WEIGHTS, drop_checkpoint, save_weights
from scn_core.training.data import TrainingData
from scn_core.training.device import choose_compute
from scn_core.training.loop import Training
from scn_core.training.neighbours import unit_features

RESULTS = Path(__file__).with_name("results") / "warm_retraining.json"
TABLE = 13_000
"""Faces of the table of which some are taken, as in `benchmarks.label_cleaning`."""
SHARES = (0.1, 0.2, 0.3)
"""Of the faces, answered when an arm makes new probabilities, or after the last is measured."""
READERS = ("perfect", "5 % slips")
FOLDS = 5
LEARN_EVERY = 50


@dataclass(frozen=True)
class Arm:
    """How new probabilities are made and what becomes of the old ones."""

    kind: str
    """suspicion, today, given, layer or warm."""
    mix: str = "replace"
    """replace, average (with the round's), or evidence (the old ones stay, the new ones teach the learned order)."""
    rate: float = 0.1
    """warm: share of the round's learning rate."""
    strength: float = 0.3
    """layer, given: inverse of the penalty on the weights."""
    answered: float = 1.0
    """layer: how many times an answered face counts."""


CHOSEN = (
    Arm("suspicion"),
    Arm("today"),
    Arm("given", "average"),
    Arm("layer", "average", answered=5.0),
    Arm("warm"),
)
"""The best of CANDIDATES on the faces of the other half, both kinds of labels together."""
CANDIDATES = (
    Arm("today"),
    *(
        Arm(kind, mix, strength=strength, answered=answered)
        for kind, mix, strength, answered in product(
            ("given", "layer"), ("replace", "average", "evidence"), (0.1, 0.3, 1.0, 10.0), (1.0, 5.0)
        )
        if kind == "layer" or answered == 1
    ),
    *(Arm("warm", mix, rate=rate) for rate, mix in product((0.1, 0.03, 0.3), ("replace", "average", "evidence"))),
)


@dataclass(frozen=True)
class Seen:
    """What a training left: (N, C) mean probabilities, (N, D) features of length 1, and the folder of its weights."""

    mean: FloatArray
    features: FloatArray
    folder: Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--noises", nargs="+", choices=("real", PICTURES), default=["real", PICTURES])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--faces", type=int, default=3_000)
    parser.add_argument("--choose", action="store_true", help="compare constants, on faces of the other half")
    parser.add_argument("--kinds", nargs="+", default=[arm.kind for arm in CHOSEN], help="these arms alone")
    parser.add_argument("--train-only", action="store_true", help="train the rounds and let nobody answer")
    said = parser.parse_args()
    cells = []
    for noise in said.noises:
        whole = load_pictures(said.pictures) if noise == PICTURES else load_faces(said.work, said.root, TABLE)
        faces = part(whole, said.faces, reported=not said.choose)
        for seed in said.seeds:
            first = trained(said.work, faces, faces.own, replace(SETTINGS, seed=seed))
            if said.train_only:
                continue
            arms = [arm for arm in (CANDIDATES if said.choose else CHOSEN) if arm.kind in said.kinds]
            for arm, reader in product(arms, READERS):
                few = said.choose and arm.kind == "warm"  # its trainings are dear
                if few and reader != READERS[0]:
                    continue
                cell = reviewed(said.work, faces, first, arm, reader, seed, SHARES[:2] if few else SHARES)
                cells.append({"noise": noise, "seed": seed, "reader": reader, **cell})
                print(json.dumps(cells[-1]), file=sys.stderr, flush=True)
    if said.choose:
        print(describe_candidates(cells))
    elif cells:
        print(describe(cells))
        _write(cells)


def part(faces: Faces, count: int, *, reported: bool) -> Faces:
    """The first `count` training faces of one half, with their pictures and without test faces."""
    rows = np.flatnonzero(faces.reported == reported)[:count]
    chosen = np.zeros(len(faces.truth), np.bool_)
    chosen[rows] = True
    return replace(faces.only(chosen), pixels=faces.pixels[rows], test_labels=faces.test_labels[:0])


def trained(work: Path, faces: Faces, labels: IntArray, settings: TrainSettings, start: Path | None = None) -> Seen:
    """A training on all faces under these labels, from the weights in the folder `start` or from none.

    Kept in a folder named by all it follows from, and gone on with if it was broken off."""
    settings = replace(settings, image_size=faces.pixels.shape[1])
    cause = json.dumps([settings.as_dict(), start and start.name, faces.names, faces.own.tolist(), labels.tolist()])
    folder = work / "warm" / hashlib.sha256(cause.encode()).hexdigest()[:16]
    kept = folder / "seen.npz"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        nobody = np.empty(0, np.int64)
        data = TrainingData(faces.pixels, np.arange(len(labels)), labels, nobody, nobody)
        model = build_model(settings, len(faces.names))
        if start is not None:
            model.load_state_dict(load_file(start / WEIGHTS))
        job = Training(settings, data, model, folder)
        result = job.run(
            resume=True,
            on_epoch=lambda report: print(
                f"{folder.name}: epoch {report.epoch}, {report.seconds:.0f} s", file=sys.stderr, flush=True
            ),
        )
        save_weights(folder, job.eval_model)
        drop_checkpoint(folder)
        features = unit_features(job.eval_model, job.faces, job.compute).float().cpu().numpy()
        unfinished = folder / f"{os.getpid()}.npz"
        np.savez(unfinished, mean=result.mean.cpu().numpy(), features=features)
        unfinished.replace(kept)
    with np.load(kept, allow_pickle=False) as seen:
        return Seen(seen["mean"], seen["features"], folder)


def reviewed(
    work: Path, faces: Faces, first: Seen, arm: Arm, reader: str, seed: int, shares: tuple[float, ...]
) -> dict[str, Any]:
    """What answering comes to after each share: label accuracy, and the share of all wrong labels that were asked."""
    given, said, n = faces.own, answers(reader, faces, seed), len(faces.own)
    probabilities, evidence, seen = first.mean, first.mean, first
    asked = np.empty(0, np.int64)
    for step, share in enumerate(shares):
        if step and arm.kind not in ("suspicion", "today"):
            decided = given.copy()
            decided[asked] = said[asked]
            if arm.kind == "warm":
                settings = replace(
                    SETTINGS, epochs=2, lr=arm.rate * SETTINGS.lr, weighting_from=0.0, seed=seed + 100 * step
                )
                seen = trained(work, faces, decided, settings, start=seen.folder)
                new = seen.mean
            elif arm.kind == "layer":
                new = refitted(first.features, decided, asked, arm, len(faces.names))
            else:
                new = refitted(first.features, given, asked[:0], arm, len(faces.names))
            known = np.isin(np.arange(n), asked)[:, None]
            if arm.mix == "evidence":  # a layer's fit does not know a face's own answer, a retrained network does
                evidence = np.where(known, evidence, new) if arm.kind == "warm" else new
            else:
                mixed = new if arm.mix == "replace" else (new + first.mean) / 2
                probabilities = np.where(known, probabilities, mixed).astype(np.float32)
        doubt = suspicion(probabilities, given)
        count = round(share * n)
        if arm.kind == "suspicion":
            asked = np.argsort(-doubt, kind="stable")[:count]
            continue
        asked = learned_order(
            cured_probabilities(probabilities, class_trust(probabilities, given)),
            doubt,
            given,
            said,
            count,
            learn_every=LEARN_EVERY,
            seed=seed,
            opinions=(standardised_logs(evidence),) if step and arm.mix == "evidence" else (),
            asked=asked,
        )
    wrong = given != faces.truth
    gain = (said == faces.truth).astype(np.int64) - ~wrong
    at = [round(share * n) for share in shares]
    return {
        "arm": asdict(arm),
        "faces": n,
        "wrong": float(wrong.mean()),
        "accuracy": [float(((~wrong).sum() + gain[asked[:count]].sum()) / n) for count in at],
        "found": [float(wrong[asked[:count]].sum() / wrong.sum()) for count in at],
    }


def refitted(features: FloatArray, labels: IntArray, asked: IntArray, arm: Arm, classes: int) -> FloatArray:
    """(N, C) probabilities by logistic regressions on the features, each face's by one that has not seen it.

    Those in `asked` count `arm.answered` times.
    """
    centred = features - features.mean(axis=0)
    scaled = centred / np.sqrt(np.square(centred).sum(axis=1).mean())
    weight = np.ones(len(labels))
    weight[asked] = arm.answered
    fold = np.random.default_rng(0).permutation(len(labels)) % FOLDS
    seen: FloatArray = np.full((len(labels), classes), 1e-4, np.float32)
    for k in range(FOLDS):
        fit = LogisticRegression(C=arm.strength, max_iter=200)
        fit.fit(scaled[fold != k], labels[fold != k], sample_weight=weight[fold != k])
        seen[np.ix_(fold == k, fit.classes_)] += fit.predict_proba(scaled[fold == k]).astype(np.float32)
    seen /= seen.sum(axis=1, keepdims=True)
    return seen


def describe_candidates(cells: list[dict[str, Any]]) -> str:
    """A line for each candidate, kind of labels and reader: label accuracy after 20 and 30 %."""
    return "\n".join(
        f"{cell['noise']}, {cell['reader']}: {cell['arm']}: {' '.join(f'{a:.4f}' for a in cell['accuracy'][1:])}"
        for cell in cells
    )


def describe(cells: list[dict[str, Any]]) -> str:
    """The table of benchmarks/README.md: mean and standard deviation over the seeds, and after 30 % the gain over
    `today`, of the same seed, and the share of the wrong labels that were asked about."""
    lines = ["| labels | reader | arm | n | after 10 % | after 20 % | after 30 % | gain | wrong labels found |"]
    lines.append("|---" * 9 + "|")
    for noise, reader, kind in sorted(
        {(c["noise"], c["reader"], c["arm"]["kind"]) for c in cells},
        key=lambda row: (row[0] == PICTURES, READERS.index(row[1]), [arm.kind for arm in CHOSEN].index(row[2])),
    ):
        alike = [c for c in cells if (c["noise"], c["reader"]) == (noise, reader)]
        same = [c for c in alike if c["arm"]["kind"] == kind]
        today = {c["seed"]: c["accuracy"][-1] for c in alike if c["arm"]["kind"] == "today"}
        figures = [
            *(spread([c["accuracy"][i] for c in same]) for i in range(len(SHARES))),
            spread([c["accuracy"][-1] - today[c["seed"]] for c in same if c["seed"] in today]),
            spread([c["found"][-1] for c in same]),
        ]
        lines.append(f"| {noise} | {reader} | {kind} | {len(same)} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _write(cells: list[dict[str, Any]]) -> None:
    told = {
        "settings": SETTINGS.as_dict(),
        "device": f"{choose_compute(SETTINGS).describe()}, {os.cpu_count()} cores",
        "versions": {**versions(), "scikit-learn": sklearn.__version__},
        "cells": cells,
    }
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
