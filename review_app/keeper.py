"""What is made anew beside the server: looked for by a thread, made by a process of low priority.

Learning an order, drawing a map or checking a large database takes seconds of a processor; in the server's process it
would hold up answers. What was made is in the database or in files, so the server need not hear of it.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO

from review_app import low_priority
from review_app import trainer_process as trainer
from review_app.http.log import ThreadLog, words_of
from review_app.http.metrics import WORKER_FAILURES, WORKER_RUNNING
from scn_core.cli.threads import usable_cores
from scn_core.workspace.folder import Workspace

LOOK_S = 2.0
"""How often it is asked whether something is to be made."""
APART_S = 10.0
"""From the end of one process to the beginning of the next."""
STOP_S = 1.0
_GRACE_S = 0.4
"""For a process to end once it was told to; twice this is less than STOP_S."""
_LINES = 20
"""What is kept of the words of a process that failed."""


@dataclass
class _Worker:
    """A process that makes something."""

    process: subprocess.Popen[bytes]
    words: IO[bytes]
    """What it writes to standard error."""

    def failure(self) -> str | None:
        """What went wrong, once it has ended; None: nothing did."""
        self.words.seek(0)
        lines = self.words.read().decode("utf-8", "replace").splitlines()[-_LINES:]
        self.words.close()
        return trainer.error(lines) if self.process.returncode else None

    def end(self) -> None:
        """Ends it, whatever it is at: what it writes to the database is there as a whole or not at all."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE_S)
                break
        self.words.close()


class Keeper(ABC):
    """Looks every 2 s whether something of the workspace is to be made anew, and has that done.

    Never two at once; after a failure, which is said in the server's log, again when `due` says so.
    """

    name: str
    """Of what it makes, for metrics."""
    what: str
    """What did not happen where it failed, in words."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=type(self).__name__, daemon=True)
        self._worker: _Worker | None = None
        self._rests_until = 0.0
        self._log = ThreadLog()
        WORKER_RUNNING.labels(self.name)  # 0 from the start, not from the first one on
        WORKER_FAILURES.labels(self.name)

    @abstractmethod
    def due(self) -> Sequence[str] | None:
        """The arguments of the command of scn_core that makes it, or None where nothing is to be done."""

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more, and end what is being made; takes 1 s at most."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _keep(self) -> None:
        while not self._stopped.wait(LOOK_S):
            try:
                self._look()
            except Exception as error:  # whatever it is: people can review without a learned order
                self._say(words_of(error))
        if self._worker is not None:
            self._worker.end()

    def _look(self) -> None:
        if self._worker is not None:
            if self._worker.process.poll() is None:
                return
            self._note_end(self._worker)
        if time.monotonic() < self._rests_until:
            return
        arguments = self.due()
        if arguments is not None:
            self._worker = _begin(_command(arguments))
            WORKER_RUNNING.labels(self.name).set(1)

    def _note_end(self, worker: _Worker) -> None:
        self._worker = None
        WORKER_RUNNING.labels(self.name).set(0)
        self._rests_until = time.monotonic() + APART_S
        failure = worker.failure()
        if failure is None:
            self._log.went_well()
        else:
            self._say(failure)

    def _say(self, why: str) -> None:
        """Once, until it is something else or has gone well in between."""
        WORKER_FAILURES.labels(self.name).inc()
        self._log.say_once(f"{self.name} failed", f"{self.what}: {why}", level=logging.ERROR)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "scn_core", *arguments]


def _begin(command: Sequence[str]) -> _Worker:
    with ExitStack() as unless_begun:
        # A pipe that nobody reads would stop the process when it is full.
        words = unless_begun.enter_context(tempfile.TemporaryFile())
        process = low_priority.begin(
            command, output=subprocess.DEVNULL, errors=words,
            environment={"OMP_NUM_THREADS": str(_threads()), **trainer.environment()},
        )  # fmt: skip
        unless_begun.pop_all()
    return _Worker(process, words)


def _threads() -> int:
    """One processor is left to people: Linux shares processors among sessions, whatever the niceness within one."""
    return max(1, usable_cores() - 1)
