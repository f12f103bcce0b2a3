"""Do faces gain importance once their label is right, as the paper on Self-Cure Networks expects? Drawn and real faces.

    python -m benchmarks.cured_importance WORK                       # the drawn faces of the demo
    python -m benchmarks.cured_importance WORK --root ROOT           # and FER2013, as benchmarks.ferplus_faces reads it

A round is trained; a reviewer who makes no mistake answers the first --budget of its queue; the next round is trained
on the labels as decided. What is counted is how the corrected faces rank by importance weight in both, beside as many
faces that ranked the same before and kept their label (`round compare`). Workspaces are kept in WORK, and a round that
is there is not trained again. JSON to results/cured_importance.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from scn_core.bench.report import machine, versions
from scn_core.config import TrainSettings

RESULTS = Path(__file__).with_name("results") / "cured_importance.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--root", type=Path, default=None)
    parser.add_argument("--faces", type=int, default=13_000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--budget", type=float, default=0.2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, list[str]] = {"drawn": ["--dataset", "demo"]}
    if said.root:
        table = said.work / f"faces-{said.faces}.csv"
        if not table.exists():
            run("benchmarks.ferplus_faces", str(said.root), str(table), "--faces", str(said.faces))
        kinds["real"] = ["--dataset", "csv", "--csv", str(table), "--root", str(said.root)]
        kinds["real"] += ["--reference-column", "reference"]
    runs = []
    for seed in said.seeds:
        for kind, options in kinds.items():
            workspace = said.work / f"{kind}-{said.epochs}-{seed}"
            found = compared(workspace, options, said.epochs, said.budget, seed)
            runs.append({"kind": kind, "seed": seed, **found})
            print(f"{kind}, seed {seed}: {json.dumps(found['importance'])}", flush=True)
    report = {
        "benchmark": "cured_importance",
        "epochs": said.epochs,
        "budget": said.budget,
        "runs": runs,
        "machine": machine(TrainSettings()),
        "versions": versions(),
    }
    said.out.write_text(json.dumps(report, indent=1), encoding="utf-8")


def compared(workspace: Path, options: list[str], epochs: int, budget: float, seed: int) -> dict[str, Any]:
    """Two rounds of a workspace, made where they are not there, and what `round compare` says of importance."""
    if not workspace.exists():
        run("scn_core", "init", str(workspace), *options)
    rounds = len(json.loads(run("scn_core", "round", "list", str(workspace), "--json")))
    if not rounds:
        run("scn_core", "train", str(workspace), "--image-size", "48", "--epochs", str(epochs), "--seed", str(seed))
    if rounds < 2:
        perfect = ["--reviewer-error", "0", "--accept-bias", "0", "--rounds", "1", "--budget", str(budget)]
        run("scn_core", "simulate", str(workspace), *perfect, "--seed", str(seed))
    moved = json.loads(run("scn_core", "round", "compare", str(workspace), "--json"))["moved"]
    return {key: moved[key] for key in ("both", "importance")} | {
        "changed": sum(change["faces"] for change in moved["changes"])
    }


def run(*words: str) -> str:
    """`python -m WORDS`; what it printed."""
    return subprocess.run([sys.executable, "-m", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
