"""The real server as a real process on a real workspace, and what it has stored."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from scn_core.workspace.folder import Workspace
from tests.browser.forks import Fork, Forks

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 60
"""For a machine that is busy with other things."""
_POLL_S = 0.05

T = TypeVar("T")


def eventually(ask: Callable[[], T], what: str, *, pause: Callable[[float], object] = time.sleep) -> T:
    """The first true answer of `ask`; AssertionError saying `what` was waited for, and the last answer."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}; last: {answer!r}"
        pause(_POLL_S)
    return answer


class StoredDecision(NamedTuple):
    """A row of table decision."""

    seq: int
    id: str
    round: int
    sample: int
    person: str
    action: str
    label: int | None
    undoes: str | None
    bulk: str | None
    text: str | None
    live: bool
    """No undo takes it back; an undo is never live itself."""


class Served:
    """A server at work on `workspace`, at `url`."""

    repository = REPOSITORY
    """The checkout whose code is served."""

    def __init__(self, workspace: Workspace, *options: str, port: int = 0, forks: Forks | None = None) -> None:
        self.workspace, self.forks = workspace, forks
        self.options = options
        self.base = options[options.index("--base-path") + 1] if "--base-path" in options else ""
        self.port = port or free_port()
        self.log = workspace.path / "server.log"
        self.process: subprocess.Popen[bytes] | Fork | None = None
        self.start()

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.port}{self.base}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        arguments = ["serve", str(self.workspace.path), "--port", str(self.port), *self.options]
        if self.forks is not None:
            self.process = self.forks.review_app(arguments, self.log)
        else:
            command = [sys.executable, "-m", "review_app", *arguments]
            with self.log.open("ab") as log:
                self.process = self.launch(command, log)
        eventually(self._answers, "the server to answer /health")

    def launch(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """The process of this command."""
        return subprocess.Popen(command, cwd=self.repository, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL: it has no time for anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As Ctrl-C does."""
        self._end(signal.SIGINT)

    def restart(self) -> None:
        """Killed and started again on the same port."""
        self.kill()
        self.start()

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """What a query finds in the database, read by a connection of its own."""
        with closing(sqlite3.connect(f"{self.workspace.database_file.resolve().as_uri()}?mode=ro", uri=True)) as db:
            db.execute("PRAGMA busy_timeout = 30000")
            return db.execute(sql, values).fetchall()

    def decisions(self, person: str | None = None) -> list[StoredDecision]:
        """The log, oldest first."""
        found = self.rows(
            """
            SELECT d.seq, d.id, d.round_id, d.sample_id, p.name, d.action, d.label, d.undoes, d.bulk, d.text,
              d.seq IN (SELECT seq FROM live_decision UNION ALL SELECT seq FROM live_mark)
            FROM decision d JOIN person p ON p.id = d.person_id WHERE p.name = coalesce(?, p.name) ORDER BY d.seq
            """,
            person,
        )
        return [StoredDecision._make((*row[:-1], bool(row[-1]))) for row in found]

    def said(self) -> str:
        """The end of what the server wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}: {self.said()}"
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as response:
                return bool(json.load(response)["ok"])
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class BehindHub(Served):
    """One workspace of a hub: its address, and what it has stored."""

    def __init__(self, workspace: Workspace, hub: Served) -> None:
        self.workspace, self.port, self.base = workspace, hub.port, f"/{workspace.path.name}"

    @property
    def pid(self) -> int:
        """Of its process; 0 while there is none."""
        told = (self.workspace.path / "server.lock").read_text(encoding="utf-8")
        return int(json.loads(told)["pid"]) if told else 0


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody else is given meanwhile, while servers that reuse addresses may listen at it."""
    with closing(socket.socket()) as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield int(keeper.getsockname()[1])


def free_port() -> int:
    """A port nobody listens on now."""
    with reserved_port() as number:
        return number
