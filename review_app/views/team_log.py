"""Who did what: everything said about faces and every change of people, newest first."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app.queries import team as queries
from review_app.queries.workspace_state import workspace_state
from review_app.settings import current
from review_app.views import messages, parts
from scn_core.shell import command_line
from scn_core.store.people.people import Person
from scn_core.store.reports.activity import (
    ACTIVITY_KINDS,
    ActivityKind,
    ChangeEvent,
    Event,
    Member,
    NameEvent,
    Place,
    SaidEvent,
)

PAGE = 30
KINDS: dict[ActivityKind, str] = {
    "all": "Everything", "answers": "Answers", "adjudications": "Settled conflicts", "undos": "Taken back",
    "marks": "Skips, flags, notes", "people": "Changes of people",
}  # fmt: skip
_HIDDEN = {"undo": "an undo", "skip": "a mark", "flag": "a mark", "note": "a note"}
_EVERYBODY = 0
_Row = tuple[parts.Html, str, parts.Html | str, parts.Html | str]


def show(viewer: Person, members: Sequence[Member]) -> None:
    """The list, filtered as the address says."""
    st.subheader("Who did what", anchor=False)
    person_id, kind, before = _asked(members)
    _filters(members, person_id, kind)
    found, older = queries.what_people_did(viewer.id, person_id=person_id or None, kind=kind, before=before, limit=PAGE)
    if not found:
        st.text("Nothing of this kind has been done.")
        return
    classes = workspace_state().classes.names
    parts.table("Who did what", ("When", "Who", "What", "Face"), [_row(event, classes) for event in found])
    with st.container(horizontal=True):
        if before is not None:
            st.button("Newest", key="rv-log-newest", on_click=_go, args=(person_id, kind, None))
        if older is not None:
            st.button("Show older", key="rv-log-older", on_click=_go, args=(person_id, kind, older))


def show_events() -> None:
    """What was done to the workspace as a whole: rounds, imports, exports, rules, people, faces taken out."""
    st.subheader("What was done to the workspace", anchor=False)
    found = queries.newest_events(PAGE)
    if not found:
        st.text("Nothing yet.")
        return
    rows = [(parts.nowrap(parts.moment(event.at)), event.who, event.words) for event in found]
    parts.table("What was done to the workspace", ("When", "Who", "What"), rows)
    if len(found) == PAGE:
        st.text("All of it, as CSV or JSON:")
        st.code(command_line("log", current().workspace.path, "--csv"), language=None, wrap_lines=True)


def _row(event: Event, classes: Sequence[str]) -> _Row:
    at = parts.nowrap(parts.moment(event.at))
    if isinstance(event, ChangeEvent):
        return at, event.by or "–", _change_words(event), ""
    if isinstance(event, NameEvent):
        return at, event.by or "–", _name_words(event), ""
    return at, event.who, _said_words(event, classes), parts.link(event.decision.sample_id, event.key)


def _said_words(event: SaidEvent, classes: Sequence[str]) -> parts.Html | str:
    if event.hidden:
        return parts.quiet(f"{_HIDDEN.get(event.decision.action, 'an answer')}, shown when all readings are in")
    words = parts.describe(event.about, classes)
    if event.about is not event.decision:
        return f"took back: {words}" if event.stands else f"brought back: {words}"
    return words if event.stands else parts.struck_out(words)


def _change_words(event: ChangeEvent) -> str:
    if event.what == "added":
        return f"added {event.person}, {event.role}" if event.by else f"{event.person} was added, {event.role}"
    words = {
        "role": f"{event.person} is {event.role} now",
        "password": f"{event.person} has another password",
        "deactivated": f"{event.person} may not sign in any more",
        "activated": f"{event.person} may sign in again",
        "token added": f"{event.person} has a new access token",
        "token revoked": f"an access token of {event.person} was revoked",
    }
    return words[event.what]


def _name_words(event: NameEvent) -> str:
    if event.erased:
        return f"took the name of person {event.person_id} out, now {event.person}"
    return f"renamed person {event.person_id}, now {event.person}"


def _asked(members: Sequence[Member]) -> tuple[int, ActivityKind, Place | None]:
    """What the address says; what it may not say is left out, and said."""
    query = st.query_params.to_dict()
    person_id = next((m.person.id for m in members if str(m.person.id) == query.get("person")), _EVERYBODY)
    kind: ActivityKind = next((each for each in ACTIVITY_KINDS if each == query.get("kind")), "all")
    if "person" in query and not person_id:
        messages.note(f"the address says person={query['person']}, and nobody has that number; this is everybody")
    if query.get("kind", kind) != kind:
        messages.note(f"the address says kind={query['kind']}; allowed: {', '.join(ACTIVITY_KINDS)}; this is all")
    ends = query.get("before", "").split("-")
    numbers = [int(end) for end in ends if end.isascii() and end.isdigit() and len(end) < 17]
    return person_id, kind, Place(*numbers) if len(numbers) == len(ends) == 3 else None


def _filters(members: Sequence[Member], person_id: int, kind: ActivityKind) -> None:
    names = {_EVERYBODY: "Everybody"} | {member.person.id: member.person.name for member in members}
    st.session_state["rv-log-person"], st.session_state["rv-log-kind"] = person_id, kind
    with st.container(horizontal=True):
        st.selectbox("Person", list(names), format_func=names.__getitem__, key="rv-log-person", on_change=_filtered,
                     width=220)  # fmt: skip
        st.selectbox("Kind", list(KINDS), format_func=KINDS.__getitem__, key="rv-log-kind", on_change=_filtered,
                     width=220)  # fmt: skip


def _filtered() -> None:
    _go(st.session_state["rv-log-person"], st.session_state["rv-log-kind"], None)


def _go(person_id: int, kind: ActivityKind, before: Place | None) -> None:
    query = {
        "person": str(person_id) if person_id else "",
        "kind": "" if kind == "all" else kind,
        "before": f"{before.decision}-{before.change}-{before.name}" if before else "",
    }
    st.query_params.from_dict({name: value for name, value in query.items() if value})
