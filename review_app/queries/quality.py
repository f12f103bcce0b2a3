"""What the page Quality reads. Nothing here is of one person alone, so leads share what is cached."""

from __future__ import annotations

import streamlit as st

from review_app.database import call_slow
from review_app.queries.workspace_state import SLOW_S
from review_app.settings import current
from scn_core.records import IntArray, RoundInfo
from scn_core.review.quality.figures import Quality, quality
from scn_core.store.reports.figures import ScoreBins, doubt_bins, score_bins

_UNCHANGING_S = 600
"""For what does not change once a round has ended."""


def quality_of(info: RoundInfo) -> Quality:
    """The figures of a round's review, at most SLOW_S old."""
    return _quality(current().workspace_id, info)


def bins_of(round_id: int) -> ScoreBins:
    """How alpha and margin are distributed in a round that has ended."""
    return _bins(current().workspace_id, round_id)


def doubts_of(round_id: int) -> IntArray:
    """How the two kinds of doubt are distributed in a round that has ended: see `doubt_bins`."""
    return _doubts(current().workspace_id, round_id)


@st.cache_data(ttl=SLOW_S, max_entries=16, show_spinner="Counting")
def _quality(workspace_id: str, info: RoundInfo) -> Quality:
    return call_slow(quality, info)


@st.cache_data(ttl=_UNCHANGING_S, max_entries=16, show_spinner="Counting")
def _bins(workspace_id: str, round_id: int) -> ScoreBins:
    return call_slow(score_bins, round_id)


@st.cache_data(ttl=_UNCHANGING_S, max_entries=16, show_spinner="Counting")
def _doubts(workspace_id: str, round_id: int) -> IntArray:
    return call_slow(doubt_bins, round_id)
