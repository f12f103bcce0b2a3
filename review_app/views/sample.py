"""One face, found by its key: everything known about it, and a place to decide."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app import state
from review_app.queries import faces, workspace_state
from review_app.queries.faces import Face
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import confusion, decide, face_parts, messages, parts
from scn_core.errors import counted
from scn_core.store.people.people import Person
from scn_core.store.samples import StoredSample


def page() -> None:
    """The page Samples."""
    person = messages.require()
    messages.missing_folder()
    st.session_state["rv-page"] = "samples"
    st.title("Samples", anchor=False)
    named, text = _asked("sample"), _asked("find")
    _search(named or text)
    now = workspace_state.workspace_state()
    if not (named or text):
        if not _cell(person, now):
            messages.show(
                "Which face?", "Type its key, a part of it, or its number. The address of this page can be shared."
            )
        return
    matches = [] if named else faces.search(text)
    if not named and (one := _only(matches, text)) is None:
        _results(text, matches)
        return
    info = now.find(None)
    found = faces.face(named or str(one), person, info.id if info and info.state == "review" else None)
    if found is None:
        _results(named, faces.search(named))
    else:
        _face(person, found, now)


def _asked(name: str) -> str:
    return str(st.query_params.get(name, "")).strip()


def _search(shown: str) -> None:
    st.session_state["rv-search"] = shown
    st.text_input("Key, a part of it, or number", key="rv-search", on_change=_searched)


def _searched() -> None:
    """Links name one face; what was typed may mean several, as 253 may be a number or a part of a file name."""
    text = str(st.session_state["rv-search"]).strip()
    st.query_params.from_dict({"find": text} if text else {})


def _only(matches: Sequence[StoredSample], text: str) -> int | None:
    """The face that the text can only mean: the one that matches, or the one whose whole key it is."""
    whole = [stored.id for stored in matches if stored.sample.key == text and not text.isdigit()]
    return whole[0] if whole else matches[0].id if len(matches) == 1 else None


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


def _results(asked: str, found: Sequence[StoredSample]) -> None:
    if not found:
        messages.no_such_face(asked)
        return
    classes = workspace_state.workspace_state().classes.names
    st.text(f"{counted(len(found), 'face')}" + (", the first ones" if len(found) == faces.SEARCH_LIMIT else ""))
    with st.container(key="rv-tiles-found"):
        for stored in found:
            given = parts.quiet(f"{classes[stored.sample.given_label]} · {stored.sample.split} · number {stored.id}")
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
