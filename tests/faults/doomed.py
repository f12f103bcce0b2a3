"""A command of scn_core in a process of its own: let to its end, or killed at an instant of its work.

The processes are forked from one that has imported what commands use, torch with it: what is killed is work, not
imports, and a kill costs no more than that. It opens files and database itself, and shares nothing with the next one.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from typing import IO

from tests.scn_core.conftest import REPOSITORY


def whole(*command: object) -> float:
    """Lets the command end well. Returns the seconds it took."""
    code, seconds, said = _run(None, *command)
    assert code == 0, said
    return seconds


def killed(seconds: float, *command: object) -> bool:
    """Kills the command after so many seconds of work, unless it has ended well by then. Whether it was killed."""
    code, _, said = _run(seconds, *command)
    assert code in (0, -signal.SIGKILL), said
    return code != 0


def _run(seconds: float | None, *command: object) -> tuple[int, float, str]:
    with tempfile.NamedTemporaryFile("r", errors="replace") as said:
        to, back = _forks()
        to.write(json.dumps([seconds, said.name, *map(str, command)]) + "\n")
        to.flush()
        code, took = json.loads(back.readline())
        return code, took, said.read()


@cache
def _forks() -> tuple[IO[str], IO[str]]:
    """To and from the process that forks them."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.doomed"],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    atexit.register(parent.communicate)
    assert parent.stdin is not None
    assert parent.stdout is not None
    return parent.stdin, parent.stdout


def _be(seconds: float | None, said: str, command: list[str]) -> None:
    from scn_core.cli.main import main

    words = os.open(said, os.O_WRONLY | os.O_APPEND)
    os.dup2(words, 1)
    os.dup2(words, 2)
    sys.argv = ["scn_core", *command]
    if seconds is not None:
        end = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
        end.daemon = True
        end.start()
    main()


def _main() -> None:
    import scn_core.cli.main
    import scn_core.rounds.train  # noqa: F401  torch takes its time

    for line in iter(sys.stdin.readline, ""):
        seconds, said, *command = json.loads(line)
        begun = time.perf_counter()
        pid = os.fork()
        if pid == 0:
            _be(seconds, said, command)
            return
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps([code, time.perf_counter() - begun]), flush=True)


if __name__ == "__main__":
    _main()
