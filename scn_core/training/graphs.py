"""A training step as one CUDA graph: recorded once, replayed with one launch. Small batches are bound by launches.

ResNet-18 at 112 px, batch 128, on an H100: 28,500 faces/s, where unrecorded steps come to 6,200 (benchmarks/README.md).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from scn_core.errors import TrainingError

_EAGER_STEPS = 3
"""Before recording: cuDNN and the optimiser set up what must not be set up while a graph is recorded."""


class StepGraph:
    """A step of (rows, pixels), batches of one size. The first calls run it as it is, and count like all others.

    The step must not wait for the device, and must work on tensors that stay where they are: labels, sums, weights and
    learning rates are changed in place.
    """

    def __init__(self, step: Callable[[Tensor, Tensor], None], generator: torch.Generator) -> None:
        """`generator`: the one the step draws from, beside the device's own."""
        self._step, self._generator = step, generator
        self._side = torch.cuda.Stream(generator.device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._calls = 0

    def __call__(self, rows: Tensor, pixels: Tensor) -> None:
        """One step. Raises TrainingError where it cannot be recorded."""
        self._calls += 1
        if self._calls <= _EAGER_STEPS:
            self._aside(rows, pixels)
            return
        if self._graph is None:
            self._graph = self._recorded(rows, pixels)
        else:
            self._rows.copy_(rows)
            self._pixels.copy_(pixels)
        self._graph.replay()

    def _aside(self, rows: Tensor, pixels: Tensor) -> None:
        now = torch.cuda.current_stream(self._side.device)
        self._side.wait_stream(now)
        with torch.cuda.stream(self._side):
            self._step(rows, pixels)
        now.wait_stream(self._side)

    def _recorded(self, rows: Tensor, pixels: Tensor) -> torch.cuda.CUDAGraph:
        self._rows, self._pixels = rows.clone(), pixels.clone()
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self._generator)
        # Of this thread alone: another is fetching the next batch, and page-locks memory for it.
        try:
            with torch.cuda.graph(graph, stream=self._side, capture_error_mode="thread_local"):
                self._step(self._rows, self._pixels)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            # No way on from here: torch's random generators stay as they are while a step is recorded.
            raise TrainingError(
                "a training step cannot be recorded, as something in it waits for the device; "
                f"train with --no-cuda-graphs ({str(error).splitlines()[0]})"
            ) from error
        return graph
