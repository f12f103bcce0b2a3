"""A command of scn_core as a process of its own: let to its end, or killed at an instant of its work.

    python -m tests.faults.doomed 0.25 train WS --epochs 2

is killed 0.25 s after it began to work; what it imports does not count.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

from tests.scn_core.conftest import PATIENCE_S, REPOSITORY


def whole(*command: object) -> float:
    """Lets the command end well. Returns the seconds it took."""
    done = _run("never", *command)
    assert done.returncode == 0, done.stderr
    return float(done.stderr.split()[-1])


def killed(seconds: float, *command: object) -> None:
    """Kills the command after so many seconds of work, unless it has ended well by then."""
    done = _run(seconds, *command)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "tests.faults.doomed", *map(str, arguments)]
    return subprocess.run(run, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def main() -> None:
    seconds, *command = sys.argv[1:]
    from scn_core.cli import main as cli

    if command[0] == "train":
        import scn_core.rounds.train  # noqa: F401  torch takes its time
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


if __name__ == "__main__":
    main()
