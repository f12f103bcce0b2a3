"""The figures of the page Quality: what they hold, and that it stays little."""

from __future__ import annotations

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from review_app.charts import quality as charts
from review_app.charts import reviewers
from scn_core.intervals import Rate
from scn_core.review.quality.audit_estimate import AuditEstimate
from scn_core.review.quality.figures import class_errors
from scn_core.review.quality.reviewers import Reviewer
from scn_core.store.reports.figures import ALPHA_BINS, MARGIN_BINS, DecidedCount, DecidedSteps, ScoreBins

CLASSES = ("sad", "<b>happy</b>", "fear")


def estimate(reviewed: int, *, known: bool = True) -> AuditEstimate:
    rate = Rate(0.2, 0.1, 0.3, 100) if known else None
    return AuditEstimate(
        round=1, faces=100, reviewed=reviewed, found=3, drawn=20, answered=10, wrong=2, unsure=1, conflicts=0,
        missing=(), before=rate, after=rate, left=rate,
    )  # fmt: skip


def bins(faces: int = 1) -> ScoreBins:
    """`faces` of the low group at alpha 0.31 and margin 0.5, twice as many of the high one at 0.9 and 0."""
    low, high = np.zeros((2, ALPHA_BINS, MARGIN_BINS), np.int64)
    low[15, 12], high[45, 0] = faces, 2 * faces
    return ScoreBins(high, low, 0.312)


def reviewer(name: str, **more: object) -> Reviewer:
    plain = {
        "person_id": 1, "name": name, "answers": 10, "accept": 5, "keep": 2, "relabel": 1, "unsure": 1, "exclude": 1,
        "proposals": 8, "accepted": Rate(0.5, 0.3, 0.7, 8), "minutes": 2, "per_minute": 5.0, "median_s": 1.5,
        "repeats": 0, "consistent": None, "compared": 4, "agreed": Rate(0.75, 0.4, 0.9, 4),
    }  # fmt: skip
    return Reviewer(**(plain | more))  # type: ignore[arg-type]


def test_lines_begin_where_there_is_an_estimate() -> None:
    figure = charts.label_errors([estimate(0, known=False), estimate(10), estimate(30)])
    lines = [trace for trace in figure.data if trace.name]
    assert [line.name for line in lines] == ["before the review", "after it", "among faces nobody decided"]
    assert len({line.line.dash for line in lines}) == 3  # told apart without colour
    for line in lines:
        assert tuple(line.x) == (10, 30)
        assert tuple(line.y) == (0.2, 0.2)
    bands = [trace for trace in figure.data if trace.fill]
    assert len(bands) == 2
    for band in bands:
        assert tuple(band.x) == (10, 30, 30, 10)
        assert tuple(band.y) == (0.3, 0.3, 0.1, 0.1)


def test_alpha_is_told_apart_by_group() -> None:
    figure = charts.alpha_bars(bins())
    low, high = figure.data
    assert sum(low.y) == 1
    assert low.x[15] == pytest.approx(0.31)
    assert low.y[15] == 1
    assert sum(high.y) == high.y[45] == 2
    assert figure.layout.shapes[0].x0 == 0.312


def test_no_boundary_without_a_group() -> None:
    none = np.zeros((ALPHA_BINS, MARGIN_BINS), np.int64)
    assert not charts.alpha_bars(ScoreBins(none, none, None)).layout.shapes


def test_alpha_against_margin() -> None:
    (heat,) = charts.alpha_margin(bins(), margin_relabel=0.2).data
    shown = np.array(heat.z, np.float64)
    assert shown.shape == (MARGIN_BINS, ALPHA_BINS)
    assert shown[12, 15] == 0  # log10 of one face
    assert shown[0, 45] == pytest.approx(np.log10(2), abs=0.01)
    assert np.isfinite(shown).sum() == 2  # the rest stays empty
    assert heat.text[0][45] == "2"


def test_classes_without_a_decided_face_say_so() -> None:
    errors = class_errors([DecidedCount(0, "keep", 0, 3, False), DecidedCount(0, "accept", 1, 1, True)], CLASSES)
    (bar,) = charts.class_rates(errors).data
    assert bar.y == ("sad · 4", "&lt;b&gt;happy&lt;/b&gt; · 0", "fear · 0")
    assert bar.x == (0.25, None, None)
    long = [DecidedCount(i, "keep", i, 3, False) for i in range(3)]
    (there,) = charts.class_rates(class_errors(long, ("angenehm überrascht", "unangenehm überrascht", "sad"))).data
    assert there.y == ("angenehm…rrascht · 3", "unangene…rrascht · 3", "sad · 3"), "both ends and the count stay"
    assert list(there.customdata[1][2:]) == ["unangenehm überrascht", 3]
    rate = errors[0].wrong
    assert rate is not None
    assert bar.x[0] + bar.error_x.array[0] == pytest.approx(rate.high)
    assert bar.x[0] - bar.error_x.arrayminus[0] == pytest.approx(rate.low)


def test_pace() -> None:
    steps = DecidedSteps("hour", ("2026-03-01T10:00", "2026-03-01T12:00"), np.array([3, 1]), np.array([7, 9]))
    figure = charts.pace(steps)
    assert [(bar.name, bar.y) for bar in figure.data] == [("corrected", (3, 1)), ("as they were", (7, 9))]
    assert figure.layout.yaxis.title.text == "faces per hour"
    assert figure.layout.yaxis.dtick == 1, "else 1 1 1 1 1 0 0 0 0, of 1.75, 1.5, 1.25 ..."
    assert charts.pace(replace(steps, changed=np.array([300, 1]))).layout.yaxis.dtick is None
    assert (figure.data[0].x, figure.layout.xaxis.title.text) == (("10:00", "12:00"), "2026-03-01 UTC")
    there = charts.pace(steps, zone=ZoneInfo("Asia/Tokyo"), zone_words="")
    assert (there.data[0].x, there.layout.xaxis.title.text) == (("19:00", "21:00"), "2026-03-01")
    days = charts.pace(replace(steps, unit="day"), zone=ZoneInfo("Asia/Tokyo"), zone_words="")
    assert (days.data[0].x[0], days.layout.xaxis.title.text) == ("2026-03-01", "UTC")


def test_reviewers_side_by_side() -> None:
    people = [reviewer("ann"), reviewer("<i>bob</i>", agreed=None)]
    answers = reviewers.answers(people)
    assert [bar.x[0] for bar in answers.data] == [0.5, 0.2, 0.1, 0.1, 0.1]
    assert answers.data[0].y == ("ann", "&lt;i&gt;bob&lt;/i&gt;")
    accepts, agrees, alike = reviewers.rates(people).data
    assert accepts.x == (0.5, 0.5)
    assert agrees.x == (0.75,)
    assert alike.x == ()


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_sent_does_not_grow_with_the_faces(dark: bool) -> None:
    """A million times as many faces: a few digits more."""

    def size(faces: int) -> int:
        decided = [DecidedCount(0, "accept", 1, faces, True), DecidedCount(1, "keep", 1, faces, False)]
        figures = (
            charts.alpha_bars(bins(faces), dark=dark),
            charts.alpha_margin(bins(faces), margin_relabel=0.2, dark=dark),
            charts.class_rates(class_errors(decided, CLASSES), dark=dark),
        )
        for figure in figures:
            json.loads(figure.to_json())
        return sum(len(figure.to_json()) for figure in figures)

    assert size(1_000_000) < size(1) + 500
    assert size(1_000_000) < 100_000
