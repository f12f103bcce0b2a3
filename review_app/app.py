"""Streamlit's entry: who is here, and which pages they see. Runs anew for every interaction, so it does little."""

from __future__ import annotations

from html import escape

import streamlit as st

from review_app import theme
from review_app.queries import workspace_state as queries
from review_app.settings import current
from review_app.views import messages, navigation, parts
from scn_core.errors import ScnError
from scn_core.store.people.people import Person

SIDEBAR_PX = 220
STANDING_S = 10.0  # how often the menu looks where the rounds stand; no text here, Streamlit would show it


def main() -> None:
    """Draw the frame, then the page asked for."""
    st.set_page_config("Review", theme.ICON, layout="wide", initial_sidebar_state=SIDEBAR_PX)
    st.html(theme.CSS)
    with messages.shown():
        person = messages.require()
        chosen = st.navigation(navigation.pages(person.role), expanded=True)
        _sidebar(person, counts=chosen.title != "Review")
        messages.show_remembered()
        chosen.run()


def _sidebar(person: Person, *, counts: bool) -> None:
    with st.sidebar:
        _workspace_state(person, counts=counts)


@st.fragment(run_every=STANDING_S)
def _workspace_state(person: Person, *, counts: bool) -> None:
    """Which round people answer, who is here, and how far a round in training is: drawn anew by itself.

    `counts`: how far the person is, which the grid says better where it is on the page, with every answer.
    """
    try:
        now = queries.workspace_state()
    except ScnError:  # the page beside it says so
        return
    info = now.find(None)
    sign_out = f'<a href="{escape(current().url("/logout"))}">Sign out</a>'
    if (hub := current().hub_url) is not None:
        sign_out = f'<a href="{escape(hub)}">All workspaces</a><br>{sign_out}'
    standing = "no round yet" if info is None else parts.round_state(info)
    left = ""
    if counts and info is not None and info.state == "review":
        pace = queries.pace_of(info.id, person.id)
        left = f"{pace.left:,} to review, {pace.today:,} today<br>"
    st.html(
        f'<div class="rv-me"><strong>{escape(current().workspace.path.name)}</strong><br>{escape(standing)}<br>{left}'
        f'<span class="rv-quiet">{escape(person.name)}, {person.role}</span><br>'
        f"{sign_out}{parts.training_line(now.newest, now.epochs, stale=now.stale)}</div>"
    )


if __name__ == "__main__":  # as Streamlit runs it
    main()
