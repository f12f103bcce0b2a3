"""The figures of the two kinds of doubt: what they hold, and that colour is not needed to read them."""

from __future__ import annotations

import numpy as np

from review_app.charts import doubt
from scn_core.store.reports.figures import SUSPICION_BINS, DoubtAnswers


def test_suspicion_of_the_two_kinds_stacks_up_without_those_not_doubted() -> None:
    bins = np.zeros((SUSPICION_BINS, 3), np.int64)
    bins[2] = 1000, 0, 0
    bins[15] = 0, 7, 3
    mislabelled, ambiguous = doubt.suspicion_bars(bins).data
    assert (mislabelled.name, ambiguous.name) == ("likely mislabelled", "ambiguous")
    assert (sum(mislabelled.y), sum(ambiguous.y)) == (7, 3)
    assert (mislabelled.y[15], ambiguous.y[15]) == (7, 3)
    assert mislabelled.x[15] == 0.62
    assert mislabelled.marker.pattern.shape != ambiguous.marker.pattern.shape


def test_answers_are_shares_of_the_faces_decided() -> None:
    figure = doubt.answers_by_doubt([DoubtAnswers("mislabelled", 6, 3, 1), DoubtAnswers("ambiguous", 0, 1, 3)])
    assert [bar.name for bar in figure.data] == ["corrected", "kept", "unsure"]
    assert [tuple(bar.x) for bar in figure.data] == [(0.6, 0), (0.3, 0.25), (0.1, 0.75)]
    assert tuple(figure.data[0].y) == ("likely mislabelled · 10", "ambiguous · 4")
