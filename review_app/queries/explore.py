"""What the page Explore reads: the map of a round, and what its faces are coloured by. Leads share what is cached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import streamlit as st

from review_app.database import call_slow
from review_app.queries.workspace_state import SLOW_S
from review_app.settings import current
from scn_core.records import FloatArray, IntArray, QueueFilter
from scn_core.rounds.draw_map import MapMethod, map_method, newest_with_features, round_map
from scn_core.rounds.features import open_features
from scn_core.store.queue.area import MAP_FILE, corners, inside
from scn_core.store.queue.counts import PairCount, matching_pairs
from scn_core.store.reports.map_faces import MapFaces, map_faces

Missing = Literal["being drawn", "no features"]


@dataclass(frozen=True)
class FaceMap:
    """N faces and where they lie."""

    faces: MapFaces
    x: FloatArray
    """(N,) from 0 to MAP_SIDE."""
    y: FloatArray
    method: MapMethod | None
    """How it was drawn; None: it does not say."""

    def inside(self, area: str) -> IntArray:
        """Rows of the faces in a polygon."""
        return np.flatnonzero(inside(self.x, self.y, corners(area)))


def map_of(round_id: int) -> FaceMap | Missing:
    """The map of a round, at most SLOW_S old, or why there is none."""
    workspace = current().workspace
    try:
        drawn = (workspace.round_folder(round_id) / MAP_FILE).stat().st_mtime_ns
    except OSError:
        return "no features" if open_features(workspace, round_id) is None else "being drawn"
    found = _map_of(current().workspace_id, round_id, drawn)
    return "being drawn" if found is None else found


def round_with_features() -> int | None:
    """The newest round that has ended and kept the features that a map is drawn from; None: there is none."""
    return call_slow(partial(newest_with_features, current().workspace))


def pairs_in(round_id: int, viewer_id: int, area: str) -> list[PairCount]:
    """The pairs of the faces of the queue that lie in an area of the map, as they are now."""
    return call_slow(matching_pairs, round_id, viewer_id, QueueFilter(state="all", area=area))


@st.cache_data(ttl=SLOW_S, max_entries=4, show_spinner="Reading the map")
def _map_of(workspace_id: str, round_id: int, drawn: int) -> FaceMap | None:
    rows = round_map(current().workspace, round_id)
    if rows is None:
        return None
    faces = call_slow(map_faces, round_id)
    _, here, there = np.intersect1d(faces.sample_id, rows["sample_id"], assume_unique=True, return_indices=True)
    shown = replace(
        faces, sample_id=faces.sample_id[here], given=faces.given[here], proposed=faces.proposed[here],
        suspicion=faces.suspicion[here], state=faces.state[here], split=faces.split[here],
        opinions={name: labels[here] for name, labels in faces.opinions.items()}, withheld=faces.withheld[here],
    )  # fmt: skip
    return FaceMap(
        shown, np.array(rows["x"][there]), np.array(rows["y"][there]), map_method(current().workspace, round_id)
    )
