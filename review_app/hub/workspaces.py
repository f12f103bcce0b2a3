"""Which workspaces the folder holds now, each with its settings, its database and its process."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool

from review_app.http.log import log_format, say
from review_app.hub.child import Child
from review_app.server import prepare
from review_app.settings import AppSettings
from scn_core.errors import ScnError, WorkspaceError, error_text
from scn_core.store.connection import open_database
from scn_core.workspace.folder import workspaces_in

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._~-]*")
"""What an address can hold as it is."""
_LOOK_EVERY_S = 1.0
TAKEN = ("login", "logout", "health", "ready", "metrics")
"""Addresses of the hub itself."""


@dataclass(frozen=True)
class HubWorkspace:
    """A workspace that is served."""

    name: str
    """Of its folder, and the first word of its address."""
    settings: AppSettings
    """What its process is started with."""
    child: Child
    never_sleeps: bool = False
    """Its process has something to do while nobody asks: it posts messages to webhooks."""

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The open database, beside the process that may have it open too. Waits for a lock no longer than 5 s.

        Raises WorkspaceError where it cannot be used.
        """
        db = open_database(self.settings.workspace.database_file)
        try:
            yield db
        finally:
            db.close()


class Workspaces:
    """Those of one folder, by name. For one event loop."""

    def __init__(self, hub: AppSettings, sockets: Path) -> None:
        """`hub`: the hub's settings, with the folder for its workspace; `sockets`: the folder for sockets."""
        self._hub, self._sockets = hub, sockets
        self._served: dict[str, tuple[object, HubWorkspace]] = {}
        self._problems: dict[str, str] = {}
        self._lock = asyncio.Lock()
        self._looked_at: float | None = None

    @property
    def all(self) -> list[HubWorkspace]:
        """By name."""
        return [self._served[name][1] for name in sorted(self._served)]

    @property
    def problems(self) -> dict[str, str]:
        """Why others in the folder are not served, by name."""
        return self._problems

    def find(self, name: str) -> HubWorkspace | None:
        """The workspace of this name, as of the last `look`."""
        found = self._served.get(name)
        return None if found is None else found[1]

    async def look(self) -> None:
        """Look at the folder: workspaces that are new are served, the processes of those that are gone are stopped.

        Whoever asks within a second of a look has had it.
        """
        async with self._lock:
            if self._looked_at is not None and time.monotonic() - self._looked_at < _LOOK_EVERY_S:
                return
            self._looked_at = time.monotonic()
            there = {path.name: path for path in await run_in_threadpool(workspaces_in, self._hub.workspace.path)}
            marks = {name: await run_in_threadpool(_mark, path) for name, path in there.items()}
            for name in [name for name, (mark, _) in self._served.items() if mark != marks.get(name)]:
                _, gone = self._served.pop(name)
                await gone.child.stop()
            problems: dict[str, str] = {}
            for name, path in there.items():
                if name not in self._served:
                    try:
                        self._served[name] = marks[name], await run_in_threadpool(self._open, path)
                    except ScnError as error:
                        problems[name] = str(error)
            for name, problem in problems.items():
                if self._problems.get(name) != problem:
                    say("not served", f"not served: {name}: {problem}", level=logging.WARNING)
            self._problems = problems

    def _open(self, path: Path) -> HubWorkspace:
        if not _NAME.fullmatch(path.name) or path.name in TAKEN:
            raise WorkspaceError(
                error_text(
                    "",
                    f"the folder name {path.name!r}",
                    f"letters, digits, dots and dashes, and none of {', '.join(TAKEN)}",
                    "rename the folder",
                )
            )
        hub = self._hub
        settings = prepare(
            path, host=hub.host, port=hub.port, auth=hub.auth, allow_hosts=hub.allow_hosts,
            base_path=f"{hub.base_path}/{path.name}", behind_hub=True,
        )  # fmt: skip
        child = Child(path.name, command_for(settings), self._sockets)
        return HubWorkspace(path.name, settings, child, never_sleeps=bool(settings.workspace.settings().hooks))


def _mark(path: Path) -> object:
    """Another one where the workspace was put there anew, as from a backup."""
    try:
        found = (path / "review.db").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def command_for(settings: AppSettings) -> Callable[[int], list[str]]:
    """What serves a workspace with these settings, given the number of its socket's file descriptor."""

    def command(descriptor: int) -> list[str]:
        hosts = [word for name in settings.allow_hosts for word in ("--allow-host", name)]
        return [
            sys.executable, "-m", "review_app", "serve", str(settings.workspace.path), "--behind-hub", str(descriptor),
            "--host", settings.host, "--port", str(settings.port), "--auth", settings.auth,
            "--base-path", settings.base_path, "--log-format", log_format(), *hosts,
        ]  # fmt: skip

    return command
