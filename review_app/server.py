"""One ASGI app on one port: Streamlit's pages, our own routes, and the guard before both."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import re
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
from sqlite_utils import Database
from streamlit import config
from streamlit import logger as streamlit_logger

from review_app import database, theme
from review_app.api.readiness import keep_saying
from review_app.auth.accounts import add_lead
from review_app.auth.openid import secrets_file
from review_app.auth.secret_key import forget_secret, present_secret, read_secret
from review_app.damage_check import DamageKeeper
from review_app.dead_trainer import DeadTrainerWatch
from review_app.hooks.sender import HookSenders
from review_app.hooks.signing import secrets_of
from review_app.http.bounded_server import use_bounded_server
from review_app.http.log import LogFormat, say, take_over, use_format
from review_app.http.proxies import read_network
from review_app.keeper import Keeper
from review_app.last_copy import LastCopyKeeper
from review_app.order_worker import MapKeeper, OrderKeeper
from review_app.routes import all_middleware
from review_app.server_lock import only_server
from review_app.settings import LOOPBACK, WILDCARDS, AppSettings, AuthMode, id_of_secret, use
from scn_core.errors import UsageError, WorkspaceError
from scn_core.store.connection import copy_before_migration
from scn_core.store.hook_delivery import sync_hooks
from scn_core.store.identity import is_copy, settle_identity
from scn_core.store.people.people import password_hash, people
from scn_core.workspace.access import close_to_others
from scn_core.workspace.folder import Workspace

SCRIPT = Path(__file__).with_name("app.py")

_PAGES_USE = (
    "review_app.state", "review_app.queries.faces", "review_app.commands.decisions", "review_app.charts.face",
    "review_app.components.review_grid",
)  # fmt: skip
# Without pandas: the page Review does without, and the server would start later and hold 35 MB more.

_CONFIG = {
    **theme.STREAMLIT,
    "server.headless": True,
    "server.baseUrlPath": "",
    "server.fileWatcherType": "none",
    "server.enableStaticServing": False,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableAgentApi": False,
    "server.maxUploadSize": 32,
    "global.developmentMode": False,
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "logger.hideWelcomeMessage": True,
    "secrets.files": [],  # otherwise those in the home folder, which may be of another user: root's, with runuser
    "runner.postScriptGC": False,  # otherwise every rerun costs 85 ms of processor time instead of 5
}


def prepare(
    path: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8501,
    auth: AuthMode = "none",
    allow_hosts: tuple[str, ...] = (),
    base_path: str = "",
    trusted_proxies: tuple[str, ...] = (),
    behind_hub: bool = False,
) -> AppSettings:
    """The settings of a server, once it is clear that it may start; the database is brought up to date.

    Raises UsageError for doors that must not be opened, WorkspaceError for a workspace that cannot be served.
    """
    check_hosts(path, host, auth, allow_hosts)
    base, proxies = base_path_of(base_path), tuple(map(read_network, trusted_proxies))
    workspace = Workspace(path.resolve())
    for line in close_to_others(workspace.path, workspace.settings().access):
        say("access changed", line, level=logging.WARNING)
    if auth == "oidc":
        secrets_file(workspace.path)
    hooks = workspace.settings().hooks
    for hook in hooks:
        secrets_of(hook, workspace.path)
    with workspace.database() as db:
        if (copy := copy_before_migration(db)) is not None:
            words = f"{workspace.path}: its database was brought up to date; a copy from before: {copy}"
            say("migrated", words, level=logging.WARNING)
        if auth == "password" and not any(each.active and password_hash(db, each.id) for each in people(db)):
            raise WorkspaceError(f"--auth password: found nobody who could sign in; first: {add_lead(path)}")
        name = _settle_identity(workspace, db)
        sync_hooks(db, hooks)
    secret = read_secret(workspace.path)
    return AppSettings(
        workspace, secret, auth, host, port, allow_hosts, base, proxies, workspace_id=name, behind_hub=behind_hub
    )


def check_hosts(path: Path, host: str, auth: AuthMode, allow_hosts: tuple[str, ...]) -> None:
    """Raises UsageError for doors that must not be opened."""
    if auth == "none" and host not in LOOPBACK:
        raise UsageError(
            f"--host: found {host} with --auth none, which would let anyone on the network answer under any name; "
            f"allowed: 127.0.0.1, or accounts: add people with `{add_lead(path)}` and start with --auth password"
        )
    for name in allow_hosts:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]*::?[0-9A-Fa-f:.]*", name):
            raise UsageError(
                f"--allow-host: found {name!r}; allowed: a host name or address alone, without scheme, port or path, "
                "such as review.example.org"
            )


def _settle_identity(workspace: Workspace, db: Database) -> str:
    """The workspace's id. A copy of a workspace gets a secret of its own; sessions and access tokens of the original do
    not count in it."""
    before = present_secret(workspace.path)
    if is_copy(db):
        say(
            "workspace copied",
            f"{workspace.path} was copied, or moved to another disk, since it was last served: everybody signs in "
            "again, and scripts need new access tokens; answers that wait in browsers are kept",
            level=logging.WARNING,
        )
        forget_secret(workspace.path)
    # What waits in browsers from before workspaces had ids lies under a name made of the secret.
    return settle_identity(db, None if before is None else id_of_secret(before))


def build_app(
    settings: AppSettings, *, open_browser: bool = False, started: Callable[[str], None] = lambda address: None
) -> st.App:
    """The ASGI app of one process, which then has these settings. `started` is called with its address."""
    use(settings)
    keepers = keepers_of(settings)

    @asynccontextmanager
    async def lifespan(app: st.App) -> AsyncIterator[None]:
        await database.open_all()
        _warm_up()
        gc.freeze()
        for keeper in keepers:
            keeper.start()
        address = address_of(settings, settings.port if settings.behind_hub else int(config.get_option("server.port")))
        started(address)
        if not settings.behind_hub:
            say("started", f"review app: {address}   (stop it with Ctrl-C)", err=False)
            say_names(settings)
        if open_browser:
            webbrowser.open(address)
        readiness = asyncio.create_task(keep_saying())
        yield
        readiness.cancel()
        for keeper in keepers:
            keeper.stop()
        database.close()

    return st.App(SCRIPT, middleware=all_middleware(settings), lifespan=lifespan)


def keepers_of(settings: AppSettings) -> tuple[Keeper | DeadTrainerWatch | HookSenders, ...]:
    """What works in threads of its own as long as the server runs."""
    workspace = settings.workspace
    senders = HookSenders(workspace.settings().hooks, workspace, settings.workspace_id)
    watch = DeadTrainerWatch(workspace)
    keepers = OrderKeeper(workspace), MapKeeper(workspace), DamageKeeper(workspace), LastCopyKeeper(workspace)
    return *keepers, watch, senders


def log_as(chosen: LogFormat) -> None:
    """Have this process, Streamlit's loggers included, log as text or JSON; to be called before all else."""
    use_format(chosen)
    if chosen == "json":
        streamlit_logger.setup_formatter = take_over  # which gave each logger a handler of its own
        streamlit_logger.update_formatter()


