"""Processes beside the server that leave the processors to the pages, so that these stay quick."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

NICENESS = 10
"""Processes of other programs get ten times as much of a processor; of 19 it would be 70 times, and what is at work
here holds the database's lock at times. Linux may share processors among sessions first (autogroup), where a niceness
counts within a session alone. To lower the session's share too was tried: answers took longer, not less."""


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
    return process
