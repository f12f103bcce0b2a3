"""A real receiver on loopback that does as it is told, and notes what it got."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
ANOTHER = "whsec_YW5vdGhlciBzZWNyZXQgb2YgMzIgYnl0ZXMhISEhISE="
PATIENCE_S = 60

Act = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Got:
    """A request."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_by(self, secret: str) -> bool:
        """By the formula of the specification."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        due = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{due}" in self.headers["webhook-signature"].split(" ")


class Receiver:
    """Refuses connections until `listen`; then answers 204, or as `acts` say, one for each request."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.came: SimpleQueue[Got] = SimpleQueue()
        self.acts: list[Act] = []
        self.released = threading.Event()
        """Ends every act that hangs."""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(), bind_and_activate=False)
        self.server.server_bind()  # nobody else gets the port while it is down
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook?of=us"

    def listen(self) -> Receiver:
        self.server.server_activate()
        self._thread.start()
        return self

    def close(self) -> None:
        self.released.set()
        if self._thread.is_alive():
            self.server.shutdown()
        self.server.server_close()

    def will(self, *acts: int | Act) -> None:
        self.acts += [act if callable(act) else status(act) for act in acts]

    def hang(self, request: BaseHTTPRequestHandler) -> None:
        self.released.wait(PATIENCE_S)

    def drip(self, request: BaseHTTPRequestHandler) -> None:
        """An answer that never ends, a letter at a time."""
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.released.wait(0.02):
            request.wfile.write(b"x")

    def flood(self, request: BaseHTTPRequestHandler) -> None:
        """Headers without end."""
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.released.is_set():
            request.wfile.write(b"X-More: x\r\n" * 100)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                receiver.got.append(got)
                receiver.came.put(got)
                act = receiver.acts.pop(0) if receiver.acts else status(204)
                try:
                    act(self)
                except OSError:  # the sender has gone
                    self.close_connection = True

            def log_message(self, *words: object) -> None:
                pass

        return Handler


def status(code: int, **headers: str) -> Act:
    """An answer of this status. Underscores in names of headers stand for dashes."""

    def act(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()

    return act


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """No answer."""
    request.connection.shutdown(socket.SHUT_RDWR)
