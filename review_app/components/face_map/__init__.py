"""The map of the page Explore: what a page gives it, and what was chosen on it.

__init__.py    `face_map` mounts it, `Chosen` is what people drew around or clicked
points.py      what is drawn: a point for each face or, of very many, a square for all that lie together
face_map.js    what people do with it; beside it its parts, map_*.js, and map.css

It is not one of plotly's charts, as these work out anew what lies within at each move of a line that is drawn around
faces, and send the whole chart once more when it ends: of 100,000 faces a second a move.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from review_app.components.face_map.points import Points
from review_app.grid_files import MAP_FOLDER, modules_path
from review_app.settings import current
from scn_core.store.queue.area import AREA_POINTS, MAP_SIDE, is_area

_LOADER = (Path(__file__).parents[1] / "loader.js").read_text(encoding="utf-8")
_STYLE = (MAP_FOLDER / "map.css").read_text(encoding="utf-8")
_mount = st.components.v2.component("face_map", js=_LOADER, css=_STYLE)


@dataclass(frozen=True)
class Chosen:
    """What somebody chose on a map: a part of it, or one face, or nothing."""

    area: str | None = None
    """A polygon, as the filter `area` has it."""
    face: int | None = None
    """Sample id."""


def face_map(points: Points, label: str, before: Chosen, key: str, round_id: int) -> Chosen:
    """Show a map, and return what is chosen on it now.

    Args:
        points: what is drawn.
        label: what the map is, for readers aloud.
        before: what this returned when the page was drawn last; it stays until something else is chosen.
        key: of the map; the same for all colours of one round.
        round_id: the round, which the map writes into the page's address with the area that is chosen.
    """
    begun = f"{key}-begun"
    if key not in st.session_state:  # it comes onto the page now, and from here on knows itself what is chosen
        st.session_state[begun] = before.area
    # What is the same as before is not sent again. In a list: what is in a dictionary Streamlit asks whether it is a
    # data frame, and imports pandas to know.
    data = _as_json(points, label, st.session_state.get(begun), round_id)
    found = _mount(key=key, data=[data], on_chosen_change=lambda: None)
    return before if found.chosen is None else chosen(found.chosen)


def chosen(found: object) -> Chosen:
    """What a browser says was chosen; nothing where it makes no sense."""
    said = found if isinstance(found, Mapping) else {}
    area, face = said.get("area"), said.get("face")
    return Chosen(
        area if isinstance(area, str) and is_area(area) else None,
        face if isinstance(face, int) and not isinstance(face, bool) and 0 < face < 2**32 else None,
    )


def _as_json(points: Points, label: str, area: str | None, round_id: int) -> dict[str, Any]:
    return {
        "base": current().url(modules_path()),
        "module": "face_map.js",
        "x": _packed(np.rint(points.x * (65535 / MAP_SIDE)).clip(0, 65535), "<u2"),
        "y": _packed(np.rint(points.y * (65535 / MAP_SIDE)).clip(0, 65535), "<u2"),
        "colour": _packed(points.colour, "u1"),
        "text": _packed(points.text, "<u4"),
        "faces": "" if points.faces is None else _packed(points.faces, "<u4"),
        "colours": list(points.colours),
        "names": list(points.names),
        "scale": points.scale,
        "texts": list(points.texts),
        "size": points.size,
        "label": label,
        "pictures": current().url("/thumb/"),
        "side": MAP_SIDE,
        "corners": AREA_POINTS,
        "area": area,
        "round": round_id,
    }


def _packed(values: npt.NDArray[Any], kind: str) -> str:
    return b64encode(values.astype(kind).tobytes()).decode()
