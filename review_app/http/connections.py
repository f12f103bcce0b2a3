"""Bounds on connections: how long a client may take, how much it may send, and how many there may be.

uvicorn waits for ever for the rest of a request, and takes connections until the process has no file descriptor left.
The protocols here end what a slow client holds, and answer 503 before the end. They know connections alone, not
sessions: whoever is signed in or not, the bounds are the same, and a class of 60 behind one address stays below them.
"""

from __future__ import annotations

import asyncio
import json
import resource
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from review_app.http.proxies import Network

WEBSOCKET = 4
"""File descriptors that a websocket takes: its own, and three of the event loop that Streamlit makes for a session."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Seconds, bytes and file descriptors."""

    head_s: float = 15
    """For a request up to the end of its headers; a first one counts from when the connection was made."""
    body_s: float = 20
    """For the body, and a second more for each `body_rate` bytes that have come."""
    body_rate: int = 4096
    unread_s: float = 30
    """For a client to go on reading what it asked for."""
    head_bytes: int = 65_536
    """Headers of one request, beyond the first piece that arrives."""
    kept: int = 512
    """Descriptors that connections leave alone: the database, pictures, and 128 sessions that Streamlit remembers for
    two minutes after their browser is gone, three each. Where there are few in all: half of them."""
    of_address: int = 640
    """Descriptors for connections from one address: a class of 60 with a websocket and six connections each. Where
    there are many in all, half of them; where there are few, all but a sixteenth."""
    turned_away: int = 64
    """Connections at once that are told why they are not let in; more are closed without a word."""


LIMITS = ConnectionLimits()


