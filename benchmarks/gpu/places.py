"""A step with the pictures in each of the three places they may be kept in."""

from __future__ import annotations

from benchmarks.gpu.plan import Findings, Plan, no_time
from benchmarks.gpu.speed import Row, measured
from scn_core.bench.limits import Limits

SECONDS = 8


def measure(plan: Plan) -> Findings:
    """Rates of a step at 112 px and batch 1024."""
    limits: dict[bool, Limits] = {}
    for place in ("device", "pinned", "file"):
        row = Row(place, {"image_size": 112, "batch_size": 1024, "resident": place}, ("data", "step"), faces=28_672)
        yield f"--resident {place}", measured(row, plan, limits) if plan.fits(SECONDS) else no_time(plan, SECONDS)
