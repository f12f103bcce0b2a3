"""Where the time of a round goes on the host: seconds within some of its functions, measured without a profiler."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from scn_core.rounds import train
from scn_core.store.rounds import states
from scn_core.training import loop
from scn_core.training.checkpoint import CheckpointWriter, Dynamics

STEPS: dict[str, tuple[Any, str]] = {
    "decoding": (train, "pixel_cache"),
    "training": (loop.Training, "train_epoch"),
    "batch statistics": (loop.Training, "settle"),
    "clean passes": (loop, "clean_pass"),
    "dynamics": (Dynamics, "record"),
    "passes": (Dynamics, "count"),
    "checkpoints": (CheckpointWriter, "save"),
    "last checkpoint": (CheckpointWriter, "__exit__"),
    "neighbours": (train, "save_neighbours"),
    "thumbnails": (train, "write_thumbnails"),
    "scores and queue": (states, "finish_round"),
}
"""The function that does each step, none within another; each waits for the device before it returns."""


@contextmanager
def timed_steps() -> Iterator[dict[str, float]]:
    """Seconds of each step, added up while the context lasts. Raises AttributeError for a function that is no more.

    Not by cProfile: since Python 3.12 it slows down all threads and counts their functions as if one had called them.
    """
    spent = dict.fromkeys(STEPS, 0.0)
    with ExitStack() as stack:
        for step, (owner, name) in STEPS.items():
            stack.enter_context(mock.patch.object(owner, name, _timed(getattr(owner, name), spent, step)))
        yield spent


def _timed(function: Callable[..., Any], spent: dict[str, float], step: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[step] += time.perf_counter() - begun

    return call
