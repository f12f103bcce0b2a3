"""The FERPlus protocol of `benchmarks.ferplus_protocol`, as many seeds as time allows."""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.ferplus_protocol import ARMS, AUTO_FROM, faces_of, flipped, trained
from benchmarks.gpu.plan import Findings, Plan, no_time, skipped

SECONDS = 30
"""A training: 21 to 24 s on an H100, beside three others."""
_READING = 40
EPOCHS = 40
_SEEDS, _NOISES = (0, 1, 2), (30, 0)


def measure(plan: Plan) -> Findings:
    """Accuracy of every arm that fits, seed by seed."""
    if plan.faces is None:
        yield "protocol", skipped("no --faces")
        return
    if not plan.fits(_READING + SECONDS):
        yield "protocol", no_time(plan, _READING + SECONDS)
        return
    epochs = plan.small(EPOCHS, 4)
    data, classes = faces_of(Path(plan.faces), plan.folder, plan.small(0, 64))
    common: dict[str, Any] = {"image_size": 48, "batch_size": 128, "epochs": epochs}
    common["relabel_from"] = max(1, round(AUTO_FROM * epochs))
    takes = float(SECONDS)
    for seed, noise, arm in product(_SEEDS, _NOISES, ARMS):
        name = f"{arm}, {noise} % flipped, seed {seed}"
        if not plan.fits(takes):
            yield name, no_time(plan, takes)
            continue
        begun = time.perf_counter()
        settings = plan.settings(**(common | ARMS[arm]), seed=seed)
        run = trained(flipped(data, noise, classes, seed), data.labels, settings, len(classes), name)
        takes = 1.1 * (time.perf_counter() - begun)
        kept = {
            key: run[key] for key in ("accuracy", "best_epoch", "labels_right", "faces_per_s", "seconds", "settings")
        }
        yield name, {"arm": arm, "noise": noise, "seed": seed, "faces": len(data.rows), **kept}
