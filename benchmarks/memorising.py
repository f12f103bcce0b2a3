"""Which passes of a long training tell wrong labels from right ones, on real faces.

    python -m benchmarks.memorising WORK ROOT [--faces 13000] [--epochs 30] [--noises real single-vote] [--seeds 0]

ROOT is as in `benchmarks.ferplus_faces`. WORK keeps the passes of every training, a folder each; what is there is not
trained again. Table to standard output, everything to results/memorising.json, trainings of other --faces beside those
that are in it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cleaning.faces import NOISES, PICTURES, Faces, given_labels, load_faces
from benchmarks.cleaning.figures import calibration, proposals
from benchmarks.cleaning.trainings import SETTINGS
from scn_core.bench.report import versions
from scn_core.records import FloatArray, IntArray
from scn_core.review.evaluate import detector
from scn_core.scn.memorising import doubts_fitted, passes_to_average
from scn_core.scn.model import build_model
from scn_core.scn.suspicion import (
    class_trust,
    cured_probabilities,
    may_be_proposed,
    strongest_other,
    suspicion,
)
from scn_core.training.data import TrainingData
from scn_core.training.loop import Training

RESULTS = Path(__file__).parent / "results" / "memorising.json"
FACES = 13_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--faces", type=int, default=FACES)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument(
        "--noises", nargs="+", choices=[noise for noise in NOISES if noise != PICTURES], default=["real", "single-vote"]
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    faces = load_faces(said.work, said.root, FACES).some(said.faces)
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"trainings": {}}
    for noise, seed in product(said.noises, said.seeds):
        given = given_labels(faces, noise, seed)
        name = f"{noise}, {said.faces} faces, {said.epochs} epochs, seed {seed}"
        folder = said.work / name.replace(", ", "-").replace(" ", "-")
        passes = trained(folder, faces, given, said.epochs, seed)
        found["trainings"][name] = figures(passes, given, faces.truth)
        print(described(name, found["trainings"][name]))
    RESULTS.write_text(json.dumps(found | {"versions": versions()}, indent=1) + "\n")


def trained(folder: Path, faces: Faces, given: IntArray, epochs: int, seed: int) -> FloatArray:
    """(epochs, N, C) what the clean passes saw."""
    done = folder / "done"
    if not done.exists():
        folder.mkdir(exist_ok=True)
        nobody = np.empty(0, np.int64)
        settings = replace(SETTINGS, epochs=epochs, seed=seed)
        data = TrainingData(faces.pixels, np.arange(len(given)), given, nobody, nobody)
        job = Training(settings, data, build_model(settings, len(faces.names)), folder)
        job.run(resume=True, on_epoch=lambda report: print(f"{folder.name}: epoch {report.epoch}", flush=True))
        done.touch()
    passes: FloatArray = np.load(folder / "passes.npy", mmap_mode="r")
    return passes


def figures(passes: FloatArray, given: IntArray, truth: IntArray) -> dict[str, Any]:
    """Of the mean of several choices of passes, and of the passes one by one."""
    rows, epochs, wrong = np.arange(len(given)), len(passes), given != truth
    p_given = passes[:, rows, given]
    p_other = np.stack([strongest_other(each, given) for each in passes])
    chosen = passes_to_average(p_given, p_other)
    choices = {
        "the last": range(epochs - 1, epochs),
        "all": range(epochs),
        "second half": range(epochs // 2, epochs),
        "chosen": chosen,
    }
    return {
        "wrong": float(wrong.mean()),
        "choices": {name: score_choice(passes, which, given, truth) for name, which in choices.items()},
        "doubts_fitted": doubts_fitted(p_given, p_other).tolist(),
        "agrees": (p_given > p_other).mean(axis=1).tolist(),
        "wrong_labels_fitted": (p_given > p_other)[:, wrong].mean(axis=1).tolist(),
    }


def score_choice(passes: FloatArray, which: range, given: IntArray, truth: IntArray) -> dict[str, Any]:
    wrong = given != truth
    mean = passes[which.start : which.stop].astype(np.float32).mean(axis=0)
    mean /= mean.sum(axis=1, keepdims=True)
    score = suspicion(mean, given)
    cured = cured_probabilities(mean, class_trust(mean, given))
    likely = may_be_proposed(score, cured, given)
    return {
        "epochs": [which.start + 1, which.stop],
        **asdict(detector(score, wrong, given)),
        "suspicion": float(score.mean()),
        "off": calibration(score, wrong)["error"],
        "likeliest_right": float((cured.argmax(axis=1) == truth).mean()),
        "proposals": proposals(cured, likely, given, truth),
    }


def described(name: str, found: dict[str, Any]) -> str:
    columns = (
        "mean of",
        "epochs",
        "AP",
        "AUROC",
        "P@k",
        "suspicion says",
        "off by",
        "proposals: wrong, right",
    )
    head = [
        f"\n**{name}**, {found['wrong']:.3f} of the labels wrong:\n",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
    ]
    rows = [
        f"| {choice} | {row['epochs'][0]}-{row['epochs'][1]} | {row['average_precision']:.3f} | {row['auroc']:.3f} | "
        f"{row['precision_at_k']:.3f} | {row['suspicion']:.3f} | {row['off']:.3f} | {said_of(row['proposals'])} |"
        for choice, row in found["choices"].items()
    ]
    return "\n".join(head + rows)


def said_of(found: dict[str, Any]) -> str:
    if not found["count"]:
        return "0"
    return f"{found['count']:,}: {found['precision']:.2f}, {found['label_right']:.2f}"


if __name__ == "__main__":
    main()
