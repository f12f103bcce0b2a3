"""Before every request, Streamlit's included: the right host and path, the same origin, and headers that keep browsers
strict.

Pure ASGI: it costs microseconds and lets the websocket through.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Container, Iterable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review_app.auth.access_tokens import bearer_of
from review_app.auth.page import refusal_page
from review_app.http.errors import ApiError
from review_app.http.json_body import shown
from review_app.http.proxies import Network, forwarded, warn_of_plain_scheme
from review_app.http.stopping import refuse_new

OWN_PREFIXES = (
    "/api/",
    "/face/",
    "/thumb/",
    "/grid/",
    "/login",
    "/logout",
    "/health",
    "/ready",
    "/metrics",
    "/openapi.json",
)
"""Paths that are ours; all others are Streamlit's."""

UPLOADS = "/_stcore/upload_file/"
"""Where Streamlit takes files; `routes` lets only leads through."""

_CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
"""Streamlit's doors that nothing here needs."""

_PORTS = {"http": 80, "https": 443}
_PROXY = (
    "a proxy before it must pass on the Host that the browser sends, in nginx with: proxy_set_header Host $http_host"
)

OWN_POLICY = (
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


def path_within(path: str, base: str) -> str | None:
    """The path as our routes know it, without the base path; None: it lies elsewhere."""
    return path[len(base) :] if path.startswith(f"{base}/") else None


def check_host(scope: Scope, hosts: Container[str]) -> str:
    """The host, with its port, that a request is made to. Raises ApiError for one that is not among the `hosts`."""
    found = Headers(scope=scope).getlist("host")
    host = found[0] if len(found) == 1 else ""
    if _host_name(host) not in hosts:
        raise ApiError(
            400,
            "wrong_host",
            f"found the host name {shown(host)}, to which this server does not answer; start it with --allow-host "
            f"NAME, the name in the address bar; {_PROXY}",
        )
    return host


def page_policy(html: str) -> str:
    """The content security policy of Streamlit's pages: of inline scripts only those of its own first page run."""
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digests = (b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return _PAGE_POLICY.format(inline=" ".join(f"'sha256-{digest}'" for digest in digests))


class RequestGuard:
    """ASGI middleware. `policy` is for Streamlit's pages, see `page_policy`."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str],
        policy: str,
        *,
        base_path: str = "",
        trusted_proxies: Sequence[Network] = (),
        behind_hub: bool = False,
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._policy = policy
        self._base = base_path
        self._trusted = trusted_proxies
        self._behind_hub = behind_hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on, or answers with a refusal."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        path = path_within(scope["path"], self._base)
        own = path is None or is_own(path)
        if scope["type"] == "http":
            send = strict(send, own, OWN_POLICY if own else self._policy)
        try:
            # Also the host that the proxy itself asked for: a page that had its own name lead here (DNS rebinding) can
            # write any header but that one.
            check_host(scope, self._hosts)
            scope = forwarded(scope, self._trusted, behind_hub=self._behind_hub)
            host = check_host(scope, self._hosts)
            if path is None:
                await self._elsewhere(scope, receive, send)
                return
            _check(scope, path, host)
            if path != "/health":  # whoever restarts what does not live need not hurry
                refuse_new()
            warn_of_plain_scheme(scope)
        except ApiError as refusal:
            await refuse(refusal, scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Outside of the base path; the base path without its slash leads on."""
        if scope["type"] == "http" and scope["path"] == self._base and scope["method"] in ("GET", "HEAD"):
            query = scope["query_string"].decode("latin-1")
            target = f"{self._base}/{'?' if query else ''}{query}"
            await RedirectResponse(target, 308)(scope, receive, send)
            return
        raise ApiError(404, "not_found", f"there is nothing at this address; the pages begin at {self._base}/")


def _check(scope: Scope, path: str, host: str) -> None:
    headers = Headers(scope=scope)
    if scope["type"] == "websocket":
        _check_origin(headers, host, needed=False)
        return
    reads = scope["method"] in ("GET", "HEAD")
    if path.startswith(_CLOSED) or (reads and path.startswith(UPLOADS)):
        raise ApiError(404, "not_found", "there is nothing at this address")
    if not reads:
        if not is_own(path) and not (path.startswith(UPLOADS) and scope["method"] in ("PUT", "DELETE")):
            raise ApiError(405, "method", "this address is for reading only")
        # A page from elsewhere cannot send this header, and routes of the API then look at no cookie.
        by_token = path.startswith("/api/") and bearer_of(headers) is not None
        _check_origin(headers, host, needed=not by_token)


def _check_origin(headers: Headers, host: str, *, needed: bool) -> None:
    """A change must come from a page of this server. Browsers say where it comes from, and scripts cannot lie there."""
    origins = headers.getlist("origin")
    if not origins:
        if needed and headers.get("sec-fetch-site") != "same-origin":
            raise ApiError(
                403,
                "wrong_origin",
                "found no Origin; allowed: requests from the pages of this server, and of scripts to /api/ with the "
                "header Authorization: Bearer and an access token",
            )
        return
    if len(origins) != 1 or not _same_place(origins[0], host):
        raise ApiError(
            403,
            "wrong_origin",
            f"found a request from a page of {shown(origins[0])} that reached this server as {shown(host)}; allowed: "
            f"requests from the pages of this server; {_PROXY}",
        )


def _same_place(origin: str, host: str) -> bool:
    """Whether a page's origin is this host; a port that goes without saying may be said."""
    try:
        said = urlsplit(origin)
        if said.scheme not in _PORTS or "@" in said.netloc:
            return False
        default = f":{_PORTS[said.scheme]}"
    except ValueError:
        return False
    return said.netloc.lower().removesuffix(default) == host.lower().removesuffix(default) != ""


def _host_name(host: str) -> str:
    """The name or address without brackets, port and a dot at the end; empty for what is no host."""
    if not re.fullmatch(r"\[[0-9A-Fa-f:.]+\](:\d{1,5})?|[A-Za-z0-9_.-]+(:\d{1,5})?", host):
        return ""
    name = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def strict(send: Send, own: bool, policy: str) -> Send:
    """Sends on with the headers that keep browsers strict. `own`: not to be kept by browsers."""

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


async def refuse(refusal: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a request, or an attempt to open a websocket, with an error."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})
        return
    await refusal_page(Headers(scope=scope), refusal)(scope, receive, send)
