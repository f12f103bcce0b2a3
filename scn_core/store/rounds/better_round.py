"""Which of several rounds in review people should answer, and when a round came out worse than an earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scn_core.intervals import Measured, difference_words, paired_difference, unpaired_difference
from scn_core.records import RoundInfo

WORSE_BY = 0.05
"""Share of the validation faces; a smaller loss is no reason to doubt a round."""
WORSE_MEANS = "validation accuracy is lower by at least 5 points, and the 95 % interval of the difference is below zero"
AGAINST = "validation_against"
"""Of a round's metrics: for each earlier round that kept what it says of validation faces, by its number, `faces` that
both were asked about, those that this round alone gets right (`gained`) and the earlier one alone (`lost`), and the
accuracies of the earlier one (`first`) and of this one (`second`)."""


@dataclass(frozen=True, slots=True)
class ValidationChange:
    """Validation accuracy of two rounds, 0 to 1; test accuracy decides nothing."""

    first: float
    """Of the earlier round."""
    second: float
    """Of the later one."""
    difference: Measured
    """`second` less `first`."""

    @property
    def is_worse(self) -> bool:
        """What WORSE_MEANS says."""
        return self.difference.value <= -WORSE_BY and self.difference.high < 0

    def __str__(self) -> str:
        return f"validation {self.first:.1%} to {self.second:.1%}, {difference_words(self.difference)}"


def to_review(infos: Iterable[RoundInfo]) -> list[RoundInfo]:
    """The rounds in review, the one to answer first: the newest that came out no worse than an earlier one of them."""
    open_now = sorted((info for info in infos if info.state == "review"), key=lambda info: -info.id)
    worse = {info.id: any(is_worse(info, other) for other in open_now) for info in open_now}
    return sorted(open_now, key=lambda info: worse[info.id])


def is_worse(info: RoundInfo, earlier: RoundInfo) -> bool:
    """Whether a round came out worse in validation than an earlier one; False where nothing tells."""
    change = validation_change(info, earlier)
    return change is not None and change.is_worse


def validation_change(info: RoundInfo, earlier: RoundInfo) -> ValidationChange | None:
    """From an earlier round to this one, on the faces that both were asked about.

    Where one of them did not keep what it says of these faces, of all validation faces, as if each round had others;
    None: one of them has no validation figure, or `earlier` is not the earlier one.
    """
    if info.id <= earlier.id:
        return None
    if (pairs := info.metrics.get(AGAINST, {}).get(str(earlier.id))) is not None:
        difference = paired_difference(pairs["gained"], pairs["lost"], pairs["faces"])
        return ValidationChange(pairs["first"], pairs["second"], difference)
    first, second = (each.metrics.get("val_accuracy") for each in (earlier, info))
    if first is None or second is None:
        return None
    return ValidationChange(first, second, unpaired_difference(first, second, info.metrics.get("val_faces")))
