from __future__ import annotations

import numpy as np
import pytest

from review_app.charts import base, rounds
from scn_core.records import RoundInfo
from scn_core.rounds.compare import (
    ALPHA_BINS,
    Comparison,
    Importance,
    LabelChange,
    Movements,
    Ranks,
    RoundFigures,
    movements,
)
from scn_core.store.scores import ScoreColumns
from tests.review_app.charts.test_charts import report

CLASSES = ("sad", "<b>happy</b>", "fear")


def moved() -> Movements:
    none = np.empty(0, np.int64)
    columns = ScoreColumns(
        none, none, none, none, np.empty(0, np.float32), np.empty(0, np.float32), np.empty(0, np.bool_)
    )
    return movements(columns, columns)


def side(number: int, alpha: dict[int, int], boundary: float | None) -> RoundFigures:
    info = RoundInfo(number, None, "closed", {}, "1", "", None, None, None, {}, {})
    bins = np.array([alpha.get(i, 0) for i in range(ALPHA_BINS)])
    return RoundFigures(info, int(bins.sum()), 0, bins, boundary)


def test_curves_grow_with_the_epochs_and_are_told_apart_without_colour() -> None:
    for figure in (rounds.losses([report(1, None), report(2, None)]), rounds.alphas([report(1, None)] * 2)):
        assert {tuple(line.x) for line in figure.data} == {(1, 2)}
        assert len({line.line.dash for line in figure.data}) == len({line.name for line in figure.data}) > 1
    loss, cross_entropy, rank = rounds.losses([report(1, None)]).data
    assert (loss.y[0], cross_entropy.y[0], rank.y[0]) == (1, 1, 0)


def test_rounds_of_different_sizes_are_compared_by_share() -> None:
    found = Comparison(side(1, {0: 1, 39: 3}, 0.2), side(2, {20: 400}, None), moved())
    first, second = rounds.alpha_distributions(found).data
    assert (first.y[0], first.y[39], max(second.y)) == (0.25, 0.75, 1)
    assert (first.x[0], first.x[ALPHA_BINS], first.x[20]) == (0, 1, pytest.approx(0.5))
    assert [shape.x0 for shape in rounds.alpha_distributions(found).layout.shapes] == [0.2], "where there is a group"
    empty = rounds.alpha_distributions(Comparison(side(1, {}, None), side(2, {}, None), moved()))
    assert set(empty.data[0].y) == {0}


def test_ranks_of_corrected_faces_stand_beside_those_of_others() -> None:
    found = Importance(3, Ranks((0, 0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8, 0.9), 1), Ranks((0,) * 5, (1,) * 5, 0.5))
    corrected, others = rounds.importance_ranks(found, 1, 3).data
    assert corrected.x == others.x == ("round 1", "round 3")
    assert (corrected.lowerfence, corrected.median, corrected.upperfence) == ((0, 0.5), (0.2, 0.7), (0.4, 0.9))
    assert corrected.marker.color != others.marker.color
    assert corrected.name != others.name


def test_names_of_classes_stay_text_and_few_pairs_are_drawn() -> None:
    many = [LabelChange(0, 1, 90 - i) for i in range(3 * rounds.CHANGES_SHOWN)]
    (bar,) = rounds.label_changes(many, CLASSES).data
    assert bar.y[0] == "sad → &lt;b&gt;happy&lt;/b&gt;"
    assert len(bar.x) == rounds.CHANGES_SHOWN
    assert rounds.label_changes([], CLASSES).data[0].x == ()


@pytest.mark.parametrize(("dark", "text"), [(False, base.TEXT_ON_LIGHT), (True, base.TEXT_ON_DARK)])
def test_words_have_the_colour_of_the_page(dark: bool, text: str) -> None:
    found = Comparison(side(1, {0: 1}, 0.2), side(2, {1: 1}, None), moved())
    for figure in (
        rounds.losses([report(1, None)], dark=dark),
        rounds.alphas([report(1, None)], dark=dark),
        rounds.alpha_distributions(found, dark=dark),
        rounds.label_changes([LabelChange(0, 1, 2)], CLASSES, dark=dark),
    ):
        assert {figure.layout.font.color, figure.layout.xaxis.tickfont.color} == {text}
