"""The FERPlus protocol with eight classes: the network with what SCN adds, against the same loop without.

    python -m benchmarks.ferplus_protocol WORK ROOT                          # 36 trainings; on a GPU
    python -m benchmarks.ferplus_protocol WORK ROOT --noises 0 --seeds 0 --faces 4000 --epochs 4

ROOT is what data set `ferplus` reads: trained on Training under the crowd's majority, measured on PublicTest, from
scratch, by the last epoch. Labels are flipped symmetrically in 0, 10, 20 and 30 % of the training faces. Arms:

    plain       cross entropy alone: alpha in no loss
    review      weighted logits and rank regularisation; labels stay as they are
    auto        the same, and from 40 % of the epochs on the relabel rule sets the labels

Every training is kept in WORK and not run again. Table to standard output, all to results/ferplus_protocol.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cleaning.tables import spread
from benchmarks.cleaning.trainings import PLAIN
from scn_core.bench.report import machine, versions
from scn_core.class_names import ClassVocabulary
from scn_core.config import TrainSettings
from scn_core.datasets.noise import flip_labels, parse_noise
from scn_core.datasets.pixels import pixel_cache
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.files import write_text
from scn_core.records import EpochReport, IntArray
from scn_core.scn.model import build_model
from scn_core.training.data import TrainingData
from scn_core.training.loop import Training

ARMS: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "review": {},
    "auto": {"relabel": "auto"},
}
AUTO_FROM = 0.4
"""Share of the epochs before labels begin to change."""
RESULTS = Path(__file__).with_name("results") / "ferplus_protocol.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--noises", type=int, nargs="+", default=[0, 10, 20, 30], help="percent of the labels flipped")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--faces", type=int, default=0, help="train on the first so many of them; 0: on all")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=RESULTS)
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    data, classes = faces_of(said.root, said.work, said.faces)
    common = {"image_size": 48, "epochs": said.epochs, "batch_size": said.batch_size, "device": said.device}
    common["relabel_from"] = max(1, round(AUTO_FROM * said.epochs))
    runs = []
    for seed, noise, arm in product(said.seeds, said.noises, said.arms):
        settings = TrainSettings(**(common | ARMS[arm]), seed=seed)
        file = said.work / f"{arm}-{noise}-{seed}-{len(data.rows)}-{said.epochs}-{said.batch_size}.json"
        runs.append({"arm": arm, "noise": noise, "seed": seed, **kept_training(file, data, noise, settings, classes)})
    report = {
        "benchmark": "ferplus_protocol",
        "faces": len(data.rows),
        "test_faces": len(data.val_rows),
        "runs": runs,
        "machine": machine(TrainSettings(device=said.device)),
        "versions": versions(),
    }
    said.out.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(table(runs))


def faces_of(root: Path, work: Path, most: int) -> tuple[TrainingData, ClassVocabulary]:
    """The training faces under the crowd's majority, and PublicTest."""
    manifest = read_manifest("ferplus", Source(root=root, unpack_to=work / "images"))
    pixels = pixel_cache(work, manifest.samples, manifest.root, 48).pixels
    labels = np.array([sample.given_label for sample in manifest.samples])
    split = np.array([sample.split for sample in manifest.samples])
    train, val = np.flatnonzero(split == "train"), np.flatnonzero(split == "val")
    train = train[: most or None]
    return TrainingData(pixels, train, labels[train], val, labels[val]), manifest.classes


def flipped(data: TrainingData, percent: int, classes: ClassVocabulary, seed: int) -> TrainingData:
    """The same faces with so many of the training labels another class."""
    noisy, _ = flip_labels(data.labels, parse_noise(f"symmetric:{percent / 100}"), classes, seed)
    return replace(data, labels=noisy)


def kept_training(
    file: Path, data: TrainingData, percent: int, settings: TrainSettings, classes: ClassVocabulary
) -> dict[str, Any]:
    """What a training with so many of the labels flipped came to, from its file; trained first where there is none."""
    if not file.exists():
        noisy = flipped(data, percent, classes, settings.seed)
        write_text(file, json.dumps(trained(noisy, data.labels, settings, len(classes), file.stem)))
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return kept


def trained(
    data: TrainingData, right: IntArray, settings: TrainSettings, class_count: int, name: str
) -> dict[str, Any]:
    """What a training came to; `right`: the labels before any was flipped."""
    epochs: list[EpochReport] = []

    def on_epoch(report: EpochReport) -> None:
        epochs.append(report)
        if report.val_accuracy is not None:  # an epoch without a clean pass
            print(f"{name}: epoch {report.epoch}, accuracy {report.val_accuracy:.4f}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        result = Training(settings, data, build_model(settings, class_count), Path(folder)).run(on_epoch=on_epoch)
    return {
        "accuracy": epochs[-1].val_accuracy,
        "best_epoch": max(report.val_accuracy for report in epochs if report.val_accuracy is not None),
        "labels_right": float((result.labels.cpu().numpy() == right).mean()),
        "faces_per_s": epochs[-1].faces_per_s,
        "seconds": sum(report.seconds for report in epochs),
        "settings": settings.as_dict(),
        "epochs": [asdict(report) for report in epochs],
    }


def table(runs: list[dict[str, Any]]) -> str:
    """Accuracy on PublicTest, mean and standard deviation over the seeds, a row an arm."""
    noises = sorted({run["noise"] for run in runs})
    lines = ["| | " + " | ".join(f"{noise} % flipped" for noise in noises) + " |", "|---" * (len(noises) + 1) + "|"]
    for arm in dict.fromkeys(run["arm"] for run in runs):
        cells = []
        for noise in noises:
            cells.append(spread([run["accuracy"] for run in runs if (run["arm"], run["noise"]) == (arm, noise)]))
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
