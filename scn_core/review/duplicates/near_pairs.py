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
"""Bits that may differ at most, of the first 64 and of all 256: docs/decisions/0064 says why these."""
LEAST_BITS = 12
"""Of all 256, that may differ however much the pictures look alike."""
FEWEST = 100
"""Pictures of which quartiles say something."""
_ASKED = 200
_PART, _PARTS = 16, 4
_AT_A_TIME = 1 << 20


def most_bits(looks: Hashes) -> int:
    """How many of 256 bits may differ between near copies, among pictures that look as much alike as these.

    Where all faces are drawn, cropped or lit alike, the hashes of different ones are close, and a bound for all data
    sets would call them copies. So near is what lies below Tukey's fence of the distances from face to nearest face:
    below the median by 4 times what lies between median and upper quartile, which is the lower fence of a symmetric
    distribution. The upper half is asked, as copies are in the lower one. `looks`: (N, 4), no two the same; 200 are
    asked.
    """
    if len(looks) < FEWEST:
        return MOST_BITS
    nearest = []
    for place in np.linspace(0, len(looks) - 1, _ASKED).astype(np.int64):
        apart = np.bitwise_count(looks ^ looks[place]).sum(axis=1, dtype=np.int64)
        apart[place] = 256
        nearest.append(apart.min())
    middle, upper = np.quantile(nearest, (0.5, 0.75))
    return int(min(MOST_BITS, max(LEAST_BITS, middle - 4 * (upper - middle))))


def near_pairs(looks: Hashes, most: int = MOST_BITS) -> IntArray:
    """(M, 2) places of hashes that are nearly the same, the smaller first; the same ones too.

    `looks`: (N, 4); `most`: bits of 256 that may differ, at most MOST_BITS.
    """
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
                found.append(np.sort(pair[bits <= most], axis=1))
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
