"""Which workspaces the folder holds now, each with its settings, its database and its process."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool

from review_app.http.log import ThreadLog, log_format, say
from review_app.hub.child import Child
from review_app.server import prepare
from review_app.settings import BASE_PATH_VARIABLE, WORKSPACE_VARIABLE, AppSettings
from scn_core.errors import ScnError, WorkspaceError, error_text
from scn_core.permissions import in_our_words, refusals_in_our_words, way_in
from scn_core.store.connection import open_database
from scn_core.store.people.people import people
from scn_core.store.sqlite_errors import is_damage, is_passing, plain_errors
from scn_core.workspace.backup.fullest import require_database, restore_fullest
from scn_core.workspace.folder import Workspace, fits_address, workspaces_in

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
    file: object = None
    """Which database it was when serving it began: see `_file`."""
    never_sleeps: bool = False
    """Its process has something to do while nobody asks: it posts messages to webhooks."""
    faults: list[ScnError] = field(default_factory=list, compare=False)
    """Why the database could not be read, but for what passes by itself: the next look at the folder sees to it."""

    @property
    def is_in_place(self) -> bool:
        """Whether its database is still the one that serving it began with."""
        return _file(self.settings.workspace.path) == self.file

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The open database, beside the process that may have it open too. Waits for a lock no longer than 5 s.

        Raises WorkspaceError where it cannot be used.
        """
        try:
            with (
                _refused_in_our_words(self.settings.workspace.path),
                closing(open_database(self.settings.workspace.database_file)) as db,
                plain_errors(self.settings.workspace.database_file),
            ):
                yield db
        except ScnError as error:
            if not is_passing(error):
                self.faults.append(error)
            raise


class Workspaces:
    """Those of one folder, by name. For one event loop."""

    def __init__(self, hub: AppSettings, sockets: Path) -> None:
        """`hub`: the hub's settings, with the folder for its workspace; `sockets`: the folder for sockets."""
        self._hub, self._sockets = hub, sockets
        self._served: dict[str, HubWorkspace] = {}
        self._problems: dict[str, str] = {}
        self._damaged: dict[str, object] = {}
        """The states of the databases that were found damaged, by name."""
        self._log = ThreadLog()
        self._lock = asyncio.Lock()
        self._looked_at: float | None = None

    @property
    def all(self) -> list[HubWorkspace]:
        """By name."""
        return [self._served[name] for name in sorted(self._served)]

    @property
    def problems(self) -> dict[str, str]:
        """Why others in the folder are not served, by name."""
        return self._problems

    def find(self, name: str) -> HubWorkspace | None:
        """The workspace of this name, as of the last `look`."""
        return self._served.get(name)

    async def look(self) -> None:
        """Look at the folder: workspaces that are new are served, the processes of those that are gone are stopped.

        Those whose database is damaged are let go of, so that a backup can be put in its place, and not looked into
        again before their files have changed. Whoever asks within a second of a look has had it.
        """
        async with self._lock:
            if self._looked_at is not None and time.monotonic() - self._looked_at < _LOOK_EVERY_S:
                return
            first, before = self._looked_at is None, set(self._served) - set(self._problems)
            self._looked_at = time.monotonic()
            try:
                there = {path.name: path for path in await run_in_threadpool(workspaces_in, self._hub.workspace.path)}
            except OSError as error:  # those that are served go on
                words = f"workspaces that come or go are not seen: {in_our_words(error)}"
                self._log.say_once("folder unreadable", words)
                return
            self._log.went_well()
            files = {name: await run_in_threadpool(_file, path) for name, path in there.items()}
            for workspace in self.all:
                if _is_replaced(workspace, files):
                    await self._let_go(workspace)
            self._damaged = {name: state for name, state in self._damaged.items() if name in there}
            problems = {name: await self._served_or_why_not(path) for name, path in there.items()}
            for name, problem in problems.items():
                if problem and self._problems.get(name) != problem:
                    say("not served", f"not served: {name}: {problem}", level=logging.WARNING)
            self._problems = {name: problem for name, problem in problems.items() if problem}
            for name in () if first else sorted(before ^ (set(self._served) - set(self._problems))):
                if name not in there:
                    say("gone", f"not served any more: {name}: it is not in the folder", level=logging.WARNING)
                elif name not in self._problems:
                    say("served", f"served from now on: {name}")

    async def _served_or_why_not(self, path: Path) -> str:
        """Serve a workspace, or go on with it; empty, or why it is not served."""
        name, served = path.name, self.find(path.name)
        before = self._problems.get(name, "")
        if served is None and name in self._damaged and self._damaged[name] == await run_in_threadpool(_state, path):
            return before
        try:
            if served is None:
                self._served[name] = await run_in_threadpool(self._open, path)
            else:
                await run_in_threadpool(_check, served)
        except ScnError as error:
            if is_damage(error):
                return await self._damage(path, error)
            if is_passing(error):
                return before or ("" if served is not None else str(error))
            if served is not None and served.child.state == "asleep":
                await self._let_go(served)
            return str(error)
        self._damaged.pop(name, None)
        return ""

    async def _damage(self, path: Path, error: ScnError) -> str:
        """Note it, as what is to be told. The database is looked at once nothing of ours writes there any more."""
        served = self.find(path.name)
        if served is not None:
            await self._let_go(served)
        self._damaged[path.name] = await run_in_threadpool(_state, path)
        return await run_in_threadpool(_told, path, error)

    async def _let_go(self, workspace: HubWorkspace) -> None:
        del self._served[workspace.name]
        await workspace.child.stop()

    def _open(self, path: Path) -> HubWorkspace:
        if not fits_address(path.name) or path.name in TAKEN:
            raise WorkspaceError(
                error_text(
                    "",
                    f"the folder name {path.name!r}",
                    f"letters, digits, dots and dashes, and none of {', '.join(TAKEN)}",
                    "rename the folder",
                )
            )
        hub, file = self._hub, _file(path)
        with _refused_in_our_words(path), plain_errors(Workspace(path).database_file):
            settings = prepare(
                path, host=hub.host, port=hub.port, auth=hub.auth, allow_hosts=hub.allow_hosts,
                base_path=f"{hub.base_path}/{path.name}", behind_hub=True,
            )  # fmt: skip
        child = Child(path.name, command_for(settings), self._sockets, environment=environment_for(settings))
        hooks = settings.workspace.settings().hooks
        return HubWorkspace(path.name, settings, child, file, never_sleeps=bool(hooks))


