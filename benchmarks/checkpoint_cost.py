"""For how long a training waits for its checkpoints: one an epoch, against one every so many seconds.

    python -m benchmarks.checkpoint_cost [--epochs 20] [--epoch-s 0.7] [--repeats 3]

The state of ResNet-18 with its optimiser, 134 MB, on the CPU; an epoch is a sleep. Both take turns. JSON on standard
output.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from itertools import product
from pathlib import Path

import torch

from scn_core.bench.report import versions
from scn_core.config import TrainSettings
from scn_core.scn.model import build_model
from scn_core.training.checkpoint import CHECKPOINT_EVERY_S, Checkpoint, CheckpointWriter
from scn_core.training.optimise import build_optimizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--epoch-s", type=float, default=0.7, help="of 28,000 faces at 112 px on an H100")
    parser.add_argument("--repeats", type=int, default=3)
    said = parser.parse_args()
    ways = {"every epoch": 0.0, f"every {CHECKPOINT_EVERY_S:.0f} s": CHECKPOINT_EVERY_S}
    found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _, (way, every_s) in product(range(said.repeats), ways.items()):
        found[way].append(waited(said.epochs, said.epoch_s, every_s))
    print(json.dumps({"seconds": found, "cores": os.cpu_count(), "versions": versions()}, indent=1))


def waited(epochs: int, epoch_s: float, every_s: float) -> dict[str, float]:
    """Seconds that all epochs together waited for the writer, and those that the end did."""
    settings = TrainSettings(device="cpu", weights=None)
    model = build_model(settings, 7)
    optimizer = build_optimizer(model, settings)
    sum(parameter.sum() for parameter in model.parameters()).backward()  # type: ignore[union-attr]
    optimizer.step()  # from now on there is a state
    labels, spent = torch.zeros(28_000, dtype=torch.int64), 0.0
    with tempfile.TemporaryDirectory() as folder:
        with CheckpointWriter(Path(folder), every_s) as checkpoints:
            for epoch in range(1, epochs + 1):
                time.sleep(epoch_s)
                begun = time.perf_counter()
                checkpoints.save(Checkpoint(epoch, model.state_dict(), optimizer.state_dict(), labels))
                spent += time.perf_counter() - begun
            begun = time.perf_counter()
        return {"waited": spent, "at the end": time.perf_counter() - begun}


if __name__ == "__main__":
    main()
