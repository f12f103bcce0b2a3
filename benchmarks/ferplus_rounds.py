"""What a round of review is worth on real faces: round 1, a fifth of the faces reviewed, round 2.

    python -m benchmarks.ferplus_rounds WORK ROOT [--seeds 0 1 2] [--reviewers human perfect]

ROOT is as in `benchmarks.ferplus_faces`, WORK a folder with room for a workspace an arm and seed; what is there already
is not run again. For every seed, all with the same options and the figures of the last epoch:

    round 1     as the data set labels the faces; a second round without review trains on the same and ends the same
    auto        the same round with SCN's automatic relabelling from 40 % of the epochs on
    reviewed    a copy of round 1, a fifth of its faces answered by `simulate`, then round 2

Label accuracy is measured against the crowd on the training faces, test accuracy on held-out faces whose crowd is
certain. The table goes to standard output, everything to results/ferplus_rounds.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
import torchvision

from scn_core.store.rounds import get_round
from scn_core.store.samples import references
from scn_core.store.scores import scores
from scn_core.workspace import Workspace

TRAIN = ["--image-size", "48", "--epochs", "8"]
AUTO = ["--relabel", "auto", "--relabel-from", "3"]
REVIEWERS = {
    "perfect": ["--reviewer-error", "0", "--accept-bias", "0"],
    "human": ["--reviewer-error", "0.05", "--accept-bias", "0.1"],
}
RESULTS = Path(__file__).with_name("results") / "ferplus_rounds.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--faces", type=int, default=13_000)
    parser.add_argument("--budget", default="0.2")
    parser.add_argument("--reviewers", nargs="+", choices=REVIEWERS, default=list(REVIEWERS))
    said = parser.parse_args()
    table = said.work / "faces.csv"
    said.work.mkdir(parents=True, exist_ok=True)
    if not table.exists():
        run("benchmarks.ferplus_faces", said.root, table, "--faces", said.faces)
    arms: dict[str, list[dict[str, Any]]] = {}
    for seed in said.seeds:
        for arm, figures in seed_figures(said, table, seed):
            arms.setdefault(arm, []).append({"seed": seed, **figures})
    said_to = {name: REVIEWERS[name] for name in said.reviewers}
    told = {"train": TRAIN, "auto": AUTO, "reviewers": said_to, "budget": said.budget, "faces": said.faces}
    RESULTS.write_text(json.dumps({**told, "versions": versions(), "arms": arms}, indent=1) + "\n")
    print(describe(arms))


def seed_figures(said: argparse.Namespace, table: Path, seed: int) -> Iterable[tuple[str, dict[str, Any]]]:
    """The arms of one seed, each trained where it is not there yet."""
    work, root = said.work, said.root
    first, auto = work / f"first-{seed}", work / f"auto-{seed}"
    for workspace, options in ((first, []), (auto, AUTO)):
        if not (workspace / "workspace.toml").exists():
            run("scn_core", "init", workspace, "--dataset", "csv", "--csv", table, "--root", root,
                "--reference-column", "reference")  # fmt: skip
        if not (workspace / "rounds" / "0001" / "weights.safetensors").exists():
            run("scn_core", "train", workspace, *TRAIN, "--seed", seed, *options)
    yield "round 1", trained(first, 1)
    yield "auto", trained(auto, 1)
    for name in said.reviewers:
        reviewed, told = work / f"{name}-{seed}", work / f"{name}-{seed}.json"
        if not told.exists():
            shutil.rmtree(reviewed, ignore_errors=True)
            shutil.copytree(first, reviewed)
            simulate = ["--budget", said.budget, "--rounds", 1, "--seed", seed, *REVIEWERS[name]]
            told.write_text(run("scn_core", "simulate", reviewed, *simulate, *TRAIN, "--json"))
        yield f"reviewed, {name}", {**trained(reviewed, 2), "simulated": json.loads(told.read_text())}


def trained(path: Path, number: int) -> dict[str, Any]:
    """Accuracy of the labels a round trained on last, and of its network on the test faces."""
    with Workspace(path).database() as db:
        seen, better, metrics = scores(db, number), references(db), get_round(db, number).metrics
    known = dict(zip(better.sample_id.tolist(), better.label.tolist(), strict=True))
    truth = np.array([known[sample] for sample in seen.sample_id.tolist()])
    return {
        "label_accuracy": float((seen.trained_label == truth).mean()),
        "test_accuracy": metrics["test_accuracy"],
        "seconds": metrics["seconds"],
        "device": metrics["device"],
    }


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), "torch": torch.__version__, "torchvision": torchvision.__version__}


def describe(arms: dict[str, list[dict[str, Any]]]) -> str:
    """Mean and spread over the seeds."""
    lines = ["| arm | label accuracy | test accuracy |", "|---|---|---|"]
    for arm, runs in arms.items():
        cells = [spread([each[name] for each in runs]) for name in ("label_accuracy", "test_accuracy")]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(values: list[float]) -> str:
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def run(module: str, *args: object) -> str:
    """What `python -m module args` prints; its progress goes to standard error."""
    command = [sys.executable, "-m", module, *map(str, args)]
    print("$ python -m", *command[2:], file=sys.stderr)
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
