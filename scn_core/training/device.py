"""Which device a round runs on, in which precision, from which seeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from scn_core.config import TrainSettings
from scn_core.errors import UsageError, error_text

_APART = 0x9E3779B97F4A7C15
"""Between the seeds of two processes, so that none is that of another epoch."""
_TOO_SMALL = 16
"""Pixels. Backbones halve a picture five times, the last time a map of 1 x 1; torch 2.14 leaves parts of the gradient
of that step unset in bf16 on a CPU, so that each run ended otherwise, some in NaN."""
_BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # of x86 and, the last, of ARM

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Compute:
    """Where and how tensors are computed."""

    device: torch.device
    bf16: bool
    channels_last: bool = True

    def autocast(self) -> AbstractContextManager[None]:
        """Context in which convolutions and matrix products run in bf16, or nothing changes."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)

    def place(self, model: Model) -> Model:
        """The model on the device, its convolution weights in the order of the pictures."""
        if self.channels_last:
            model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model.to(self.device)

    def arranged(self, pictures: Tensor) -> Tensor:
        """(B, 3, S, S) pictures in the order that convolutions are to compute in."""
        return pictures if self.channels_last else pictures.contiguous()

    @property
    def clean_batch(self) -> int:
        """Faces a batch where no gradient is kept: what stays in a CPU's caches, what fills a GPU."""
        return 64 if self.device.type == "cpu" else 1024

    def describe(self) -> str:
        """Such as 'cpu, bf16' or 'NVIDIA H100, bf16'."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        return f"{name}, {'bf16' if self.bf16 else 'fp32'}"


def choose_compute(settings: TrainSettings, local_rank: int = 0) -> Compute:
    """The device and precision that the settings ask for; of several GPUs the one of that number.

    Raises UsageError for a device torch does not have here, and for bf16 with pictures that are too small for it.
    """
    device = _device(settings.device, local_rank)
    unsound = device.type == "cpu" and settings.image_size <= _TOO_SMALL
    if unsound and settings.precision == "bf16":
        found = f"bf16 with pictures of {settings.image_size} pixels on a CPU"
        allowed = f"auto, fp32, or --image-size {_TOO_SMALL + 1} and more: torch computes wrong gradients there"
        raise UsageError(error_text("--precision", found, allowed))
    bf16 = settings.precision == "bf16" or (settings.precision == "auto" and not unsound and has_fast_bf16(device))
    return Compute(device, bf16, settings.channels_last)


def _device(name: str, local_rank: int) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and local_rank:
        name = f"cuda:{local_rank}"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        there = ["auto", "cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        raise UsageError(f"--device: found {name!r}; allowed on this machine: {', '.join(there)}") from error
    return device


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 matrices in hardware; emulated bf16 is slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    cpuinfo = Path("/proc/cpuinfo")
    if device.type != "cpu" or not cpuinfo.exists():
        return False
    flags = set(cpuinfo.read_text(encoding="ascii", errors="ignore").split())
    return not flags.isdisjoint(_BF16_FLAGS)


def seed_epoch(
    seed: int, epoch: int, device: torch.device, generator: torch.Generator | None = None, *, rank: int = 0
) -> torch.Generator:
    """Seeds everything random in one epoch and returns its generator, which is the one given or a new one.

    Every epoch starts from (seed, epoch) alone, so a resumed round draws what an uninterrupted one would have drawn.
    The processes of a team draw the same from that generator, and each its own from torch's global one, by its `rank`:
    dropout inside backbones is for one process's part of a batch.
    """
    mixed = (seed * 1_000_003 + epoch) % 2**63
    torch.manual_seed((mixed + rank * _APART) % 2**63)
    return (generator or torch.Generator(device=device)).manual_seed(mixed)


@contextmanager
def putting_threads_back() -> Iterator[None]:
    """Afterwards torch computes with as many threads as before: in a notebook it is not ours alone."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def use_threads(wanted: int) -> int:
    """Has torch compute with so many threads, or with as many as it does now for 0; returns how many that are.

    Sums that are divided among another number of threads are rounded otherwise, and a round comes out otherwise.
    """
    if wanted:
        torch.set_num_threads(wanted)
    return torch.get_num_threads()


def make_deterministic() -> None:
    """Same seed, threads and machine, same result: cuDNN may choose only deterministic algorithms."""
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
