"""What a lead is told to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scn_core.intervals import Measured, Rate
from scn_core.review.quality.advice import advise
from scn_core.review.quality.audit_estimate import NEEDED, AuditEstimate
from scn_core.review.quality.expected_corrections import Outlook

CLASSES = ("sad", "fear", "anger")
LEFT = Rate(0.04, 0.02, 0.07, 1000)
KNOWN = AuditEstimate(
    round=1, faces=1500, reviewed=500, found=100, drawn=100, answered=40, wrong=4, unsure=1, conflicts=0, missing=(),
    before=Rate(0.1, 0.07, 0.14, 1500), after=Rate(0.03, 0.015, 0.05, 1480), left=LEFT,
)  # fmt: skip
UNKNOWN = replace(KNOWN, answered=NEEDED - 1, before=None, after=None, left=None)


def ahead(corrections: float, *, reviews: int = 500) -> Outlook:
    return Outlook(
        round=1, reviews=reviews, open=800, basis=200, later=None,
        corrections=Measured(corrections, corrections * 0.7, corrections * 1.4),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("estimate", "corrections", "waiting", "title"),
    [
        (UNKNOWN, 100, 800, "Go on: there is no estimate yet"),
        (UNKNOWN, None, 0, "There is no estimate"),
        (KNOWN, 100, 800, "Go on: one face in 5 is corrected"),
        (KNOWN, 26, 800, "Go on: one face in 19 is corrected"),
        (KNOWN, 11, 800, "Go on: one face in 45 is corrected"),
        (replace(KNOWN, left=Rate(0.2, 0.1, 0.3, 1000)), 51, 800, "Go on: one face in 10 is corrected"),
        (replace(KNOWN, left=Rate(0.2, 0.1, 0.3, 1000)), 49, 800, "Train the next round"),  # chance: 50 at the least
        (KNOWN, 9, 800, "Stop, or train the next round"),
        (KNOWN, 0, 800, "Stop, or train the next round"),
        (KNOWN, None, 800, "Go on"),
        (KNOWN, None, 0, "Train the next round"),
        (replace(KNOWN, after=Rate(0.003, 0.0, 0.009, 1480)), 100, 800, "You can stop"),
    ],
)
def test_what_to_do(estimate: AuditEstimate, corrections: float | None, waiting: int, title: str) -> None:
    outlook = None if corrections is None else ahead(corrections)
    assert advise("review", estimate, outlook, waiting=waiting, classes=CLASSES).title == title


def test_the_reason_holds_the_numbers() -> None:
    text = advise("review", KNOWN, ahead(30), waiting=800, classes=CLASSES).text
    assert "Among the next 500 faces of the queue about 30 (21 to 42) labels will be corrected" in text
    assert "among as many drawn at random it would be 20 (10 to 35)" in text
    assert "Among the 1,000 faces nobody has decided, about 40 (20 to 70) labels are still wrong." in text


def test_a_round_without_enough_audit_faces_says_how_many_are_needed() -> None:
    text = advise("review", replace(UNKNOWN, drawn=4), ahead(100), waiting=3, classes=CLASSES).text
    assert "Among the next 500 faces of the queue about 100 (70 to 140) labels" in text
    assert "4 faces drawn at random" in text
    assert f"{NEEDED} needed" in text


def test_labels_that_a_filter_left_out_are_named() -> None:
    text = advise("review", replace(UNKNOWN, answered=40, missing=(1, 2)), None, waiting=3, classes=CLASSES).text
    assert "None of them is labelled fear, anger" in text
    assert "without a filter" in text


def test_one_face_is_decided() -> None:
    said = [
        advise(state, replace(UNKNOWN, answered=1), None, waiting=3, classes=CLASSES).text
        for state in ("review", "closed")
    ]
    assert "drawn at random 1 is decided" in said[0]
    assert "drawn at random was decided" in said[1]


def test_conflicts_are_for_a_lead() -> None:
    text = advise("review", replace(UNKNOWN, conflicts=3), None, waiting=3, classes=CLASSES).text
    assert "3 wait for a lead" in text


def test_a_closed_round_asks_for_nothing() -> None:
    for estimate in (KNOWN, UNKNOWN, replace(UNKNOWN, answered=40, missing=(1,)), replace(UNKNOWN, drawn=4)):
        said = advise("closed", estimate, ahead(100), waiting=800, classes=CLASSES)
        assert said.title == "This round is closed"
        assert not [word for word in ("answer the queue", "From ", "Give the next", "Go on") if word in said.text]


@pytest.mark.parametrize(("low", "high", "vague"), [(0.0, 0.3, True), (0.02, 0.3, False), (0.0, 0.005, False)])
def test_a_closed_round_says_where_its_estimate_is_too_vague(low: float, high: float, vague: bool) -> None:
    estimate = replace(KNOWN, left=Rate(high / 4, low, high, 1000))
    said = advise("closed", estimate, None, waiting=0, classes=CLASSES)
    assert ("too few to go by" in said.text) == vague


def test_the_next_faces_are_among_those_nobody_has_decided() -> None:
    few = replace(KNOWN, left=Rate(0.0, 0.0, 0.02, 63))
    said = advise("review", few, ahead(1.5, reviews=2), waiting=2, classes=CLASSES)
    assert said.title == "Go on: most faces are corrected"
    assert "Among the next 2 faces of the queue about 1.5 (1.0 to 2.1) labels will be corrected" in said.text
    assert "are still wrong" not in said.text
    assert "they are too few to go by" in said.text


@given(found=some.floats(0, 500), left=some.floats(0, 1), reviews=some.integers(1, 500))
def test_nobody_is_sent_on_for_less_than_chance(found: float, left: float, reviews: int) -> None:
    corrections = min(found, reviews)
    estimate = replace(KNOWN, left=Rate(left, left / 2, min(1, left * 2), 1000))
    said = advise("review", estimate, ahead(corrections, reviews=reviews), waiting=reviews, classes=CLASSES)
    if said.title.startswith("Go on"):
        assert corrections >= left / 2 * reviews
        assert corrections >= 0.02 * reviews
