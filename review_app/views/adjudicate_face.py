"""One face in conflict: who said what, what the network says, and a button for every answer."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from review_app.charts.face import probability_bars
from review_app.commands import adjudicate as commands
from review_app.commands.adjudicate import Settling
from review_app.queries import adjudicate as queries
from review_app.views import messages, parts
from scn_core.errors import counted
from scn_core.records import Answer
from scn_core.store.decisions.adjudication import Disputed
from scn_core.store.people.people import Person

_SINCE = "rv-adj-since"
TOO_SOON_MS = 400
"""An answer within this of the face's appearance is a key still held down, or pressed for the face before."""


def show(person: Person, face: Disputed, classes: Sequence[str]) -> None:
    """The face, and all that is needed to settle it."""
    if st.session_state.get(_SINCE, (0, 0, 0.0))[:2] != (face.round, face.sample_id):
        st.session_state[_SINCE] = (face.round, face.sample_id, time.monotonic())
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _picture(face, classes)
    with right:
        if face.asked_in != face.round:
            st.text(f"Round {face.asked_in} was closed with this conflict. What you choose is an answer of "
                    f"round {face.round}, which does not ask about the face.")  # fmt: skip
        _readings(person, face, classes)
        _answers(face, classes)
        _network(face, classes)


def go(sample_id: int | None, after: int | None) -> None:
    """To that face, or else to the next conflict behind `after`, or else to the first."""
    rows = {"sample": sample_id, "after": after}
    st.query_params.from_dict({name: str(value) for name, value in rows.items() if value is not None})


def _picture(face: Disputed, classes: Sequence[str]) -> None:
    if why := queries.missing_picture(face):
        messages.missing_picture(face.path, why)
    else:
        parts.large_face(face.sample_id, face.key)
    given = classes[face.given_label]
    if face.given_label != face.original_label:
        given += f", in the data set {classes[face.original_label]}"
    rows = [("Key", face.key), ("Given label", given)]
    if not face.audit:
        rows += [("Proposed label", parts.name_of(classes, face.proposed_label))]
    parts.facts(rows)


def _readings(person: Person, face: Disputed, classes: Sequence[str]) -> None:
    rows = [(each.decision.person, parts.describe(each.decision, classes), parts.nowrap(parts.moment(each.decided_at)))
            for each in (*face.readings, *face.notes)]  # fmt: skip
    parts.table("Readings and notes", ("Who", "Said", "When"), rows)
    if any(each.decision.person == person.name for each in face.readings):
        st.text("You are one of the reviewers of this face.")
    if face.settled is not None:
        by = face.settled
        st.text(
            f"Settled by {by.decision.person}, {parts.moment(by.decided_at)}: {parts.describe(by.decision, classes)}."
        )


def _answers(face: Disputed, classes: Sequence[str]) -> None:
    if face.copies:
        st.text(f"Settles {counted(len(face.copies), 'copy', 'copies')} in conflict too; one undo takes all back.")
    with st.container(horizontal=True):
        for label, name in enumerate(classes):
            action = _action(face, label)
            role = {"keep": " (given)", "accept": " (proposed)"}.get(action, "")
            key = str(label + 1) if label < 9 else None
            _button(face, parts.letters(name) + role, action, label, key=key)
    with st.container(horizontal=True):
        if _action(face, face.proposed_label) == "accept":
            _button(face, "Accept", "accept", face.proposed_label, key="a")
        _button(face, "Keep given", "keep", face.given_label, key="x")
        _button(face, "Unsure", "unsure", key="u")
        _button(face, "Exclude", "exclude", key="e")
        st.button(
            "Later", key=f"rv-adj-later-{face.sample_id}", shortcut="s", type="tertiary",
            on_click=go, args=(None, face.outcome.seq),
        )  # fmt: skip


def _action(face: Disputed, label: int | None) -> Answer:
    """What choosing a class comes to; choosing the one proposed for an audit face accepts nothing: it is not shown."""
    if label == face.given_label:
        return "keep"
    return "accept" if label == face.proposed_label and label is not None and not face.audit else "relabel"


def _button(face: Disputed, text: str, action: Answer, label: int | None = None, *, key: str | None = None) -> None:
    # The button's own key names the face: a second press on a slow line is never an answer to the next one.
    name = f"rv-adj-{face.sample_id}-{face.outcome.seq}-{key or label}"
    st.button(text, key=name, shortcut=key, on_click=_settle, args=(face, action, label))


def _settle(face: Disputed, action: Answer, label: int | None) -> None:
    *shown, since = st.session_state.get(_SINCE, (0, 0, 0.0))
    spent = round((time.monotonic() - since) * 1000) if shown == [face.round, face.sample_id] else None
    if spent is not None and spent < TOO_SOON_MS:
        return
    refused = commands.settle(Settling(face, action, label, spent))
    messages.remember(refused)
    if refused is None:
        go(None, parts.number(st.query_params.get("after")))


def _network(face: Disputed, classes: Sequence[str]) -> None:
    if face.audit:
        st.text("Drawn at random: what the network says stays hidden here, so that it sways nobody.")
        return
    alpha = "No alpha" if face.alpha is None else f"Alpha {face.alpha:.2f}"
    st.text(f"{alpha}, margin {face.margin:.2f}, suspicion {face.suspicion:.2f}")
    st.plotly_chart(
        probability_bars(
            classes, face.probabilities, given=face.given_label, proposed=face.proposed_label, dark=parts.is_dark()
        ),
        key="rv-adj-bars",
        config={"displayModeBar": False},
        alt="Class probabilities",
    )
