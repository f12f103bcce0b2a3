"""What the learned order is worth on real faces: the same queue answered with and without it.

    python -m benchmarks.ferplus_order WORK [--seeds 0 1 2]

WORK is that of `benchmarks.ferplus_rounds`, whose first rounds are answered again, in copies, by made-up readers: in
the order of suspicion, and in the order that their answers teach. Nothing is trained. The table goes to standard
output, everything to results/ferplus_order.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.ferplus_rounds import versions
from scn_core.config import ReviewSettings
from scn_core.simulate import review
from scn_core.simulate.reader import Plan
from scn_core.store.connection import transaction
from scn_core.workspace import Workspace

READERS = {"perfect": (0.0, 0.0), "5 % slips, accepts a tenth unseen": (0.05, 0.1)}
ORDERS = {"suspicion": 0, "learned": ReviewSettings.learn_every}
BUDGETS = (0.1, 0.2)
RESULTS = Path(__file__).with_name("results") / "ferplus_order.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    said = parser.parse_args()
    found = [
        {"reader": reader, "budget": budget, "order": order, "seed": seed,
         **answered(said.work / f"first-{seed}", READERS[reader], budget, ORDERS[order], seed)}
        for reader, budget, order, seed in product(READERS, BUDGETS, ORDERS, said.seeds)
    ]  # fmt: skip
    RESULTS.write_text(json.dumps({"versions": versions(), "runs": found}, indent=1) + "\n")
    print("\n".join(table(found)))


def answered(first: Path, reader: tuple[float, float], budget: float, learn_every: int, seed: int) -> dict[str, Any]:
    """What the answers came to, in a copy of the workspace."""
    error, bias = reader
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(first, Path(folder) / "ws", ignore=shutil.ignore_patterns("pixels", "rounds")))
        with Workspace(copy).database() as db:
            with transaction(db):
                db.execute("UPDATE round SET review = json_set(review, '$.learn_every', ?)", (learn_every,))
            labels = review(db, Plan(budget=budget, reviewer_error=error, accept_bias=bias, seed=seed)).labels
    return {
        "accuracy_before": labels.accuracy_before,
        "accuracy_after": labels.accuracy_after,
        "corrected": labels.corrected,
        "over_corrected": labels.over_corrected,
    }


def table(found: list[dict[str, Any]]) -> list[str]:
    """Mean and spread over the seeds."""
    lines = [
        "| reader | reviewed | order | label accuracy | corrected | right ones turned wrong |",
        "|---|---|---|---|---|---|",
    ]
    for reader, budget, order in product(READERS, BUDGETS, ORDERS):
        runs = [run for run in found if (run["reader"], run["budget"], run["order"]) == (reader, budget, order)]
        after = [run["accuracy_after"] for run in runs]
        spread = f" ± {stdev(after):.3f}" if len(after) > 1 else ""
        counts = " | ".join(f"{mean(run[name] for run in runs):,.0f}" for name in ("corrected", "over_corrected"))
        lines.append(f"| {reader} | {budget:.0%} | {order} | {mean(after):.3f}{spread} | {counts} |")
    return lines


if __name__ == "__main__":
    main()
