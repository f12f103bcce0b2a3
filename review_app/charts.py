"""Records -> plotly figures, pure. Lines and bars keep a contrast of 3 to 1 on the light and the dark background.

plotly is imported where a figure is made: the first page needs none, and the import costs half a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scn_core.records import EpochReport

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

BLUE, ORANGE, GREY = "#3b82f6", "#d97706", "#7d8590"
TEXT_ON_LIGHT, TEXT_ON_DARK = "#31333f", "#fafafa"


def probability_bars(
    classes: Sequence[str], probabilities: Sequence[float], *, given: int, proposed: int | None, dark: bool = False
) -> Figure:
    """One bar per class, in the order of the class numbers; the given and the proposed class stand out."""
    from plotly.graph_objects import Bar, Figure

    roles = {proposed: ("proposed", ORANGE), given: ("given", BLUE)}
    words = [plain(name) + (f" · {roles[i][0]}" if i in roles else "") for i, name in enumerate(classes)]
    figure = Figure(
        Bar(
            x=list(probabilities),
            y=words,
            orientation="h",
            marker_color=[roles[i][1] if i in roles else GREY for i in range(len(classes))],
            text=[f"{p:.0%}" for p in probabilities],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1.12], visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return _compact(figure, height=40 + 30 * len(classes), dark=dark)


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
    _epochs(figure, len(epochs))
    return _compact(figure, height=250, dark=dark)


def training(reports: Sequence[EpochReport], *, dark: bool = False) -> Figure:
    """Accuracy on the training faces, and on the validation faces where there are any, over the epochs."""
    from plotly.graph_objects import Figure, Scatter

    epochs = [report.epoch for report in reports]
    figure = Figure()
    for name, values, colour, dash in (
        ("training faces", [report.accuracy for report in reports], BLUE, "solid"),
        ("validation faces", [report.val_accuracy for report in reports], ORANGE, "dash"),
    ):
        if any(value is not None for value in values):
            figure.add_trace(
                Scatter(x=epochs, y=values, name=name, mode="lines+markers", line={"color": colour, "dash": dash})
            )
    figure.update_yaxes(range=[0, 1], tickformat=".0%", title="accuracy")
    _epochs(figure, len(epochs))
    return _compact(figure, height=260, dark=dark)


def plain(name: str) -> str:
    """A class name as plotly shows it letter by letter: plotly reads a few HTML tags in texts."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _epochs(figure: Figure, count: int) -> None:
    figure.update_xaxes(title="epoch", tickformat="d", tick0=1, dtick=max(1, -(-count // 10)))  # whole epochs only


def _compact(figure: Figure, *, height: int, dark: bool) -> Figure:
    text = {"color": TEXT_ON_DARK if dark else TEXT_ON_LIGHT}
    figure.update_xaxes(tickfont=text, title_font=text)  # Streamlit's own grey is too faint to read
    figure.update_yaxes(tickfont=text, title_font=text)
    figure.update_traces(textfont=text, selector={"type": "bar"})
    figure.update_layout(
        height=height,
        font=text,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        dragmode=False,
        hovermode="closest",
    )
    return figure
