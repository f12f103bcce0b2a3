"""Faces a second at 112 and 224 px, small batches against large ones, and what each option brings."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from benchmarks.gpu.pictures import made_pictures
from benchmarks.gpu.plan import Findings, Plan, no_time
from scn_core.bench.baseline import PlainLoop
from scn_core.bench.limits import Limits, measure_limits
from scn_core.bench.stages import (
    StageName,
    random_training,
    three_epochs,
    work_of_a_step,
    work_within_an_epoch,
)
from scn_core.bench.windows import measure as timed
from scn_core.config import TrainSettings
from scn_core.scn.model import SelfCureNetwork
from scn_core.training.device import choose_compute

_PLAIN = 6
_BASELINE = 25


@dataclass(frozen=True)
class Row:
    """One setting, and the stages of it that are timed."""

    name: str
    options: dict[str, Any]
    stages: tuple[StageName, ...] = ("step",)
    faces: int = 8192
    free_cudnn: bool = False
    """cuDNN may try algorithms, and take such as add up in any order."""
    cost: float = _PLAIN
    """Seconds it takes about."""


ALL: tuple[StageName, ...] = ("data", "model", "step", "epoch")
AT_112 = {"image_size": 112, "batch_size": 1024}
ROWS = (
    Row("112 px, batch 1024", AT_112, ALL, faces=28_672, cost=12),
    Row("112 px, batch 64", AT_112 | {"batch_size": 64}),
    Row("112 px, batch 64, --no-cuda-graphs", AT_112 | {"batch_size": 64, "cuda_graphs": False}),
    Row("112 px, batch 128", AT_112 | {"batch_size": 128}),
    Row("112 px, batch 128, --no-cuda-graphs", AT_112 | {"batch_size": 128, "cuda_graphs": False}),
    Row("224 px, batch 1024", AT_112 | {"image_size": 224}, ALL, cost=12),
    Row("112 px, batch 1024, --no-cuda-graphs", AT_112 | {"cuda_graphs": False}),
    Row("112 px, batch 1024, --precision fp32", AT_112 | {"precision": "fp32"}),
    Row("112 px, batch 1024, --no-channels-last", AT_112 | {"channels_last": False}),
    Row("112 px, batch 1024, --no-fused", AT_112 | {"fused": False}),
    Row("112 px, batch 1024, cuDNN chooses freely", AT_112, free_cudnn=True, cost=10),
)
SECONDS = _PLAIN


def measure(plan: Plan) -> Findings:
    """Every row that fits; then the plain loop."""
    yield from rows(plan, ROWS)
    yield "plain loop, 112 px, batch 128", plain_loop(plan) if plan.fits(_BASELINE) else no_time(plan, _BASELINE)


def rows(plan: Plan, wanted: Sequence[Row]) -> Findings:
    """Every row that fits into the time."""
    limits: dict[bool, Limits] = {}
    for row in wanted:
        yield row.name, measured(row, plan, limits) if plan.fits(row.cost) else no_time(plan, row.cost)


def measured(row: Row, plan: Plan, limits: dict[bool, Limits]) -> dict[str, Any]:
    """Rates of the row's stages, as shares of what the device can do, and memory. An error is a value too."""
    settings = plan.settings(**row.options)
    try:
        return _rates(row, settings, plan, limits)
    except (RuntimeError, torch.OutOfMemoryError) as error:
        return {"error": f"{type(error).__name__}: {error}"[:2000]}
    finally:
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _rates(row: Row, settings: TrainSettings, plan: Plan, limits: dict[bool, Limits]) -> dict[str, Any]:
    compute = choose_compute(settings)
    if compute.bf16 not in limits:
        limits[compute.bf16] = measure_limits(compute, plan.seconds / 3)
    limit, device, faces = limits[compute.bf16], compute.device, plan.small(row.faces, 64)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    job = random_training(settings, faces, plan.folder)
    if row.free_cudnn:
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = False, True
    work = work_of_a_step(job)
    flops = work.flops / settings.batch_size
    roofline = settings.batch_size / work.least_seconds(limit.flops.per_s, limit.bytes.per_s)
    stages = {}
    for stage, call in work_within_an_epoch(job).items():
        if stage in row.stages:
            # A recorded step is run as it is three times first, and compiling takes place in the first call.
            stages[stage] = timed(call, settings.batch_size, plan.seconds, device, warm_up=6)
    if "epoch" in row.stages:
        stages["epoch"] = timed(lambda: three_epochs(job), 3 * faces, plan.seconds, device, warm_up=1)
    return {
        "stages": {name: asdict(stage) for name, stage in stages.items()},
        "of_matrix_peak": {name: stage.per_s * flops / limit.flops.per_s for name, stage in stages.items()},
        "of_roofline": {name: stage.per_s / roofline for name, stage in stages.items()},
        "roofline": roofline,
        "gflop_per_face": flops / 1e9,
        "memory_gb": torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None,
        "precision": "bf16" if compute.bf16 else "fp32",
        "faces": faces,
    }


def plain_loop(plan: Plan) -> dict[str, Any]:
    """An epoch of the loop that people write: decoding in workers, fp32, a wait a step."""
    settings = plan.settings(image_size=112, batch_size=128)
    compute = choose_compute(settings)
    table = made_pictures(plan.folder / "pictures", plan.small(4096, 64), 112)
    model = SelfCureNetwork(settings.backbone, 7, image_size=settings.image_size)
    paths = [plan.folder / "pictures" / path for path, _, _ in table]
    loop = PlainLoop(
        paths,
        [label for _, _, label in table],
        model,
        side=settings.image_size,
        batch_size=settings.batch_size,
        device=compute.device,
        workers=plan.small(torch.get_num_threads(), 0),
    )
    rate = timed(loop.epoch, len(paths), plan.seconds, compute.device, warm_up=1)
    return {"stages": {"epoch": asdict(rate)}, "faces": len(paths)}
