"""The keyboard grid's Python face: what a page gives it, and how it is mounted.

The grid itself is the JavaScript beside this file; ../loader.js is what Streamlit gets of it. The grid talks to
the routes in review_app.api by itself, so a key press never waits for a run of a page's script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from review_app.grid_files import modules_path
from review_app.settings import current
from scn_core.store.people.people import Person

TileSize = Literal["S", "M", "L"]


@dataclass(frozen=True, slots=True)
class GridData:
    """What the grid shows, and to whom."""

    workspace: str
    """Keeps what browsers store for two workspaces on one address apart."""
    person: Person
    round: int
    classes: Sequence[str]
    filter: Mapping[str, object]
    """The fields of a QueueFilter."""
    page_size: int = 0
    """0: as many faces as the window holds."""
    tile: TileSize = "M"
    """Until the person chooses another."""

    def as_json(self) -> dict[str, Any]:
        """In the words of the modules; only what JSON holds, because Streamlit turns the rest into text silently."""
        person = {"id": int(self.person.id), "name": self.person.name, "role": self.person.role}
        return {
            "root": current().base_path,
            "base": current().url(modules_path()),
            "module": "main.js",
            "workspace": self.workspace,
            "person": person,
            "round": int(self.round),
            "classes": [str(name) for name in self.classes],
            "filter": dict(self.filter),
            "pageSize": int(self.page_size),
            "tile": self.tile,
        }


_LOADER = (Path(__file__).parents[1] / "loader.js").read_text(encoding="utf-8")
_STYLE = """
:host { display: block; }
"""

_mount = st.components.v2.component("review_grid", js=_LOADER, css=_STYLE)


def review_grid(data: GridData, key: str) -> None:
    """Mount the grid where the page stands; again with other data, it shows the other filter or round."""
    # In a list: what is in a dictionary Streamlit asks whether it is a data frame, and imports pandas to know.
    _mount(key=key, data=[data.as_json()])
