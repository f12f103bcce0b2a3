"""What a hostile or broken client does to a server, with nothing but sockets."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from contextlib import suppress

PATIENCE_S = 60
"""For a machine that is busy with other things."""

HOST = "127.0.0.1"
HALF_HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "


class Client:
    """A connection, from an address of this machine's own."""

    def __init__(self, port: int, source: str = HOST, *, window: int | None = None) -> None:
        """`window`: bytes that the system takes in for a client that does not read."""
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        if window is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.bind((source, 0))
        self.socket.connect((HOST, port))
        self.host = f"{HOST}:{port}".encode()

    def send(self, data: bytes) -> Client:
        """As it is; what a server that has closed does not take is not an error here."""
        with suppress(OSError):
            self.socket.sendall(data)
        return self

    def get(self, path: bytes = b"/") -> Client:
        """Asks for something as an honest client does."""
        return self.send(b"GET " + path + b" HTTP/1.1\r\nHost: " + self.host + b"\r\n\r\n")

    def half_post(self, path: bytes, sent: bytes, said: int) -> Client:
        """A request that says its body has so many bytes, and sends these."""
        head = b"POST " + path + b" HTTP/1.1\r\nHost: " + self.host + b"\r\nOrigin: http://" + self.host
        form = b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        return self.send(head + form + str(said).encode() + b"\r\n\r\n" + sent)

    def websocket(self, path: bytes = b"/") -> Client:
        """Asks for a websocket."""
        head = (
            b"GET " + path + b" HTTP/1.1\r\nHost: " + self.host + b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        )
        return self.send(head + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")

    def reply(self) -> bytes:
        """What comes first; empty: the server has closed without a word. TimeoutError: nothing comes."""
        with suppress(ConnectionError):
            return self.socket.recv(65_536)
        return b""

    def rest(self) -> bytes:
        """All that comes until the server closes. TimeoutError: it does not."""
        found = b""
        while piece := self.reply():
            found += piece
        return found

    def close(self) -> None:
        """As a browser does."""
        self.socket.close()


def mischief(port: int, chance: random.Random, source: str = HOST) -> Client:
    """A client that does one of the things no honest one does, by chance; it is left open."""
    client = Client(port, source)
    ways: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: client.send(HALF_HEAD),
        lambda: client.send(b"\r\n" * chance.randrange(1, 50)),
        lambda: client.send(chance.randbytes(chance.randrange(1, 500))),
        lambda: client.half_post(b"/", b"x", chance.randrange(2, 10_000)),
        lambda: client.get().get().get(),
        lambda: client.websocket().send(chance.randbytes(chance.randrange(1, 500))),
        lambda: client.websocket().close(),
        lambda: client.half_post(b"/", b"x" * 100_000, 200_000).close(),
        lambda: client.send(b"GET /" + b"a" * chance.randrange(100_000)).close(),
    )
    chance.choice(ways)()
    return client
