"""How a made-up reviewer answers, who knows the right labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scn_core.errors import UsageError, error_text
from scn_core.records import Answer, QueueOrder


@dataclass(frozen=True)
class Plan:
    """How a workspace is reviewed."""

    budget: float = 0.2
    """Faces that every reviewer answers in a round: up to 1 a share of the training faces, above it a whole number."""
    reviewer_error: float = 0.05
    """0..1: how often a reviewer takes a face for another class, any of them alike."""
    accept_bias: float = 0.1
    """0..1: how often a reviewer accepts the proposal on screen without looking."""
    rounds: int = 2
    """Times review and training; the last training is measured only."""
    order: QueueOrder = "suspicion"
    seed: int = 0

    def faces(self, of: int) -> int:
        """The budget in faces."""
        return round(self.budget * of) if self.budget <= 1 else int(self.budget)

    def __post_init__(self) -> None:
        if not (0 < self.budget <= 1 or (self.budget > 1 and float(self.budget).is_integer())):
            raise UsageError(error_text("--budget", str(self.budget), "a share up to 1, or a whole number of faces"))
        for flag, share in (("--reviewer-error", self.reviewer_error), ("--accept-bias", self.accept_bias)):
            if not 0 <= share <= 1:
                raise UsageError(error_text(flag, str(share), "a number from 0 to 1"))


def simulated_answer(
    plan: Plan, *, given: int, shown: int | None, truth: int | None, classes: int, rng: np.random.Generator
) -> tuple[Answer, int | None]:
    """What a reviewer says of a face, and the label it stands for.

    Args:
        plan: how often the reviewer errs.
        given: the label the face has.
        shown: the proposal on screen, None where there is none or the reviewer is not to see it.
        truth: the right label; None: the reviewer cannot tell.
        classes: how many there are, 2 or more.
        rng: two or three numbers are drawn from it.
    """
    hurry, slip = rng.random(2)
    if shown is not None and hurry < plan.accept_bias:
        return "accept", shown
    if truth is None:
        return "unsure", None
    answer = int((truth + rng.integers(1, classes)) % classes) if slip < plan.reviewer_error else truth
    if answer == shown:
        return "accept", answer
    return ("keep" if answer == given else "relabel"), answer