@contextmanager
def _refused_in_our_words(path: Path) -> Iterator[None]:
    """Raises WorkspaceError for whatever the system says of the files of one workspace: the others do not suffer."""
    with refusals_in_our_words(way_in):
        yield


def _file(path: Path) -> object:
    """Another one where the workspace was put there anew, as from a backup."""
    try:
        found = (path / "review.db").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_replaced(workspace: HubWorkspace, files: Mapping[str, object]) -> bool:
    """Whether a workspace is another one now, or gone. Where only its database is, a process that has that open goes
    on: a backup can be made there and nowhere else."""
    now = files.get(workspace.name)
    last_copy = workspace.name in files and now is None and workspace.child.state == "running"
    return now != workspace.file and not last_copy


def _state(path: Path) -> object:
    """Another one once the database has changed, or was put there anew."""
    found: list[object] = []
    for file in (Workspace(path).database_file, Path(f"{Workspace(path).database_file}-wal")):
        try:
            one = file.stat()
            found.append((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns))
        except OSError as error:
            found.append(error.errno)
    return found


def _check(workspace: HubWorkspace) -> None:
    """Raises WorkspaceError for a database that could not be read of late, and for one whose process has it open where
    it cannot be read now."""
    faults = list(workspace.faults)
    workspace.faults.clear()
    for fault in faults:
        if is_damage(fault) or workspace.child.state == "asleep":
            raise fault
    if workspace.child.state != "asleep":
        path = workspace.settings.workspace.path
        with _refused_in_our_words(path):
            require_database(workspace.settings.workspace.database_file)
        with workspace.database() as db:
            people(db)


def _told(path: Path, error: ScnError) -> str:
    """Of damage, with the command that puts the fullest backup in place."""
    database = Workspace(path).database_file
    which, restore = restore_fullest(database, "--force")
    found = f"the file is damaged ({error.__cause__})"
    return f"{database}: {found}; put a backup back ({which}), while the other workspaces go on: {restore}"


def command_for(settings: AppSettings) -> Callable[[int], list[str]]:
    """What serves a workspace with these settings, given the number of its socket's file descriptor.

    All users of the machine may see it, so it does not say which workspace: see `environment_for`.
    """

    def command(descriptor: int) -> list[str]:
        hosts = [word for name in settings.allow_hosts for word in ("--allow-host", name)]
        return [
            sys.executable, "-m", "review_app", "serve", "--behind-hub", str(descriptor),
            "--host", settings.host, "--port", str(settings.port), "--auth", settings.auth,
            "--log-format", log_format(), *hosts,
        ]  # fmt: skip

    return command


def environment_for(settings: AppSettings) -> dict[str, str]:
    """What the command leaves out."""
    return {WORKSPACE_VARIABLE: str(settings.workspace.path), BASE_PATH_VARIABLE: settings.base_path}
