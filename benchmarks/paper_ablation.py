"""What each part of the Self-Cure Network brings: one part or one constant changed at a time, on FERPlus.

    python -m benchmarks.paper_ablation WORK ROOT                            # 15 arms, 3 seeds each; on a GPU
    python -m benchmarks.paper_ablation WORK ROOT --faces 4000 --epochs 12 --seeds 0 1

As `benchmarks.ferplus_protocol`, whose trainings these are: ROOT is what data set `ferplus` reads, the network starts
from random weights, part of the training labels is flipped to another class, and what counts is the accuracy on
PublicTest after the last epoch. Every training is kept in WORK and not run again. Tables to standard output, all to
results/paper_ablation.json.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.cleaning.tables import spread
from benchmarks.cleaning.trainings import PLAIN
from benchmarks.ferplus_protocol import AUTO_FROM, faces_of, kept_training
from scn_core.bench.report import machine, versions
from scn_core.config import TrainSettings

WHOLE: dict[str, Any] = {"relabel": "auto"}
"""All three parts with the constants of the paper, which are the defaults."""
TABLES: dict[str, dict[str, dict[str, Any]]] = {
    "parts": {
        "none": PLAIN,
        "relabelling": PLAIN | WHOLE,
        "weighting": {"gamma": 0.0},
        "weighting, relabelling": {"gamma": 0.0} | WHOLE,
        "weighting, ranking": {},
        "all three": WHOLE,
    },
    "beta": {"0.5": {"beta": 0.5}, "0.7": {}, "0.9": {"beta": 0.9}},
    "delta1": {
        "0.05": {"margin_rank": 0.05},
        "0.15": {},
        "0.3": {"margin_rank": 0.3},
        "learned": {"learn_margin_rank": True},
    },
    "delta2": {"0": {"margin_relabel": 0.0}, "0.2": {}, "0.5": {"margin_relabel": 0.5}},
    "gamma": {"0.2": {"gamma": 0.2}, "0.5": {}, "0.8": {"gamma": 0.8}},
}
"""Options of each arm; all but those of `parts` are on top of WHOLE."""
RESULTS = Path(__file__).with_name("results") / "paper_ablation.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--noise", type=int, default=20, help="percent of the labels flipped")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--faces", type=int, default=0, help="train on the first so many of them; 0: on all")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=RESULTS)
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    data, classes = faces_of(said.root, said.work, said.faces)
    common = {"image_size": 48, "epochs": said.epochs, "device": said.device}
    common["relabel_from"] = max(1, round(AUTO_FROM * said.epochs))
    runs = []
    for seed, table in product(said.seeds, said.tables):
        for arm, options in TABLES[table].items():
            changed = options if table == "parts" else WHOLE | options
            settings = TrainSettings(**(common | changed), seed=seed)
            name = "-".join(f"{option}={value}" for option, value in sorted(changed.items())) or "defaults"
            file = said.work / f"{name}-{said.noise}-{seed}-{len(data.rows)}-{said.epochs}.json"
            run = kept_training(file, data, said.noise, settings, classes)
            runs.append({"table": table, "arm": arm, "seed": seed, **run})
        report = {
            "benchmark": "paper_ablation",
            "noise": said.noise,
            "faces": len(data.rows),
            "test_faces": len(data.val_rows),
            "epochs": said.epochs,
            "runs": [{key: value for key, value in run.items() if key != "epochs"} for run in runs],
            "machine": machine(TrainSettings(device=said.device)),
            "versions": versions(),
        }
        said.out.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print("\n\n".join(table_of(runs, name) for name in said.tables))


def table_of(runs: list[dict[str, Any]], name: str) -> str:
    """A row an arm: accuracy on PublicTest and the share of right training labels at the end, over the seeds."""
    lines = [f"| {name} | n | accuracy | training labels right |", "|---|---|---|---|"]
    for arm in TABLES[name]:
        mine = [run for run in runs if (run["table"], run["arm"]) == (name, arm)]
        accuracy, right = (spread([run[key] for run in mine]) for key in ("accuracy", "labels_right"))
        lines.append(f"| {arm} | {len(mine)} | {accuracy} | {right} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
