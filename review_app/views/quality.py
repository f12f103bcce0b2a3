"""How wrong the labels are, whether to go on, what was decided and by whom: for leads."""

from __future__ import annotations

import streamlit as st

from review_app import queries
from review_app.queries import Standing
from review_app.queries.quality import bins_of, quality_of
from review_app.views import messages, parts, quality_parts
from scn_core.records import RoundInfo


def page() -> None:
    """The page Quality."""
    messages.require("lead")
    st.session_state["rv-page"] = "quality"
    st.title("Quality", anchor=False)
    now = queries.standing()
    info = _round(now)
    if info is None:
        _nothing_scored(now)
        return
    if words := parts.auto_words(info):
        st.text(words)
    with messages.shown():
        found = quality_of(info)
        messages.say(found.advice.title, found.advice.text)
        quality_parts.label_errors(found)
        quality_parts.decided(found)
        quality_parts.people(found)
        quality_parts.network(bins_of(info.id), info)


def _nothing_scored(now: Standing) -> None:
    if now.newest is None:
        messages.no_round()
    elif now.newest.state == "running" and not now.stale:
        messages.training(now.newest.id)
    else:
        messages.ended(now.newest, stale=now.stale)


def _round(now: Standing) -> RoundInfo | None:
    """The round the address names, or the newest that can be looked at; chosen here where there are several."""
    scored = {info.id: info for info in now.scored}
    if not scored:
        return None
    asked, default = parts.number(st.query_params.get("round")), now.find(None)
    chosen = asked if asked in scored else default.id if default and default.id in scored else next(iter(scored))
    if len(scored) > 1:
        st.session_state["rv-quality-round"] = chosen
        st.selectbox(
            "Round",
            list(scored),
            format_func=lambda number: parts.round_state(scored[number]),
            key="rv-quality-round",
            on_change=_chosen,
            width=220,
        )
    return scored[chosen]


def _chosen() -> None:
    st.query_params.from_dict({"round": str(st.session_state["rv-quality-round"])})


if __name__ == "__main__":  # as Streamlit runs it
    page()
