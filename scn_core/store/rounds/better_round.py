"""Which of several rounds in review people should answer, and when a round came out worse than an earlier one."""

from __future__ import annotations

import math
from collections.abc import Iterable

from scn_core.records import RoundInfo

WORSE_BY = 0.05
"""Share of the validation faces; a smaller loss is no reason to doubt a round."""


def to_review(infos: Iterable[RoundInfo]) -> list[RoundInfo]:
    """The rounds in review, the one to answer first: the newest that came out no worse than an earlier one of them."""
    open_now = sorted((info for info in infos if info.state == "review"), key=lambda info: -info.id)
    worse = {info.id: any(is_worse(info, other) for other in open_now) for info in open_now}
    return sorted(open_now, key=lambda info: worse[info.id])


def is_worse(info: RoundInfo, earlier: RoundInfo) -> bool:
    """Whether validation accuracy fell from an earlier round to this one: by 5 points and two standard errors at least.

    False where one of them has no validation figure. Older rounds do not say how many faces they validated on; 5 points
    are enough there.
    """
    before, now = (each.metrics.get("val_accuracy") for each in (earlier, info))
    if info.id <= earlier.id or before is None or now is None:
        return False
    mean, faces = (before + now) / 2, info.metrics.get("val_faces")
    error = math.sqrt(2 * mean * (1 - mean) / faces) if faces else 0.0
    return bool(before - now >= max(WORSE_BY, 2 * error))
