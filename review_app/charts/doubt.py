"""Figures of the two kinds of doubt: how suspicious the faces of each are, and how people answered them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from review_app.charts.base import compact, whole_numbers
from review_app.theme import ANSWERS, BLUE, ORANGE
from scn_core.records import DOUBTS, Doubt, IntArray
from scn_core.store.reports.figures import SUSPICION_BINS, DoubtAnswers

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_KINDS: tuple[tuple[Doubt, str, str, str], ...] = (
    ("mislabelled", "likely mislabelled", BLUE, ""),
    ("ambiguous", "ambiguous", ORANGE, "/"),
)
"""Kind, words, colour, pattern: told apart without colour."""
_WORDS: dict[Doubt, str] = {"none": "not doubted", **{kind: words for kind, words, *_ in _KINDS}}
_ANSWERS = (("corrected", ANSWERS["accept"]), ("kept", ANSWERS["keep"]), ("unsure", ANSWERS["unsure"]))


def suspicion_bars(bins: IntArray, *, dark: bool = False) -> Figure:
    """Faces of the two kinds by suspicion; those not doubted, which are most of all, are left out."""
    from plotly.graph_objects import Bar, Figure

    width = 1 / SUSPICION_BINS
    at = ((np.arange(SUSPICION_BINS) + 0.5) * width).round(4).tolist()
    figure = Figure()
    for kind, words, colour, pattern in _KINDS:
        figure.add_trace(
            Bar(
                x=at,
                y=bins[:, DOUBTS.index(kind)].tolist(),
                width=width,
                name=words,
                marker={"color": colour, "line": {"width": 0}, "pattern": {"shape": pattern, "solidity": 0.3}},
                hovertemplate="suspicion %{x:.2f}: %{y:,} faces<extra>" + words + "</extra>",
            )
        )
    figure.update_layout(barmode="stack", bargap=0)
    figure.update_xaxes(title="suspicion", range=[0, 1])
    doubted = [DOUBTS.index(kind) for kind, *_ in _KINDS]
    figure.update_yaxes(title="faces", **whole_numbers(int(bins[:, doubted].sum(1).max(initial=0))))
    return compact(figure, height=300, dark=dark)


def answers_by_doubt(found: Sequence[DoubtAnswers], *, dark: bool = False) -> Figure:
    """How people decided on the faces of each kind, in shares, and on how many."""
    from plotly.graph_objects import Bar, Figure

    figure = Figure()
    for answer, colour in _ANSWERS:
        counts = [getattr(each, answer) for each in found]
        figure.add_trace(
            Bar(
                y=[f"{_WORDS[each.doubt]} · {each.faces:,}" for each in found],
                x=[n / each.faces for n, each in zip(counts, found, strict=True)],
                name=answer,
                orientation="h",
                marker={"color": colour, "line": {"width": 0}},
                customdata=counts,
                hovertemplate="%{y} decided: %{customdata:,} " + answer + ", %{x:.0%}<extra></extra>",
            )
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title="share of faces")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return compact(figure, height=130 + 34 * len(found), dark=dark)
