"""The hub's own addresses: the list of workspaces, signing in and out, and whether it lives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from review_app.auth import login
from review_app.auth import sessions as auth
from review_app.auth.endpoint import plain
from review_app.auth.page import html_page
from review_app.http.errors import ApiError
from review_app.hub import accounts
from review_app.hub.accounts import Account, Guesses, Known, Membership
from review_app.hub.proxy import status_of
from review_app.hub.workspaces import HubWorkspace, Workspaces
from review_app.settings import current
from scn_core.errors import ScnError, counted
from scn_core.records import QueueFilter, RoundInfo
from scn_core.store.people.people import Role
from scn_core.store.queue.counts import answered_readings, open_left
from scn_core.store.rounds.better_round import to_review
from scn_core.store.rounds.states import rounds, stale_round

LOOK_EVERY_S = 1.0
"""Anybody may ask whether all is ready: all who ask within a second get the same answer."""
_ANSWER_S = 5.0
_AGAIN = "/login?again=1"
"""The form also for who is signed in."""


@dataclass(frozen=True)
class Standing:
    """Where the review of a workspace stands."""

    round: RoundInfo | None
    """The one that people should answer, or else the newest."""
    left: int
    """Faces of it to review: for the person who asks, or for anybody."""
    answered: int
    readings: int
    """Of it, answered and in all."""
    stale: bool = False
    """It says that it is trained, and was not heard of for 120 s: its trainer was killed, or hangs."""

    @property
    def words(self) -> str:
        """As in: round 2, in review; 1,200 faces to review."""
        if self.round is None:
            return "no round yet"
        state: str = "in review" if self.round.state == "review" else self.round.state
        state = "its trainer has stopped without a word" if self.stale else state
        left = f"; {counted(self.left, 'face')} to review" if self.round.state == "review" else ""
        return f"round {self.round.id}, {state}{left}"


def standing(db: Database, person_id: int) -> Standing:
    """For a person; 0: for nobody in particular."""
    infos = rounds(db)
    info = next(iter(to_review(infos)), max(infos, key=lambda each: each.id, default=None))
    if info is None:
        return Standing(None, 0, 0, 0)
    still = stale_round(db)  # a workspace that is asleep has no process that would mark it as failed
    stale = still is not None and still.id == info.id
    return Standing(info, open_left(db, info.id, person_id, QueueFilter()), *answered_readings(db, info.id), stale)


class HubPages:
    """Needs the process's settings to be those of the hub."""

    def __init__(self, workspaces: Workspaces, known: Known) -> None:
        self._workspaces, self._known, self._guesses = workspaces, known, Guesses()
        self._ready: tuple[float, list[str]] | None = None
        self._looking = asyncio.Lock()

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/", login.html(self._first), methods=["GET"]),
            Route("/login", login.html(self._log_in), methods=["GET"]),
            Route("/login", login.html(self._sign_in), methods=["POST"]),
            Route("/login/page.css", login.style, methods=["GET"]),
            Route("/logout", login.html(self._ask_to_leave), methods=["GET"]),
            Route("/logout", login.html(self._sign_out), methods=["POST"]),
            Route("/health", plain(self._health), methods=["GET"]),
            Route("/ready", plain(self._all_ready), methods=["GET"]),
        ]

    async def _first(self, request: Request) -> Response:
        response = await self._list(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _list(self, request: Request) -> Response:
        await self._workspaces.look()
        if current().auth != "password":
            return await _page([(workspace, None) for workspace in self._workspaces.all])
        members = await self._members(request)
        problems = self._workspaces.problems
        roles = self._known.note_roles(accounts.token_of(request.cookies) or "", _roles(members), problems)
        if not members and not roles:
            return login.log_in_page(request, known=False)
        unserved = [
            _unserved(name, role, problems[name], self._workspaces.find(name)) for name, role in sorted(roles.items())
        ]
        return await _page([(member.workspace, member) for member in members], unserved)

    async def _log_in(self, request: Request) -> Response:
        members = await self._members(request)
        if members and "again" in request.query_params:
            return login.log_in_page(request, known=False, name=members[0].person.name)
        return login.log_in_page(request, known=bool(members))

    async def _sign_in(self, request: Request) -> Response:
        if current().auth != "password":
            raise ApiError(400, "wrong_way", "people sign in at each workspace; choose one on the first page")
        return await login.sign_in(request, self._enter)

    async def _enter(self, request: Request, name: str, password: str) -> auth.NewSession:
        address = request.client.host if request.client else ""
        try:
            right = await login.attempt(request, name, password, partial(self._right_accounts, address))
        except ApiError as refusal:
            raise self._perhaps_unserved(refusal) from refusal
        token, before = accounts.new_token(), accounts.token_of(request.cookies)
        begun = await run_in_threadpool(accounts.sign_in, right, token)
        if before is not None:
            await run_in_threadpool(accounts.hand_on, self._workspaces.all, before, begun, token)
            self._known.forget(before)
        self._known.note_roles(token, _roles(right), ())
        return auth.NewSession(right[0].person, token)

    def _perhaps_unserved(self, refusal: ApiError) -> ApiError:
        """Where passwords of some workspaces cannot be looked at, a wrong one may be a right one of theirs."""
        unread = (workspace.name for workspace in self._workspaces.all if workspace.faults)
        unserved = {*self._workspaces.problems, *unread}
        if refusal.code != "wrong_password" or not unserved:
            return refusal
        others = f"{counted(len(unserved), 'workspace')} cannot be now: if yours is one, ask a lead of it"
        words = f"{refusal} in any workspace that is served; {others}"
        return ApiError(401, "wrong_password", words)

    async def _right_accounts(self, address: str, name: str, password: str) -> list[Account] | None:
        await self._workspaces.look()
        found, checks = await run_in_threadpool(accounts.accounts_of, self._workspaces.all, name)
        closed = self._guesses.closed(found, address)
        checked = await run_in_threadpool(accounts.right_accounts, found, checks, password, closed)
        self._guesses.note(checked, address)
        return checked.right or None

    async def _ask_to_leave(self, request: Request) -> Response:
        members = await self._members(request)
        if not members:
            return login.without_session(request)
        return login.log_out_page(members[0].person.name)

    async def _sign_out(self, request: Request) -> Response:
        token = accounts.token_of(request.cookies)
        if token is not None:
            await run_in_threadpool(accounts.sign_out, self._workspaces.all, token)
            self._known.forget(token)
            self._known.note_roles(token, {}, ())
        return login.without_session(request)

    async def _members(self, request: Request) -> list[Membership]:
        token = accounts.token_of(request.cookies)
        if token is None or current().auth != "password":
            return []
        return (await run_in_threadpool(accounts.memberships, self._workspaces.all, token)).found

    async def _health(self, request: Request) -> Response:
        """GET /health: the hub lives. For anybody, so it counts the workspaces and names none."""
        problems = self._workspaces.problems
        states = [workspace.child.state for workspace in self._workspaces.all if workspace.name not in problems]
        return JSONResponse(
            {
                "ok": True,
                "workspaces": {
                    "running": states.count("running"),
                    "asleep": states.count("asleep"),
                    "failed": states.count("failed"),
                    "not_served": len(problems),
                },
            }
        )

    async def _all_ready(self, request: Request) -> Response:
        """GET /ready: every workspace that somebody has asked for can store answers."""
        async with self._looking:
            if self._ready is None or time.monotonic() - self._ready[0] >= LOOK_EVERY_S:
                asked = await asyncio.gather(*(why_not_ready(workspace) for workspace in self._workspaces.all))
                none = ["none can be served"] if self._workspaces.problems and not asked else []
                self._ready = time.monotonic(), [*none, *(why for why in asked if why is not None)]
            reasons = self._ready[1]
        if reasons:
            which = counted(len(reasons) if self._workspaces.all else len(self._workspaces.problems), "workspace")
            raise ApiError(503, "not_ready", f"{which}: {'; '.join(sorted(set(reasons)))}", retry_after_s=5)
        return JSONResponse({"ready": True})


def nothing_for_you() -> Response:
    """For who is signed in, but not here, be there such a workspace or not."""
    first, again = escape(current().url("/")), escape(current().url(_AGAIN))
    links = f'<p><a class="button" href="{first}">To my workspaces</a></p><p><a href="{again}">Sign in again</a></p>'
    text = "there is nothing at this address for you; if you have another name or password here, sign in again with it"
    refusal = ApiError(404, "not_found", text)
    return html_page("Nothing here for you", links, bad=refusal)


async def why_not_ready(workspace: HubWorkspace) -> str | None:
    """Why answers cannot be stored in a workspace; None: they can, or it is asleep or just starting."""
    if workspace.child.state == "failed":
        return "its server ended"
    if workspace.child.state == "asleep":
        return None
    try:
        async with asyncio.timeout(_ANSWER_S):
            status = await status_of(await workspace.child.address(), workspace.settings.url("/ready"))
    except TimeoutError:
        return None if workspace.child.is_new else "its server does not answer"
    except (OSError, ApiError):
        return "its server does not answer"
    return None if status == 200 else "answers cannot be stored"


def _roles(found: Sequence[Membership | Account]) -> dict[str, Role]:
    return {each.workspace.name: each.person.role for each in found}


async def _page(entries: Sequence[tuple[HubWorkspace, Membership | None]], unserved: Sequence[str] = ()) -> Response:
    items = await run_in_threadpool(lambda: [_item(workspace, member) for workspace, member in entries])
    out = ""
    if current().auth == "password":
        again = f'<a href="{escape(current().url(_AGAIN))}">sign in again</a>'
        out = f'<p class="hint">Added to another one since, or with another password? Then {again}; these stay.</p>'
        out += f'<p><a href="{escape(current().url("/logout"))}">Sign out</a></p>'
    items += unserved
    content = f'<ul class="workspaces">{"".join(items)}</ul>{out}' if items else f"<p>There is none.</p>{out}"
    return html_page("Workspaces", content)


def _unserved(name: str, role: Role, problem: str, there: HubWorkspace | None) -> str:
    """One that the person was let into before; leads are told why. `there`: its process may still be asked."""
    shown = escape(name) if there is None else f'<a href="{escape(there.settings.url("/"))}">{escape(name)}</a>'
    why = f": {problem}" if role == "lead" else "; its leads see why"
    return f'<li>{shown}<br><span class="hint">{role}; cannot be served now{escape(why)}</span></li>'


def _item(workspace: HubWorkspace, member: Membership | None) -> str:
    link = f'<a href="{escape(workspace.settings.url("/"))}">{escape(workspace.name)}</a>'
    if current().auth == "oidc":  # strangers see the list
        return f"<li>{link}</li>"
    role = "" if member is None else f"{member.person.role}; "
    try:
        with workspace.database() as db:
            found = standing(db, 0 if member is None else member.person.id)
    except ScnError:
        return f'<li>{link}<br><span class="hint">{role}its database cannot be read now</span></li>'
    bar = f'<progress aria-label="Answered" value="{found.answered}" max="{found.readings}"></progress>'
    bar = bar if found.readings else ""
    share = f"{found.answered / found.readings:.0%} answered" if found.readings else ""
    words = f'<span class="hint">{role}{escape(found.words)}</span>'
    return f'<li>{link}<br>{words}{bar}<span class="hint">{share}</span></li>'
