"""How large a run is, and what still fits into it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scn_core.config import TrainSettings

Findings = Iterator[tuple[str, dict[str, Any]]]
"""What a part yields: the name of a figure and its values, each as soon as it is known."""


@dataclass(frozen=True)
class Plan:
    """Sizes of a run and the time it may take."""

    work: str
    """Folder for what the parts leave on the way."""
    deadline: float
    """`time.time()` at which the run has to be over."""
    faces: str | None = None
    """Root of real faces, as data set `ferplus` reads it."""
    dry_run: bool = False
    """On the CPU, with everything shrunk: shows that every part runs, and measures nothing of interest."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @property
    def folder(self) -> Path:
        """`work` as a path."""
        return Path(self.work)

    @property
    def device(self) -> str:
        """What to pass as --device."""
        return "cpu" if self.dry_run else "cuda"

    @property
    def seconds(self) -> float:
        """For each figure, warm-up not counted."""
        return 0.05 if self.dry_run else 1.5

    def small(self, size: int, shrunk: int) -> int:
        """`size`, or `shrunk` in a dry run."""
        return shrunk if self.dry_run else size

    def settings(self, **options: Any) -> TrainSettings:
        """Settings on the device of the run; sizes of a dry run are shrunk."""
        if self.dry_run:
            options["image_size"] = {112: 32, 224: 48}.get(options.get("image_size", 48), 32)
            options["batch_size"] = {1024: 32, 128: 16, 64: 8}[options.get("batch_size", 128)]
            options["backbone"] = "shufflenet_v2_x0_5"
        return TrainSettings(**({"device": self.device} | options))

    def left(self) -> float:
        """Seconds to the deadline."""
        return self.deadline - time.time()

    def fits(self, seconds: float) -> bool:
        """Whether something that takes about so long on a GPU can still be done."""
        return self.left() > (1 if self.dry_run else seconds)


def skipped(why: str) -> dict[str, Any]:
    """In place of values: the figure was not measured."""
    return {"skipped": why}


def no_time(plan: Plan, seconds: float) -> dict[str, Any]:
    """In place of values: what would take too long."""
    return skipped(f"takes about {seconds:.0f} s, {max(plan.left(), 0):.0f} s were left")
