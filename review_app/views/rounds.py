"""Rounds, for leads: what is in training, the next one, and what the rounds so far have come to."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from review_app.commands import rounds as commands
from review_app.queries import rounds as reading
from review_app.queries import team
from review_app.queries import workspace_state as queries
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import (
    messages,
    navigation,
    parts,
    round_compare,
    round_doubt,
    round_follow,
    round_list,
    round_marks,
    round_rules,
)
from review_app.views import round_start as start
from scn_core.records import RoundInfo
from scn_core.store.people.people import Person
from scn_core.store.queue.undecided import NOT_SENT

_CLOSING = "rv-closing"
_SECTIONS = ("New round", "All rounds", "Compare", "Rules of review")


def page() -> None:
    """The page Rounds."""
    person = messages.require("lead")
    messages.missing_folder()
    st.session_state["rv-page"] = "rounds"
    st.title("Rounds", anchor=False)
    messages.show_remembered()
    now = queries.workspace_state()
    training = reading.now()
    st.session_state[round_follow.SEEN] = round_follow.seen(training)
    round_follow.live()
    for info in now.rounds:
        if info.state == "review":
            _in_review(person, info, now)
    _section(now, training)


def _section(now: WorkspaceState, training: reading.Training) -> None:
    """One at a time: each costs a query or a form."""
    shown: dict[str, Callable[[], None]] = {
        "New round": lambda: start.form(now, training),
        "All rounds": lambda: _all(now),
        "Compare": lambda: round_compare.two(now),
        "Rules of review": round_rules.form,
    }
    address = str(st.query_params.get("show", ""))
    asked = address.replace("-", " ").capitalize()
    if address and asked not in shown:
        messages.note(f"the address says show={address}; allowed: {', '.join(map(_word, _SECTIONS))}")
    st.session_state["rv-section"] = asked if asked in shown else _SECTIONS[0]
    st.segmented_control(
        "What to show", _SECTIONS, key="rv-section", required=True, on_change=_turn, label_visibility="collapsed"
    )
    shown[st.session_state["rv-section"]]()


def _all(now: WorkspaceState) -> None:
    round_list.table(now)
    round_doubt.figure(now)


def _turn() -> None:
    st.query_params.from_dict({"show": _word(str(st.session_state["rv-section"]))})


def _word(section: str) -> str:
    """A section as an address says it."""
    return section.lower().replace(" ", "-")


def _in_review(person: Person, info: RoundInfo, now: WorkspaceState) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"rv-in-review-{info.id}"):
        st.text(f"{parts.round_name(info)} is in review: {queries.undecided(info.id)}.", width="stretch")
        st.page_link(navigation.review(), label="Review it", query_params={"round": str(info.id)})
        if st.session_state.get(_CLOSING) != info.id:
            st.button("Close it", key=f"rv-close-{info.id}", on_click=_ask, args=(info.id,))
    if worse := parts.worse_words(info, now.rounds):
        both = any(other.state == "review" and other.id < info.id for other in now.rounds)
        choice = (
            " People are given the faces of the earlier one while both are in review, but for audit faces of this one: "
            "close the one you do not want."
        )
        st.text(f"It {worse}.{choice if both else ''}")
    if st.session_state.get(_CLOSING) == info.id:
        _closing(person, info)


def _closing(person: Person, info: RoundInfo) -> None:
    left = queries.undecided(info.id)
    kept = ". They keep the label they have" if left.total else ""
    kept += (
        "; conflicts can be settled on the page Adjudicate once another round is in review" if left.conflicts else ""
    )
    with st.container(border=True):
        st.text(
            f"Closing round {info.id} ends its review for good, with {left}{kept}. What is decided counts, and answers "
            f"can no longer be changed or taken back. {NOT_SENT}"
        )
        for found in team.marks(person.id):
            if found.round == info.id:
                st.html(f"<p>To look at first: {round_marks.links(found).text}. The page Team keeps these links.</p>")
        with st.container(horizontal=True):
            st.button(f"Close round {info.id}", key="rv-close-now", type="primary", on_click=_close, args=(info.id,))
            st.button("Leave it open", key="rv-close-not", on_click=_ask, args=(None,))


def _ask(round_id: int | None) -> None:
    st.session_state[_CLOSING] = round_id


def _close(round_id: int) -> None:
    _ask(None)
    left = queries.undecided(round_id)
    refused = commands.close(round_id)
    if refused:
        messages.remember(refused)
    else:
        messages.remember(f"It ended with {left.at_the_end}.", f"Round {round_id} is closed")


if __name__ == "__main__":  # as Streamlit runs it
    page()