class Places:
    """Who holds how many file descriptors of those that connections may take. For one event loop."""

    def __init__(
        self, descriptors: int, trusted_proxies: Sequence[Network] = (), limits: ConnectionLimits = LIMITS
    ) -> None:
        """`descriptors`: of the process; behind a trusted proxy people have no address of their own, so it has no
        bound but that of all.
        """
        self.limits = limits
        self.total = max(descriptors - limits.kept, descriptors // 2)
        self.of_address = max(min(limits.of_address, self.total - self.total // 16), self.total // 2)
        self.taken = 0
        self.turned_away = 0
        self._by_address: Counter[str] = Counter()
        self._trusted = trusted_proxies

    def take(self, client: str, descriptors: int = 1) -> bool:
        """Whether so many more were free, for this client's address too; they are taken then."""
        if self.taken + descriptors > self.total:
            return False
        counted = counted_as(client)
        if self._by_address[counted] + descriptors > self.of_address and not self._is_proxy(client):
            return False
        self.taken += descriptors
        self._by_address[counted] += descriptors
        return True

    def give_back(self, client: str, descriptors: int) -> None:
        """What was taken."""
        counted = counted_as(client)
        self.taken -= descriptors
        self._by_address[counted] -= descriptors
        if not self._by_address[counted]:
            del self._by_address[counted]

    def _is_proxy(self, client: str) -> bool:
        if not client:  # by a socket of the hub, which bounds the addresses itself
            return True
        with suppress(ValueError):
            found = ip_address(client)
            return any(found in network for network in self._trusted)
        return False


def raise_descriptor_limit() -> int:
    """Lets this process open as many files as the system allows it to; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS says "infinity" and allows 10,240; more than a million helps nobody.
    for wanted in (1_048_576, 65_536, 10_240):
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and allowed > soft:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
                return allowed
    return 1_048_576 if soft == resource.RLIM_INFINITY else soft


def counted_as(client: str) -> str:
    """What an address is counted as: of IPv6 the network of 64 bits that one customer has."""
    with suppress(ValueError):
        found = ip_address(client.partition("%")[0])
        if isinstance(found, IPv6Address):
            return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return client


class _Unread:
    """Ends a connection whose client does not read: a transport that is closed first waits for that."""

    transport: asyncio.Transport

    def __init__(self, limits: ConnectionLimits) -> None:
        self._seconds = limits.unread_s
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """From now on."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self.transport.abort)

    def stop(self) -> None:
        """It reads, or is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _ReadInTime(asyncio.Protocol):
    """A protocol whose client is bounded in how long it may leave unread what it asked for."""

    _unread: _Unread

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        self._unread.begin()

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        self._unread.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is left to read."""
        super().connection_lost(exc)
        self._unread.stop()


class Connection(_ReadInTime, HttpToolsProtocol):
    """uvicorn's connection for HTTP, with bounds. Whether a client is late is looked at when something arrives and when
    a timer runs out, never in a loop over all connections.
    """

    def __init__(self, *args: Any, places: Places, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places
        self._limits = places.limits
        self._let_in = False
        self._in_body = False
        self._head_bytes = 0
        self._deadline = 0.0
        self._waits_for = ""
        """Part of a request that is on its way: head, body, or empty."""
        self._timer: asyncio.TimerHandle | None = None
        self._unread = _Unread(self._limits)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Lets it in, or says why not."""
        super().connection_made(transport)
        self._unread.transport = transport
        self._let_in = self._places.take(_address(self.client))
        if self._let_in:
            self._wait_for("head", self._limits.head_s)
        else:
            self._turn_away()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its place back."""
        super().connection_lost(exc)
        self._wait_for("")
        if self._let_in:
            self._places.give_back(_address(self.client), 1)
        else:
            self._places.turned_away -= 1

    def data_received(self, data: bytes) -> None:
        """A part of a request; what a client that was turned away sends is not looked at."""
        if not self._let_in:
            return
        if not self._in_body:
            self._head_bytes += len(data)
        before = self.cycle
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            self._wait_for("")
        elif self._in_body:
            if self._waits_for != "body" or self.cycle is not before:
                self._wait_for("body", self._limits.body_s)
            else:
                self._deadline += len(data) / self._limits.body_rate
        elif self.cycle is not None and not self.cycle.response_complete:
            self._wait_for("")
        elif self._head_bytes > self._limits.head_bytes:
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers", "the headers are too long")
        elif self._waits_for != "head":
            self._wait_for("head", self._limits.head_s)

    def on_message_begin(self) -> None:
        """The first byte of a request; the piece it came in counts as one."""
        self._head_bytes = 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The body begins."""
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._in_body = False
        self._head_bytes = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Becomes a websocket, which takes more descriptors."""
        if self._places.take(_address(self.client), WEBSOCKET - 1):
            self._wait_for("")
            self._unread.stop()
            super().handle_websocket_upgrade()
        else:
            self._end(HTTPStatus.SERVICE_UNAVAILABLE, "full", _FULL, _RETRY)

    def timeout_keep_alive_handler(self) -> None:
        """Closed for want of another request, even where the last reply was not read."""
        super().timeout_keep_alive_handler()
        self._unread.begin()

    def shutdown(self) -> None:
        """The server stops: it lets requests that are whole end, and waits for no other."""
        super().shutdown()
        if self._in_body:
            self.transport.close()

    def _wait_for(self, part: str, seconds: float = 0.0) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waits_for = part
        if part:
            self._deadline = self.loop.time() + seconds
            self._timer = self.loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        """At a part of a request, when it should have come."""
        self._timer = None
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        if self._waits_for == "body" and (self.flow.read_paused or self.cycle.waiting_for_100_continue):
            self._wait_for("body", self._limits.body_s)  # it is we who do not read
        elif self._deadline > self.loop.time():
            self._timer = self.loop.call_at(self._deadline, self._look)
        elif self._waits_for == "head" and not self._head_bytes:
            self.transport.close()  # a browser that connects before it has anything to ask
        else:
            self._end(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the request did not come to its end; send it again")

    def _end(self, status: HTTPStatus, code: str, text: str, *headers: bytes) -> None:
        """Closes it, with a reply unless there is one already."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_reply(status, code, text, *headers))
        self.transport.close()
        self._unread.begin()

    def _turn_away(self) -> None:
        self._places.turned_away += 1
        if self._places.turned_away > self._limits.turned_away:
            self.transport.abort()
            return
        self.transport.write(_reply(HTTPStatus.SERVICE_UNAVAILABLE, "full", _FULL, _RETRY))
        self.transport.write_eof()
        # Closed at once, with a request unread, the system would send a reset, which may overtake the reply.
        self.loop.call_later(1, self.transport.abort)


class WebSocket(_ReadInTime, WebSocketsSansIOProtocol):
    """uvicorn's websocket, which gives its place back; a page that does not read is closed."""

    def __init__(self, *args: Any, places: Places, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places
        self._unread = _Unread(places.limits)
        self._shut_down = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Taken over from a `Connection`, with the place of that."""
        super().connection_made(transport)
        self._unread.transport = self.transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its place back."""
        super().connection_lost(exc)
        self._places.give_back(_address(self.client), WEBSOCKET)

    def shutdown(self) -> None:
        """The server stops: said once, as uvicorn cannot close a second time what a slow page has not taken yet."""
        if not self._shut_down:
            self._shut_down = True
            super().shutdown()


def protocols(places: Places) -> tuple[Any, Any]:
    """What uvicorn calls for a connection and for a websocket."""
    return partial(Connection, places=places), partial(WebSocket, places=places)


def _address(client: tuple[str, int] | None) -> str:
    return "" if client is None else client[0]


_FULL = "the server has as many connections as it can take; try again in a few seconds"
_RETRY = b"retry-after: 5"


def _reply(status: HTTPStatus, code: str, text: str, *headers: bytes) -> bytes:
    """In the words of the routes, see `http.errors`."""
    body = json.dumps({"error": text, "code": code}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}".encode(),
        b"content-type: application/json",
        b"cache-control: no-store",
        b"x-content-type-options: nosniff",
        b"connection: close",
        f"content-length: {len(body)}".encode(),
        *headers,
    )
    return b"\r\n".join((*head, b"", body))
