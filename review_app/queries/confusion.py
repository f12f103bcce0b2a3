"""What the confusion matrices of the page Quality read, and the faces of one of their cells."""

from __future__ import annotations

import streamlit as st

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


def faces_of(cell: Cell, viewer: Person, *, after: int) -> tuple[list[ComparedFace], bool]:
    """The next SHOWN faces of a cell after the one of that number, and whether there are more."""
    return call_slow(cell_faces, cell, viewer.id, after=after, limit=SHOWN)


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
