"""Figures with their 95 % intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.959964
"""Standard normal quantile of 97.5 %."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of `of` faces, 0..1, with its 95 % interval."""

    value: float
    low: float
    high: float
    of: int

    @property
    def faces(self) -> float:
        """The share as a number of faces."""
        return self.value * self.of

    @property
    def faces_low(self) -> float:
        """The interval's lower end as a number of faces."""
        return self.low * self.of

    @property
    def faces_high(self) -> float:
        """The interval's upper end as a number of faces."""
        return self.high * self.of


def share(k: int, n: int) -> Rate | None:
    """`k` of `n` with Wilson's interval; None where `n` is 0."""
    return Rate(k / n, *wilson(k / n, n), of=n) if n else None


def wilson(p: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share `p` seen in `n` > 0 draws, which need not be whole."""
    middle = p + Z * Z / (2 * n)
    half = Z * math.sqrt(max(0.0, p * (1 - p) / n + Z * Z / (4 * n * n)))
    scale = 1 + Z * Z / n
    return min(p, max(0.0, (middle - half) / scale)), max(p, min(1.0, (middle + half) / scale))
