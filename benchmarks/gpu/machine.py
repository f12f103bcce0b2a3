"""Device, driver, versions, and what the device can do at best."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import asdict

import torch

from benchmarks.gpu.plan import Findings, Plan, skipped
from scn_core.bench.limits import measure_limits
from scn_core.bench.report import machine, versions
from scn_core.training.device import choose_compute

SECONDS = 20
_ASKED = "name,driver_version,memory.total,power.limit,clocks.max.sm,clocks.sm,temperature.gpu,mig.mode.current"


def measure(plan: Plan) -> Findings:
    """Machine and versions; the driver's own words; matrix peak and copy bandwidth, in bf16 and in fp32."""
    settings = plan.settings(precision="auto")
    yield "machine", machine(settings) | {"settings_of_torch": _settings_of_torch()}
    yield "versions", versions()
    yield "driver says", _driver()
    for precision in ("auto", "fp32"):
        compute = choose_compute(plan.settings(precision=precision))
        limits = measure_limits(compute, plan.seconds)
        name = f"limits, {'bf16' if compute.bf16 else 'fp32'}"
        yield name, {"flops": asdict(limits.flops), "bytes": asdict(limits.bytes)}


def _settings_of_torch() -> dict[str, object]:
    return {
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn_allow_tf32": torch.backends.cudnn.allow_tf32,
    }


def _driver() -> dict[str, object]:
    """Asks and changes nothing."""
    if shutil.which("nvidia-smi") is None:
        return skipped("no nvidia-smi here")
    command = ["nvidia-smi", f"--query-gpu={_ASKED}", "--format=csv,noheader"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return dict(zip(_ASKED.split(","), said.stdout.strip().split(", "), strict=False)) | {"returned": said.returncode}
