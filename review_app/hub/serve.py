"""Starts the hub and stops it: one uvicorn, and a process for each workspace that somebody asks for."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import tempfile
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.routing import Router

from review_app.auth.secret_key import read_secret
from review_app.http.bounded_server import BoundedServer, StopLimits
from review_app.http.connections import Places, raise_descriptor_limit
from review_app.http.log import say
from review_app.http.proxies import read_network
from review_app.hub.app import Hub
from review_app.hub.proxy import LONGEST_MESSAGE
from review_app.hub.workspaces import Workspaces
from review_app.server import address_of, base_path_of, check_hosts, refuse_taken_port, say_names
from review_app.server_lock import only_server
from review_app.settings import AppSettings, AuthMode, use
from scn_core.errors import WorkspaceError, counted
from scn_core.workspace.folder import Workspace, workspaces_in

_STOP = StopLimits(told_s=0.1, requests_s=0.5, all_s=9.7)
"""For what is left once the processes have ended, which they have within `ChildLimits.stop_s`; and for all of it."""
_BACKLOG = 2048


def hub_settings(
    folder: Path,
    *,
    host: str,
    port: int,
    auth: AuthMode,
    allow_hosts: tuple[str, ...],
    base_path: str,
    trusted_proxies: tuple[str, ...],
) -> AppSettings:
    """The hub's own settings: its workspace is the folder, with a secret that signs what the log-in page needs.

    Raises UsageError for doors that must not be opened.
    """
    check_hosts(workspaces_in(folder)[0], host, auth, allow_hosts)
    base, proxies = base_path_of(base_path), tuple(map(read_network, trusted_proxies))
    place = Workspace(folder.resolve())
    return AppSettings(place, read_secret(place.path), auth, host, port, allow_hosts, base, proxies)


def serve_hub(settings: AppSettings, *, open_browser: bool = False) -> None:
    """Serve all workspaces of the folder until SIGINT or SIGTERM.

    Raises WorkspaceError where the port is taken, another server has the folder, or none of the workspaces can be
    served.
    """
    with only_server(settings.workspace) as started:
        refuse_taken_port(settings)
        with tempfile.TemporaryDirectory(prefix="scn-review-") as sockets, closing(_listen(settings)) as listener:
            settings = replace(settings, port=int(listener.getsockname()[1]))
            use(settings)
            started(address_of(settings, settings.port))
            workspaces = Workspaces(settings, Path(sockets))
            asyncio.run(workspaces.look())
            if not workspaces.all:
                there = counted(len(workspaces.problems), "workspace")
                raise WorkspaceError(f"{settings.workspace.path}: none of the {there} there can be served")
            _serve(settings, workspaces, listener, open_browser)


def _serve(settings: AppSettings, workspaces: Workspaces, listener: socket.socket, open_browser: bool) -> None:
    hub = Hub(settings, workspaces)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        address = address_of(settings, settings.port)
        say("started", f"review app: {address}   (stop it with Ctrl-C)", err=False)
        names = ", ".join(each.name for each in workspaces.all)
        say("workspaces", f"{counted(len(workspaces.all), 'workspace')}: {names}", err=False)
        say_names(settings)
        if open_browser:
            webbrowser.open(address)
        async with hub.at_work():
            yield

    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    logging.getLogger("uvicorn.error").addFilter(lambda record: "KeyboardInterrupt" not in record.getMessage())
    config = uvicorn.Config(
        Router(default=hub, redirect_slashes=False, lifespan=lifespan),
        host=settings.host,
        port=settings.port,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,  # the process of the workspace has said both
        date_header=False,
        ws_max_size=LONGEST_MESSAGE,
        ws_per_message_deflate=False,
    )
    # A request that is passed on takes two descriptors, and counts as one.
    places = Places(raise_descriptor_limit() * 2 // 3, settings.trusted_proxies)
    with suppress(KeyboardInterrupt):
        _HubServer(config, places, workspaces).run([listener])
    say("stopped", "stopped")


class _HubServer(BoundedServer):
    """Tells the processes to stop at once, and stops itself when they have: they end what they have accepted, and what
    they tell open pages meanwhile arrives."""

    def __init__(self, config: uvicorn.Config, places: Places, workspaces: Workspaces) -> None:
        super().__init__(config, places, _STOP)
        self._workspaces = workspaces

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The signals to stop."""
        for workspace in self._workspaces.all:
            workspace.child.begin_stop()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Once the processes have ended."""
        await asyncio.gather(*(each.child.stop(for_good=True) for each in self._workspaces.all))
        await super().shutdown(sockets)


def _listen(settings: AppSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    place = (settings.host, settings.port)
    return socket.create_server(place, family=family, backlog=_BACKLOG, dualstack_ipv6=settings.host == "::")
