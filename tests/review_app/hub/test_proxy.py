"""What the hub passes on to the process of a workspace, and back: an app of these tests on a real unix socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from review_app.http.errors import ApiError
from review_app.hub.proxy import Header, pass_request, pass_websocket, passed_on, status_of, target_of

PATIENCE_S = 60

App = Callable[[Scope, Receive, Send], Awaitable[None]]


def scope_of(*headers: tuple[str, str], kind: str = "http", **changes: Any) -> Scope:
    sent = [(b"host", b"review.example.org")] + [(name.encode(), value.encode()) for name, value in headers]
    return {
        "type": kind, "method": "GET", "scheme": "http", "path": "/one/a b", "raw_path": b"/one/a%20b",
        "query_string": b"x=%2F", "client": ("203.0.113.9", 40000), "headers": sent, "subprotocols": [],
    } | changes  # fmt: skip


class Browser:
    """The other end of the hub: what it sends, one message after another, and what it got."""

    def __init__(self, *messages: Message) -> None:
        self.to_send: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            self.to_send.put_nowait(message)
        self.got: list[Message] = []

    async def receive(self) -> Message:
        return await self.to_send.get()

    async def send(self, message: Message) -> None:
        self.got.append(message)

    @property
    def status(self) -> int:
        return int(self.got[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.got[0]["headers"])

    @property
    def body(self) -> bytes:
        assert self.got[-1].get("more_body", False) is False
        return b"".join(message["body"] for message in self.got[1:])


@asynccontextmanager
async def at_socket(folder: Path, app: App) -> AsyncIterator[Path]:
    """A server for `app`, as a workspace's process has one."""
    address = folder / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="websockets-sansio"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield address
        finally:
            server.should_exit = server.force_exit = True
            await serving


