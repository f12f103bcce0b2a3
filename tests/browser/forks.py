"""Servers forked from a process that has imported the app: each takes a tenth of a second to start, not a whole one.

How a server starts for people, in a process that is new from its first line on, tests/review_app/test_serve.py shows.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


class Fork:
    """As much of subprocess.Popen as `Served` needs, for a process that is not this one's child."""

    returncode = "a code that only its parent knows"

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> str | None:
        """None while it is there."""
        return self.returncode if select.select([self._handle], [], [], 0)[0] else None

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> str:
        """Raises subprocess.TimeoutExpired where it does not end within so many seconds."""
        if not select.select([self._handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("a forked server", timeout or 0.0)
        return self.returncode


class Forks:
    """The process that forks them."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.forks"],
            cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def review_app(self, arguments: list[str], log: Path) -> Fork:
        """`python -m review_app ARGUMENTS`, whose words go to the end of `log`."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps([arguments, str(log)]) + "\n")
        self._parent.stdin.flush()
        return Fork(int(self._parent.stdout.readline()))

    def end(self) -> None:
        """Its servers are to have ended by now."""
        self._parent.communicate()


def _be_review_app(arguments: list[str], log: str) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    words, nothing = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), os.open(os.devnull, os.O_RDONLY)
    for theirs, ours in ((nothing, 0), (words, 1), (words, 2)):
        os.dup2(theirs, ours)
    sys.argv = ["review_app", *arguments]
    from review_app.cli import main

    main()


def _main() -> None:
    from review_app import cli, server  # noqa: F401

    server._warm_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which then end the servers
    for line in iter(sys.stdin.readline, ""):
        arguments, log = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_review_app(arguments, log)
            return
        print(pid, flush=True)


if __name__ == "__main__":
    _main()
