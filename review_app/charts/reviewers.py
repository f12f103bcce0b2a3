"""Figures of the people who review, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from review_app.charts.base import beside_bars, compact, plain, whiskers
from review_app.theme import ANSWERS, BLUE, ORANGE, PURPLE
from scn_core.records import Answer
from scn_core.review.quality.reviewers import Reviewer

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_ANSWERS: tuple[tuple[Answer, str, str], ...] = (
    ("accept", "accepted", ANSWERS["accept"]),
    ("keep", "kept", ANSWERS["keep"]),
    ("relabel", "relabelled", ANSWERS["relabel"]),
    ("unsure", "unsure", ANSWERS["unsure"]),
    ("exclude", "excluded", ANSWERS["exclude"]),
)
_RATES = (
    ("accepts proposals", "accepted", BLUE, "circle"),
    ("agrees with what others decided", "agreed", ORANGE, "diamond"),
    ("answers repeats alike", "consistent", PURPLE, "square"),
)


def answers(people: Sequence[Reviewer], *, dark: bool = False) -> Figure:
    """What each person answers, in shares."""
    from plotly.graph_objects import Bar, Figure

    names = beside_bars([each.name for each in people])
    figure = Figure()
    for action, word, colour in _ANSWERS:
        shares = [each.share(action) for each in people]
        figure.add_trace(
            Bar(
                y=names,
                x=shares,
                name=word,
                orientation="h",
                marker={"color": colour, "line": {"width": 0}},
                customdata=[(plain(each.name), getattr(each, action)) for each in people],
                hovertemplate="%{customdata[0]}: %{customdata[1]:,} " + word + ", %{x:.0%}<extra></extra>",
            )
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title="share of answers")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return compact(figure, height=130 + 30 * len(names), dark=dark)


def rates(people: Sequence[Reviewer], *, dark: bool = False) -> Figure:
    """How often each person accepts a proposal, agrees with what others decided, and with themself; 95 % intervals."""
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    for place, (word, field, colour, symbol) in enumerate(_RATES):
        known = [(i, each, rate) for i, each in enumerate(people) if (rate := getattr(each, field)) is not None]
        figure.add_trace(
            Scatter(
                x=[rate.value for _, _, rate in known],
                y=[i + (place - 1) * 0.22 for i, _, _ in known],  # beside each other, not on top
                name=word,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 10},
                error_x=whiskers([rate for _, _, rate in known], dark=dark),
                customdata=[(plain(each.name), rate.of) for _, each, rate in known],
                hovertemplate="%{customdata[0]}: " + word + " %{x:.0%} of %{customdata[1]:,}<extra></extra>",
            )
        )
    figure.update_layout(showlegend=True)  # plotly shows none of a single series
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    names = beside_bars([each.name for each in people])
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5], tickvals=list(range(len(names))), ticktext=names, showgrid=False, zeroline=False
    )
    return compact(figure, height=130 + 44 * len(names), dark=dark)
