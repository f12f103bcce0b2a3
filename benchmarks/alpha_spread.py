"""Does alpha keep its spread? Trains a workspace's faces with each recipe at each batch size and writes JSON.

    python -m benchmarks.alpha_spread WS --image-size 64 --epochs 8 [--faces 8000] [--reference FILE] > out.json

Recipes: the default one, and the plain one of the paper (weighting from the first step, the attention head at the
learning rate of the rest, no clipping). Nothing is written into the workspace but its pixel cache.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from scn_core.bench.report import versions
from scn_core.config import TrainSettings
from scn_core.datasets.pixels import pixel_cache
from scn_core.records import EpochReport
from scn_core.review.reference_labels import read_reference
from scn_core.scn.model import SelfCureNetwork
from scn_core.store.samples import classes, iter_samples, references
from scn_core.training.collapse import collapse_warning
from scn_core.training.data import TrainingData
from scn_core.training.loop import Training
from scn_core.workspace.folder import Workspace

RECIPES: dict[str, dict[str, Any]] = {
    "default": {},
    "plain": {"weighting_from": 0.0, "attention_lr_scale": 1.0, "clip_norm": 0.0},
}


def load(said: argparse.Namespace) -> tuple[TrainingData, int, np.ndarray[Any, np.dtype[np.int64]]]:
    """Training data of the workspace (a seeded choice of faces), number of classes, truth (-1: unknown)."""
    place = Workspace(said.workspace)
    with place.database() as db:
        samples = [stored.sample for stored in iter_samples(db)]
        vocabulary, known = classes(db), references(db)
    truth = np.full(len(samples), -1)
    truth[known.sample_id - 1] = known.label
    if said.reference:
        by_key = read_reference(said.reference, vocabulary)
        truth = np.array([by_key.get(sample.key, -1) for sample in samples])
    pixels = pixel_cache(place.pixels, samples, place.pictures(), said.image_size).pixels
    given = np.array([sample.given_label for sample in samples])
    split = np.array([sample.split for sample in samples])
    train, val = np.flatnonzero(split == "train"), np.flatnonzero(split == "val")
    if said.faces:
        train = np.sort(np.random.default_rng(0).permutation(train)[: said.faces])
    data = TrainingData(pixels, train, given[train], val, given[val])
    return data, len(vocabulary), truth[train]


def run(data: TrainingData, class_count: int, truth: np.ndarray[Any, Any], settings: TrainSettings) -> dict[str, Any]:
    torch.manual_seed(settings.seed)
    model = SelfCureNetwork(settings.backbone, class_count, image_size=settings.image_size)
    epochs: list[dict[str, Any]] = []
    warnings: list[str] = []

    def on_epoch(report: EpochReport) -> None:
        epochs.append(vars(report))
        warning = collapse_warning(report.alpha_mean, report.alpha_std)
        if warning and report.epoch > settings.weighting_from * settings.epochs:
            warnings.append(warning)

    with tempfile.TemporaryDirectory() as folder:
        result = Training(settings, data, model, Path(folder)).run(on_epoch=on_epoch)
    known = truth >= 0
    wrong = (data.labels != truth)[known]
    auroc = float(roc_auc_score(wrong, 1 - result.alpha.numpy()[known])) if 0 < wrong.sum() < len(wrong) else None
    return {"alpha_auroc": auroc, "collapse_warnings": len(warnings), "epochs": epochs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--faces", type=int, default=0, help="0: all training faces")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[64, 128, 1024])
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--reference", type=Path)
    said = parser.parse_args()
    data, class_count, truth = load(said)
    runs = []
    for batch_size in said.batch_sizes:
        for recipe in said.recipes:
            settings = TrainSettings(
                image_size=said.image_size, epochs=said.epochs, batch_size=batch_size, **RECIPES[recipe]
            )
            outcome = run(data, class_count, truth, settings)
            last = outcome["epochs"][-1]
            print(
                f"batch {batch_size:>4} {recipe:<8} alpha {last['alpha_mean']:.3f} +- {last['alpha_std']:.3f} "
                f"H {last['alpha_high']:.3f} L {last['alpha_low']:.3f} least spread "
                f"{min(e['alpha_std'] for e in outcome['epochs']):.3f} AUROC {outcome['alpha_auroc']} "
                f"val {last['val_accuracy']}",
                file=sys.stderr,
            )
            runs.append({"batch_size": batch_size, "recipe": recipe, "settings": settings.as_dict(), **outcome})
    print(json.dumps({"command": sys.argv, "faces": len(data.rows), "versions": versions(), "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
