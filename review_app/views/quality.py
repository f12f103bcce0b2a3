"""How wrong the labels are, whether to go on, what was decided and by whom: for leads."""

from __future__ import annotations

import streamlit as st

from review_app.queries import workspace_state as queries
from review_app.queries.quality import bins_of, quality_of
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import confusion, messages, parts, quality_parts
from review_app.views.round_choice import scored_round


def page() -> None:
    """The page Quality."""
    person = messages.require("lead")
    st.session_state["rv-page"] = "quality"
    st.title("Quality", anchor=False)
    now = queries.workspace_state()
    info = scored_round(now, key="rv-quality-round")
    if info is None:
        _nothing_scored(now)
        return
    if words := parts.auto_words(info) or info.opinion_words:
        st.text(words)
    with messages.shown():
        found = quality_of(info)
        messages.show(found.advice.title, found.advice.text)
        quality_parts.label_errors(found)
        quality_parts.decided(found, closed=info.state == "closed")
        confusion.section(info, found.classes, person)
        quality_parts.people(found)
        quality_parts.network(bins_of(info.id), info)


def _nothing_scored(now: WorkspaceState) -> None:
    if now.newest is None:
        messages.no_round()
    elif now.newest.state == "running" and not now.stale:
        messages.training(now.newest.id)
    else:
        messages.ended(now.newest, stale=now.stale)


if __name__ == "__main__":  # as Streamlit runs it
    page()
