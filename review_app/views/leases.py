"""Who holds which faces now, for leads."""

from __future__ import annotations

import streamlit as st

from review_app.commands import leases as commands
from review_app.queries import workspace_state as queries
from review_app.views import messages, navigation, parts
from scn_core.errors import counted
from scn_core.store.queue.leases import LEASE_S, LeaseInfo


def page() -> None:
    """The page Leases."""
    messages.require("lead")
    st.session_state["rv-page"] = "leases"
    st.title("Leases", anchor=False)
    st.text(
        f"A face on somebody's screen is theirs for {LEASE_S} seconds at a time, renewed while they look at it. "
        "Released faces go to whoever asks next; an answer given to one is still taken."
    )
    info = queries.workspace_state().find(None)
    if info is None or info.state != "review":
        messages.show("No round is in review", "Leases exist while a round is in review.")
        st.page_link(navigation.rounds(), label="Look at the rounds")
        return
    _list(info.id)


@st.fragment(run_every=5.0)
def _list(round_id: int) -> None:
    with messages.shown():
        messages.require("lead")
        messages.show_remembered()
        held = queries.lease_list(round_id)
        if not held:
            messages.show(
                "Nobody holds a face now", f"Round {round_id} is in review; faces are held while people look at them."
            )
            st.page_link(navigation.review(), label="Review faces")
            return
        for lease in held:
            _row(lease)
        if len(held) > 1:
            everybody = [lease.person_id for lease in held]
            st.button("Release all", key="rv-release-all", on_click=_release, args=(everybody,))


def _row(lease: LeaseInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"rv-lease-{lease.person_id}"):
        st.text(
            f"{lease.person}: {counted(lease.items, 'face')}, until {parts.moment(lease.until, seconds=True)}",
            width="stretch",
        )
        st.button("Release", key=f"rv-release-{lease.person_id}", on_click=_release, args=([lease.person_id],))


def _release(holders: list[int]) -> None:
    for holder in holders:
        messages.remember(commands.release(holder))


if __name__ == "__main__":  # as Streamlit runs it
    page()
