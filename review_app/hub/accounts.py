"""One sign-in for all workspaces that know the person.

People have an account in each workspace, as always. Who signs in at the hub gets one random token, in a cookie, and a
session in every workspace where this name has this password. The cookie of each of these sessions is made of the token
and of what only that workspace knows, so the hub keeps nothing: who signs out, is deactivated or gets another password
loses the session in the workspace, and with it the way there.

A password is checked against the different hashes that the name has, at most `MOST_CHECKS` of them before the first is
right; a wrong one takes as many checks whoever has the name, or nobody. Wrong ones are counted for each workspace, too.
"""

from __future__ import annotations

import base64
import hmac
import logging
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, TypeVar

from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool

from review_app.auth import sessions as auth
from review_app.auth.access_tokens import access_token_hash
from review_app.auth.passwords import is_password
from review_app.auth.throttle import Client, Limits, SignInThrottle
from review_app.auth.tokens import is_hub_token, make_hub_token
from review_app.http.errors import ApiError, api_error_of
from review_app.hub.workspaces import HubWorkspace
from review_app.settings import current
from scn_core.errors import DiskFullError, ScnError
from scn_core.store.people.people import Person, Role, password_hash, people
from scn_core.store.people.sessions import end_session, hand_on_session, session_person, start_session
from scn_core.store.people.tokens import token_person
from scn_core.store.sqlite_errors import is_passing

MOST_CHECKS = 8
KNOWN_FOR_S = 30
"""For so long whom a workspace knows is passed on without asking its database; its process asks for every request."""
_MOST_KNOWN = 10_000

K = TypeVar("K")
T = TypeVar("T")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """A person of a workspace who may sign in with a password."""

    workspace: HubWorkspace
    person: Person
    hashed: str


@dataclass(frozen=True)
class Membership:
    """A workspace where somebody is signed in, and as whom."""

    workspace: HubWorkspace
    person: Person


def new_token() -> str:
    """What the browser keeps. Needs the process's settings to be those of the hub, as `token_of` does."""
    return make_hub_token(current().secret, secrets.token_urlsafe(32))


def token_of(cookies: Mapping[str, str]) -> str | None:
    """The token that a browser shows; None where it shows none that this hub has made."""
    token = auth.cookie_of(cookies)
    good = token is not None and is_hub_token(current().secret, token, auth.SESSION_HOURS * 3600)
    return token if good else None


