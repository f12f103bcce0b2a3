"""Visitors of the review app's own routes: Starlette's test client in front of a real workspace, without Streamlit."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import uuid
from collections.abc import MutableMapping
from contextlib import closing
from typing import Any

import httpx2 as httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from review_app.auth.endpoint import TOKEN_HEADER
from review_app.routes import all_middleware
from review_app.settings import AppSettings
from scn_core.workspace.folder import Workspace

BASE = "http://127.0.0.1:8501"
STREAMLIT = "a page of Streamlit's"
PASSWORD = "correct horse battery"


async def _streamlit(request: Request) -> Response:
    return PlainTextResponse(STREAMLIT)


class Visitor:
    """One browser at an IP address. `token` is sent with every change, once signed in."""

    def __init__(self, settings: AppSettings, base: str = BASE, *, address: str = "127.0.0.1") -> None:
        app = Starlette(
            routes=[Route("/{rest:path}", _streamlit, methods=["GET", "POST"])], middleware=all_middleware(settings)
        )
        self.app = app
        self.settings = settings
        self.client = TestClient(app, base, follow_redirects=False, client=(address, 50000))
        self.token = ""

    def sign_in(self, name: str, password: str | None = None) -> Visitor:
        answer = self.log_in(name=name, **({} if password is None else {"password": password}))
        assert answer.status_code == 303, answer.text
        self.token = self.get("/api/token").json()["token"]
        return self

    def log_in(self, origin: str = BASE, **fields: str) -> httpx.Response:
        return self.client.post("/login", data=fields, headers={"Origin": origin})

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def get_raw(self, path: str) -> tuple[int, bytes]:
        """Status and body for a path as it is: clients and browsers put dots in order before they send."""
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        cookie = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        headers = [(b"host", b"127.0.0.1:8501"), (b"cookie", cookie.encode())]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8501),
        }  # fmt: skip

        async def ask() -> None:
            await self.app(scope, receive, send)

        asyncio.run(ask())
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """`body`: JSON, or bytes as they are. `headers` replace those a page sends; empty ones are left out."""
        sent = {"Origin": BASE, TOKEN_HEADER: self.token, "Content-Type": "application/json"} | headers
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, content=content, headers={k: v for k, v in sent.items() if v})

    def page(self, round_id: int = 1, *, limit: int = 10, **body: Any) -> Page:
        """The next open faces, leased."""
        answer = self.post("/api/page", {"round": round_id, "filter": {}, "limit": limit} | body)
        assert answer.status_code == 200, answer.text
        return Page(answer.content)

    def decide(self, *decisions: dict[str, Any]) -> httpx.Response:
        return self.post("/api/decisions", {"decisions": list(decisions)})


class Page:
    """A packed response, unpacked."""

    def __init__(self, packed: bytes) -> None:
        length = int.from_bytes(packed[:4], "big")
        self.header: dict[str, Any] = json.loads(packed[4 : 4 + length])
        self.tiles: list[dict[str, Any]] = self.header["items"]
        self._blobs = packed[4 + length :]

    def thumb(self, tile: dict[str, Any]) -> bytes:
        offset, length = tile["thumb"]
        return self._blobs[offset : offset + length]


def keep(tile: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A decision that keeps the given label of a tile."""
    new = {"id": str(uuid.uuid4()), "round": 1, "sample": tile["sample"], "action": "keep", "label": tile["given"]}
    return new | changes


def contents(workspace: Workspace) -> list[str]:
    """All of the database: every table's every row, as SQL."""
    with closing(sqlite3.connect(workspace.database_file)) as db:
        return list(db.iterdump())


def rows(workspace: Workspace, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(workspace.database_file)) as db:
        return db.execute(sql, values).fetchall()
