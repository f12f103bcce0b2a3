"""Figures of one face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from review_app.charts.base import beside_bars, compact, plain, whole_epochs
from review_app.theme import ANSWERS, BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def probability_bars(
    classes: Sequence[str], probabilities: Sequence[float], *, given: int, proposed: int | None, dark: bool = False
) -> Figure:
    """One bar per class, in the order of the class numbers; the given and the proposed class have the colour of the
    answer that each would be."""
    from plotly.graph_objects import Bar, Figure

    roles = {proposed: ("proposed", ANSWERS["accept"]), given: ("given", ANSWERS["keep"])}
    words = [name + (f" · {roles[i][0]}" if i in roles else "") for i, name in enumerate(beside_bars(classes))]
    figure = Figure(
        Bar(
            x=list(probabilities),
            y=words,
            orientation="h",
            marker_color=[roles[i][1] if i in roles else GREY for i in range(len(classes))],
            text=[f"{p:.0%}" for p in probabilities],
            textposition="outside",
            cliponaxis=False,
            customdata=[plain(name) for name in classes],
            hovertemplate="%{customdata}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1.12], visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return compact(figure, height=40 + 30 * len(classes), dark=dark)


def dynamics(alpha: Sequence[float], margin: Sequence[float], *, dark: bool = False) -> Figure:
    """Alpha and margin over the epochs; told apart by colour, dash and name."""
    from plotly.graph_objects import Figure, Scatter

    epochs = list(range(1, 1 + len(alpha)))
    figure = Figure()
    for name, values, colour, dash in (("alpha", alpha, BLUE, "solid"), ("margin", margin, ORANGE, "dash")):
        figure.add_trace(
            Scatter(x=epochs, y=list(values), name=name, mode="lines", line={"color": colour, "dash": dash, "width": 3})
        )
    low = min([0.0, *margin])
    figure.update_yaxes(range=[low - 0.02, 1.02], tickformat=".1f")
    whole_epochs(figure, len(epochs))
    return compact(figure, height=250, dark=dark)
