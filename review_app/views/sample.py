"""One face, found by its key: everything known about it, and a place to decide."""

from __future__ import annotations

import streamlit as st

from review_app import state
from review_app.queries import faces, workspace_state
from review_app.queries.faces import Face
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import confusion, decide, face_parts, messages, parts
from scn_core.errors import counted
from scn_core.store.people.people import Person


def page() -> None:
    """The page Samples."""
    person = messages.require()
    messages.missing_folder()
    st.session_state["rv-page"] = "samples"
    st.title("Samples", anchor=False)
    asked = _search()
    now = workspace_state.workspace_state()
    if not asked and _cell(person, now):
        return
    if not asked:
        messages.show(
            "Which face?", "Type its key, a part of it, or its number. The address of this page can be shared."
        )
        return
    info = now.find(None)
    found = faces.face(asked, person, info.id if info and info.state == "review" else None)
    if found is None:
        _results(asked)
    else:
        _face(person, found, now)


def _search() -> str:
    asked = str(st.query_params.get("sample", "")).strip()
    st.session_state["rv-search"] = asked
    st.text_input("Key, a part of it, or number", key="rv-search", on_change=_searched)
    return asked


def _searched() -> None:
    text = str(st.session_state["rv-search"]).strip()
    st.query_params.from_dict({"sample": text} if text else {})


def _cell(person: Person, now: WorkspaceState) -> bool:
    """Whether the address asks for a cell of a confusion matrix, which is for leads."""
    params = st.query_params.to_dict()
    info = now.find(parts.number(params.get("round")))
    cell = None if info is None else state.read_cell(params, info.id, now.classes.names)
    if cell is None and "compare" in params:
        messages.note("the address asks for faces of a comparison that there is none of; the page Quality has them all")
    if cell is not None:
        messages.require("lead")
        confusion.listed(cell, now.classes.names, person)
    return cell is not None


def _results(asked: str) -> None:
    found = faces.search(asked)
    if not found:
        messages.no_such_face(asked)
        return
    classes = workspace_state.workspace_state().classes.names
    st.text(f"{counted(len(found), 'face')}" + (", the first ones" if len(found) == faces.SEARCH_LIMIT else ""))
    with st.container(key="rv-tiles-found"):
        for stored in found:
            given = parts.quiet(f"{classes[stored.sample.given_label]} · {stored.sample.split}")
            parts.row(stored.id, stored.sample.key, [parts.link(stored.id, stored.sample.key), given])


def _face(person: Person, face: Face, now: WorkspaceState) -> None:
    blind = face.blind
    with st.container(key="rv-pair-face"):
        left, right = st.columns([2, 3], gap="medium")
    withdrawn = face.origin.withdrawn_at
    why = None if withdrawn is not None else faces.picture_fault(face.stored)
    with left:
        if withdrawn is not None:
            messages.taken_out(parts.moment(withdrawn))
        elif why is not None:
            messages.missing_picture(face.stored.sample.path, why)
        else:
            parts.large_face(face.stored.id, face.stored.sample.key)
        face_parts.facts(face, now.classes.names)
        if not blind:
            face_parts.votes(face, now.classes.names)
            face_parts.copies(face, now.classes.names)
    with right:
        if withdrawn is None:
            decide.panel(person, face, now, blind=blind, seen=why is None)
        if blind:
            messages.show(
                "Drawn at random: answer first", "What the network says of this face is shown after your answer."
            )
        elif face.scores:
            face_parts.scores(face, now.classes.names)
        else:
            messages.not_trained_on(face.stored.sample.split)
        if not blind:
            face_parts.opinions(face, now.classes.names)
    face_parts.log(face, now.classes.names)


if __name__ == "__main__":  # as Streamlit runs it
    page()
