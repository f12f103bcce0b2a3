"""Clients that are slow, silent or many: they end, everybody else is answered, and the server stops when told to."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import IO

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from review_app.http.bounded_server import BoundedServer, StopLimits
from review_app.http.connections import (
    LIMITS,
    WEBSOCKET,
    ConnectionLimits,
    Places,
    counted_as,
    raise_descriptor_limit,
)
from review_app.http.proxies import read_network
from scn_core.workspace.folder import Workspace
from tests.browser.server import REPOSITORY, Served
from tests.faults.attack import HALF_HEAD, HOST, PATIENCE_S, Client, mischief
from tests.faults.conftest import KILLS

BIG = 20_000_000


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads all of a request, and says how long its body was; /big says a lot, /unread reads nothing."""

    async def says(status: int, length: int, body: bytes = b"") -> None:
        headers = [(b"content-length", str(length or len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": bool(length)})

    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    size, more = 0, scope["path"] != "/unread"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    if scope["path"] == "/big":
        await says(200, BIG)
        for piece in range(20):
            await send({"type": "http.response.body", "body": bytes(BIG // 20), "more_body": piece < 19})
    else:
        await says(413 if scope["path"] == "/unread" else 200, 0, str(size).encode())


class Server:
    """`app` behind the bounds, in a thread."""

    def __init__(self, limits: ConnectionLimits, descriptors: int, told_s: float) -> None:
        self.places = Places(descriptors, limits=limits)
        self.clients: list[Client] = []
        self.listening = socket.socket()
        self.listening.bind((HOST, 0))
        self.listening.listen(200)
        self.port = int(self.listening.getsockname()[1])
        config = uvicorn.Config(app, lifespan="off", log_config=None, ws_ping_interval=None, timeout_keep_alive=1)
        self.server = BoundedServer(config, self.places, StopLimits(told_s, requests_s=0.5))
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listening]}, daemon=True)
        self._thread.start()

    def client(self, source: str = HOST, window: int | None = None) -> Client:
        self.clients.append(Client(self.port, source, window=window))
        return self.clients[-1]

    def stop(self) -> None:
        """Raises AssertionError where it does not."""
        self.server.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "it waits for somebody"

    def until_taken(self, descriptors: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.places.taken != descriptors:
            assert time.monotonic() < deadline, f"{self.places.taken} are taken"
            time.sleep(0.01)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(descriptors: int = 1024, told_s: float = 0.0, **limits: float) -> Server:
        started.append(Server(ConnectionLimits(**limits), descriptors, told_s))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for server in started:
        server.stop()
        server.listening.close()
        for client in server.clients:
            client.close()


def test_whoever_does_not_end_a_request_is_told_and_closed(serve: Callable[..., Server]) -> None:
    server = serve(head_s=0.2, body_s=0.2, body_rate=10**9)
    silent, half, blank = server.client(), server.client().send(HALF_HEAD), server.client().send(b"\r\n")
    body = server.client().half_post(b"/", b"name=", 100)
    dripping = server.client().send(HALF_HEAD)
    deadline = time.monotonic() + PATIENCE_S
    while server.places.taken and time.monotonic() < deadline:
        dripping.send(b"a")
    assert silent.rest() == b""
    for late in (half, body, blank, dripping):
        assert late.rest().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    server.until_taken(0)


def test_a_whole_request_is_waited_for(serve: Callable[..., Server]) -> None:
    server = serve()
    client = server.client()
    for piece in (b"GET / HT", b"TP/1.1\r\nHo", b"st: x\r", b"\n\r\n"):
        client.send(piece)
        time.sleep(0.01)
    assert client.reply().endswith(b"\r\n\r\n0")
    client.half_post(b"/", b"a" * 70_000, 100_000).send(b"a" * 30_000)
    assert client.reply().endswith(b"\r\n\r\n100000")
    client.half_post(b"/unread", b"a" * 70_000, 1_000_000)  # refused before it is read, to the end of it
    assert client.reply().startswith(b"HTTP/1.1 413")
    client.send(b"a" * 930_000).get()
    assert client.reply().endswith(b"\r\n\r\n0")


def test_headers_without_end_are_refused(serve: Callable[..., Server]) -> None:
    client = serve(head_bytes=1000).client().send(HALF_HEAD)
    for _ in range(100):
        client.send(b"a" * 100)
    assert client.rest().startswith(b"HTTP/1.1 431 ") or client.rest() == b""  # a reset may overtake the reply


def test_one_address_cannot_take_all_places(serve: Callable[..., Server]) -> None:
    server = serve(24, kept=4, of_address=8)
    assert (server.places.total, server.places.of_address) == (20, 10)
    held = [server.client().send(HALF_HEAD) for _ in range(10)]
    server.until_taken(10)
    refused = server.client().get().rest()
    head, _, body = refused.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nretry-after: 5" in head
    assert json.loads(body)["code"] == "full"
    assert server.client("127.0.0.2").get().reply().startswith(b"HTTP/1.1 200")
    held.pop().close()
    server.until_taken(10)  # nine of the first, one of the second
    assert server.client().get().reply().startswith(b"HTTP/1.1 200")


def test_a_websocket_takes_what_its_session_does(serve: Callable[..., Server]) -> None:
    server = serve(16, kept=4, of_address=8)
    sockets = [server.client().websocket() for _ in range(2)]
    for each in sockets:
        assert each.reply().startswith(b"HTTP/1.1 101")
    server.until_taken(2 * WEBSOCKET)
    assert server.client("127.0.0.2").websocket().reply().startswith(b"HTTP/1.1 101")
    assert server.client("127.0.0.3").websocket().rest().startswith(b"HTTP/1.1 503")
    for each in sockets:
        each.close()
    server.until_taken(WEBSOCKET)


def test_a_reply_that_nobody_reads_is_ended(serve: Callable[..., Server]) -> None:
    server = serve(unread_s=0.2)
    client = server.client(window=4096).get(b"/big")
    assert client.reply().startswith(b"HTTP/1.1 200")
    server.until_taken(0)


def test_it_stops_whoever_holds_it(serve: Callable[..., Server]) -> None:
    server = serve(head_s=600, body_s=600, unread_s=600)
    server.client().send(HALF_HEAD)
    server.client().half_post(b"/", b"name=", 100)
    server.client().half_post(b"/", b"a" * 100_000, 200_000)
    server.client().websocket()
    server.client().get(b"/big")
    server.client()
    server.until_taken(5 + WEBSOCKET)
    server.stop()


def test_told_to_stop_it_tells_pages_and_answers_until_all_are_gone(serve: Callable[..., Server]) -> None:
    server = serve(told_s=PATIENCE_S * 2, body_s=600)
    page, half = server.client().websocket(), server.client().half_post(b"/", b"a", 10)
    assert page.reply().startswith(b"HTTP/1.1 101")
    server.until_taken(1 + WEBSOCKET)
    server.server.should_exit = True
    assert page.rest().endswith(b"\x88\x02" + (1012).to_bytes(2, "big")), "closed as by a server that restarts"
    assert server.client().get().reply().startswith(b"HTTP/1.1 200")
    assert half.send(b"a" * 9).reply().endswith(b"10")
    server.stop()


_HANGS = """
import signal, time, uvicorn
from review_app.http.bounded_server import BoundedServer, StopLimits
from review_app.http.connections import Places
server = BoundedServer(uvicorn.Config(None), Places(100), StopLimits(all_s=0.1))
server.handle_exit(signal.SIGTERM, None)
time.sleep(3600)
"""


def test_what_hangs_for_good_is_left_behind() -> None:
    command = [sys.executable, "-c", _HANGS]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=PATIENCE_S, check=True)
    assert done.stderr == b"something did not end in time; stopped without it\n"


def test_mischief_leaves_no_place_taken(serve: Callable[..., Server]) -> None:
    server = serve(200, head_s=0.5, body_s=0.5, kept=4)
    chance = random.Random(16)
    held = [mischief(server.port, chance, f"127.0.0.{chance.randrange(1, 5)}") for _ in range(150)]
    server.clients += held
    for each in held[::2]:
        each.close()
    honest = server.client("127.0.0.9").get().reply()
    assert honest.startswith(b"HTTP/1.1 200")
    for each in held:
        each.close()
    server.until_taken(0)
    assert server.places.turned_away == 0


def test_a_class_of_60_fits_where_1024_files_may_be_open() -> None:
    places = Places(1024)
    for _ in range(60):
        assert places.take("192.0.2.1", WEBSOCKET)
        assert all(places.take("192.0.2.1") for _ in range(4))
    assert places.taken == 480 <= places.of_address < places.total
    many = Places(20_000)
    assert many.of_address > 60 * (2 * WEBSOCKET + 2 * 6)


def test_behind_a_trusted_proxy_people_have_no_address() -> None:
    places = Places(2_000, [read_network("10.0.0.0/8")])
    while places.take("10.0.0.1"):
        pass
    assert places.taken == places.total == 2_000 - LIMITS.kept
    for _ in range(100):
        places.give_back("10.0.0.1", 1)
    assert places.take("192.0.2.1", 100)
    assert not places.take("192.0.2.2")


def test_behind_a_hub_people_have_no_address_either() -> None:
    places = Places(2_000)
    while places.take(""):
        pass
    assert places.taken == places.total


@pytest.mark.parametrize(
    ("client", "counted"),
    [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
     ("fe80::1%eth0", "fe80::/64"), ("", ""), ("testclient", "testclient")],
)  # fmt: skip
def test_an_ipv6_customer_is_one_address(client: str, counted: str) -> None:
    assert counted_as(client) == counted


class Confined(Served):
    """The whole server, where no more than 1,024 files may be open."""

    def launch(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        confined = ["bash", "-c", 'ulimit -n 1024 && exec "$@"', "serve", *command]
        return super().launch(confined, log)


@pytest.mark.skipif(KILLS < 40, reason="the long part, for make faults")
@pytest.mark.parametrize("attack", ["half a head", "half a body", "websockets"])
def test_a_server_under_attack_answers_others_and_stops(workspace: Workspace, attack: str) -> None:
    if raise_descriptor_limit() < 3_000:
        pytest.skip("this machine lets a process open too few files for the attack")
    served = Confined(workspace)
    with ExitStack() as until_the_end:
        until_the_end.callback(served.kill)
        slowest = 0.0
        for count in range(1_100):
            client = until_the_end.enter_context(closing(Client(served.port)))
            if attack == "half a head":
                client.send(HALF_HEAD)
            elif attack == "half a body":
                client.half_post(b"/login", b"name=", 100)
            else:
                client.websocket(b"/_stcore/stream")
            if count % 100 == 99:
                began = time.perf_counter()
                with closing(Client(served.port, "127.0.0.2")) as honest:
                    assert honest.get(b"/health").reply().startswith(b"HTTP/1.1 200")
                slowest = max(slowest, time.perf_counter() - began)
        assert served.process is not None
        began = time.perf_counter()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(PATIENCE_S) == 0
        print(f"{attack}: others waited {slowest:.2f} s at most; it stopped in {time.perf_counter() - began:.2f} s")
