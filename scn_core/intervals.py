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


def paired_difference(gained: int, lost: int, faces: int) -> Measured:
    """Difference of two shares of the same faces, with its 95 % interval: Wald's after half a face is added to each of
    the four cells, "Wald+2" of A. Agresti and Y. Min, Simple improved confidence intervals for comparing matched
    proportions, Statistics in Medicine 24 (2005), 729-740. `faces` > 0.
    """
    value, n = (gained - lost) / faces, faces + 2
    middle = (gained - lost) / n
    half = Z * math.sqrt((gained + lost + 1) / n - middle * middle) / math.sqrt(n)
    return Measured(value, max(-1.0, min(value, middle - half)), min(1.0, max(value, middle + half)))


def unpaired_difference(first: float, second: float, faces: int | None) -> Measured:
    """`second` less `first`, two shares of about `faces` faces each, as if these were different faces, with Wald's 95 %
    interval; where the number of faces is not known it has no width."""
    value, mean = second - first, (first + second) / 2
    half = Z * math.sqrt(2 * mean * (1 - mean) / faces) if faces else 0.0
    return Measured(value, max(-1.0, value - half), min(1.0, value + half))


def difference_words(found: Measured) -> str:
    """As in "+1.2 points (-0.4 to +2.8)"; without the brackets where the interval is not known."""
    value, low, high = (f"{100 * each:+.1f}" for each in (found.value, found.low, found.high))
    return f"{value} points" + (f" ({low} to {high})" if found.low < found.high else "")
