"""Access tokens: people make their own for scripts, and revoke them; leads see and revoke everybody's on Team.
And one's own password, which no script needs to know."""

from __future__ import annotations

from typing import Any

import streamlit as st

from review_app.auth.access_tokens import new_access_token
from review_app.auth.passwords import LONGEST, SHORTEST
from review_app.commands import access_tokens as commands
from review_app.commands import own_password
from review_app.queries import access_tokens as queries
from review_app.settings import current
from review_app.views import messages, parts
from scn_core.store.people.tokens import LONGEST_LABEL, AccessToken

_TOLD = "rv-token-told"
_ASKED = "rv-token-asked"
_CHANGED = "rv-own-changed"
_LASTING: dict[int, str] = {30: "30 days", 90: "90 days", 365: "a year", 0: "until revoked"}


def page() -> None:
    """The page Access tokens."""
    person = messages.require()
    if st.session_state.get("rv-page") != "access-tokens":
        st.session_state.pop(_TOLD, None)
    st.session_state["rv-page"] = "access-tokens"
    st.title("Access tokens", anchor=False)
    st.text(
        "A script that sends a token of yours may do what you may do, and what it answers counts as yours: "
        "Authorization: Bearer TOKEN. The file docs/scripts.md has the routes and an example."
    )
    _tell_token()
    listed(queries.tokens_of(person.id), whose=False)
    with st.form("rv-token"):
        st.subheader("Make a token", anchor=False)
        st.text_input("What it is for", key="rv-token-label", max_chars=LONGEST_LABEL)
        st.radio("Good for", list(_LASTING), format_func=_LASTING.__getitem__, key="rv-token-days", horizontal=True)
        st.form_submit_button("Make it", key="rv-token-go", on_click=_make)
    if current().auth == "password":
        _own_password()


def _own_password() -> None:
    with st.form("rv-own-password"):
        st.subheader("Change your password", anchor=False)
        here = " It holds for this workspace alone." if current().behind_hub else ""
        st.text(f"You are then signed out in other browsers, and your access tokens are revoked.{here}")
        if st.session_state.pop(_CHANGED, False):
            st.text("Your password is changed.")
        kept = dict[str, Any](type="password", max_chars=LONGEST)
        st.text_input("Password now", key="rv-own-old", autocomplete="current-password", **kept)
        st.text_input(
            f"New password, {SHORTEST} characters or more", key="rv-own-new", autocomplete="new-password", **kept
        )
        st.text_input("The new one again", key="rv-own-again", autocomplete="new-password", **kept)
        st.form_submit_button("Change it", key="rv-own-go", on_click=_change_password)


def _change_password() -> None:
    keys = ("rv-own-old", "rv-own-new", "rv-own-again")
    old, new, again = (str(st.session_state[key]) for key in keys)
    for key in keys:
        st.session_state[key] = ""  # none stays on the page
    refused = own_password.change(old, new) if new == again else "found two different new passwords; type one twice"
    messages.remember(refused)
    st.session_state[_CHANGED] = refused is None


def listed(found: list[AccessToken], *, whose: bool) -> None:
    """A table of tokens, and a way to revoke one."""
    if not found:
        st.text("There are no access tokens.")
        return
    head = (*(("Person",) if whose else ()), "Number", "For", "Made", "Last used", "Ends")
    parts.table("Access tokens", head, [_row(token, whose=whose) for token in found])
    names = {
        each.id: f"{each.id}, {each.person}: {each.label}" if whose else f"{each.id}: {each.label}" for each in found
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Token", list(names), format_func=names.__getitem__, key="rv-token-which", width=320)
        # The keys name the token, so that a click on a page not yet drawn anew revokes no other.
        st.button(f"Revoke token {chosen}", key=f"rv-token-revoke-{chosen}", on_click=_ask, args=(chosen,))
    if st.session_state.get(_ASKED) == chosen:
        _confirm(chosen, names[chosen])


def _confirm(token_id: int, name: str) -> None:
    with st.container(border=True):
        st.text(f"Revoke token {name}? Scripts that send it are refused from then on; it cannot be brought back.")
        with st.container(horizontal=True):
            st.button(
                f"Yes, revoke token {token_id}", key=f"rv-token-revoke-now-{token_id}", type="primary",
                on_click=_revoke, args=(token_id,),
            )  # fmt: skip
            st.button("Leave it", key="rv-token-revoke-not", on_click=_ask, args=(None,))


def _row(token: AccessToken, *, whose: bool) -> tuple[parts.Html | str, ...]:
    end = "when revoked" if token.expires_at is None else parts.moment(token.expires_at)
    return (
        *((token.person,) if whose else ()),
        str(token.id),
        token.label,
        parts.moment(token.created_at),
        "never" if token.used_at is None else parts.moment(token.used_at),
        parts.quiet(f"ended {end}") if token.expired else end,
    )


def _make() -> None:
    token = new_access_token()
    days = int(st.session_state["rv-token-days"]) or None
    refused = commands.add_own(token, str(st.session_state["rv-token-label"]), days)
    messages.remember(refused)
    if refused is None:
        st.session_state["rv-token-label"] = ""
        _remember(token)


def _ask(token_id: int | None) -> None:
    st.session_state[_ASKED] = token_id


def _revoke(token_id: int) -> None:
    _ask(None)
    _remember(None)  # it may be the one that is shown
    messages.remember(commands.revoke(token_id))


def _remember(token: str | None) -> None:
    st.session_state[_TOLD] = token


def _tell_token() -> None:
    token: str | None = st.session_state.get(_TOLD)
    if token is None:
        return
    text = "Copy it now: it is gone when you press Done or leave this page, and only its hash is stored."
    messages.show("A new access token", text, token)
    st.button("Done", key="rv-token-done", on_click=_remember, args=(None,))


if __name__ == "__main__":  # as Streamlit runs it
    page()