def run(folder: Path, app: App, test: Callable[[Path], Awaitable[None]]) -> None:
    async def within() -> None:
        async with at_socket(folder, app) as address, asyncio.timeout(PATIENCE_S):
            await test(address)

    asyncio.run(within())


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body that came, piece by piece, and tells in headers what it was asked."""
    told: list[Header] = [
        (b"x-asked", scope["method"].encode() + b" " + scope["raw_path"] + b"?" + scope["query_string"])
    ]
    told += [(b"x-got-" + name, value) for name, value in scope["headers"]]
    told += [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    await send({"type": "http.response.start", "status": 201, "headers": told})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})


@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_and_its_answer_come_through_whole(tmp_path: Path, chunked: bool) -> None:
    pieces = [bytes([number]) * 100_000 for number in range(12)]
    framing = ("transfer-encoding", "chunked") if chunked else ("content-length", "1200000")

    async def test(address: Path) -> None:
        browser = Browser(
            *({"type": "http.request", "body": piece, "more_body": True} for piece in pieces),
            {"type": "http.request", "body": b"", "more_body": False},
        )
        scope = scope_of(framing, ("authorization", "Bearer x"), method="POST")
        await pass_request(scope, browser.receive, browser.send, address, passed_on(scope))
        assert browser.status == 201
        assert browser.body == b"".join(pieces)
        assert len(browser.got) > 3  # not gathered first
        assert browser.headers[b"x-asked"] == b"POST /one/a%20b?x=%2F"
        assert browser.headers[b"x-got-authorization"] == b"Bearer x"
        assert [value for name, value in browser.got[0]["headers"] if name == b"set-cookie"] == [b"a=1", b"b=2"]
        assert b"transfer-encoding" not in browser.headers

    run(tmp_path, echo, test)


def test_what_is_asked_with_both_framings_is_passed_on_as_chunked(tmp_path: Path) -> None:
    """The two ends must not differ on where a request ends."""
    sent: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.readuntil(b"0\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def test() -> None:
        async with await asyncio.start_unix_server(answer, tmp_path / "socket"), asyncio.timeout(PATIENCE_S):
            browser = Browser({"type": "http.request", "body": b"abcdef", "more_body": False})
            scope = scope_of(("content-length", "3"), ("transfer-encoding", "chunked"), method="POST")
            await pass_request(scope, browser.receive, browser.send, tmp_path / "socket", passed_on(scope))
            assert browser.status == 204

    asyncio.run(test())
    head, _, body = sent[0].partition(b"\r\n\r\n")
    assert b"content-length" not in head.lower()
    assert body == b"6\r\nabcdef\r\n0\r\n\r\n"


def test_only_the_hub_says_where_a_request_comes_from() -> None:
    scope = scope_of(
        ("X-Forwarded-For", "127.0.0.1"), ("x-forwarded-for", "10.0.0.1"), ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443"), ("Forwarded", "for=127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"), ("Connection", "keep-alive, X-Secret"), ("X-Secret", "1"), ("Keep-Alive", "5"),
        ("Upgrade", "h2c"), ("TE", "trailers"), ("Expect", "100-continue"), ("Accept", "*/*"),
    )  # fmt: skip
    assert passed_on(scope) == [
        (b"host", b"review.example.org"), (b"Accept", b"*/*"), (b"x-forwarded-for", b"203.0.113.9"),
        (b"x-forwarded-proto", b"http"),
    ]  # fmt: skip
    assert passed_on(scope_of(scheme="wss"))[-1] == (b"x-forwarded-proto", b"https")


def test_cookies_of_the_hub_stay_there_and_a_session_cannot_be_made_up() -> None:
    scope = scope_of(("cookie", "hub=token; scn_session_1=mine; kept=1"), ("cookie", "hub=other; b=2"))
    passed = dict(passed_on(scope, ("scn_session_1", "derived"), ("hub",)))
    assert passed[b"cookie"] == b"kept=1; b=2; scn_session_1=derived"
    assert b"cookie" not in dict(passed_on(scope_of(("cookie", "hub=token")), None, ("hub",)))


def test_a_process_that_is_gone_is_told_as_such(tmp_path: Path) -> None:
    async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def test() -> None:
        browser = Browser({"type": "http.request", "body": b"", "more_body": False})
        scope = scope_of()
        with pytest.raises(ApiError) as nobody:
            await pass_request(scope, browser.receive, browser.send, tmp_path / "none", passed_on(scope))
        async with await asyncio.start_unix_server(closes, tmp_path / "socket"):
            with pytest.raises(ApiError) as ended:
                await pass_request(scope, browser.receive, browser.send, tmp_path / "socket", passed_on(scope))
            with pytest.raises(OSError, match="closed"):
                await status_of(tmp_path / "socket", "/ready")
        assert (nobody.value.status, ended.value.status) == (503, 503)
        assert browser.got == []

    asyncio.run(test())


def test_an_answer_that_breaks_off_is_left_without_an_end(tmp_path: Path) -> None:
    async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        writer.close()

    async def test() -> None:
        async with await asyncio.start_unix_server(breaks_off, tmp_path / "socket"), asyncio.timeout(PATIENCE_S):
            browser = Browser({"type": "http.request", "body": b"", "more_body": False})
            scope = scope_of()
            await pass_request(scope, browser.receive, browser.send, tmp_path / "socket", passed_on(scope))
        assert [message.get("body") for message in browser.got] == [None, b"half"]
        assert browser.got[-1]["more_body"] is True

    asyncio.run(test())


def test_who_leaves_a_long_download_ends_it_at_the_process_too(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()

    async def test(address: Path) -> None:
        browser = Browser({"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"})
        scope = scope_of()
        await pass_request(scope, browser.receive, browser.send, address, passed_on(scope))
        await ended.wait()

    run(tmp_path, endless, test)


def test_a_websocket_is_passed_on_message_by_message(tmp_path: Path) -> None:
    asked: list[Scope] = []

    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope)
        await receive()
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
        for _ in range(2):
            message = await receive()
            await send({**message, "type": "websocket.send"})
        await send({"type": "websocket.close", "code": 4001, "reason": "enough"})

    async def test(address: Path) -> None:
        browser = Browser(
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": "ä"},
            {"type": "websocket.receive", "bytes": b"\0" * 3_000_000},
        )
        scope = scope_of(
            ("origin", "https://review.example.org"), ("sec-websocket-key", "x"), kind="websocket",
            subprotocols=["streamlit", "token"],
        )  # fmt: skip
        headers = passed_on(scope, ("session", "s"))
        await pass_websocket(scope, browser.receive, browser.send, address, headers)
        assert browser.got == [
            {"type": "websocket.accept", "subprotocol": "streamlit"},
            {"type": "websocket.send", "text": "ä"},
            {"type": "websocket.send", "bytes": b"\0" * 3_000_000},
            {"type": "websocket.close", "code": 4001, "reason": "enough"},
        ]
        got = dict(asked[0]["headers"])
        assert asked[0]["raw_path"] + b"?" + asked[0]["query_string"] == target_of(scope)
        assert (got[b"host"], got[b"origin"]) == (b"review.example.org", b"https://review.example.org")
        assert (got[b"cookie"], got[b"x-forwarded-for"]) == (b"session=s", b"203.0.113.9")
        assert asked[0]["subprotocols"] == ["streamlit", "token"]

    run(tmp_path, talk, test)


def test_a_browser_that_closes_its_websocket_closes_it_at_the_process(tmp_path: Path) -> None:
    heard: list[Message] = []
    over = asyncio.Event()

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        heard.append(await receive())
        over.set()

    async def test(address: Path) -> None:
        browser = Browser({"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001})
        scope = scope_of(kind="websocket")
        await pass_websocket(scope, browser.receive, browser.send, address, passed_on(scope))
        await over.wait()
        assert (heard[0]["type"], heard[0]["code"]) == ("websocket.disconnect", 1001)

    run(tmp_path, listen, test)


def test_a_websocket_that_is_refused_is_refused(tmp_path: Path) -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    async def test(address: Path) -> None:
        for place, code in ((address, 1008), (tmp_path / "none", 1012)):
            browser = Browser({"type": "websocket.connect"})
            scope = scope_of(kind="websocket")
            await pass_websocket(scope, browser.receive, browser.send, place, passed_on(scope))
            assert browser.got == [{"type": "websocket.close", "code": code}]

    run(tmp_path, refuse, test)
