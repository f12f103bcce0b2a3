"""How pages write: one short call in the writer's thread, as the person who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec

import streamlit as st
from sqlite_utils import Database

from review_app.auth.sessions import signed_in
from review_app.database import call_write, require_in_place
from review_app.queries.workspace_state import forget
from scn_core.errors import WorkspaceError
from scn_core.store.people.people import Person

P = ParamSpec("P")

SESSION_ENDED = "the session has ended; sign in again, then say it once more"


def in_writer(
    function: Callable[Concatenate[Database, Person, P], str | None], *args: P.args, **kwargs: P.kwargs
) -> str | None:
    """In the writer's thread, as the person whose session this is now: the page may have been drawn long ago."""
    try:
        require_in_place()
        person = signed_in(st.context.cookies)
        refused = SESSION_ENDED if person is None else call_write(function, person, *args, **kwargs)
    except WorkspaceError as error:
        refused = str(error)
    forget()
    return refused
