"""A whole round, from decoding to the thumbnails: how long it takes, and where the time goes."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu.host_time import timed_steps
from benchmarks.gpu.pictures import CLASSES, made_pictures
from benchmarks.gpu.plan import Findings, Plan, no_time
from scn_core.bench.stages import random_training
from scn_core.cli.progress import RoundBars
from scn_core.datasets.source import Source
from scn_core.rounds.lifecycle import New
from scn_core.rounds.train import train_round
from scn_core.store.rounds.states import epochs as epoch_reports
from scn_core.workspace.folder import Workspace, create_workspace

SECONDS = 100
"""With making and importing its pictures. An estimate: an earlier version took about 180 s on an H100, 60 of them in
the round's epochs."""
_FACES, _HELD_OUT, _EPOCHS = 28_000, 3500, 60
_PROFILE_SECONDS = 25

KINDS = {
    "convolutions and matrix products": ("conv", "gemm", "wgrad", "dgrad", "xmma", "cutlass", "fprop", "nvjet"),
    "batch normalisation": ("batch_norm", "bn_", "batchnorm"),
    "augmentation": ("grid_sample", "affine"),
    "optimiser": ("adam", "multi_tensor", "fused_adam"),
    "copies": ("memcpy", "memset", "copy"),
    "pooling": ("pool",),
}  # fmt: skip


def measure(plan: Plan) -> Findings:
    """The kernels of an epoch by kind; then the round."""
    options: dict[str, Any] = {"image_size": 112, "batch_size": 1024}
    if plan.fits(_PROFILE_SECONDS):
        yield "kernels of an epoch", kernels(plan, options)
    else:
        yield "kernels of an epoch", no_time(plan, _PROFILE_SECONDS)
    yield "round, batch 1024", one_round(plan, options) if plan.fits(SECONDS) else no_time(plan, SECONDS)


def kernels(plan: Plan, options: dict[str, Any]) -> dict[str, Any]:
    """Seconds of the device by kind of kernel, over an epoch and its clean pass, and for how long it did nothing."""
    job = random_training(plan.settings(**options), plan.small(28_672, 64), plan.folder)
    job.train_epoch(1, lambda report: None)
    job.training_pass()
    kinds = [ProfilerActivity.CPU] if plan.dry_run else [ProfilerActivity.CUDA]
    begun = time.perf_counter()
    with profile(activities=kinds) as seen:
        job.train_epoch(2, lambda report: None)
        trained = time.perf_counter()
        job.training_pass()
        seconds = time.perf_counter() - begun  # before the profiler gathers what it saw
    by_kind: Counter[str] = Counter()
    by_name: Counter[str] = Counter()
    for event in seen.key_averages():
        spent = (event.self_cpu_time_total if plan.dry_run else event.self_device_time_total) / 1e6
        by_kind[kind_of(event.key)] += spent
        by_name[event.key[:120]] += spent
    busy = sum(by_kind.values())
    return {
        "seconds": seconds,
        "of_which_training": trained - begun,
        "busy": busy,
        "by_kind": dict(by_kind.most_common()),
        "share_not_arithmetic": 1 - by_kind["convolutions and matrix products"] / seconds,
        "longest": dict(by_name.most_common(25)),
    }


def kind_of(kernel: str) -> str:
    """Which of `KINDS` a kernel's name tells of."""
    said = kernel.lower()
    return next((kind for kind, words in KINDS.items() if any(word in said for word in words)), "the rest")


def one_round(plan: Plan, options: dict[str, Any]) -> dict[str, Any]:
    """Seconds of the import before it, of the round, and of its steps."""
    pictures = plan.folder / "round"
    rows = made_pictures(pictures, plan.small(_FACES, 140), 112, plan.small(_HELD_OUT, 35))
    with (pictures / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "split", "label"))
        writer.writerows((path, split, f"class {label}") for path, split, label in rows)
    workspace = Workspace(pictures / "workspace")
    begun = time.perf_counter()
    create_workspace(workspace.path, "csv", Source(csv=pictures / "labels.csv", root=pictures))
    imported = time.perf_counter() - begun
    settings = plan.settings(epochs=plan.small(_EPOCHS, 4), **options)
    begun = time.perf_counter()
    with timed_steps() as host:
        info = train_round(workspace, New(settings), RoundBars())
    seconds = time.perf_counter() - begun
    with workspace.database(read_only=True) as db:
        reports = epoch_reports(db, info.id)
    rates = sorted(report.faces_per_s for report in reports)
    return {
        "seconds": seconds,
        "import_seconds": imported,
        "faces": sum(split == "train" for _, split, _ in rows),
        "classes": CLASSES,
        "epochs": settings.epochs,
        "faces_per_s": len(reports) * _trained(rows) / seconds,
        "steps_faces_per_s": rates[len(rates) // 2],
        "steps_faces_per_s_range": [rates[0], rates[-1]],
        "host": host | {"all else": seconds - sum(host.values())},
        "memory_gb": None if plan.dry_run else torch.cuda.max_memory_allocated() / 1e9,
        "metrics": json.loads(json.dumps(info.metrics, default=str)),
        "settings": settings.as_dict(),
    }


def _trained(rows: list[tuple[str, str, int]]) -> int:
    return sum(split == "train" for _, split, _ in rows)
