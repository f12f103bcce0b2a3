"""What was drawn on the map of the page Explore, from what Streamlit says of a chart, as the address of a filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scn_core.store.queue.area import AREA_POINTS, MAP_SIDE, is_area


def area_of(event: Mapping[str, Any] | None) -> str | None:
    """The polygon of the newest lasso or box, of at most `AREA_POINTS` corners; None: there is none."""
    selection = (event or {}).get("selection") or {}
    if lassos := selection.get("lasso"):
        xs, ys = lassos[-1]["x"], lassos[-1]["y"]
    elif boxes := selection.get("box"):
        (left, right), (low, high) = boxes[-1]["x"], boxes[-1]["y"]
        xs, ys = (left, right, right, left), (low, low, high, high)
    else:
        return None
    points = np.array([xs, ys], np.float64).T.round().clip(0, MAP_SIDE).astype(int)
    kept = points[np.linspace(0, len(points) - 1, min(len(points), AREA_POINTS)).round().astype(int)]
    area = "_".join(f"{x},{y}" for x, y in kept.tolist())
    return area if is_area(area) else None


@dataclass(frozen=True)
class Kept:
    """What was drawn on a map, and the figure on which; "": another one, which was shown in other colours."""

    figure: str
    area: str | None


def kept_area(before: Kept | None, figure: str, drawn: str | None, *, clicked: bool) -> Kept:
    """What is selected now. In other colours a map is a new figure without a selection: that of the one before stays
    until something is drawn or clicked on it.

    Args:
        before: what this returned when the page was drawn last; None: never.
        figure: key of the figure on the page.
        drawn: area drawn on it, as `area_of` has it.
        clicked: whether faces were clicked on it.
    """
    if drawn is not None or clicked or before is None or before.figure == figure:
        return Kept(figure, drawn)
    return Kept("", before.area)


def faces_of(event: Mapping[str, Any] | None) -> list[int]:
    """Sample ids of the faces clicked on, newest last."""
    points = ((event or {}).get("selection") or {}).get("points") or []
    return [int(point["customdata"]) for point in points if point.get("customdata") is not None]