def cookie_for(token: str, workspace: HubWorkspace) -> str:
    """The cookie of the session that belongs to a token; the cookie's name is made of the workspace's secret."""
    made = hmac.digest(token.encode(), workspace.settings.cookie.encode(), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def accounts_of(workspaces: Sequence[HubWorkspace], name: str) -> tuple[list[Account], int]:
    """The accounts of a name, and how many checks of a password a wrong one takes, whatever the name."""
    found: list[Account] = []
    hashes: dict[str, set[str]] = {}
    for workspace in workspaces:
        for person, hashed in _read(workspace, _with_passwords) or ():
            hashes.setdefault(_lower(person.name), set()).add(hashed)
            if _lower(person.name) == _lower(name.strip()):
                found.append(Account(workspace, person, hashed))
    most = max((len(each) for each in hashes.values()), default=1)
    return found, min(most, MOST_CHECKS)


class Checked(NamedTuple):
    """What a password was checked against."""

    right: list[Account]
    wrong: list[Account]


def right_accounts(accounts: Sequence[Account], checks: int, password: str, closed: Sequence[Account] = ()) -> Checked:
    """Those whose password it is. One that is nobody's takes `checks` checks, however many accounts there are.

    The hashes of `closed` are not tried, which takes as long, and are neither right nor wrong, but where an account
    that is not closed has the same one.
    """
    hashes = [hashed for hashed, _ in Counter(account.hashed for account in accounts).most_common()]
    tried = {account.hashed for account in accounts if account not in closed}
    right: set[str] = set()
    wrong: set[str] = set()
    done = 0
    for hashed in hashes:
        if done >= checks and not right:
            break
        done += 1
        if is_password(hashed if hashed in tried else None, password):
            right.add(hashed)
        elif hashed in tried:
            wrong.add(hashed)
    while not right and done < checks:
        done += 1
        is_password(None, password)
    return Checked(*([account for account in accounts if account.hashed in found] for found in (right, wrong)))


class Guesses:
    """Wrong passwords for each account of a name, from each address: who is right in one workspace, as its leads can
    make themselves, does not guess at the passwords of others. For one event loop.

    The waits are those of `throttle`, but for the count of an address whatever the names: to sign in where passwords
    differ is a wrong one for some, and many people may share an address.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._throttle = SignInThrottle(replace(Limits(), free_of_address=sys.maxsize), clock=clock)

    def closed(self, accounts: Sequence[Account], address: str) -> list[Account]:
        """Those at which an address may not guess now."""
        return [account for account in accounts if self._throttle.wait_s(_guesser(account, address)) > 0]

    def note(self, checked: Checked, address: str) -> None:
        """Count what was wrong, and begin anew where it was right."""
        for account in checked.wrong:
            self._throttle.wrong(_guesser(account, address))
        for account in checked.right:
            self._throttle.right(_guesser(account, address))


def _guesser(account: Account, address: str) -> Client:
    return Client(f"{account.person.name} in {account.workspace.name}", address)


def sign_in(accounts: Sequence[Account], token: str) -> list[Account]:
    """Begins a session in each of these workspaces; returns those where that was possible.

    Raises ApiError where it was in none.
    """
    failures: list[ScnError] = []

    def begin(account: Account) -> Callable[[Database], bool]:
        session = auth.session_hash(cookie_for(token, account.workspace))

        def write(db: Database) -> bool:
            start_session(db, account.person.id, session, auth.SESSION_HOURS)
            return True

        return write

    begun = [account for account in accounts if _read(account.workspace, begin(account), failures)]
    if not begun:
        raise _refusal(failures, "no session could be begun; try again")
    return begun


def hand_on(workspaces: Sequence[HubWorkspace], before: str, right: Sequence[Account], token: str) -> None:
    """After a sign-in in a browser that had a token `before`: its sessions of the same name go on under the new one,
    unless this one has begun anew there, and those of other names end. What cannot be asked runs out by itself."""
    begun, name = {account.workspace.name for account in right}, _lower(right[0].person.name)
    for workspace in workspaces:
        old, new = (auth.session_hash(cookie_for(each, workspace)) for each in (before, token))

        def go_on(db: Database, workspace: HubWorkspace = workspace, old: str = old, new: str = new) -> bool:
            person = session_person(db, old)
            if person is not None and _lower(person.name) == name and workspace.name not in begun:
                hand_on_session(db, old, new)
            elif person is not None:
                end_session(db, old)
            return True

        _read(workspace, go_on)


def sign_out(workspaces: Sequence[HubWorkspace], token: str) -> None:
    """Ends the sessions of a token. Raises ApiError where one may still stand."""
    failures: list[ScnError] = []
    for workspace in workspaces:
        session = auth.session_hash(cookie_for(token, workspace))

        def end(db: Database, session: str = session) -> bool:
            if session_person(db, session) is not None:
                end_session(db, session)
            return True

        _read(workspace, end, failures)
    if failures:
        raise _refusal(failures, "not all sessions could be ended; sign out once more")


def _refusal(failures: Sequence[ScnError], words: str) -> ApiError:
    """Of what could not be written: a full disk is named, all else is tried again."""
    full = (api_error_of(failure) for failure in failures if isinstance(failure, DiskFullError))
    return next(full, None) or ApiError(503, "busy", words, retry_after_s=1)


class Memberships(NamedTuple):
    """Where somebody is signed in with a token."""

    found: list[Membership]
    all_answered: bool
    """Whether each workspace could be asked."""


def memberships(workspaces: Sequence[HubWorkspace], token: str) -> Memberships:
    """Ask all workspaces about a token."""
    found, all_answered = [], True
    for workspace in workspaces:
        session = auth.session_hash(cookie_for(token, workspace))
        answer = _read(workspace, partial(_who, session=session))
        all_answered = all_answered and answer is not None
        found += [Membership(workspace, person) for person in answer or ()]
    return Memberships(found, all_answered)


class Known:
    """Who may come to which workspace; remembered for a moment, so that not every picture asks a database. For one
    event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._places: dict[str, tuple[float, frozenset[str]]] = {}
        self._access: dict[tuple[str, str], float] = {}
        self._right: dict[str, None] = {}
        self._roles: dict[str, dict[str, Role]] = {}
        self._clock = clock

    async def places(self, workspaces: Sequence[HubWorkspace], token: str) -> frozenset[str]:
        """The names of the workspaces where somebody is signed in with a token.

        All are asked or none, whichever it is about: how long it takes tells no names.
        """
        until, found = self._places.get(token, (0.0, frozenset()))
        if until > self._clock():
            return found
        asked = await run_in_threadpool(memberships, workspaces, token)
        found = frozenset(member.workspace.name for member in asked.found)
        if asked.all_answered:
            _keep(self._places, token, (self._clock() + KNOWN_FOR_S, found))
        return found

    async def has_access(self, workspace: HubWorkspace, bearer: str, *, ask: bool = False) -> bool:
        """Whether an access token is one of that workspace. `ask`: its database, and remember nothing."""
        hashed = access_token_hash(bearer)
        key = workspace.name, hashed
        if not ask and self._access.get(key, 0.0) > self._clock():
            return True
        known = bool(await run_in_threadpool(_read, workspace, lambda db: token_person(db, hashed) is not None))
        if known and not ask:
            _keep(self._access, key, self._clock() + KNOWN_FOR_S)
            _keep(self._right, hashed, None)
        return known

    def is_right_somewhere(self, bearer: str) -> bool:
        """Whether a workspace has let an access token in lately: who shows it to another is not guessing."""
        return access_token_hash(bearer) in self._right

    def note_roles(self, token: str, found: Mapping[str, Role], unserved: Iterable[str]) -> dict[str, Role]:
        """Take down somebody's roles by workspace; returns what they were in the `unserved`, when these still were."""
        there = self._roles.pop(token, {}).items()
        before = {name: role for name, role in there if name in unserved and name not in found}
        if found or before:
            _keep(self._roles, token, {**before, **found})
        return before

    def was_let_in(self, token: str, name: str) -> bool:
        """Whether somebody had a role in a workspace when that could last be read."""
        return name in self._roles.get(token, {})

    def forget(self, token: str) -> None:
        """Ask the databases again about a token."""
        self._places.pop(token, None)


def _keep(remembered: dict[K, T], key: K, value: T) -> None:
    if len(remembered) >= _MOST_KNOWN:
        remembered.clear()
    remembered[key] = value


def _with_passwords(db: Database) -> list[tuple[Person, str]]:
    found = ((person, password_hash(db, person.id)) for person in people(db) if person.active)
    return [(person, hashed) for person, hashed in found if hashed is not None]


def _who(db: Database, session: str) -> list[Person]:
    """The person of a session; nobody where there is none."""
    person = session_person(db, session)
    return [] if person is None else [person]


def _read(
    workspace: HubWorkspace, function: Callable[[Database], T], failures: list[ScnError] | None = None
) -> T | None:
    """None where the database cannot be used: the other workspaces do not suffer from it, and the log says so: what
    does not pass by itself once, with the next look at the folder. `failures`: gets the reason too."""
    try:
        with workspace.database() as db:
            return function(db)
    except ScnError as error:
        if is_passing(error):
            _LOG.warning("workspace %s: %s", workspace.name, error)
        if failures is not None:
            failures.append(error)
        return None


def _lower(name: str) -> str:
    """As the database compares names: without regard to the case of ASCII letters."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)
