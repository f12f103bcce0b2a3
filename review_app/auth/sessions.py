"""Who is asking: sessions behind a cookie, and the ways to get one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database

from review_app import database
from review_app.auth.passwords import is_password
from review_app.auth.tokens import DEVICE_S, TokenClaims, make_device, make_ticket, make_token, read_device
from review_app.http.errors import ApiError
from review_app.settings import AppSettings, current
from scn_core.errors import error_text
from scn_core.store.people.people import Person, add_person, find_person, password_hash, people
from scn_core.store.people.sessions import end_session, session_person, start_session

SESSION_HOURS = 12
TRIAL_S = 12 * 3600
LONGEST_NAME = 80

_LONGEST_COOKIE = 200
_LONGEST_DEVICE = 1_000


@dataclass(frozen=True)
class NewSession:
    """A session just begun."""

    person: Person
    cookie: str
    """What the browser keeps; the database keeps its hash."""


def session_hash(cookie: str) -> str:
    """What the database knows of a session. Sessions of another way to sign in do not count."""
    return hashlib.sha256(f"{current().auth} {cookie}".encode()).hexdigest()


def cookie_of(cookies: Mapping[str, str]) -> str | None:
    """The session's cookie, if it can be one."""
    cookie = cookies.get(current().cookie, "")
    return cookie if 0 < len(cookie) <= _LONGEST_COOKIE else None


def signed_in(cookies: Mapping[str, str]) -> Person | None:
    """Who is signed in, for pages: `signed_in(st.context.cookies)`."""
    cookie = cookie_of(cookies)
    return None if cookie is None else database.call(session_person, session_hash(cookie))


def require_person(db: Database, session: str | None) -> Person:
    """The person of a session (its hash). Raises ApiError where there is none."""
    person = None if session is None else session_person(db, session)
    if person is None:
        raise ApiError(
            401, "no_session", f"you are not signed in, or not any more; sign in again at {current().url('/login')}"
        )
    return person


def token_for(person: Person, session: str) -> str:
    """The token that a page of this session sends with every change."""
    return make_token(current().secret, TokenClaims(person.id, session[:16]))


def begin_session(db: Database, person: Person) -> NewSession:
    """Sign a person in."""
    cookie = secrets.token_urlsafe(32)
    start_session(db, person.id, session_hash(cookie), SESSION_HOURS)
    return NewSession(person, cookie)


def leave(db: Database, session: str) -> None:
    """Sign out."""
    end_session(db, session)


def enter_by_name(db: Database, name: str) -> NewSession:
    """Sign in by name alone, as on one's own machine; a new name is added, as lead where there is none.

    Raises ApiError for a name that cannot be one, a person who may not sign in, and one who has a password.
    """
    name = checked_name(name)
    person = find_person(db, name)
    if person is None:
        led = any(each.active and each.role == "lead" for each in people(db))
        person = add_person(db, name, "annotator" if led else "lead")
    _refuse_inactive(person)
    if password_hash(db, person.id) is not None:
        raise ApiError(403, "has_password", f"{person.name} signs in with a password; the server must ask for one")
    return begin_session(db, person)


def password_of(db: Database, name: str) -> tuple[Person | None, str | None]:
    """The person of a name and the hash of their password, where they may sign in with one."""
    person = find_person(db, name.strip())
    if person is None or not person.active:
        return None, None
    return person, password_hash(db, person.id)


def is_right(known: tuple[Person | None, str | None], password: str) -> bool:
    """Whether the password lets this person in; takes as long for a name nobody has."""
    person, hashed = known
    return is_password(hashed, password) and person is not None


def enter_known(db: Database, name: str) -> NewSession:
    """Sign in whom somebody else vouches for. Raises ApiError for a name that a lead has not added."""
    person = find_person(db, name)
    if person is None:
        raise ApiError(403, "unknown_person", f"nobody here is called {name}; ask a lead to add you under this name")
    _refuse_inactive(person)
    return begin_session(db, person)


def ticket_path(user: Mapping[str, Any]) -> str | None:
    """Where a user whom the OpenID provider knows gets a session, within a minute; for `st.user`.

    None without an e-mail address, or with one that the provider has not verified.
    """
    email = user.get("email")
    if not isinstance(email, str) or not email.strip() or user.get("email_verified", True) is not True:
        return None
    ticket = make_ticket(current().secret, email.strip(), secrets.token_urlsafe(12))
    return current().url(f"/login/ticket?t={quote(ticket)}")


def checked_name(name: str) -> str:
    """The name without spaces around it. Raises ApiError for one that cannot be a name."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        allowed = f"1 to {LONGEST_NAME} printable ones"
        raise ApiError(400, "bad_name", error_text("", f"a name of {len(name)} characters", allowed))
    return name


def cookie_header(settings: AppSettings, value: str, *, secure: bool) -> str:
    """Set-Cookie for a session; an empty value removes it."""
    age = SESSION_HOURS * 3600 if value else 0
    path = settings.base_path or "/"
    flags = f"Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
    return f"{settings.cookie}={value}; {flags}"


def trial_header(settings: AppSettings, *, secure: bool) -> str:
    """Set-Cookie beside the log-in form, under the conditions of a session's: who does not send it back keeps none."""
    path = settings.url("/login")
    flags = f"Path={path}; Max-Age={TRIAL_S}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
    return f"{settings.trial_cookie}=1; {flags}"


def device_of(cookies: Mapping[str, str], name: str) -> str | None:
    """Identifies the browser, where the person of this name has signed in with it before; None elsewhere."""
    device = cookies.get(current().device_cookie(name), "")
    return read_device(current().secret, name, device) if 0 < len(device) <= _LONGEST_DEVICE else None


def device_header(settings: AppSettings, name: str, *, secure: bool) -> str:
    """Set-Cookie that makes this browser a known one for the person of this name; for the log-in page alone."""
    device = make_device(settings.secret, name, secrets.token_urlsafe(12))
    path = settings.url("/login")
    flags = f"Path={path}; Max-Age={DEVICE_S}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"
    return f"{settings.device_cookie(name)}={device}; {flags}"


def _refuse_inactive(person: Person) -> None:
    if not person.active:
        raise ApiError(403, "not_active", f"{person.name} may not sign in any more; ask a lead")
