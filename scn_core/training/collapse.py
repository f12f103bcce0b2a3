"""Noticing that alpha has lost its meaning: one value for everybody, at 0, at 1 or in between."""

from __future__ import annotations

MIN_STD = 0.02
"""Below this spread of alpha over the training faces, an order by alpha is mostly noise."""


def collapse_warning(alpha_mean: float, alpha_std: float) -> str | None:
    """What to tell the user when the importance weights have collapsed, or None while they have not."""
    if alpha_std >= MIN_STD:
        return None
    where = "to 0" if alpha_mean < 0.1 else "to 1" if alpha_mean > 0.9 else f"around {alpha_mean:.2f}"
    return (
        f"importance weights have collapsed {where}: standard deviation {alpha_std:.4f}, at least {MIN_STD} is needed "
        "for the low-importance group to mean anything; try a lower --lr or --attention-lr-scale, a larger "
        "--weighting-from or a larger --margin-rank"
    )
