"""What the machine allows: its matrix peak and memory bandwidth, measured, and the least time a step could take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from scn_core.bench.windows import Stage, measure
from scn_core.training.device import Compute

_TRIED_S = 0.1
"""With less, nothing is measured that means anything: as in a dry run."""


@dataclass(frozen=True)
class Limits:
    """Of the device, in the precision that the network computes in."""

    flops: Stage
    """Floating-point operations a second of one large matrix product."""
    bytes: Stage
    """Bytes a second read and written by a copy larger than any cache."""


def measure_limits(compute: Compute, seconds: float) -> Limits:
    """Both limits, measured for about `seconds` each.

    With less than a tenth of a second, of a smaller product and a copy that caches hold: how it is done, and no more.
    """
    device, cuda = compute.device, compute.device.type == "cuda"
    side, size = 8192 if cuda else 2048, 2**30 if cuda else 2**28
    if seconds < _TRIED_S:
        side, size = side // 8, size // 64
    kind = torch.bfloat16 if compute.bf16 else torch.float32
    left, right = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    flops = measure(lambda: left @ right, 2 * side**3, seconds, device)
    some = torch.zeros(size, dtype=torch.uint8, device=device)
    other = torch.empty_like(some)
    return Limits(flops, measure(lambda: other.copy_(some), 2 * some.numel(), seconds, device))


@dataclass(frozen=True)
class MatrixWork:
    """The convolutions and matrix products of one step: (operations, bytes) of each."""

    parts: tuple[tuple[int, int], ...]

    @property
    def flops(self) -> int:
        """Floating-point operations of the step, a multiplication and an addition counted as two."""
        return sum(flops for flops, _ in self.parts)

    def least_seconds(self, flops_per_s: float, bytes_per_s: float) -> float:
        """The roofline: each part waits for arithmetic or for memory, whichever takes longer; all else is free.

        A part reads what it is given and writes what it returns once, from and to memory: the most a step can do
        without parts being merged or kept in caches.
        """
        return sum(max(flops / flops_per_s, size / bytes_per_s) for flops, size in self.parts)


def matrix_work(step: Callable[[], object]) -> MatrixWork:
    """What `step` asks of the device, forward and backward, counted while it runs once."""
    with _Counting() as counted:
        step()
    return MatrixWork(tuple(counted.parts))


class _Counting(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.parts: list[tuple[int, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        out = func(*args, **given)
        if func._overloadpacket in flop_registry:
            flops = flop_registry[func._overloadpacket](*args, **given, out_val=out)
            tensors = [leaf for leaf in tree_leaves((args, given, out)) if isinstance(leaf, Tensor)]
            self.parts.append((int(flops), sum(tensor.nbytes for tensor in tensors)))
        return out
