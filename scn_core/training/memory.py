"""Where a round's pictures are kept: the fastest of three places that has room for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from scn_core.config import ResidentChoice

Tier = Literal["device", "pinned", "file"]

_DEVICE_SHARE = 0.6
"""Of the device's free memory; the rest is for the network, its activations and scores."""
_HOST_SHARE = 0.5
"""Of the host's free memory; the rest is for the page cache, the database and the scores."""


@dataclass(frozen=True)
class Room:
    """Free memory in bytes, as measured."""

    device: int | None
    """None: computed on the host, which has no memory of its own to copy to."""
    host: int

    def tier(self, needed: int, asked: ResidentChoice = "auto") -> Tier:
        """The place for `needed` bytes of pictures: the one asked for, or the first that has room.

        On the host `auto` is the memory map: the system keeps of it in memory what there is room for, and copies none.
        """
        if asked != "auto":
            return asked
        if self.device is None:
            return "file"
        if needed <= _DEVICE_SHARE * self.device:
            return "device"
        return "pinned" if needed <= _HOST_SHARE * self.host else "file"


def free_room(device: torch.device, sharers: int = 1) -> Room:
    """What is free now; the host's is divided among the `sharers` processes that train on it."""
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None
    return Room(free, free_host_memory() // sharers)


def free_host_memory() -> int:
    """Bytes the host can still give without swapping, under the limit of the container where there is one."""
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return 0  # not known: nothing is copied that was not asked for
    lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and (text := limit.read_text(encoding="ascii").strip()) != "max":
        free = min(free, int(text) - int(used.read_text(encoding="ascii")))
    return max(free, 0)
