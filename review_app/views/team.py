"""The people of the project, for leads: who may come in as what, and who did what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import streamlit as st

from review_app.auth.passwords import LONGEST, SHORTEST, new_password
from review_app.auth.sessions import LONGEST_NAME
from review_app.commands import team as commands
from review_app.queries import access_tokens as token_queries
from review_app.queries import team as queries
from review_app.settings import current
from review_app.views import access_tokens, messages, parts, round_marks, team_backups, team_hooks, team_log
from scn_core.store.people.people import Person, Role
from scn_core.store.reports.activity import Member

ROLES: tuple[Role, ...] = get_args(Role)
_MESSAGE, _WHOM = "rv-team-told", "rv-whom"


@dataclass(frozen=True)
class _Password:
    """One that has just been set, for the lead to hand on."""

    name: str
    made: str | None
    """None: the lead typed it and knows it."""


def page() -> None:
    """The page Team."""
    person = messages.require("lead")
    if st.session_state.get("rv-page") != "team":
        st.session_state.pop(_MESSAGE, None)
    st.session_state["rv-page"] = "team"
    st.title("Team", anchor=False)
    _tell_password()
    members = queries.everybody()
    _table(person, members)
    _marks(person)
    left, right = st.columns(2, gap="medium")
    with left:
        _add()
    with right:
        _change(person, members)
    st.subheader("Access tokens of scripts", anchor=False)
    access_tokens.listed(token_queries.tokens_of(None), whose=True)
    team_hooks.show()
    team_backups.show()
    team_log.show(person, members)
    team_log.show_events()


def _table(viewer: Person, members: list[Member]) -> None:
    parts.table(
        "People",
        ("Name", "Role", "State", "Last seen", "Faces today", "Answers in all"),
        [
            (
                member.person.name + (" (you)" if member.person.id == viewer.id else ""),
                member.person.role,
                _state(member),
                "never" if member.seen_at is None else parts.moment(member.seen_at),
                f"{member.today:,}",
                f"{member.total:,}",
            )
            for member in members
        ],
    )


def _marks(viewer: Person) -> None:
    """What asks for a lead's look, with the faces in the grid."""
    for found in queries.marks(viewer.id):
        closed = ", closed" if found.closed else ""
        st.html(f"<p>To look at, round {found.round:d}{closed}: {round_marks.links(found).text}</p>")


def _state(member: Member) -> parts.Html | str:
    if not member.person.active:
        return parts.quiet("not active")
    if current().auth == "password" and not member.has_password:
        return "has no password yet"
    if current().auth == "none" and member.has_password:
        return "has a password, so not let in by name"
    return "active"


def _add() -> None:
    by = "E-mail address" if current().auth == "oidc" else "Name"
    with st.form("rv-add"):
        st.subheader("Add somebody", anchor=False)
        st.text_input(by, key="rv-add-name", max_chars=LONGEST_NAME)
        st.radio("Role", ROLES, key="rv-add-role", horizontal=True)
        if current().auth == "password":
            _password_input("rv-add-password")
        st.form_submit_button("Add", key="rv-add-go", on_click=_added)


def _added() -> None:
    name, password, made = str(st.session_state["rv-add-name"]).strip(), None, None
    if current().auth == "password":
        password, made = _chosen("rv-add-password")
    refused = commands.add(name, st.session_state["rv-add-role"], password)
    messages.remember(refused)
    if refused is None:
        st.session_state["rv-add-name"] = ""
        _remember_password(_Password(name, made) if password else None)


def _change(viewer: Person, members: list[Member]) -> None:
    known = {member.person.id: member.person for member in members}
    with st.container(border=True):
        st.subheader("Change somebody", anchor=False)
        chosen = st.selectbox("Person", list(known), format_func=lambda number: known[number].name, key=_WHOM)
        person = known[chosen]
        if person.id == viewer.id:
            st.text("Your own role and access are changed by another lead, so that nobody is shut out by mistake.")
        else:
            _access(person)
            _erase(person)
        _rename(person)
        if current().auth == "password":
            _reset(person)


