"""Processes beside the server that leave the processors to the pages, so that these stay quick."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

NICENESS = 10
"""Processes of other programs get ten times as much of a processor. 19 would be 70 times: on a busy machine a map that
takes ten seconds was not drawn in two minutes."""
_TRIES, _APART_S = 3, 0.15
"""Linux takes the niceness of a session once in 0.1 s from all users together who are not root."""


def begin(
    command: Sequence[str], *, output: IO[bytes] | int, errors: IO[bytes], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Begin a process without input, in a session of its own, that is NICENESS nicer than this one.

    Where a system refuses that, it runs all the same. Raises OSError where the command cannot be begun.
    """
    process = subprocess.Popen(  # noqa: S603 (the callers' own commands, no shell)
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True, env=dict(environment)
    )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS))
    _make_session_nice(process.pid)
    return process


def _make_session_nice(pid: int) -> None:
    """Linux may share processors among sessions first (autogroup); a process is nice within its own alone then."""
    session = Path(f"/proc/{pid}/autogroup")
    for _ in range(_TRIES):
        try:
            session.write_text(str(NICENESS))
        except BlockingIOError:
            time.sleep(_APART_S)
        except OSError:  # another system, or the process has ended
            return
        else:
            return
