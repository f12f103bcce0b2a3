"""Figure of the map: a point for each face or, of more than `MOST_POINTS`, a square for all that lie together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from review_app.charts.base import compact, plain
from scn_core.errors import counted
from scn_core.records import FloatArray, IntArray
from scn_core.store.queue.area import MAP_SIDE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_POINTS = 100_000
_WITHOUT_WEBGL = 8_000
"""Points that a browser draws quickly without WebGL, which not every one has."""
_CELLS = 200
"""Squares in a row of a binned map."""
_COLOURS = (
    "#3b82f6", "#d97706", "#0d9488", "#a855f7", "#e11d48", "#65a30d", "#0891b2", "#c026d3", "#b45309", "#64748b",
)  # fmt: skip
_NONE = "#7d8590"


def by_class(
    x: FloatArray, y: FloatArray, group: IntArray, names: Sequence[str], texts: Sequence[str], faces: IntArray,
    *, none: str, lasso: bool = True, dark: bool = False,
) -> Figure:  # fmt: skip
    """Faces coloured by a class or state.

    Args:
        x: (N,)
        y: (N,)
        group: (N,) place in `names`; -1: `none`.
        names: of the groups.
        texts: (N,) what a face shows when the pointer is on it.
        faces: (N,) sample ids.
        none: name of the faces of group -1.
        lasso: the pointer draws around faces; else a click chooses one.
        dark: for the dark theme.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    binned = len(x) > MOST_POINTS
    if binned:
        x, y, group, texts = _most_in_each_square(x, y, group, [*names, none])
    for number in [-1, *range(len(names))]:
        here = np.flatnonzero(group == number)
        if len(here):
            colour, name = (_NONE, none) if number < 0 else (_COLOURS[number % len(_COLOURS)], names[number])
            ids = None if binned else faces[here].tolist()
            figure.add_trace(
                _points(x[here], y[here], [texts[i] for i in here.tolist()], ids, name, {"color": colour}, len(x))
            )
    return _laid_out(figure, lasso=lasso, dark=dark)


def by_value(
    x: FloatArray, y: FloatArray, value: FloatArray, texts: Sequence[str], faces: IntArray, name: str,
    *, lasso: bool = True, dark: bool = False,
) -> Figure:  # fmt: skip
    """The same coloured by a number from 0 to 1; faces whose number is NaN are left out."""
    from plotly.graph_objects import Figure

    known = np.flatnonzero(np.isfinite(value))
    x, y, value = x[known], y[known], value[known]
    ids: list[int] | None = faces[known].tolist()
    texts = [texts[i] for i in known.tolist()]
    if len(x) > MOST_POINTS:
        square, count, where = _squares(x, y)
        value = (np.bincount(where, value, len(square)) / count).astype(np.float32)
        x, y, ids = *_middles(square), None
        texts = [f"{counted(n, 'face')}, {name} {share:.2f} on average" for n, share in zip(count, value, strict=True)]
    order = np.argsort(value, kind="stable")  # the highest on top
    bar = {"title": {"text": name, "side": "right"}, "thickness": 12, "len": 0.6}
    marker = {"color": value[order].tolist(), "colorscale": "Cividis", "cmin": 0, "cmax": 1, "colorbar": bar}
    shown = None if ids is None else [ids[i] for i in order]
    figure = Figure()
    figure.add_trace(_points(x[order], y[order], [texts[i] for i in order], shown, name, marker, len(x)))
    figure.update_layout(showlegend=False)
    return _laid_out(figure, lasso=lasso, dark=dark)


def _points(
    x: FloatArray, y: FloatArray, texts: Sequence[str], faces: list[int] | None, name: str, marker: Mapping[str, Any],
    total: int,
) -> Any:  # fmt: skip
    from plotly.graph_objects import Scatter, Scattergl

    kind = Scatter if total <= _WITHOUT_WEBGL else Scattergl
    size, shape = (max(3, min(7, int(2_000 / max(total, 1) ** 0.6))), "circle") if faces else (5, "square")
    return kind(
        x=x, y=y, mode="markers", name=plain(name), text=[plain(text) for text in texts], customdata=faces,
        marker={"size": size, "symbol": shape, "opacity": 0.75, **marker}, hovertemplate="%{text}<extra></extra>",
        unselected={"marker": {"opacity": 0.25}},
    )  # fmt: skip


def _laid_out(figure: Figure, *, lasso: bool, dark: bool) -> Figure:
    figure.update_xaxes(visible=False, range=[0, MAP_SIDE])
    figure.update_yaxes(visible=False, range=[0, MAP_SIDE], scaleanchor="x")
    compact(figure, height=620, dark=dark)
    # Streamlit takes a click for a choice only where dragging selects nothing, whatever `clickmode` says.
    figure.update_layout(
        dragmode="lasso" if lasso else "pan", legend={"itemsizing": "constant", "yanchor": "top", "y": -0.02},
        uirevision="map",
    )  # fmt: skip
    return figure


def _squares(x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """The squares that hold a face, how many each holds, and (N,) in which of them a face is."""
    column, row = ((each * (_CELLS / MAP_SIDE)).astype(np.int64).clip(0, _CELLS - 1) for each in (x, y))
    square, where, count = np.unique(row * _CELLS + column, return_inverse=True, return_counts=True)
    return square, count, where


def _middles(square: IntArray) -> tuple[FloatArray, FloatArray]:
    row, column = np.divmod(square, _CELLS)
    step = MAP_SIDE / _CELLS
    return ((column + 0.5) * step).astype(np.float32), ((row + 0.5) * step).astype(np.float32)


def _most_in_each_square(
    x: FloatArray, y: FloatArray, group: IntArray, names: Sequence[str]
) -> tuple[FloatArray, FloatArray, IntArray, list[str]]:
    """The middle of each square, the group that most of its faces are of, and words about both."""
    square, count, where = _squares(x, y)
    of = np.zeros((len(square), len(names)), np.int64)
    np.add.at(of, (where, group), 1)  # group -1 is the last name
    most = of.argmax(axis=1)
    texts = [
        f"{counted(n, 'face')}, {of[i, m]:,} of them {names[m]}"
        for i, (n, m) in enumerate(zip(count, most, strict=True))
    ]
    return *_middles(square), np.where(most == len(names) - 1, -1, most), texts
