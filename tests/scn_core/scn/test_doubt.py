"""Kinds of doubt against a slow reference, and what must hold of any faces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scn_core.records import DOUBTS, Doubt, FloatArray, IntArray
from scn_core.scn.suspicion import CLEAR_MARGIN, DOUBT_FLOOR, kinds_of_doubt

Faces = tuple[FloatArray, IntArray, FloatArray]


@st.composite
def some_faces(draw: st.DrawFn) -> Faces:
    """Rows of two classes and more, many with close or equal probabilities."""
    classes, count = draw(st.integers(2, 5)), draw(st.integers(0, 12))
    weights = draw(st.lists(st.lists(st.integers(1, 6), min_size=classes, max_size=classes), min_size=count,
                            max_size=count))  # fmt: skip
    made = np.array(weights, np.float32).reshape(count, classes)
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=count, max_size=count))
    suspicion = draw(st.lists(st.floats(0, 1, width=32), min_size=count, max_size=count))
    return made / made.sum(1, keepdims=True), np.array(labels, np.int64), np.array(suspicion, np.float32)


def reference(row: list[float], label: int, suspicion: float) -> Doubt:
    if suspicion <= DOUBT_FLOOR:
        return "none"
    first, second = sorted(row, reverse=True)[:2]
    if first - second <= CLEAR_MARGIN:
        return "ambiguous"
    return "none" if row[label] == first else "mislabelled"


@settings(deadline=None)
@given(some_faces())
def test_kinds_are_those_of_the_definition(faces: Faces) -> None:
    found = kinds_of_doubt(*faces)
    assert found.dtype == np.int8
    rows = zip(*faces, strict=True)
    assert [DOUBTS[kind] for kind in found] == [reference(list(row), label, doubt) for row, label, doubt in rows]


@pytest.mark.parametrize(
    ("row", "suspicion", "kind"),
    [
        ([0.1, 0.8, 0.1], 0.6, "mislabelled"),
        ([0.8, 0.1, 0.1], 0.6, "none"),  # a label of a class that is seldom right, on a face that shows it clearly
        ([0.4, 0.35, 0.25], 0.6, "ambiguous"),
        ([0.1, 0.46, 0.44], 0.9, "ambiguous"),  # surely not its label, but which of the others?
        ([0.1, 0.8, 0.1], 0.1, "none"),
        ([0.4, 0.35, 0.25], 0.1, "none"),
    ],
)
def test_faces_by_hand(row: list[float], suspicion: float, kind: Doubt) -> None:
    (found,) = kinds_of_doubt(np.array([row], np.float32), np.array([0]), np.array([suspicion], np.float32))
    assert DOUBTS[found] == kind
