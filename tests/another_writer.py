"""Another program that writes to a workspace's database: a process of its own, which holds the lock until told."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

from scn_core.workspace.folder import Workspace

_HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
db.execute("ROLLBACK")
"""


class AnotherWriter:
    """Holds the lock from when it is made until `release`, or the end of the block."""

    def __init__(self, workspace: Workspace) -> None:
        command = [sys.executable, "-c", _HOLD, str(workspace.database_file)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "held\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.release()

    def release(self) -> None:
        """Lets the lock go; the process has ended by then."""
        if self._process.poll() is None:
            self._process.communicate()
        assert self._process.returncode == 0
