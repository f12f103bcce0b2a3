"""When to stop, in plain words: what the audit and the answers so far say about going on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scn_core.errors import counted
from scn_core.intervals import Rate
from scn_core.records import RoundState
from scn_core.review.quality.audit_estimate import NEEDED, AuditEstimate
from scn_core.review.quality.expected_corrections import Outlook

_RARE = 0.02
"""Fewer corrections an answer than this are hardly worth a person's time."""
_GOOD = 0.01
"""With no more labels wrong than this, at the upper end of the interval, looking for them costs more than they do."""


@dataclass(frozen=True)
class Advice:
    """What a lead can do now, and why."""

    title: str
    text: str


def advise(
    state: RoundState, estimate: AuditEstimate, ahead: Outlook | None, *, waiting: int, classes: Sequence[str]
) -> Advice:
    """What to do about a round.

    Args:
        state: of the round, review or closed.
        estimate: its newest.
        ahead: what the next answers are expected to correct; None: too few answers to tell, or nothing open.
        waiting: answers that the queue still waits for.
        classes: their names by number.
    """
    after, left, known = estimate.after, estimate.left, _known(estimate, classes)
    if state == "closed":
        return Advice("This round is closed", f"Nothing of it changes any more. {_at_its_end(estimate)}")
    if after is None or left is None:
        title = "Go on: there is no estimate yet" if waiting else "There is no estimate"
        return Advice(title, known if ahead is None else f"{known} {_expected(ahead)}.")
    if after.high <= _GOOD:
        return Advice("You can stop", f"At most {after.high:.1%} of the labels are still wrong. {known}")
    if not waiting:
        return Advice("Train the next round", f"Every face of the queue is answered. {known} {_DOUBTED}")
    if ahead is None:
        return Advice("Go on", f"{known} A few more answers will tell how many the next ones correct.")
    if ahead.corrections.value > left.faces:  # the next faces are among those nobody has decided
        known = (
            f"Of all {counted(left.of, 'face')} nobody has decided, these among them, those drawn at random let expect "
            f"only {_between(left.faces, left.faces_low, left.faces_high)} wrong labels: they are too few to go by."
        )
    rate = ahead.corrections.value / ahead.reviews
    at_random = _between(*(share * ahead.reviews for share in (left.value, left.low, left.high)))
    why = f"{_expected(ahead)}; among as many drawn at random it would be {at_random}. "
    if rate < _RARE:
        return Advice("Stop, or train the next round", f"{why}{known} {_DOUBTED}")
    if rate < left.low:  # the order of the queue has nothing left to offer
        return Advice("Train the next round", f"{why}{known} {_DOUBTED}")
    share = "most faces are" if rate > 0.5 else f"one face in {round(1 / rate)} is"
    return Advice(f"Go on: {share} corrected", f"{why}{known}")


_DOUBTED = "The next round, trained on what was decided, doubts faces anew."


def _known(estimate: AuditEstimate, classes: Sequence[str]) -> str:
    if estimate.left is not None:
        return _left(estimate.left)
    if estimate.drawn < NEEDED:
        return (
            f"How wrong the labels are cannot be told: {counted(estimate.drawn, 'face')} drawn at random, {NEEDED} "
            "needed. Give the next round more audit samples."
        )
    conflicts = f", {estimate.conflicts:,} wait for a lead to settle them" if estimate.conflicts else ""
    decided = f"Of {counted(estimate.drawn, 'face')} drawn at random {_are(estimate.answered)} decided{conflicts}."
    if estimate.missing:
        names = ", ".join(classes[label] for label in estimate.missing)
        return f"{decided} None of them is labelled {names}: answer the queue without a filter for a while."
    return (
        f"{decided} From {NEEDED} on there is an estimate; they lie in between the others in the queue's usual order."
    )


def _are(count: int) -> str:
    return f"{count:,} {'is' if count == 1 else 'are'}"


def _at_its_end(estimate: AuditEstimate) -> str:
    """What is known, without advice that a closed round cannot follow."""
    if estimate.left is not None:
        left = estimate.left
        # From none to more than one would leave alone.
        vague = round(left.faces_low) == 0 and left.high > _GOOD and round(left.faces_high) > 0
        return _left(left) + (" Those drawn at random among them are too few to go by." if vague else "")
    drawn = counted(estimate.drawn, "face")
    were = "was" if estimate.answered == 1 else "were"
    return (
        f"{estimate.answered:,} of {drawn} drawn at random {were} decided: too few to tell how many labels are wrong."
    )


def _left(left: Rate) -> str:
    if left.of == 0:
        return "No face is left that nobody has decided."
    faces = _between(left.faces, left.faces_low, left.faces_high)
    return f"Among the {counted(left.of, 'face')} nobody has decided, about {faces} labels are still wrong."


def _expected(ahead: Outlook) -> str:
    place = "In the next face" if ahead.reviews == 1 else f"Among the next {counted(ahead.reviews, 'face')}"
    found = ahead.corrections
    return f"{place} of the queue about {_between(found.value, found.low, found.high)} labels will be corrected"


def _between(value: float, low: float, high: float) -> str:
    return f"{_number(value)} ({_number(low)} to {_number(high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:,.1f}"