def _access(person: Person) -> None:
    other: Role = "annotator" if person.role == "lead" else "lead"
    with st.container(horizontal=True, vertical_alignment="center"):
        # Buttons and their keys name the person, so that a click on a page not yet drawn anew changes nobody else.
        name = parts.letters(person.name)
        st.button(f"Make {name} {other}", key=f"rv-role-{person.id}", on_click=_set_role, args=(person, other))
        access = f"Deactivate {name}" if person.active else f"Activate {name}"
        st.button(access, key=f"rv-active-{person.id}", on_click=_set_active, args=(person, not person.active))
    st.html(f'<span class="rv-quiet">{_CONSEQUENCE[person.active]}</span>')


_CONSEQUENCE = {
    True: "A role holds from their next click on. Who is not active is signed out at once and loses their access "
    "tokens; what they did stays.",
    False: "Not active: cannot sign in. What they did stays.",
}


def _rename(person: Person) -> None:
    key = f"rv-rename-{person.id}"
    with st.form(f"{key}-form", border=False):
        st.text_input("New name", key=key, max_chars=LONGEST_NAME)
        st.form_submit_button("Rename", key=f"{key}-go", on_click=_renamed, args=(person, key))


def _renamed(person: Person, key: str) -> None:
    messages.remember(commands.rename_person(person.id, str(st.session_state[key])))
    st.session_state[key] = ""
    st.session_state[_WHOM] = person.id  # set anew, or the browser goes on showing the name of before


def _erase(person: Person) -> None:
    name = parts.letters(person.name)
    sure = st.checkbox(f"Take the name {name} out for good", key=f"rv-erase-sure-{person.id}")
    if sure:
        st.text("They are shut out; what they decided stays, under a name that says nothing. There is no way back.")
        st.text(
            "Exports, notes, backups and folders replaced-... may still hold the name: delete or clean them by hand."
        )
        st.button(f"Erase {name}", key=f"rv-erase-{person.id}", on_click=_erased, args=(person,))


def _erased(person: Person) -> None:
    messages.remember(commands.erase(person.id))
    st.session_state[_WHOM] = person.id


def _set_role(person: Person, role: Role) -> None:
    messages.remember(commands.set_role(person.id, role))


def _set_active(person: Person, active: bool) -> None:
    messages.remember(commands.set_active(person.id, active))


def _reset(person: Person) -> None:
    key = f"rv-reset-{person.id}"
    with st.form(f"{key}-form", border=False):
        _password_input(key)
        st.form_submit_button("Set password", key=f"{key}-go", on_click=_reset_password, args=(person, key))


def _reset_password(person: Person, key: str) -> None:
    password, made = _chosen(key)
    refused = commands.reset_password(person.id, password)
    messages.remember(refused)
    if refused is None:
        _remember_password(_Password(person.name, made))


def _password_input(key: str) -> None:
    st.text_input(
        f"New password, {SHORTEST} characters or more",
        key=key,
        type="password",
        max_chars=LONGEST,
        placeholder="left empty, one is made",
        autocomplete="new-password",
    )


def _chosen(key: str) -> tuple[str, str | None]:
    """The password typed, or else one made here, which comes twice. What was typed leaves the page at once."""
    typed = str(st.session_state[key])
    st.session_state[key] = ""
    if typed:
        return typed, None
    made = new_password()
    return made, made


def _remember_password(given: _Password | None) -> None:
    st.session_state[_MESSAGE] = given


def _tell_password() -> None:
    given: _Password | None = st.session_state.get(_MESSAGE)
    if given is None:
        return
    if given.made is None:
        messages.show(
            "The password you typed is set",
            f"{given.name} is signed out everywhere, and their access tokens are revoked.",
        )
    else:
        text = f"{given.name} signs in with it. Hand it on now: it is gone when you press Done or leave this page."
        messages.show("A new password", text, given.made)
    st.button("Done", key="rv-team-done", on_click=_remember_password, args=(None,))


if __name__ == "__main__":  # as Streamlit runs it
    page()
