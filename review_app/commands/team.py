"""What the page Team writes. Each returns the reason where it was refused; the store asks again whether a lead asks."""

from __future__ import annotations

import streamlit as st
from sqlite_utils import Database

from review_app.auth.passwords import hash_password
from review_app.auth.sessions import checked_name, cookie_of, session_hash
from review_app.commands.rounds import as_lead
from review_app.commands.writer import in_writer
from review_app.database import call_note, call_slow, was_moved
from review_app.settings import current
from scn_core.errors import ScnError
from scn_core.store.erase import compact
from scn_core.store.people import people
from scn_core.store.people.people import Person, Role
from scn_core.workspace.backup.make import make_backup


def add(name: str, role: Role, password: str | None) -> str | None:
    """A new person; `password` None: they sign in without one."""
    try:
        name, hashed = checked_name(name), None if password is None else hash_password(password)
    except ScnError as error:
        return str(error)
    return in_writer(_add, name, role, hashed)


def reset_password(person_id: int, password: str) -> str | None:
    """Another password, signed out everywhere, and no access tokens; who sets their own stays signed in here."""
    try:
        hashed = hash_password(password)
    except ScnError as error:
        return str(error)
    cookie = cookie_of(st.context.cookies)
    return in_writer(_reset_password, person_id, hashed, None if cookie is None else session_hash(cookie))


def set_role(person_id: int, role: Role) -> str | None:
    """Annotator or lead, from their next click on."""
    return in_writer(_set_role, person_id, role)


def set_active(person_id: int, active: bool) -> str | None:
    """Let somebody in again, or sign them out and let them in no more; what they did stays."""
    return in_writer(_set_active, person_id, active)


def back_up() -> str | None:
    """A backup of the workspace as it is now, in its folder `backups`. In a reader's thread: nobody waits for it.

    Also of a database that was deleted while the server has it open.
    """

    def make(lead: Person) -> None:
        call_slow(_back_up, lead.name)
        if not was_moved():
            call_note("backup made", {}, by=lead.id)

    return as_lead(make)


def _back_up(db: Database, by: str) -> None:
    make_backup(current().workspace, db, by=by)


def rename_person(person_id: int, name: str) -> str | None:
    """Call somebody otherwise."""
    try:
        name = checked_name(name)
    except ScnError as error:
        return str(error)
    return in_writer(_rename, person_id, name)


def erase(person_id: int) -> str | None:
    """Take somebody's name out for good, and shut them out; what they did stays under a neutral one."""
    return in_writer(_erase, person_id)


def _rename(db: Database, by: Person, person_id: int, name: str) -> None:
    people.rename_person(db, person_id, name, by=by.id)


def _erase(db: Database, by: Person, person_id: int) -> None:
    people.erase_person(db, person_id, by=by.id)
    compact(db)  # where another program is at work in it, older pages go when that and the server have ended


def _add(db: Database, by: Person, name: str, role: Role, hashed: str | None) -> None:
    people.add_person(db, name, role, hashed, by=by.id)


def _reset_password(db: Database, by: Person, person_id: int, hashed: str, spare: str | None) -> None:
    people.set_password_hash(db, person_id, hashed, by=by.id, spare=spare)


def _set_role(db: Database, by: Person, person_id: int, role: Role) -> None:
    people.set_role(db, person_id, role, by=by.id)


def _set_active(db: Database, by: Person, person_id: int, active: bool) -> None:
    people.set_active(db, person_id, active, by=by.id)
