"""Plain, recorded and compiled steps come to the same, and none waits for the device."""

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
    "plain": {"cuda_graphs": False},
    "plain again": {"cuda_graphs": False},
    "recorded": {},
    "recorded, pictures in host memory": {"resident": "pinned"},
    "compiled": {"cuda_graphs": False, "compile": True},
}
"""The second says by how much two runs of the same thing differ."""


def measure(plan: Plan) -> Findings:
    """For each way: how far the first gradient, and the weights after some steps, are from the plain way's; waits.

    A compiled step adds up in another order. After some steps AdamW has made of such differences, where a gradient is
    near 0, whole steps, so the weights say less of it than the first gradient does.
    """
    plain: dict[str, torch.Tensor] = {}
    for name, options in WAYS.items():
        if plan.dry_run and name.startswith("recorded"):
            yield name, skipped("needs a GPU")
            continue
        cost = _COMPILING if options.get("compile") else SECONDS
        if not plan.fits(cost):
            yield name, no_time(plan, cost)
            continue
        settings = plan.settings(image_size=112, batch_size=64, precision="fp32", **options)
        job = random_training(settings, plan.small(1024, 64), plan.folder)
        with exact_fp32():
            found = {"gradient": _steps(job, plan.small(_STEPS, 4))}
            found["weights"] = _flat([p.detach() for p in job.model.parameters()])
        plain = plain or found
        values: dict[str, Any] = {f"{what}_off": _off(found[what], plain[what]) for what in found}
        values |= {"loss": job.sums.means()[0], "finite": bool(found["weights"].isfinite().all())}
        yield name, values | {"waits": None if plan.dry_run else waits(settings, plan.folder)}


def _flat(tensors: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.flatten().double().cpu() for tensor in tensors])


def _off(one: torch.Tensor, reference: torch.Tensor) -> float:
    return float((one - reference).norm() / reference.norm())


def _steps(job: Training, count: int) -> torch.Tensor:
    """The gradient of the first of so many steps."""
    job.model.train()
    batches = job.faces.batches(job.faces.shuffled(job.settings.batch_size, job.generator.manual_seed(0)))
    for step, (rows, pixels) in enumerate(batches):
        if step == count:
            break
        job.step(rows, pixels, weighting=step >= count // 2)
        if step == 0:
            gradient = _flat([p.grad for p in job.model.parameters() if p.grad is not None])
    return gradient


def waits(settings: Any, folder: Path) -> str | None:
    """What made a step wait for the device, None if nothing did."""
    job = random_training(settings, 1024, folder)
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
