"""Figures of a round's quality. What they hold does not grow with the number of faces: bins, steps, classes, people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from review_app.charts.base import beside_bars, compact, plain, text_colour, whiskers, whole_numbers
from review_app.theme import ANSWERS, BLUE, ORANGE, PURPLE
from scn_core.intervals import Rate
from scn_core.records import IntArray
from scn_core.review.quality.audit_estimate import AuditEstimate
from scn_core.review.quality.figures import ClassErrors
from scn_core.store.reports.figures import ALPHA_BINS, MARGIN_BINS, DecidedSteps, ScoreBins

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BAND = {BLUE: "rgba(37, 99, 235, .16)", ORANGE: "rgba(217, 119, 6, .2)"}
_FEW_MANY = {False: ("#bfdbfe", "#1e40af"), True: ("#1e3a8a", "#bfdbfe")}
"""Colours of few and of many, on the light and the dark background."""
_ESTIMATES = (
    ("before the review", "before", BLUE, "dot"),
    ("after it", "after", ORANGE, "solid"),
    ("among faces nobody decided", "left", PURPLE, "dash"),
)


def label_errors(curve: Sequence[AuditEstimate], *, dark: bool = False) -> Figure:
    """Estimated share of wrong labels against decided faces, with 95 % intervals as bands.

    What is left is the same labels as after the review, of fewer faces: its own band would hide the other.
    """
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    for name, field, colour, dash in _ESTIMATES:
        known: list[tuple[int, Rate]] = [
            (each.reviewed, rate) for each in curve if (rate := getattr(each, field)) is not None
        ]
        x = [reviewed for reviewed, _ in known]
        if band := _BAND.get(colour):
            y = [rate.high for _, rate in known] + [rate.low for _, rate in reversed(known)]
            shape = {"fill": "toself", "fillcolor": band, "line_width": 0, "mode": "lines"}
            figure.add_trace(Scatter(x=x + x[::-1], y=y, **shape, hoverinfo="skip", showlegend=False))
        figure.add_trace(
            Scatter(
                x=x,
                y=[rate.value for _, rate in known],
                customdata=[(rate.low, rate.high, rate.faces) for _, rate in known],
                name=name,
                mode="lines+markers" if len(x) == 1 else "lines",
                line={"color": colour, "dash": dash, "width": 3},
                hovertemplate="%{x:,} decided: %{y:.1%}, %{customdata[0]:.1%} to %{customdata[1]:.1%}, "
                "%{customdata[2]:,.0f} faces<extra>" + name + "</extra>",
            )
        )
    figure.update_xaxes(title="faces decided", **whole_numbers(max((each.reviewed for each in curve), default=0)))
    figure.update_yaxes(title="wrong labels", tickformat=".0%", rangemode="tozero")
    return compact(figure, height=340, dark=dark)


def alpha_bars(bins: ScoreBins, *, dark: bool = False) -> Figure:
    """Distribution of alpha over all training faces, the two groups apart, with the boundary between them."""
    from plotly.graph_objects import Bar, Figure

    width = 1 / ALPHA_BINS
    at = (np.arange(ALPHA_BINS) + 0.5) * width
    figure = Figure()
    for name, counts, colour in (
        ("low-importance group", bins.low, ORANGE),
        ("high-importance group", bins.high, BLUE),
    ):
        figure.add_trace(
            Bar(
                x=at.round(4).tolist(),
                y=counts.sum(1).tolist(),
                width=width,
                name=name,
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="alpha %{x:.2f}: %{y:,} faces<extra>" + name + "</extra>",
            )
        )
    figure.update_layout(barmode="stack", bargap=0)
    figure.update_xaxes(title="alpha", range=[0, 1])
    figure.update_yaxes(title="faces", **whole_numbers(int((bins.low + bins.high).sum(1).max(initial=0))))
    _boundary(figure, bins, dark=dark)
    return compact(figure, height=320, dark=dark)


def alpha_margin(bins: ScoreBins, *, margin_relabel: float | None, dark: bool = False) -> Figure:
    """Faces by alpha and margin, few to many by a logarithm; the lines are where proposals begin."""
    figure = _heat(
        (bins.high + bins.low).T,
        x=((np.arange(ALPHA_BINS) + 0.5) / ALPHA_BINS).round(4).tolist(),
        y=((np.arange(MARGIN_BINS) + 0.5) / MARGIN_BINS).round(4).tolist(),
        hover="alpha %{x:.2f}, margin %{y:.2f}: %{text} faces<extra></extra>",
        colours=_FEW_MANY[dark],
    )
    figure.update_xaxes(title="alpha", range=[0, 1], showgrid=False, zeroline=False)
    figure.update_yaxes(title="margin", range=[0, 1], showgrid=False, zeroline=False)
    _boundary(figure, bins, dark=dark)
    if margin_relabel is not None:
        figure.add_hline(y=margin_relabel, line={"color": ORANGE, "dash": "dash", "width": 2})
    return compact(figure, height=320, dark=dark)


def class_rates(errors: Sequence[ClassErrors], *, dark: bool = False) -> Figure:
    """Share of wrong labels among the decided faces of each class, with 95 % intervals and numbers of faces."""
    from plotly.graph_objects import Bar, Figure

    shown = [
        (short, plain(each.name), each.wrong)
        for short, each in zip(beside_bars([each.name for each in errors]), errors, strict=True)
    ]
    figure = Figure(
        Bar(
            y=[f"{name} · {rate.of:,}" if rate else f"{name} · 0" for name, _, rate in shown],
            x=[rate.value if rate else None for *_, rate in shown],
            customdata=[
                (rate.low, rate.high, name, rate.of) if rate else (None, None, name, 0) for _, name, rate in shown
            ],
            orientation="h",
            marker_color=BLUE,
            error_x=whiskers([rate for *_, rate in shown], dark=dark),
            hovertemplate="%{customdata[2]}, %{customdata[3]:,} decided: %{x:.1%} wrong, %{customdata[0]:.1%} to "
            "%{customdata[1]:.1%}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1], dtick=0.25, tickformat=".0%", title="wrong labels")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return compact(figure, height=110 + 34 * len(shown), dark=dark)


def pace(steps: DecidedSteps, *, zone: tzinfo = UTC, zone_words: str = " UTC", dark: bool = False) -> Figure:
    """Faces decided over time: corrected, and as they were.

    Args:
        steps: of time, each with its start in UTC.
        zone: in which times are written. Whole days stay days of UTC.
        zone_words: what follows them.
        dark: for the dark theme.
    """
    from plotly.graph_objects import Bar, Figure

    within = steps.unit in ("10 minutes", "hour")
    begun = [datetime.fromisoformat(start).replace(tzinfo=UTC) for start in steps.start]
    at = [start.astimezone(zone) if within else start for start in begun]
    days = {f"{start:%Y-%m-%d}" for start in at}
    words = [f"{start:%H:%M}" if within and len(days) == 1 else f"{start:%Y-%m-%d %H:%M}" if within
             else f"{start:%Y-%m-%d}" for start in at]  # fmt: skip
    figure = Figure()
    parts = (("corrected", steps.changed, ANSWERS["accept"]), ("as they were", steps.unchanged, ANSWERS["keep"]))
    for name, counts, colour in parts:
        figure.add_trace(
            Bar(
                x=words,
                y=counts.tolist(),
                name=name,
                width=0.8 * min(1, len(words) / 8),  # a single step should not fill the width
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="%{x}: %{y:,} " + name + "<extra></extra>",
            )
        )
    figure.update_layout(barmode="stack")
    day = days.pop() if within and len(days) == 1 else ""
    title = f"{day}{zone_words if within else ' UTC'}".strip()
    figure.update_xaxes(title=title, type="category", nticks=8, showgrid=False)
    highest = int((steps.changed + steps.unchanged).max(initial=0))
    figure.update_yaxes(title=f"faces per {steps.unit}", **whole_numbers(highest))
    return compact(figure, height=320, dark=dark)


def _heat(counts: IntArray, *, x: Sequence[float], y: Sequence[float], hover: str, colours: tuple[str, str]) -> Figure:
    """Counts as colours, few to many by a logarithm; cells without a face stay empty."""
    from plotly.graph_objects import Figure, Heatmap

    some = np.where(counts > 0, np.log10(counts.clip(1)), np.nan)
    return Figure(
        Heatmap(
            x=list(x),
            y=list(y),
            z=_or_none(some),
            zmin=0,
            zmax=max(1.0, float(np.log10(counts.max(initial=1)))),
            text=[[f"{n:,}" if n else "" for n in row] for row in counts.tolist()],
            colorscale=[[0, colours[0]], [1, colours[1]]],
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate=hover,
            hoverongaps=False,
        )
    )


def _or_none(values: npt.NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if np.isnan(value) else round(float(value), 3) for value in row] for row in values]


def _boundary(figure: Figure, bins: ScoreBins, *, dark: bool) -> None:
    if bins.boundary is not None:
        colour = text_colour(dark)
        figure.add_vline(x=bins.boundary, line={"color": colour, "dash": "dash", "width": 2})
