"""Figures that are counted, not estimated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scn_core.records import ANSWERS, Answer
from scn_core.review.quality.figures import Progress, class_errors
from scn_core.store.reports.figures import DecidedCount

NAMES = ("sad", "fear", "anger")


@given(
    decided=some.lists(some.tuples(some.integers(0, 2), some.sampled_from(ANSWERS), some.integers(0, 2)), max_size=40)
)
def test_errors_by_class_are_counted_face_by_face(decided: list[tuple[int, Answer, int]]) -> None:
    labels = [(start, action, label_of(start, action, label)) for start, action, label in decided]
    counts = [DecidedCount(*each, 1, each[1] == "exclude" or each[2] not in (None, each[0])) for each in labels]
    for each in class_errors(counts, NAMES):
        reviewed = [count for count in counts if count.start_label == each.label and count.action != "unsure"]
        wrong = [count for count in reviewed if count.label != each.label]  # excluded: None
        if not reviewed:
            assert each.wrong is None
            continue
        assert each.wrong is not None
        assert each.wrong.of == len(reviewed)
        assert each.wrong.faces == pytest.approx(len(wrong))
        assert 0 <= each.wrong.low <= each.wrong.value <= each.wrong.high <= 1


def label_of(start: int, action: Answer, label: int) -> int | None:
    """Unsure and exclude have none, keep has the one there was."""
    return None if action in ("unsure", "exclude") else start if action == "keep" else label


def test_corrections_an_hour() -> None:
    assert Progress(decided=40, corrected=10, conflicts=0, open=5, minutes=30, timed=10).per_hour == 20
    assert Progress(decided=40, corrected=10, conflicts=0, open=5, minutes=30, timed=4).per_hour == 8
    assert Progress(decided=0, corrected=0, conflicts=0, open=5, minutes=0).per_hour is None
