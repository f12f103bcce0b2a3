"""Whether a server of a workspace runs: it holds a lock, which the system frees however it ends."""

from __future__ import annotations

import fcntl
from pathlib import Path

from scn_core.files import locked_now


def server_lock_file(workspace: Path) -> Path:
    """Of a workspace's folder: what its one server holds locked, with where it is in it."""
    return workspace / "server.lock"


def is_served(workspace: Path) -> bool:
    """Whether a server of the workspace in this folder runs now."""
    try:
        with server_lock_file(workspace).open(encoding="utf-8") as file:
            return not locked_now(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False
