"""The trainer as a process of its own: it outlives this server, and one workspace never trains twice at once.

Who is at work is asked of locks, which the system frees when their process ends, and of the database; never of what
this process remembers. train.lock is the trainer's own. The lock on the log passes on to a trainer started from a page
when it is begun, and so covers the seconds before it has train.lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from review_app.database import call
from review_app.low_priority import begin
from scn_core.config import TrainSettings, flag
from scn_core.errors import WorkspaceError
from scn_core.files import locked_now, write_text
from scn_core.store.rounds.states import latest_round
from scn_core.workspace.folder import Workspace

ENDING_S = 8.0
"""How long a start waits for a trainer that is about to end: one that was cancelled hears of it within 5 s."""
_LOOK_S = 0.5
"""How long a start waits for a look at the log's lock to end."""
_POLL_S = 0.1
_TAIL_BYTES = 20_000


@dataclass(frozen=True)
class Started:
    """What was begun from a page last, as trainer.json says it."""

    pid: int
    by: str
    """Who began it."""
    at: str
    """UTC, as the database writes times."""
    after: int
    """The newest round by then; 0: none."""
    resume: bool
    """It was to go on with that round."""


def start(workspace: Workspace, settings: TrainSettings | None, *, by: str) -> None:
    """Begin a round with these settings; None: go on with the newest unfinished one.

    Raises WorkspaceError while a trainer is at work here, whoever started it; one that is about to end is waited for.
    """
    _wait_for_the_lock(workspace)
    newest = call(latest_round)
    options = ["--resume"] if settings is None else flags(settings)
    with _log(workspace).open("ab") as log:
        if not locked_now(log, fcntl.LOCK_EX, wait_s=_LOOK_S):
            raise WorkspaceError("a trainer is at work here already, started a moment ago; wait for it or cancel it")
        log.truncate(0)
        command = [sys.executable, "-m", "scn_core", "train", str(workspace.path), *options]
        process = begin(command, output=log, errors=log, environment=environment())
        began = Started(process.pid, by, _stamp(), 0 if newest is None else newest.id, settings is None)
        write_text(_record(workspace), json.dumps(asdict(began)))
    # Nobody else would take note of its end while this server lives.
    threading.Thread(target=process.wait, name="trainer", daemon=True).start()


def at_work(workspace: Workspace) -> bool:
    """Whether any process trains here or is about to."""
    if workspace.is_training():
        return True
    try:
        with _log(workspace).open("rb") as log:
            return not locked_now(log, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def last_started(workspace: Workspace) -> Started | None:
    """What was begun from a page last; None: nothing was, or nobody knows."""
    try:
        return Started(**json.loads(_record(workspace).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def stop(workspace: Workspace) -> None:
    """End a trainer that was begun from a page and has no round yet; the end of a round is `cancel_round`'s to say."""
    began = last_started(workspace)
    if began is None or workspace.is_training() or not at_work(workspace):
        return
    with suppress(ProcessLookupError):
        # It holds the log's lock, so the number is still its own.
        os.kill(began.pid, signal.SIGTERM)


def log_tail(workspace: Workspace, lines: int = 30) -> list[str]:
    """The last lines that the trainer begun last wrote."""
    try:
        with _log(workspace).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return log.read().decode("utf-8", "replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def error(tail: Sequence[str]) -> str:
    """What the end of a log says went wrong."""
    starts = [at for at, line in enumerate(tail) if line.lower().startswith("error: ")]
    if starts:
        return "\n".join([tail[starts[-1]][len("error: ") :], *tail[starts[-1] + 1 :]])
    return tail[-1] if tail else "it ended without a word"


def flags(settings: TrainSettings) -> list[str]:
    """The settings as flags of `train`, all of them, so that what was shown is what runs."""
    return [_flag(each.name, getattr(settings, each.name)) for each in fields(settings)]


def environment() -> dict[str, str]:
    """What a process of ours begins with: relative paths of options stay relative to where the server was started."""
    packages = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(packages), "PYTHONUNBUFFERED": "1"}


def _flag(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return flag(name) if value else "--no-" + flag(name).removeprefix("--")
    return f"{flag(name)}={'none' if value is None else value}"


def _wait_for_the_lock(workspace: Workspace) -> None:
    deadline = time.monotonic() + ENDING_S
    while at_work(workspace):
        newest = call(latest_round)
        if (newest is not None and newest.state == "running") or time.monotonic() >= deadline:
            raise WorkspaceError(
                "a trainer is at work here already, started from a page or in a terminal; wait for it or cancel it"
            )
        time.sleep(_POLL_S)


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _log(workspace: Workspace) -> Path:
    return workspace.path / "trainer.log"


def _record(workspace: Workspace) -> Path:
    return workspace.path / "trainer.json"
