"""Who on this machine may read the databases: they hold faces, names and hashes of passwords."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from scn_core.errors import error_text

Access = Literal["owner", "group"]
"""Whom the files are for: one account, or also the others of the group that the workspace's folder has."""
ACCESS: tuple[Access, ...] = get_args(Access)

_FORBIDDEN: dict[Access, int] = {"owner": 0o077, "group": 0o007}


def close_to_others(folder: Path, access: Access) -> list[str]:
    """Takes from others what they may do with the databases of a workspace and with their backups.

    Returns a line for each that others may still read, because it belongs to another account.
    """
    open_still = []
    for path in _databases(folder):
        with suppress(FileNotFoundError):  # removed meanwhile, as -wal and -shm are
            mode = stat.S_IMODE(path.stat().st_mode)
            if not mode & _FORBIDDEN[access]:
                continue
            wanted = mode & ~_FORBIDDEN[access]
            try:
                path.chmod(wanted)
            except PermissionError:
                do = "its owner changes it with chmod"
                open_still.append(error_text(str(path), f"mode {mode:o}", f"{wanted:o}", do))
    return open_still


def _databases(folder: Path) -> Iterator[Path]:
    for name in ("review.db", "thumbs.db"):
        yield from (path for suffix in ("", "-wal", "-shm") if os.path.lexists(path := folder / f"{name}{suffix}"))
    yield from (folder / "backups").glob("*.db")
