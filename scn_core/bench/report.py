"""What was measured on what: as JSON to keep, as a table to read."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torchvision

from scn_core.bench.stages import Bench
from scn_core.config import TrainSettings
from scn_core.training.device import choose_compute

_HELD_TO_LIMITS = ("model", "step", "epoch", "round", "baseline")


def bench_record(result: Bench, settings: TrainSettings) -> dict[str, Any]:
    """All figures with settings, machine and versions, as plain values."""
    shares = {
        name: {
            "matrix_peak": stage.per_s * result.flops_per_face / result.limits.flops.per_s,
            "roofline": stage.per_s / result.roofline,
        }
        for name, stage in result.stages.items()
        if name in _HELD_TO_LIMITS
    }
    return asdict(result) | {
        "share_of": shares,
        "settings": settings.as_dict(),
        "machine": machine(settings),
        "versions": versions(),
    }


def versions() -> dict[str, Any]:
    """Of what computes."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if torch.cuda.is_available() else None,
        "driver": _first("/proc/driver/nvidia/version", r"Kernel Module\D*([\d.]+)"),
    }


def machine(settings: TrainSettings) -> dict[str, Any]:
    """Device, processor, threads, and how busy it is with other things."""
    return {
        "device": choose_compute(settings).describe(),
        "processor": _first("/proc/cpuinfo", r"model name\s*:\s*(.+)"),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _first(file: str, pattern: str) -> str | None:
    path = Path(file)
    found = re.search(pattern, path.read_text(errors="ignore")) if path.exists() else None
    return None if found is None else found.group(1).strip()


def describe_bench(record: dict[str, Any]) -> str:
    """A table for a terminal, of a `bench_record`."""
    settings, on, versions, limits = record["settings"], record["machine"], record["versions"], record["limits"]
    peak = limits["flops"]["per_s"]
    lines = [
        f"{settings['backbone']}, {settings['image_size']} px, batch {settings['batch_size']}, {on['device']}, "
        f"{on['threads']} threads; {on['processor']}; load {on['load_1min']}",
        f"torch {versions['torch']}, torchvision {versions['torchvision']}, python {versions['python']}"
        + (f", CUDA {versions['cuda']}, driver {versions['driver']}" if versions["driver"] else ""),
        f"matrix peak {peak / 1e12:.2f} TFLOP/s (measured, n={limits['flops']['n']}), memory "
        f"{limits['bytes']['per_s'] / 1e9:.1f} GB/s (n={limits['bytes']['n']}); a face takes "
        f"{record['flops_per_face'] / 1e9:.2f} GFLOP; {record['resident']}",
        f"{'stage':<9}{'faces/s':>10}{'slowest':>10}{'fastest':>10}{'n':>5}{'of peak':>9}{'of roofline':>13}",
    ]
    for name, stage in record["stages"].items():
        share = record["share_of"].get(name)
        held = "" if share is None else f"{share['matrix_peak']:>9.1%}{share['roofline']:>13.1%}"
        rates = "".join(f"{stage[of]:>10,.0f}" for of in ("per_s", "slowest", "fastest"))
        lines.append(f"{name:<9}{rates}{stage['n']:>5}{held}")
    if record["round_seconds"] is not None:
        lines.append(f"a round of {settings['epochs']} epochs: {record['round_seconds']:.1f} s")
    lines.append("peak memory: " + ", ".join(f"{name} {peak:.2f} GB" for name, peak in record["memory_gb"].items()))
    return "\n".join(lines)
