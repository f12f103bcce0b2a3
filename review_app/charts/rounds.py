"""Figures of rounds: one in training, several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from review_app.charts.base import beside_bars, compact, plain, whole_epochs
from review_app.theme import BLUE, GREY, ORANGE
from scn_core.records import EpochReport
from scn_core.rounds.compare import ALPHA_BINS, Comparison, Importance, LabelChange

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CHANGES_SHOWN = 12
"""Pairs of classes that a figure has room for."""


class _Line(NamedTuple):
    """A curve over the epochs; told apart by colour, dash and name."""

    name: str
    values: Sequence[float | None]
    colour: str
    dash: str


def training(reports: Sequence[EpochReport], *, dark: bool = False) -> Figure:
    """Accuracy on the training faces, and on the validation faces where there are any, over the epochs."""
    figure = _curves(
        [
            _Line("training faces", [report.accuracy for report in reports], BLUE, "solid"),
            _Line("validation faces", [report.val_accuracy for report in reports], ORANGE, "dash"),
        ],
        dark=dark,
    )
    figure.update_yaxes(range=[0, 1], tickformat=".0%", title="accuracy")
    return figure


def losses(reports: Sequence[EpochReport], *, dark: bool = False) -> Figure:
    """The loss and its two parts over the epochs, the parts before gamma weighs them."""
    figure = _curves(
        [
            _Line("loss", [report.loss for report in reports], BLUE, "solid"),
            _Line("cross entropy", [report.wce_loss for report in reports], ORANGE, "dash"),
            _Line("rank", [report.rank_loss for report in reports], GREY, "dot"),
        ],
        dark=dark,
    )
    figure.update_yaxes(rangemode="tozero", title="loss")
    return figure


def alphas(reports: Sequence[EpochReport], *, dark: bool = False) -> Figure:
    """Mean importance weight of the two groups over the epochs."""
    figure = _curves(
        [
            _Line("alpha_H", [report.alpha_high for report in reports], BLUE, "solid"),
            _Line("alpha_L", [report.alpha_low for report in reports], ORANGE, "dash"),
        ],
        dark=dark,
    )
    figure.update_yaxes(range=[0, 1], tickformat=".1f", title="importance weight")
    return figure


def alpha_distributions(found: Comparison, *, dark: bool = False) -> Figure:
    """Share of the faces of two rounds by importance weight, with the border of each low-importance group."""
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    width = 1 / ALPHA_BINS
    for side, colour, dash in ((found.first, BLUE, "solid"), (found.second, ORANGE, "dash")):
        figure.add_trace(
            Scatter(
                x=[i * width for i in range(ALPHA_BINS + 1)],
                y=[n / max(1, side.faces) for n in (*side.alpha.tolist(), 0)],
                name=f"round {side.info.id}",
                line={"color": colour, "dash": dash, "shape": "hv"},
                customdata=[*side.alpha.tolist(), 0],
                hovertemplate="alpha from %{x:.3f}: %{y:.1%}, %{customdata:,} faces",
            )
        )
        if side.boundary is not None:
            figure.add_vline(x=side.boundary, line={"color": colour, "dash": dash, "width": 1})
    figure.update_xaxes(title="importance weight", range=[0, 1])
    figure.update_yaxes(title="share of the faces", tickformat=".0%", rangemode="tozero")
    return compact(figure, height=300, dark=dark)


def importance_ranks(found: Importance, first: int, second: int, *, dark: bool = False) -> Figure:
    """Ranks by importance weight in two rounds: of faces with a corrected label, and of others that ranked alike."""
    from plotly.graph_objects import Box, Figure

    figure = Figure()
    names = (f"round {first}", f"round {second}")
    for name, ranks, colour in (
        ("label corrected", found.corrected, BLUE),
        ("label kept, same rank before", found.others, GREY),
    ):
        lowest, lower, middle, upper, highest = zip(ranks.before, ranks.after, strict=True)
        figure.add_trace(
            Box(
                x=names, lowerfence=lowest, q1=lower, median=middle, q3=upper, upperfence=highest,
                name=name, marker_color=colour, hoverinfo="y",
            )
        )  # fmt: skip
    figure.update_yaxes(title="share of faces less important", tickformat=".0%", range=[0, 1])
    figure.update_layout(boxmode="group")
    return compact(figure, height=300, dark=dark)


def label_changes(changes: Sequence[LabelChange], classes: Sequence[str], *, dark: bool = False) -> Figure:
    """How many faces changed from which label to which, the most frequent pairs."""
    from plotly.graph_objects import Bar, Figure

    shown, short = changes[:CHANGES_SHOWN], beside_bars(classes)
    figure = Figure(
        Bar(
            x=[change.faces for change in shown],
            y=[f"{short[change.before]} → {short[change.after]}" for change in shown],
            orientation="h",
            marker_color=BLUE,
            text=[f"{change.faces:,}" for change in shown],
            textposition="outside",
            cliponaxis=False,
            customdata=[f"{plain(classes[change.before])} → {plain(classes[change.after])}" for change in shown],
            hovertemplate="%{customdata}: %{x:,} faces<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1.15 * max((change.faces for change in shown), default=1)], visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return compact(figure, height=60 + 28 * len(shown), dark=dark)


def _curves(lines: Sequence[_Line], *, dark: bool) -> Figure:
    from plotly.graph_objects import Figure, Scatter

    epochs = list(range(1, 1 + len(lines[0].values)))
    figure = Figure()
    for line in lines:
        if any(value is not None for value in line.values):
            figure.add_trace(
                Scatter(
                    x=epochs, y=list(line.values), name=line.name, mode="lines+markers",
                    connectgaps=True,  # epochs without a clean pass validate nothing
                    line={"color": line.colour, "dash": line.dash}, marker={"size": 5},
                )
            )  # fmt: skip
    whole_epochs(figure, len(epochs))
    return compact(figure, height=260, dark=dark)
