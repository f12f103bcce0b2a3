"""What the confusion matrices of the page Quality read, and the faces of one of their cells."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from sqlite_utils import Database

from review_app.database import call_slow
from review_app.queries.workspace_state import SLOW_S
from review_app.settings import current
from scn_core.store.people.people import Person
from scn_core.store.queue.cells import Cell, Comparison
from scn_core.store.reports.confusion import (
    ComparedFace,
    LeftOut,
    cell_faces,
    compare,
    comparisons,
    count_cell,
    left_out,
)

SHOWN = 60
"""Faces of a cell on one page."""


def comparisons_of(round_id: int) -> list[Comparison]:
    """What can be compared in a round, at most SLOW_S old."""
    return _comparisons(current().workspace_id, round_id)


def counts_of(of: Comparison, viewer: Person) -> dict[tuple[int, int], int]:
    """Faces by (row, column), as far as the viewer may know of them, at most SLOW_S old."""
    return _counts(current().workspace_id, of, viewer.id)


def queued_of(of: Comparison, viewer: Person) -> dict[tuple[int, int], int]:
    """Of these the faces in the round's queue, at most SLOW_S old."""
    return _queued(current().workspace_id, of, viewer.id)


def left_out_of(of: Comparison, viewer: Person) -> LeftOut:
    """How many faces it leaves out, and why, at most SLOW_S old."""
    return _left_out(current().workspace_id, of, viewer.id)


@dataclass(frozen=True)
class CellPage:
    """Some faces of a cell, and how many these are in all: as they are now, whatever the matrix said before."""

    faces: list[ComparedFace]
    more: bool
    """Whether there are more after these."""
    total: int
    queued: int
    """Of all, those in the round's queue."""


def cell_page(cell: Cell, viewer: Person, *, after: int) -> CellPage:
    """The next SHOWN faces of a cell after the one of that number."""
    return call_slow(_cell_page, cell, viewer.id, after)


def _cell_page(db: Database, cell: Cell, viewer_id: int, after: int) -> CellPage:
    faces, more = cell_faces(db, cell, viewer_id, after=after, limit=SHOWN)
    return CellPage(faces, more, *count_cell(db, cell, viewer_id))


@st.cache_data(ttl=SLOW_S, max_entries=16, show_spinner=False)
def _comparisons(workspace_id: str, round_id: int) -> list[Comparison]:
    return call_slow(comparisons, round_id)


@st.cache_data(ttl=SLOW_S, max_entries=32, show_spinner="Counting")
def _counts(workspace_id: str, of: Comparison, viewer_id: int) -> dict[tuple[int, int], int]:
    return call_slow(compare, of, viewer_id)


@st.cache_data(ttl=SLOW_S, max_entries=32, show_spinner=False)
def _queued(workspace_id: str, of: Comparison, viewer_id: int) -> dict[tuple[int, int], int]:
    return call_slow(compare, of, viewer_id, queued=True)


@st.cache_data(ttl=SLOW_S, max_entries=32, show_spinner=False)
def _left_out(workspace_id: str, of: Comparison, viewer_id: int) -> LeftOut:
    return call_slow(left_out, of, viewer_id)
