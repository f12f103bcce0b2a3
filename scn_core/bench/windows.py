"""Timing: work is warmed up, which is not counted, and then timed in windows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

MIN_WINDOWS = 5
_WINDOW_SHARE = 0.1


@dataclass(frozen=True)
class Stage:
    """The rate of one stage over `n` windows."""

    per_s: float
    """Median."""
    slowest: float
    fastest: float
    n: int


def measure(
    work: Callable[[], object], amount: float, seconds: float, device: torch.device, *, warm_up: int = 3
) -> Stage:
    """How much a second `work` gets done, which does `amount` a call.

    A window is as many calls as fill a tenth of `seconds`, and at least one; there are at least five windows. The
    device is waited for at the ends of a window only, so that calls may follow each other as they do in training.

    Args:
        work: what to time.
        amount: of anything, above 0.
        seconds: for all windows together, about.
        device: that is waited for.
        warm_up: calls before, not counted.
    """
    for _ in range(warm_up):
        work()
    calls = max(1, round(_WINDOW_SHARE * seconds / _timed(work, 1, device)))
    rates: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(rates) < MIN_WINDOWS:
        rates.append(calls * amount / _timed(work, calls, device))
    return Stage(median(rates), min(rates), max(rates), len(rates))


def _timed(work: Callable[[], object], calls: int, device: torch.device) -> float:
    wait(device)
    started = time.perf_counter()
    for _ in range(calls):
        work()
    wait(device)
    return time.perf_counter() - started


def wait(device: torch.device) -> None:
    """Until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
