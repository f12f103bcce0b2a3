"""Passes requests and websockets on to the process of a workspace, and what it answers back.

What the process is told of the browser's address and scheme is written here, by what the hub itself knows; whatever a
client sends under these names is left out. Bodies are passed on piece by piece in both directions, at the speed of
whoever reads them. Each request has a connection of its own: there is none that ended in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import h11
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from review_app.http.errors import ApiError

Header = tuple[bytes, bytes]

LONGEST_MESSAGE = 2**25
"""Bytes of a message from a browser: Streamlit refuses a longer one."""

_PIECE = 65_536
_OPEN_S = 120
"""For a process that is just starting to take a websocket, on a busy machine."""
_OF_A_CONNECTION = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade", b"expect",
}  # fmt: skip
_SAID_BY_PROXIES = {b"forwarded", b"via", b"x-real-ip", b"true-client-ip"}
_RESTARTED = 1012
"""How a websocket is closed whose other end was lost; browsers connect again."""


def passed_on(scope: Scope, cookie: tuple[str, str] | None = None, without: Iterable[str] = ()) -> list[Header]:
    """The headers of a request as the process gets them: `cookie` is added, cookies named in `without` are left out.

    The scope is the one that `forwarded` has read: client and scheme are those of the browser.
    """
    named = {
        name.strip().lower()
        for key, value in scope["headers"]
        if key.lower() == b"connection"
        for name in value.split(b",")
    }
    left_out = _OF_A_CONNECTION | _SAID_BY_PROXIES | named | {b"cookie"}
    headers: list[Header] = [
        (key, value)
        for key, value in scope["headers"]
        if key.lower() not in left_out and not key.lower().startswith((b"x-forwarded-", b"sec-websocket-"))
    ]
    if cookies := _cookies(scope, cookie, set(without)):
        headers.append((b"cookie", cookies))
    client = scope.get("client")
    if client is not None:
        headers.append((b"x-forwarded-for", client[0].encode("ascii", "replace")))
    scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
    headers.append((b"x-forwarded-proto", scheme.encode()))
    return headers


async def pass_request(scope: Scope, receive: Receive, send: Send, address: Path, headers: list[Header]) -> None:
    """A request and its answer. Raises ApiError where the process is gone before it has begun to answer."""
    try:
        reader, writer = await asyncio.open_unix_connection(address)
    except OSError as error:
        raise _gone() from error
    exchange = _Exchange(reader, writer)
    try:
        writer.write(exchange.head(scope, headers))
        async with _running(exchange.send_body(receive), exchange.pass_answer(send)) as (sending, answering):
            done, _ = await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            if answering not in done and sending.exception() is not None:
                await asyncio.wait({answering})  # it may have answered without reading all
        # An answer that has begun is left without an end: the browser's connection is closed, and it sees that.
        lost = None if answering.cancelled() else answering.exception()
        if lost is not None and not exchange.began:
            raise _gone() from lost
    finally:
        writer.transport.abort()


@asynccontextmanager
async def _running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Tasks that are over afterwards; their errors are kept in them."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Exchange:
    """One request on a connection to the process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT)
        self.began = False
        """Whether the answer has begun."""

    def head(self, scope: Scope, headers: list[Header]) -> bytes:
        """The request without its body."""
        chunked = any(key.lower() == b"transfer-encoding" for key, _ in scope["headers"])
        framing: list[Header] = [(b"connection", b"close")]
        if chunked:  # which counts, where both are said
            headers = [(key, value) for key, value in headers if key.lower() != b"content-length"]
            framing.append((b"transfer-encoding", b"chunked"))
        try:
            event = h11.Request(method=scope["method"], target=target_of(scope), headers=[*headers, *framing])
            return self._http.send(event) or b""
        except h11.LocalProtocolError as error:
            raise ApiError(400, "bad_request", f"found a request that cannot be passed on: {error}") from error

    async def send_body(self, receive: Receive) -> None:
        """Sends the body, then waits until the client is gone."""
        while (message := await receive())["type"] != "http.disconnect":
            if self._http.our_state is not h11.SEND_BODY:
                continue
            if body := message.get("body", b""):
                self._write(h11.Data(data=body))
            if not message.get("more_body", False):
                self._write(h11.EndOfMessage())
            await self._writer.drain()

    async def pass_answer(self, send: Send) -> None:
        """From the status to the last byte."""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(_PIECE))
            elif isinstance(event, h11.Response):
                self.began = True
                kept = [(k, v) for k, v in event.headers.raw_items() if k.lower() not in _OF_A_CONNECTION]
                await send({"type": "http.response.start", "status": event.status_code, "headers": kept})
            elif isinstance(event, h11.Data):
                await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
            elif isinstance(event, h11.EndOfMessage):
                await send({"type": "http.response.body", "body": b""})
                return
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("closed without an answer")

    def _write(self, event: h11.Data | h11.EndOfMessage) -> None:
        self._writer.write(self._http.send(event) or b"")


