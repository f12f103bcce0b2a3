"""Plain, compiled and recorded steps come to the same, and none waits for the device."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.plan import Findings, Plan, no_time, skipped
from scn_core.bench.stages import random_training
from scn_core.training.loop import Training

SECONDS = 15
_COMPILING = 60
_STEPS = 12

WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "plain again": {},
    "recorded": {"cuda_graphs": True},
    "recorded, pictures in host memory": {"cuda_graphs": True, "resident": "pinned"},
    "compiled": {"compile": True},
}
"""The second says by how much two runs of the same thing differ."""


def measure(plan: Plan) -> Findings:
    """For each way: how far the network is from the plain one's after some steps, and whether a step waits."""
    reference: torch.Tensor | None = None
    for name, options in WAYS.items():
        if plan.dry_run and options.get("cuda_graphs"):
            yield name, skipped("needs a GPU")
            continue
        cost = _COMPILING if options.get("compile") else SECONDS
        if not plan.fits(cost):
            yield name, no_time(plan, cost)
            continue
        settings = plan.settings(image_size=112, batch_size=64, precision="fp32", **options)
        job = random_training(settings, plan.small(2048, 64), plan.folder)
        with exact_fp32():
            _steps(job, plan.small(_STEPS, 4))
            weights = torch.cat([p.detach().flatten().double().cpu() for p in job.model.parameters()])
            reference = weights if reference is None else reference
            values = {
                "weights_off": ((weights - reference).norm() / reference.norm()).item(),
                "loss": job.sums.means()[0],
                "finite": bool(weights.isfinite().all()),
            }
        yield name, values | {"waits": None if plan.dry_run else waits(settings, plan.folder)}


def _steps(job: Training, count: int) -> None:
    job.model.train()
    batches = job.faces.batches(job.faces.shuffled(job.settings.batch_size, job.generator.manual_seed(0)))
    for step, (rows, pixels) in enumerate(batches):
        if step == count:
            break
        job.step(rows, pixels, weighting=step >= count // 2)


def waits(settings: Any, folder: Path) -> str | None:
    """What made a step wait for the device, None if nothing did."""
    job = random_training(settings, 2048, folder)
    job.model.train()
    batches = job.faces.batches(job.faces.shuffled(settings.batch_size, job.generator))
    for _ in range(6):
        job.step(*next(batches), weighting=True)  # what is set up once may wait
    ready = [next(batches) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that the mode does not see everything
        torch.cuda.set_sync_debug_mode("error")
        try:
            for rows, pixels in ready:
                job.step(rows, pixels, weighting=True)
        except RuntimeError as error:
            return str(error)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return None


class exact_fp32:
    """Convolutions in fp32 as such within, not in TF32, whose rounding would hide what is compared."""

    def __enter__(self) -> None:
        self._before = torch.backends.cudnn.allow_tf32
        torch.backends.cudnn.allow_tf32 = False

    def __exit__(self, *told: object) -> None:
        torch.backends.cudnn.allow_tf32 = self._before
