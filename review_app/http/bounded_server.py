"""uvicorn's server with bounds on connections, and on the time that it takes to stop."""

from __future__ import annotations

import asyncio
import logging
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

from review_app.http import stopping
from review_app.http.connections import Places, WebSocket, protocols, raise_descriptor_limit
from review_app.http.log import last_words, take_over
from review_app.http.proxies import Network


@dataclass(frozen=True)
class StopLimits:
    """Seconds from SIGINT or SIGTERM."""

    told_s: float = 1
    """For those who are connected to hear of it, while everything new is refused with 503."""
    requests_s: float = 3
    """After that, for requests at work to end; then their connections are cut, a second later they are cancelled."""
    all_s: float = 9
    """For everything. A supervisor kills after 10 s, by habit."""


STOP = StopLimits()
_LOOK_S = 0.05


class BoundedServer(uvicorn.Server):
    """Serves with the bounds of `connections`, and has stopped `StopLimits.all_s` after a signal, whatever hangs."""

    def __init__(
        self,
        config: uvicorn.Config,
        places: Places,
        stop: StopLimits = STOP,
        listener: socket.socket | None = None,
    ) -> None:
        """`listener`: a socket to take connections from, in place of those that `run` is called with."""
        super().__init__(config)
        self._listener = listener
        for name in ("uvicorn", "uvicorn.error"):  # `config` has given them handlers by now
            take_over(logging.getLogger(name))
            logging.getLogger(name).setLevel(logging.WARNING)
        config.http, config.ws = protocols(places)
        config.timeout_graceful_shutdown = math.ceil(stop.requests_s) + 1
        self._stop = stop
        self._watchdog: threading.Timer | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        if self._listener is not None:
            for each in sockets or ():
                each.close()
            sockets = [self._listener]
        super().run(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The signals to stop."""
        if self._watchdog is None:
            self._watchdog = threading.Timer(self._stop.all_s, _end)
            self._watchdog.daemon = True
            self._watchdog.start()
        stopping.begin()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell open pages, then let requests that are whole end, for a while."""
        await self._tell_pages()
        cut = asyncio.get_running_loop().call_later(self._stop.requests_s, self._cut)
        await super().shutdown(sockets)
        cut.cancel()

    async def _tell_pages(self) -> None:
        """Their websockets are closed as by a server that restarts, which stopping.js shows; what they ask then is
        still answered, with 503."""
        loop = asyncio.get_running_loop()
        for connection in list(self.server_state.connections):
            if isinstance(connection, WebSocket):
                connection.shutdown()
        end = loop.time() + self._stop.told_s
        while self.server_state.connections and not self.force_exit and loop.time() < end:
            await asyncio.sleep(_LOOK_S)

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def use_bounded_server(trusted_proxies: Sequence[Network], listener: socket.socket | None = None) -> None:
    """Have Streamlit, which makes the server itself, make a `BoundedServer`; to be called once, before it does."""
    places = Places(raise_descriptor_limit(), trusted_proxies)
    uvicorn.Server = partial(BoundedServer, places=places, listener=listener)  # type: ignore[misc, assignment]


def _end() -> None:
    """As by SIGKILL, which loses no answer that was acknowledged."""
    with suppress(OSError):
        os.set_blocking(2, False)  # a pipe that nobody reads
        os.write(2, last_words("something did not end in time; stopped without it"))
    os._exit(0)
