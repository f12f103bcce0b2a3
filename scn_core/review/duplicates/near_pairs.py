"""Which perceptual hashes are nearly the same, without comparing each with each.

Hashes that differ in at most 7 of their first 64 bits have, of the four parts of 16 bits, at least one with no more
than one bit that differs. So only faces whose parts are the same, or one bit away, are compared, and none is missed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from scn_core.records import IntArray

Hashes = npt.NDArray[np.uint64]

MOST_BITS_OF_64, MOST_BITS = 7, 48
"""Bits that may differ, of the first 64 and of all 256: docs/decisions/0064 says why these."""
_PART, _PARTS = 16, 4
_AT_A_TIME = 1 << 20


def near_pairs(looks: Hashes) -> IntArray:
    """(M, 2) places of hashes that are nearly the same, the smaller first; the same ones too. `looks`: (N, 4)."""
    first, found = np.ascontiguousarray(looks[:, 0]), [np.empty((0, 2), np.int64)]
    for part in range(_PARTS):
        key = (first >> np.uint64(part * _PART) & np.uint64((1 << _PART) - 1)).astype(np.int64)
        order = np.argsort(key, kind="stable")
        ends = np.cumsum(np.bincount(key, minlength=1 << _PART))
        starts = ends - np.bincount(key, minlength=1 << _PART)
        for flip in (0, *(1 << bit for bit in range(_PART))):
            for one, other in _candidates(key[order], starts, ends, flip):
                pair = np.stack([order[one], order[other]], axis=1)
                pair = pair[np.bitwise_count(first[pair[:, 0]] ^ first[pair[:, 1]]) <= MOST_BITS_OF_64]
                bits = np.bitwise_count(looks[pair[:, 0]] ^ looks[pair[:, 1]]).sum(axis=1)
                found.append(np.sort(pair[bits <= MOST_BITS], axis=1))
    unique: IntArray = np.unique(np.concatenate(found), axis=0)
    return unique


def _candidates(key: IntArray, starts: IntArray, ends: IntArray, flip: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Places in the order of the keys whose keys differ in the bits of `flip` alone, each pair once, some at a time."""
    place = np.arange(len(key))
    asking = place if not flip else place[key < key ^ flip]
    begin = asking + 1 if not flip else starts[key[asking] ^ flip]
    count = ends[key[asking] ^ flip] - begin
    asking, begin, count = asking[count > 0], begin[count > 0], count[count > 0]
    total = np.cumsum(count)
    low = 0
    while low < len(asking):
        before = total[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(total, before + _AT_A_TIME, side="right")))
        some = count[low:high]
        within = np.arange(some.sum()) - np.repeat(np.cumsum(some) - some, some)
        yield np.repeat(asking[low:high], some), np.repeat(begin[low:high], some) + within
        low = high
