"""Around every request: an id, a measurement, and a line of the log where lines are JSON."""

from __future__ import annotations

import logging
import re
import time
import uuid
from dataclasses import dataclass
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review_app.http.log import FIELDS
from review_app.http.metrics import OPEN_PAGES, REQUEST_SECONDS

REQUEST_ID = "X-Request-ID"

_LOG = logging.getLogger("review_app.requests")
_NOTE = "review_app.note"
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


@dataclass
class RequestNote:
    """What is known of a request; those who handle it fill it in."""

    id: str
    """From the header X-Request-ID, or made here."""
    route: str = "other"
    """As the list of routes has it, such as /api/sample/{id}: never what was asked for, which may hold a secret."""
    person: int | None = None
    """Number of whoever asked, once that is known."""


def note_of(scope: Scope) -> RequestNote:
    """The note of a request, which all layers share."""
    return cast(RequestNote, scope.setdefault(_NOTE, RequestNote("")))


class RequestLog:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on, and takes note."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get(REQUEST_ID, "")
        note = scope[_NOTE] = RequestNote(asked if _ID.fullmatch(asked) else uuid.uuid4().hex)
        began = time.perf_counter()
        page = scope["type"] == "websocket"
        status = 101 if page else 500
        opened = False

        async def noting(message: Message) -> None:
            nonlocal status, opened
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = note.id
            elif message["type"] == "websocket.accept":
                opened = True
                OPEN_PAGES.inc()
            elif message["type"] == "websocket.close" and not opened:
                status = 403
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            if opened:
                OPEN_PAGES.dec()
            _take_note(scope, note, status, time.perf_counter() - began)


def _take_note(scope: Scope, note: RequestNote, status: int, seconds: float) -> None:
    method = "websocket" if scope["type"] == "websocket" else scope["method"]
    if method not in _METHODS and method != "websocket":
        method = "other"
    if status != 101:  # a page that was open for hours is no slow request
        REQUEST_SECONDS.labels(method, note.route, str(status)).observe(seconds)
    if _LOG.isEnabledFor(logging.INFO):
        fields = {
            "event": "request",
            "method": method,
            "route": note.route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "person": note.person,
            "request_id": note.id,
        }
        _LOG.info("%s %s %d", method, note.route, status, extra={FIELDS: fields})
