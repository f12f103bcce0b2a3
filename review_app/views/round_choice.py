"""The round that a page is about: the one its address names, or the newest that can be looked at."""

from __future__ import annotations

import streamlit as st

from review_app.queries.workspace_state import WorkspaceState
from review_app.views import messages, parts
from scn_core.records import RoundInfo


def scored_round(now: WorkspaceState, *, key: str, first: int | None = None) -> RoundInfo | None:
    """The round, with a choice on the page where there are several; None: no round has been trained to the end.

    Where the address names none it is the round `first`, or else the one that people should answer.
    """
    scored = {info.id: info for info in now.scored}
    if not scored:
        return None
    address, default = st.query_params.get("round"), now.find(first)
    asked = parts.number(address)
    chosen = asked if asked in scored else default.id if default and default.id in scored else next(iter(scored))
    if address is not None and asked != chosen:
        known = ", ".join(map(str, sorted(scored)))
        messages.note(f"the address says round={address}; allowed: {known}; this is round {chosen}")
    if len(scored) > 1:
        st.session_state[key] = chosen
        st.selectbox(
            "Round",
            list(scored),
            format_func=lambda number: parts.round_state(scored[number]),
            key=key,
            on_change=lambda: st.query_params.from_dict({"round": str(st.session_state[key])}),
            width=220,
        )
    return scored[chosen]
