"""How many threads torch computes with, unless a round says."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from statistics import median

_CGROUPS = Path("/sys/fs/cgroup")

_LOADAVG = Path("/proc/loadavg")
_LOOKS = 5
_BETWEEN_LOOKS_S = 0.01


def settle_threads(environ: MutableMapping[str, str] = os.environ, *, busy: Callable[[], bool] | None = None) -> None:
    """Sets a thread for each core that this process may use, or one fewer where another process is at work.

    torch's threads wait for each other at every operation, so the slowest of them, which shares its core with somebody
    else, sets the pace of all: on two cores of which one is taken, two threads train half as fast as one does, and
    letting them sleep while they wait makes it worse (benchmarks/README.md, "Beside a busy neighbour").

    What the environment says already stays. Where torch is imported already, as in notebooks, it is told. `busy`:
    whether another process is at work; by default the machine is asked.
    """
    if "OMP_NUM_THREADS" not in environ:
        cores = usable_cores()
        shared = cores > 1 and (busy or others_at_work)()
        environ["OMP_NUM_THREADS"] = str(cores - shared)
    said = environ["OMP_NUM_THREADS"].partition(",")[0]  # of a list, the first is for the outermost loops
    if (torch := sys.modules.get("torch")) is not None and said.isdecimal() and int(said) > 0:
        torch.set_num_threads(int(said))


def others_at_work(loadavg: Path = _LOADAVG) -> bool:
    """Whether a process beside this one runs or wants to, in most of a few looks; takes 0.05 s. False off Linux."""
    looks = []
    try:
        for _ in range(_LOOKS):
            runnable = loadavg.read_text(encoding="ascii").split()[3].partition("/")[0]
            looks.append(int(runnable) - 1)  # this process
            time.sleep(_BETWEEN_LOOKS_S)
    except (OSError, ValueError, IndexError):
        return False
    return median(looks) >= 1


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
