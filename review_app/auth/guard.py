"""Before every request, Streamlit's included: the right host, the same origin, and headers that keep browsers strict.

Pure ASGI: it costs microseconds and lets the websocket through.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review_app.http.errors import Refused

OWN_PREFIXES = ("/api/", "/face/", "/thumb/", "/grid/", "/login", "/logout", "/health")
"""Paths that are ours; all others are Streamlit's."""

UPLOADS = "/_stcore/upload_file/"
"""Where Streamlit takes files; `routes` lets only leads through."""

_CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
"""Streamlit's doors that nothing here needs."""

_OWN_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# Streamlit writes style elements, and a component's script is a blob. No eval: charts are plotly's, not vega's.
_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' blob: {inline}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)


def is_own(path: str) -> bool:
    """Whether a path is one of our routes, or would be."""
    return path.startswith(OWN_PREFIXES)


def page_policy(html: str) -> str:
    """The content security policy of Streamlit's pages: of inline scripts only those of its own first page run."""
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digests = (b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return _PAGE_POLICY.format(inline=" ".join(f"'sha256-{digest}'" for digest in digests))


class Guard:
    """ASGI middleware. `policy` is for Streamlit's pages, see `page_policy`."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], policy: str) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on, or answers with a refusal."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        own = is_own(scope["path"])
        if scope["type"] == "http":
            send = _strict(send, own, _OWN_POLICY if own else self._policy)
        try:
            self._check(scope, own)
        except Refused as refusal:
            await _refuse(refusal, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, own: bool) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if _host_name(host) not in self._hosts:
            raise Refused(
                400, "wrong_host", "this server does not answer to that host name; start it with --allow-host NAME"
            )
        if scope["type"] == "websocket":
            _check_origin(headers, host, needed=False)
            return
        reads = scope["method"] in ("GET", "HEAD")
        if scope["path"].startswith(_CLOSED) or (reads and scope["path"].startswith(UPLOADS)):
            raise Refused(404, "not_found", "there is nothing at this address")
        if not reads:
            if not own and not (scope["path"].startswith(UPLOADS) and scope["method"] in ("PUT", "DELETE")):
                raise Refused(405, "method", "this address is for reading only")
            _check_origin(headers, host, needed=True)


def _check_origin(headers: Headers, host: str, *, needed: bool) -> None:
    """A change must come from a page of this server. Browsers say where it comes from, and scripts cannot lie there."""
    origins = headers.getlist("origin")
    if not origins:
        if needed and headers.get("sec-fetch-site") != "same-origin":
            raise Refused(403, "wrong_origin", "found no Origin; allowed: requests from the pages of this server")
        return
    try:
        same = len(origins) == 1 and urlsplit(origins[0]).netloc.lower() == host.lower() != ""
    except ValueError:
        same = False
    if not same:
        raise Refused(403, "wrong_origin", "found another Origin; allowed: requests from the pages of this server")


def _host_name(host: str) -> str:
    """The name or address without brackets, port and a dot at the end; empty for what is no host."""
    if not re.fullmatch(r"\[[0-9A-Fa-f:.]+\](:\d{1,5})?|[A-Za-z0-9_.-]+(:\d{1,5})?", host):
        return ""
    name = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def _strict(send: Send, own: bool, policy: str) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS:
                headers[name] = value
            headers["Content-Security-Policy"] = policy
            if own:
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return with_headers


async def _refuse(refusal: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})
        return
    await refusal.response()(scope, receive, send)