def serve_until_stopped(
    settings: AppSettings, *, open_browser: bool = False, listener: socket.socket | None = None
) -> None:
    """Serve until SIGINT or SIGTERM, at the host and port of the settings or, behind a hub, at its socket `listener`.

    Raises WorkspaceError where the port is taken, or the workspace served already.
    """
    with only_server(settings.workspace) as started:
        if listener is None:
            refuse_taken_port(settings)
        else:
            _stop_with_hub()
        _serve(settings, build_app(settings, open_browser=open_browser, started=started), listener)


def _serve(settings: AppSettings, app: st.App, listener: socket.socket | None) -> None:
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    # Streamlit listens at a port in any case; that of a hub's workspace is closed before anything is taken from it.
    host, port = (settings.host, settings.port) if listener is None else ("127.0.0.1", 0)
    options = {"server.address": host, "server.port": port, "server.allowedHosts": _names(settings)}
    if settings.auth == "oidc":
        options["secrets.files"] = [str(secrets_file(settings.workspace.path))]
    if settings.base_path:
        options["server.baseUrlPath"] = settings.base_path.strip("/")
    # uvicorn would believe the X-Forwarded headers of everybody on this machine; the guard reads them instead.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    # A second Ctrl-C while the first one is at work; uvicorn would log its traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "KeyboardInterrupt" not in record.getMessage())
    use_bounded_server(settings.trusted_proxies, listener)
    with suppress(KeyboardInterrupt):
        app.run(config=_known(_CONFIG | options))
    if listener is None:
        say("stopped", "stopped")


def _stop_with_hub() -> None:
    """SIGTERM once standard input, a pipe of the hub, ends: the hub is gone, however that came."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="hub", daemon=True).start()


def _known(options: dict[str, object]) -> dict[str, object]:
    """Without those that another version of Streamlit does not have; the guard does not depend on any of them."""
    return {name: value for name, value in options.items() if name in config._config_options_template}


def base_path_of(said: str) -> str:
    """As /review, or empty for the root."""
    path = said.strip("/")
    if path and not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._~-]*(/[A-Za-z0-9_-][A-Za-z0-9._~-]*)*", path):
        raise UsageError(
            f"--base-path: found {said!r}; allowed: the path of the address at which the proxy shows the pages, such "
            "as /review: letters, digits, dots and dashes between single slashes"
        )
    return f"/{path}" if path else ""


def _names(settings: AppSettings) -> list[str]:
    return sorted(settings.hosts)


def refuse_taken_port(settings: AppSettings) -> None:
    """Streamlit would say it in its log only, among other lines."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise WorkspaceError(
                f"cannot listen at {settings.host} port {settings.port}: {error.strerror or error}; "
                "end the program that has it, or name another with --port"
            ) from error


def _warm_up() -> None:
    """Import what the pages use, so that the first visitor does not wait for it."""
    for name in _PAGES_USE:
        with suppress(ImportError):  # what cannot be imported says so on its page
            importlib.import_module(name)


def say_names(settings: AppSettings) -> None:
    """By which names others reach the server: a proxy before it knows with which scheme and port."""
    if settings.allow_hosts:
        names = " or ".join(f"{name}{settings.base_path}/" for name in settings.allow_hosts)
        say("hosts", f"to others, as behind a proxy: {names}", err=False)
    elif settings.host in WILDCARDS:
        say("no host", "it answers to this machine alone; to others with --allow-host NAME, as in their address bar")


def address_of(settings: AppSettings, port: int) -> str:
    """Where browsers on this machine find the first page."""
    host = "127.0.0.1" if settings.host in WILDCARDS else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{settings.base_path}/"
