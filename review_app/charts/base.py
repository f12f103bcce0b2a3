"""What all figures share. Lines and bars keep a contrast of 3 to 1 on the light and the dark background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scn_core.class_names import short_names
from scn_core.intervals import Rate

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

TEXT_ON_LIGHT, TEXT_ON_DARK = "#31333f", "#fafafa"
_NAME_LETTERS = 16
"""A name beside a bar: on a phone longer ones take the room of the figure, and are cut off."""
_FEW = 10


def plain(name: str) -> str:
    """A class name as plotly shows it letter by letter: plotly reads a few HTML tags in texts."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def beside_bars(names: Sequence[str]) -> list[str]:
    """Names, of classes or people, short enough to stand beside bars; whoever points at a bar is told the whole one."""
    return [plain(name) for name in short_names(names, _NAME_LETTERS)]


def whole_numbers(highest: int) -> dict[str, object]:
    """An axis of counts from 0 on: plotly would write several ticks between two small numbers, all as the same one."""
    few = {"tick0": 0, "dtick": 1} if highest <= _FEW else {}
    return {"tickformat": ",d", "rangemode": "tozero", **few}


def whole_epochs(figure: Figure, count: int) -> None:
    """An x axis of epochs."""
    figure.update_xaxes(title="epoch", tickformat="d", tick0=1, dtick=max(1, -(-count // 10)))  # whole epochs only


def text_colour(dark: bool) -> str:
    """Of words, and of lines that no series owns."""
    return TEXT_ON_DARK if dark else TEXT_ON_LIGHT


def whiskers(rates: Sequence[Rate | None], *, dark: bool) -> dict[str, object]:
    """plotly's error bars from each rate's interval; none where there is no rate."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [rate.high - rate.value if rate else 0 for rate in rates],
        "arrayminus": [rate.value - rate.low if rate else 0 for rate in rates],
        "color": text_colour(dark),
        "thickness": 1.5,
        "width": 4,
    }


def compact(figure: Figure, *, height: int, dark: bool) -> Figure:
    """The figure in the size and colours of the pages."""
    text = {"color": text_colour(dark)}
    figure.update_xaxes(tickfont=text, title_font=text)  # Streamlit's own grey is too faint to read
    figure.update_yaxes(tickfont=text, title_font=text)
    figure.update_traces(textfont=text, selector={"type": "bar"})
    figure.update_layout(
        height=height,
        font=text,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"},
        dragmode=False,
        hovermode="closest",
    )
    return figure
