"""The keyboard grid's Python face: what a page gives it, and the few lines of JavaScript that load its modules.

The grid itself is the JavaScript beside this file. It talks to the routes in review_app.api by itself, so a key press
never waits for a run of a page's script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from review_app.grid_files import base_path
from scn_core.store.people import Person

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
            "base": base_path(),
            "workspace": self.workspace,
            "person": person,
            "round": int(self.round),
            "classes": [str(name) for name in self.classes],
            "filter": dict(self.filter),
            "pageSize": int(self.page_size),
            "tile": self.tile,
        }


# Calls that come before the modules are there wait for them in order; the cleanup runs once, at the end.
_LOADER = """
const mounts = new WeakMap();
export default function (component) {
  const root = component.parentElement;
  let mount = mounts.get(root);
  if (!mount) {
    mount = { gone: false, module: import(new URL(component.data.base + "main.js", location.origin).href) };
    mounts.set(root, mount);
    mount.module.catch(() => {
      const words = document.createElement("p");
      words.setAttribute("role", "alert");
      words.textContent = "The grid could not be loaded: no connection to the server. Answers given before are kept. " +
        "Reload the page when the server is back.";
      root.append(words);
    });
  }
  mount.module.then((grid) => { if (!mount.gone) mount.end = grid.default(component); }, () => {});
  return () => {
    mount.gone = true;
    mounts.delete(root);
    if (mount.end) mount.end();
  };
}
"""
_STYLE = """
:host { display: block; }
"""

_mount = st.components.v2.component("review_grid", js=_LOADER, css=_STYLE)


def review_grid(data: GridData, key: str) -> None:
    """Mount the grid where the page stands; again with other data, it shows the other filter or round."""
    _mount(key=key, data=data.as_json())
