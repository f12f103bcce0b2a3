"""A command of scn_core as a process of its own: let to its end, or killed at an instant of its work."""

from __future__ import annotations

import signal

from tests.scn_core.forks import run_forked

# `0.25 train WS --epochs 2` is killed 0.25 s after it began to work. The last line it writes are the seconds it took.
_DOOMED = """
import os, signal, sys, threading, time
from scn_core.cli import main as cli

seconds, *command = sys.argv[1:]
if seconds != "never":
    end = threading.Timer(float(seconds), os.kill, (os.getpid(), signal.SIGKILL))
    end.daemon = True
    end.start()
began = time.perf_counter()
sys.argv = ["scn_core", *command]
try:
    cli.main()
finally:
    print(time.perf_counter() - began, file=sys.stderr)
"""


def whole(*command: object) -> float:
    """Lets the command end well. Returns the seconds it took."""
    done = run_forked("-c", _DOOMED, "never", *command)
    assert done.code == 0, done.err
    return float(done.err.split()[-1])


def killed(seconds: float, *command: object) -> bool:
    """Kills the command after so many seconds of work, unless it has ended well by then. Whether it was killed."""
    done = run_forked("-c", _DOOMED, seconds, *command)
    assert done.code in (0, -signal.SIGKILL), done.err
    return done.code != 0
