"""A person's own password, changed on the page Access tokens. Returns the reason where it was refused."""

from __future__ import annotations

import streamlit as st
from sqlite_utils import Database

from review_app.auth.passwords import LONGEST, hash_password, is_password
from review_app.auth.sessions import cookie_of, session_hash, signed_in
from review_app.auth.throttle import Tally
from review_app.commands.writer import SESSION_ENDED, in_writer
from review_app.database import call
from scn_core.errors import ScnError
from scn_core.store.people.people import Person, password_hash, set_password_hash

_FREE = 5
"""Wrong old passwords of a person within an hour: whoever finds a browser signed in is not to guess."""
_wrong = Tally(3600)


def change(old: str, new: str) -> str | None:
    """Another password for who is signed in, which ends their other sessions and their access tokens."""
    person, cookie = signed_in(st.context.cookies), cookie_of(st.context.cookies)
    if person is None or cookie is None:
        return SESSION_ENDED
    if len(_wrong.times(str(person.id))) >= _FREE:
        return f"the old password was wrong {_FREE} times within an hour; wait for an hour, or ask a lead for a new one"
    try:
        if len(old) > LONGEST or not is_password(call(password_hash, person.id), old):
            _wrong.add(str(person.id))
            return "that is not your password now; the old one is needed to set another"
        hashed = hash_password(new)
    except ScnError as error:
        return str(error)
    return in_writer(_change, hashed, session_hash(cookie))


def _change(db: Database, by: Person, hashed: str, spare: str) -> None:
    set_password_hash(db, by.id, hashed, by=by.id, spare=spare)
