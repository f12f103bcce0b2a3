"""Seconds to write and read the scores of a round in SQLite; JSON to stdout.

    python -m benchmarks.store_scores          # 1,000,000 samples, 7 classes, 3 runs on fresh files
    python -m benchmarks.store_scores --samples 50000 --runs 1

`insert_scores_s` is the figure with a budget (10 s for a million): scores and proposals, in one transaction with its
commit. `finish_round_s` is the same with the queue and the state change on another fresh file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
from sqlite_utils import Database

from scn_core.class_names import RAF_DB
from scn_core.records import Manifest, RoundScores, Sample
from scn_core.store.connection import create_database, transaction
from scn_core.store.decisions.record import effective_labels
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import insert_manifest
from scn_core.store.scores import ProposalCursor, count_proposals, insert_scores, page_proposals, scores

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--proposed", type=float, default=0.3, help="share of the samples with a proposal")
    parser.add_argument("--folder", type=Path, default=None, help="where the files go (default: the temporary folder)")
    args = parser.parse_args()
    made = make_scores(args.samples, args.proposed)
    runs = [measure(made, args.folder) for _ in range(args.runs)]
    figures = {name: [run[name] for run in runs] for name in runs[0]}
    report = {
        "benchmark": "store_scores",
        "samples": args.samples,
        "classes": len(RAF_DB),
        "proposed_share": args.proposed,
        "n": args.runs,
        "figures": {
            name: {"median": statistics.median(v), "min": min(v), "max": max(v)} for name, v in figures.items()
        },
        "machine": {"cpu": platform.machine(), "cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 2)},
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "sqlite-utils": version("sqlite-utils"),
            "numpy": np.__version__,
        },
    }
    print(json.dumps(report, indent=1))


def measure(made: RoundScores, folder: Path | None) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        db, round_id, filled = new_database(Path(name) / "queue.db", len(made.sample_id))
        finished, _ = timed(lambda: finish_round(db, round_id, made, {}, audit=1000))
        db.close()
        db, round_id, _ = new_database(Path(name) / "scores.db", len(made.sample_id))
        inserted, _ = timed(lambda: insert_only(db, round_id, made))
        read, back = timed(lambda: scores(db, round_id))
        assert np.array_equal(back.probabilities, made.probabilities)
        labels, _ = timed(lambda: effective_labels(db))
        counted, count = timed(lambda: count_proposals(db, round_id))
        pages = [page_time(db, round_id, at) for at in places()]
        db.close()
        return {
            "insert_manifest_s": filled,
            "insert_scores_s": inserted,
            "finish_round_s": finished,
            "read_scores_s": read,
            "effective_labels_s": labels,
            "count_proposals_ms": counted * 1000,
            "page_of_60_p95_ms": float(np.quantile(pages, 0.95)) * 1000,
            "proposals": float(count),
        }


def new_database(path: Path, count: int) -> tuple[Database, int, float]:
    db = create_database(path)
    samples = tuple(Sample(f"train/{i:07d}.jpg", f"train/{i:07d}.jpg", i % len(RAF_DB), "train") for i in range(count))
    filled, _ = timed(lambda: insert_manifest(db, Manifest("bench", path.parent, RAF_DB, samples)))
    return db, start_round(db, {}, code_version="bench"), filled


def insert_only(db: Database, round_id: int, made: RoundScores) -> None:
    with transaction(db):
        insert_scores(db, round_id, made)


def places() -> list[float]:
    return [float(place) for place in np.random.default_rng(1).random(200)]


def page_time(db: Database, round_id: int, place: float) -> float:
    return timed(lambda: page_proposals(db, round_id, after=ProposalCursor(place, 0)))[0]


def make_scores(count: int, proposed: float) -> RoundScores:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(len(RAF_DB)), count).astype(np.float32)
    given = np.arange(count) % len(RAF_DB)
    predicted = probabilities.argmax(1)
    p_given, p_max = probabilities[np.arange(count), given], probabilities.max(1)
    suspicion = rng.random(count, dtype=np.float32)
    return RoundScores(
        sample_id=np.arange(1, count + 1),
        alpha=rng.random(count, dtype=np.float32),
        p_given=p_given,
        p_max=p_max,
        predicted_label=predicted,
        margin=p_max - p_given,
        suspicion=suspicion,
        low_importance=rng.random(count) < 0.3,
        proposed_label=np.where(suspicion > 1 - proposed, predicted, -1),
        start_label=given,
        trained_label=given,
        probabilities=probabilities,
        doubt=rng.integers(0, 3, count),
        suspicious=np.zeros(count, np.bool_),
        second_label=(predicted + 1) % len(RAF_DB),
    )


def timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