async def pass_websocket(scope: Scope, receive: Receive, send: Send, address: Path, headers: list[Header]) -> None:
    """A websocket, message by message. It is refused where the process refuses it, or is gone."""
    await receive()
    host = next((value for key, value in headers if key == b"host"), b"").decode("latin-1")
    others = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in headers if key != b"host"]
    try:
        upstream = await unix_connect(
            str(address),
            f"ws://{host}{target_of(scope).decode('latin-1')}",
            additional_headers=others,
            subprotocols=[Subprotocol(each) for each in scope["subprotocols"]] or None,
            compression=None,
            user_agent_header=None,
            open_timeout=_OPEN_S,
            ping_interval=None,  # the browser's connection has pings, and this one ends with the process
            max_size=None,
        )
    except (OSError, InvalidHandshake, InvalidURI, ConnectionClosed, ValueError, EOFError) as error:
        refused = isinstance(error, InvalidStatus) and error.response.status_code == 403
        await send({"type": "websocket.close", "code": 1008 if refused else _RESTARTED})
        return
    try:
        await send({"type": "websocket.accept", "subprotocol": upstream.subprotocol})
        async with _running(_down(upstream, send), _up(receive, upstream)) as tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        upstream.transport.abort()


async def _down(upstream: ClientConnection, send: Send) -> None:
    """From the process to the browser, until the process closes it."""
    with suppress(ConnectionClosed):
        while True:
            data = await upstream.recv()
            await send({"type": "websocket.send", "text" if isinstance(data, str) else "bytes": data})
    closed = upstream.protocol.close_rcvd
    said: dict[str, Any] = {"code": _RESTARTED} if closed is None else {"code": closed.code, "reason": closed.reason}
    await send({"type": "websocket.close", **said})


async def _up(receive: Receive, upstream: ClientConnection) -> None:
    """From the browser to the process, until the browser closes it."""
    while (message := await receive())["type"] == "websocket.receive":
        data = message.get("bytes")
        await upstream.send(message["text"] if data is None else data)
    code = message.get("code", 1000)
    await upstream.close(code if code in range(1000, 1004) or code in range(3000, 5000) else 1001)


async def status_of(address: Path, path: str) -> int:
    """The status with which the process answers a GET. Raises OSError where it does not answer."""
    reader, writer = await asyncio.open_unix_connection(address)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readline()
    finally:
        writer.transport.abort()
    words = line.split()
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionResetError("closed without an answer")
    return int(words[1])


def target_of(scope: Scope) -> bytes:
    """Path and query as they were sent."""
    query: bytes = scope["query_string"]
    path: bytes = scope["raw_path"]
    return path + (b"?" + query if query else b"")


def _cookies(scope: Scope, added: tuple[str, str] | None, without: set[str]) -> bytes:
    if added is not None:
        without.add(added[0])
    sent = [part.strip() for key, value in scope["headers"] if key.lower() == b"cookie" for part in value.split(b";")]
    kept = [part for part in sent if part and part.partition(b"=")[0].strip().decode("latin-1") not in without]
    return b"; ".join([*kept, *([] if added is None else [f"{added[0]}={added[1]}".encode()])])


def _gone() -> ApiError:
    return ApiError(
        503, "not_ready", "the server of this workspace is starting or has ended; try again", retry_after_s=2
    )
