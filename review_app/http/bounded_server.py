"""uvicorn's server with bounds on connections, and on the time that it takes to stop."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType

import uvicorn

from review_app.http.connections import Places, protocols, raise_descriptor_limit
from review_app.http.proxies import Network


@dataclass(frozen=True)
class StopLimits:
    """Seconds from SIGINT or SIGTERM."""

    requests_s: float = 3
    """For requests at work to end; then their connections are cut, and a second later they are cancelled."""
    all_s: float = 9
    """For everything. A supervisor kills after 10 s, by habit."""


STOP = StopLimits()


class BoundedServer(uvicorn.Server):
    """Serves with the bounds of `connections`, and has stopped `StopLimits.all_s` after a signal, whatever hangs."""

    def __init__(self, config: uvicorn.Config, places: Places, stop: StopLimits = STOP) -> None:
        super().__init__(config)
        config.http, config.ws = protocols(places)
        config.timeout_graceful_shutdown = math.ceil(stop.requests_s) + 1
        self._stop = stop
        self._watchdog: threading.Timer | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The signals to stop."""
        if self._watchdog is None:
            self._watchdog = threading.Timer(self._stop.all_s, _end)
            self._watchdog.daemon = True
            self._watchdog.start()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests that are whole end, for a while."""
        cut = asyncio.get_running_loop().call_later(self._stop.requests_s, self._cut)
        await super().shutdown(sockets)
        cut.cancel()

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def use_bounded_server(trusted_proxies: Sequence[Network]) -> None:
    """Have Streamlit, which makes the server itself, make a `BoundedServer`; to be called once, before it does."""
    places = Places(raise_descriptor_limit(), trusted_proxies)
    uvicorn.Server = partial(BoundedServer, places=places)  # type: ignore[misc, assignment]


def _end() -> None:
    """As by SIGKILL, which loses no answer that was acknowledged."""
    with suppress(OSError):
        os.set_blocking(2, False)  # a pipe that nobody reads
        os.write(2, b"something did not end in time; stopped without it\n")
    os._exit(0)
