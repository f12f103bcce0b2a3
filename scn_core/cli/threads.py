"""How many threads torch computes with, and how they wait. Has to be settled before torch is imported."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")

SETTINGS = {
    "OMP_WAIT_POLICY": "PASSIVE",  # the standard's own; GNU's and LLVM's OpenMP both follow it
    "GOMP_SPINCOUNT": "0",  # GNU's, which torch brings along on Linux
    "KMP_BLOCKTIME": "0",  # LLVM's and Intel's
}
"""Threads that wait for each other sleep. Spinning, they take from each other the cores they wait for as soon as
anything else runs on the machine (benchmarks/README.md, "Beside a busy neighbour")."""


def settle_threads(environ: MutableMapping[str, str] = os.environ) -> None:
    """Sets a thread for each core that this process may use, and that threads sleep while they wait.

    What the environment says already stays. Has no effect once torch is imported.
    """
    environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))
    for name, value in SETTINGS.items():
        environ.setdefault(name, value)


def usable_cores(cgroups: Path = _CGROUPS, process: Path = Path("/proc/self/cgroup")) -> int:
    """Cores that this process may use: those it is bound to, or fewer where a container's quota is smaller."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([bound, *(math.ceil(quota) for quota in _quotas(cgroups, process))]))


def _quotas(cgroups: Path, process: Path) -> Iterator[float]:
    """Cores' worth of time that the control group of this process, and each group around it, is given."""
    try:
        lines = process.read_text(encoding="utf-8").splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root = cgroups / "cpu" if "cpu" in controllers.split(",") else cgroups
        group = root / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(root):
                yield from _quota(folder)


def _quota(folder: Path) -> Iterator[float]:
    """Of one group: version 2 says `quota period` in one file, version 1 in two; `max` and -1 mean none."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii") for name in ("quota", "period")
            )
        if quota != "max" and int(quota) > 0:
            yield int(quota) / int(period)
    except (OSError, ValueError):
        return
