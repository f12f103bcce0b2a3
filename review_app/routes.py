"""Every route of ours in one list, and the door that leads to them or to Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.file_util import get_static_dir

from review_app import database
from review_app.api import (
    backups,
    basics,
    decisions,
    exports,
    metrics,
    openapi,
    pages,
    readiness,
    samples,
    workspace,
)
from review_app.auth import login
from review_app.auth import sessions as auth
from review_app.auth.endpoint import plain
from review_app.auth.guard import UPLOADS, RequestGuard, is_own, page_policy, path_within
from review_app.auth.page import refusal_page
from review_app.grid_files import grid_modules, modules_path
from review_app.http.errors import ApiError
from review_app.http.first_page import as_it_is, with_modules
from review_app.http.request_log import RequestLog, note_of
from review_app.http.streamlit_modules import late_modules
from review_app.page_socket import serve_pages
from review_app.settings import AppSettings, current
from scn_core.errors import ScnError
from scn_core.store.people.sessions import session_person


def all_routes() -> list[BaseRoute]:
    """In the order they are tried."""
    return [
        Route("/api/page", plain(pages.page), methods=["POST"]),
        Route("/api/tiles", plain(pages.tiles), methods=["POST"]),
        Route("/api/alike", plain(pages.alike), methods=["POST"]),
        Route("/api/lease", plain(pages.lease), methods=["POST"]),
        Route("/api/decisions", plain(decisions.decisions), methods=["POST"]),
        Route("/api/history", plain(decisions.history), methods=["GET"]),
        Route("/api/sample/{id}", plain(samples.sample), methods=["GET"]),
        Route("/api/export", plain(exports.make), methods=["POST"]),
        Route("/api/export/{name}", plain(exports.exported), methods=["GET"]),
        Route("/api/backup", plain(backups.make), methods=["POST"]),
        Route("/api/backup/{name}", plain(backups.backup), methods=["GET"]),
        Route("/api/classes", plain(workspace.all_classes), methods=["GET"]),
        Route("/api/rounds", plain(workspace.all_rounds), methods=["GET"]),
        Route("/api/token", plain(basics.token), methods=["GET"]),
        Route("/face/{id}", plain(samples.face), methods=["GET"]),
        Route("/thumb/{id}", plain(samples.thumb), methods=["GET"]),
        Route("/grid/{version}/{file}", plain(basics.grid), methods=["GET"]),
        Route("/openapi.json", plain(openapi.description), methods=["GET"]),
        Route("/metrics", plain(metrics.metrics), methods=["GET"]),
        Route("/health", plain(basics.health), methods=["GET"]),
        Route("/ready", plain(readiness.ready), methods=["GET"]),
        *login.routes(),
    ]


def all_middleware(settings: AppSettings) -> list[Middleware]:
    """From the outside in; Streamlit's own comes after."""
    page = Path(get_static_dir(), "index.html").read_text(encoding="utf-8")
    guard = Middleware(
        RequestGuard,
        hosts=settings.hosts,
        policy=page_policy(page),
        base_path=settings.base_path,
        trusted_proxies=settings.trusted_proxies,
        behind_hub=settings.behind_hub,
    )
    return [Middleware(RequestLog), guard, Middleware(OwnRoutes, base_path=settings.base_path)]


_ELEMENTS = ("Html", "Selectbox", "BidiComponent")
"""Of Streamlit: what the frame and the page Review are drawn with, but for what its first page brings itself."""


class OwnRoutes:
    """Our routes by a router of our own: Streamlit's layers would compress pictures, and answer unknown addresses
    with its first page. Who comes to a Streamlit page without a session is shown to the log-in page.
    """

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        self._app = app
        self._base = base_path
        self._own = OwnRouter(all_routes(), base_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "websocket":
            note_of(scope).route = "streamlit"
            await serve_pages(self._app, scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = path_within(scope["path"], self._base) or ""
        if is_own(path):
            await self._own(scope, receive, send)
            return
        note_of(scope).route = "streamlit"
        if path.startswith(UPLOADS) and not await _is_lead(scope):
            await ApiError(403, "role", "files are taken from leads alone; ask one").response()(scope, receive, send)
        elif await _must_sign_in(scope):
            await RedirectResponse(login.path_to(_target(scope)), 303)(scope, receive, send)
        elif _opens_page(scope):
            script, *grid = (modules_path() + name for name in ("connection.js", *grid_modules()))
            later = [current().url(path) for path in (*late_modules(Path(get_static_dir()), _ELEMENTS), *grid)]
            await self._app(as_it_is(scope), receive, with_modules(send, current().url(script), later))
        else:
            await self._app(scope, receive, send)


class OwnRouter:
    """Routes of ours below a base path; all else there is not found."""

    def __init__(self, routes: Sequence[BaseRoute], base_path: str) -> None:
        self._router = Router(routes, redirect_slashes=False, default=_nothing_here)
        self._base = base_path
        self._paths: dict[Any, str] = {route.endpoint: route.path for route in routes if isinstance(route, Route)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for HTTP."""
        own = {**scope, "root_path": self._base}
        try:
            await self._router(own, receive, send)
        except HTTPException as error:  # a path of ours with another method
            allowed = (error.headers or {}).get("Allow", "another method")
            refusal = ApiError(error.status_code, "method", f"this address takes {allowed}")
            response = refusal_page(Headers(scope=scope), refusal)
            response.headers["Allow"] = allowed
            await response(scope, receive, send)
        finally:
            note_of(scope).route = self._paths.get(own.get("endpoint"), "other")


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = ApiError(404, "not_found", "there is nothing at this address")
    await refusal_page(Headers(scope=scope), refusal)(scope, receive, send)


async def _must_sign_in(scope: Scope) -> bool:
    """A browser that opens a page, without a session. With OpenID it is Streamlit that leads to the provider."""
    if not _opens_page(scope) or current().auth == "oidc":
        return False
    cookie = auth.cookie_of(Request(scope).cookies)
    try:
        return cookie is None or await database.run(session_person, auth.session_hash(cookie)) is None
    except ScnError:  # the page says what is wrong with the database
        return False


def _opens_page(scope: Scope) -> bool:
    return scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")


async def _is_lead(scope: Scope) -> bool:
    cookie = auth.cookie_of(Request(scope).cookies)
    try:
        person = None if cookie is None else await database.run(session_person, auth.session_hash(cookie))
    except ScnError:
        return False
    return person is not None and person.role == "lead"


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{Request(scope).url.path}{'?' if query else ''}{query}"
