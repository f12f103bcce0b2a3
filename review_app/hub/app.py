"""The ASGI app of the hub: its own pages, and for all else the process of the workspace that the address begins with.

With accounts (`--auth password`) people sign in here alone, and who has no session in a workspace does not come to its
process: names that there are and names that there are not are answered alike.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from review_app.auth import login
from review_app.auth.access_tokens import bearer_of, wrong_token
from review_app.auth.guard import OWN_POLICY, RequestGuard, check_host, path_within, refuse, strict
from review_app.auth.throttle import Client, SignInThrottle
from review_app.http.errors import ApiError
from review_app.http.proxies import forwarded
from review_app.http.request_log import RequestLog
from review_app.http.stopping import refuse_new
from review_app.hub.accounts import Known, cookie_for, token_of
from review_app.hub.pages import HubPages, nothing_for_you
from review_app.hub.proxy import pass_request, pass_websocket, passed_on
from review_app.hub.workspaces import TAKEN, HubWorkspace, Workspaces
from review_app.routes import OwnRouter
from review_app.settings import AppSettings

_LOG = logging.getLogger(__name__)
_SIGN_IN_AND_OUT = ("/login", "/login/ticket", "/logout")
_OTHER_ADDRESS = (
    "; each workspace here has tokens and an address of its own: that of the server, then the workspace's name. This "
    "address may name none, or one that cannot be served now"
)
"""Said with every wrong token, whether there is such a workspace or not: strangers hear no names."""
LOOK_EVERY_S = 5.0
"""At the folder, and for processes that are idle."""


class Hub:
    """Pure ASGI. The settings of the process must be those of the hub."""

    def __init__(self, settings: AppSettings, workspaces: Workspaces) -> None:
        self._settings = settings
        self._base = settings.base_path
        self._workspaces = workspaces
        self._known = Known()
        self._tokens = SignInThrottle()
        guarded = RequestGuard(
            OwnRouter(HubPages(workspaces, self._known).routes(), self._base),
            settings.hosts,
            OWN_POLICY,
            base_path=self._base,
            trusted_proxies=settings.trusted_proxies,
        )
        self._own: ASGIApp = RequestLog(guarded)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for HTTP and websockets."""
        path = path_within(scope["path"], self._base)
        name, slash, rest = ("" if path is None else path[1:]).partition("/")
        if name and name not in TAKEN:
            await self._to_workspace(name, slash + rest, scope, receive, send)
        elif scope["type"] == "http":
            await self._own(scope, receive, send)
        else:
            await refuse(_nothing_here(), scope, receive, send)

    async def _to_workspace(self, name: str, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """`path`: below the workspace's address."""
        own = strict(send, True, OWN_POLICY) if scope["type"] == "http" else send
        try:
            check_host(scope, self._settings.hosts)
            scope = forwarded(scope, self._settings.trusted_proxies)
            check_host(scope, self._settings.hosts)
            refuse_new()
            if self._settings.auth == "password" and path in _SIGN_IN_AND_OUT:
                await self._lead_to_own(name, path, scope, receive, own)
                return
            found = await self._admit(name, scope)
            if found is None:
                await self._turn_away(scope, receive, own)
                return
            workspace, cookie = found
            with workspace.child.used():
                address = await workspace.child.address()
                headers = passed_on(scope, cookie, (self._settings.cookie,))
                if scope["type"] == "websocket":
                    await pass_websocket(scope, receive, send, address, headers)
                else:
                    await pass_request(scope, receive, send, address, headers)
        except ApiError as refusal:
            await refuse(refusal, scope, receive, own)

    async def _lead_to_own(self, name: str, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The pages of a workspace for signing in and out lead to those of the hub, where alone passwords are tried."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise ApiError(405, "method", "people sign in and out at the first page of this server")
        out = path == "/logout"
        token = token_of(HTTPConnection(scope).cookies)
        if token is not None:  # the process of the workspace knows no session any more
            self._known.forget(token)
        target = self._settings.url("/logout") if out else login.path_to(self._settings.url(f"/{name}/"))
        await RedirectResponse(target, 303)(scope, receive, send)

    async def _admit(self, name: str, scope: Scope) -> tuple[HubWorkspace, tuple[str, str] | None] | None:
        """The workspace, and the cookie of the session there, for who may come to it; None for who has to sign in.

        Raises ApiError where there is nothing, and for access tokens of no use here.
        """
        there = self._workspaces.find(name)
        if self._settings.auth != "password":
            if there is None:
                raise _nothing_here()
            return there, None
        bearer = bearer_of(Headers(scope=scope))
        if bearer is not None:
            await self._check_access(there, bearer, scope)
            return (there, None) if there is not None else None
        token = token_of(HTTPConnection(scope).cookies)
        if token is None or not await self._is_let_in(name, token) or there is None:
            return None
        return there, (there.settings.cookie, cookie_for(token, there))

    async def _is_let_in(self, name: str, token: str) -> bool:
        """Also where the database is gone or closed, for who was let in before: its process has it open."""
        if name in await self._known.places(self._workspaces.all, token):
            return True
        return name in self._workspaces.problems and self._known.was_let_in(token, name)

    async def _check_access(self, there: HubWorkspace | None, bearer: str, scope: Scope) -> None:
        """Raises ApiError for a wrong access token; many of them make the address wait, but for one that another
        workspace has let in: a script that names the wrong workspace does not guess."""
        # Where there is no such workspace another is asked, in vain: a name is not told by how long the answer takes.
        asked = there or next(iter(self._workspaces.all), None)
        if asked is not None and await self._known.has_access(asked, bearer, ask=there is None) and asked is there:
            return
        if self._known.is_right_somewhere(bearer):
            raise wrong_token(_OTHER_ADDRESS)
        client = Client("access token", scope["client"][0] if scope.get("client") else "")
        async with self._tokens.attempt(client):
            self._tokens.wrong(client)
        raise wrong_token(_OTHER_ADDRESS)

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Who opens a page without a session there: strangers are led to sign in, people signed in elsewhere are not.

        Either way the same for names that there are and names that there are not.
        """
        reads = scope["type"] == "http" and scope["method"] == "GET"
        if reads and "text/html" in Headers(scope=scope).get("accept", ""):
            token = token_of(HTTPConnection(scope).cookies)
            if token is not None and await self._known.places(self._workspaces.all, token):
                await nothing_for_you()(scope, receive, send)
                return
            query = scope["query_string"].decode("latin-1")
            target = f"{HTTPConnection(scope).url.path}{'?' if query else ''}{query}"
            await RedirectResponse(login.path_to(target), 303)(scope, receive, send)
            return
        refusal = ApiError(
            401,
            "no_session",
            f"you are not signed in, or not any more; sign in again at {self._settings.url('/login')}",
        )
        await refuse(refusal, scope, receive, send)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Within, the folder is looked at now and then, and processes that nobody uses are stopped; in the end, all."""
        task = asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.gather(*(each.child.stop() for each in self._workspaces.all))

    async def _keep_looking(self) -> None:
        while True:
            try:
                await self.tend()
            except Exception:
                _LOG.exception("a look at the workspaces ended early")
            await asyncio.sleep(LOOK_EVERY_S)

    async def tend(self) -> None:
        """Look at the folder once; start the processes that never sleep, and stop those that nobody uses."""
        await self._workspaces.look()
        for workspace in self._workspaces.all:
            if not workspace.never_sleeps:
                if workspace.is_in_place:  # otherwise its process has the last copy
                    await workspace.child.stop_if_idle()
            elif workspace.child.state == "asleep":
                with suppress(ApiError):  # the server is stopping
                    await workspace.child.address()


def _nothing_here() -> ApiError:
    return ApiError(404, "not_found", "there is nothing at this address")
