"""The curves of `benchmarks.label_cleaning`, drawn by plotly and taken by a browser."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from playwright.sync_api import sync_playwright
from plotly.subplots import make_subplots

from review_app.charts.base import TEXT_ON_LIGHT
from review_app.theme import BLUE, GREEN, GREY, ORANGE, PURPLE
from tests.browser.chromium import FLAGS, find_chromium

IMAGES = Path("docs/images")
WIDTH, HEIGHT = 1120, 460
LINES = {
    "oracle": (GREY, "dot"),
    "**learned order**": (BLUE, "solid"),
    "**suspicion**": (ORANGE, "solid"),
    "error rate of the given class, known beforehand": (PURPLE, "dash"),
    "epoch-averaged probability margin": (GREEN, "dash"),
    "1 - alpha": (GREEN, "dot"),
    "random": (GREY, "dash"),
}
"""Order: colour and dash; what each is told apart by without colour too."""


def draw(cells: Sequence[dict[str, Any]]) -> None:
    """label-cleaning.png: label accuracy over the share reviewed. suspicion.png: what suspicion says, and what is."""
    noises = [noise for noise in ("real", "single-vote") if any(cell["noise"] == noise for cell in cells)]
    if noises:
        _take(accuracy_curves(cells, noises), IMAGES / "label-cleaning.png")
        _take(reliability(cells, noises), IMAGES / "suspicion.png")


def accuracy_curves(cells: Sequence[dict[str, Any]], noises: Sequence[str]) -> go.Figure:
    """A perfect reader's label accuracy in each order, a panel for each kind of wrong labels; means over the seeds."""
    figure = make_subplots(1, len(noises), subplot_titles=[f"{noise} labels" for noise in noises])
    for column, noise in enumerate(noises, start=1):
        reviews = [r for cell in cells if cell["noise"] == noise for r in cell["reviews"] if r["reader"] == "perfect"]
        for name, (colour, dash) in LINES.items():
            curves = [review["curve"] for review in reviews if review["order"] == name]
            line = {"color": colour, "dash": dash, "width": 3 if dash == "solid" else 2}
            figure.add_scatter(x=list(range(31)), y=np.mean(curves, axis=0), name=name.strip("*"), line=line,
                               showlegend=column == 1, row=1, col=column)  # fmt: skip
    figure.update_xaxes(title="faces reviewed, %")
    figure.update_yaxes(title="labels right", tickformat=".0%", row=1, col=1)
    figure.update_yaxes(tickformat=".0%")
    return figure


def reliability(cells: Sequence[dict[str, Any]], noises: Sequence[str]) -> go.Figure:
    """Ten groups of faces by rising suspicion: the share of wrong labels over what suspicion says."""
    figure = go.Figure(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dot"}, name="as said")
    )
    for noise, colour, symbol in zip(noises, (BLUE, ORANGE), ("circle", "square"), strict=False):
        told = [cell["suspicion"] for cell in cells if cell["noise"] == noise]
        said, wrong = (np.mean([each[name] for each in told], axis=0) for name in ("said", "true"))
        marker = {"color": colour, "symbol": symbol, "size": 10}
        figure.add_scatter(x=said, y=wrong, mode="lines+markers", marker=marker, name=f"{noise} labels")
    figure.update_xaxes(title="suspicion, mean of a tenth of the faces", tickformat=".0%")
    figure.update_yaxes(title="labels that are wrong", tickformat=".0%")
    return figure


def _take(figure: go.Figure, file: Path) -> None:
    figure.update_layout(
        template="plotly_white", width=WIDTH, height=HEIGHT, margin={"l": 60, "r": 20, "t": 50, "b": 55},
        font={"color": TEXT_ON_LIGHT, "size": 14}, legend={"orientation": "v"},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "figure.html"
        figure.write_html(page_file, include_plotlyjs=True)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH + 20, "height": HEIGHT + 20})
        page.goto(page_file.as_uri())
        page.locator(".plotly .main-svg").first.wait_for()
        page.locator(".plot-container").screenshot(path=file)
        browser.close()
