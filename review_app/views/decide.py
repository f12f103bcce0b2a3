"""Answering a face from its own page."""

from __future__ import annotations

import streamlit as st

from review_app.commands import decisions as commands
from review_app.commands.decisions import NewDecision
from review_app.queries.faces import Face
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import messages, parts
from scn_core.records import Action, Decision
from scn_core.store.people.people import Person
from scn_core.store.reports.one_face import FaceScore

NOTE_LENGTH = 2_000


def panel(person: Person, face: Face, now: WorkspaceState, *, blind: bool, seen: bool) -> None:
    """Buttons for answers and marks, while a round is in review; for training faces only.

    `seen`: there is a picture to look at; without one a face can be excluded, but not given a label.
    """
    info = now.find(None)
    if info is None or info.state != "review":
        st.text("No round is in review: answers are taken while one is.")
        return
    if face.stored.sample.split != "train":
        st.text(f"Only training faces are answered; this one is for {face.stored.sample.split}.")
        return
    score = next((score for score in face.scores if score.round == info.id), None)
    asking = _Asking(person, face, info.id, None if blind else score, blind)
    with st.container(key="rv-decide", border=True):
        _own(asking, now)
        if seen:
            _answers(asking, now, face.stored.sample.given_label if score is None else score.start_label)
        else:
            _without_picture(asking)
        _marks(asking)


class _Asking:
    """Who answers which face, and what they are shown meanwhile."""

    def __init__(self, person: Person, face: Face, round_id: int, score: FaceScore | None, blind: bool) -> None:
        self.person, self.face, self.round, self.score, self.blind = person, face, round_id, score, blind

    def button(self, text: str, action: Action, label: int | None = None) -> None:
        st.button(text, key=f"rv-say-{action}", on_click=self.say, args=(action, label))

    def say(self, action: Action, label: int | None = None, text: str | None = None) -> None:
        seen = {} if self.score is None else {
            "proposed": self.score.proposed_label, "alpha": self.score.alpha, "margin": self.score.margin,
        }  # fmt: skip
        decision = NewDecision(
            self.round, self.face.stored.id, action, label, text, self.blind, {"page": "samples", **seen}
        )
        messages.remember(commands.record(decision))

    def say_label(self) -> None:
        self.say("relabel", st.session_state.get("rv-label"))

    def say_note(self) -> None:
        if text := str(st.session_state.get("rv-note", "")).strip():
            self.say("note", text=text[:NOTE_LENGTH])
            st.session_state["rv-note"] = ""


def _own(asking: _Asking, now: WorkspaceState) -> None:
    """What the person said already, each to be taken back alone."""
    for recorded in asking.face.history:
        decision = recorded.decision
        if not recorded.live or decision.person != asking.person.name or decision.round != asking.round:
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"You: {parts.describe(decision, now.classes.names)}")
            st.button("Take back", key=f"rv-back-{decision.id}", on_click=_take_back, args=(decision,))


def _take_back(decision: Decision) -> None:
    messages.remember(commands.set_live(decision, live=False))


def _answers(asking: _Asking, now: WorkspaceState, label: int) -> None:
    """`label`: the one the round began with."""
    decided = label != asking.face.stored.sample.given_label
    names = now.classes.names
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if asking.score is not None and asking.score.proposed_label is not None:
            asking.button("Accept", "accept", asking.score.proposed_label)
        asking.button("Keep decided label" if decided and not asking.blind else "Keep given", "keep", label)
        asking.button("Unsure", "unsure")
        asking.button("Exclude", "exclude")
        asking.button("Flag", "flag")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Class", range(len(names)), format_func=lambda i: names[i], key="rv-label")
        st.button("Relabel", key="rv-say-relabel", on_click=asking.say_label)


def _without_picture(asking: _Asking) -> None:
    st.text("Nobody can see this face, so it is given no label until its picture is back.")
    with st.container(horizontal=True):
        asking.button("Exclude", "exclude")
        asking.button("Flag", "flag")


def _marks(asking: _Asking) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Note", key="rv-note", max_chars=NOTE_LENGTH)
        st.button("Add note", key="rv-say-note", on_click=asking.say_note)
