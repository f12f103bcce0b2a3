"""Which epochs to average: the later half of those before the network learns wrong labels by heart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from scn_core.records import FloatArray

Halves = npt.NDArray[np.floating[Any]]
"""Half precision, as dynamics.npy has it, or more."""

DOUBTED = 0.3
"""A label is doubted where, on average over the epochs before, the likeliest other class is more than this ahead."""
FITTED = 0.2
"""While it learns what faces look like, a network comes round to 1 to 20 % of the labels it doubted (35 trainings of 8
epochs on real faces; more than that in one pass at most, the second). Once it learns labels by heart the share only
rises: to a half within ten epochs."""
_LASTING = 3
"""Epochs that have to say so, one after the other: a network that learns fast comes round to many labels once."""
_LEARNING = 0.2
"""Share of the epochs in which a network may still come round because it learns."""
_FEWEST = 30
"""Doubted faces whose share says anything."""


def doubts_fitted(p_given: Halves, p_other: Halves) -> FloatArray:
    """(epochs,) share of the labels that were doubted by the epochs before and that this one agrees with.

    0 where hardly any was doubted. Costs a few operations a face and epoch, and 4 bytes a face.

    Args:
        p_given: (epochs, N) probability of the given label in each epoch, as in dynamics.npy.
        p_other: (epochs, N) of the likeliest other class.
    """
    ahead = np.zeros(p_given.shape[1], np.float32)
    shares = np.zeros(len(p_given), np.float32)
    for epoch, (given, other) in enumerate(zip(p_given, p_other, strict=True)):
        doubted = ahead > DOUBTED * max(epoch, 1)
        if np.count_nonzero(doubted) >= _FEWEST:
            shares[epoch] = np.mean((given > other)[doubted])
        ahead += other
        ahead -= given
    return shares


def passes_to_average(p_given: Halves, p_other: Halves) -> range:
    """Places of the epochs that tell wrong labels from right ones, counted from 0, one at least.

    The first epochs know little. Those after the network has begun to learn wrong labels by heart take them for right:
    in 30 epochs on real faces the mean of the second half found them with an average precision of .703, that of these
    with .792, and said that 5 % were wrong where 35 % were (these: 26 %). Where it does not begin to, this is the
    second half. Nobody's answers, no better labels and no held-out faces are needed to see it. Arguments as for
    `doubts_fitted`.
    """
    shares = doubts_fitted(p_given, p_other)
    epochs = len(shares)
    end = epochs
    for epoch in range(max(1, math.ceil(_LEARNING * epochs)), epochs - _LASTING + 1):
        if (shares[epoch : epoch + _LASTING] > FITTED).all():
            end = epoch
            break
    return range(end // 2, end)


def describe_memorising(first: int, last: int, epochs: int) -> str | None:
    """From which of the epochs on labels were learned by heart, where the epochs `first` to `last` were averaged."""
    if last == epochs:
        return None
    which = f"epoch {last}" if first == last else f"epochs {first} to {last}"
    return (
        f"labels were learned by heart from epoch {last + 1} on; suspicion and proposals go by what the network "
        f"said in {which}"
    )
