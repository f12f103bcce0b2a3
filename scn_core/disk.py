"""A full disk as one kind of error: which disk it is, how much is free on it, and how much was needed."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scn_core.errors import DiskFullError, ScnError, error_text

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_ROOM_BYTES = 2**20
"""With less free, an I/O error of SQLite means a full disk, as when the index of the WAL cannot grow."""
_UNITS = ((10**9, "GB", 1), (10**6, "MB", 0), (10**3, "KB", 0))


@contextmanager
def naming_full_disk(path: Path, needed: int | None = None, do: str = "") -> Iterator[None]:
    """Turns any library's "no space left" into a DiskFullError about the disk of `path`; other errors pass.

    Args:
        path: what is written; it need not exist.
        needed: bytes that it takes, where that is known.
        do: what else the user can do than make room.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, ScnError) or not _is_full(error, path):
            raise
        raise disk_full(path, needed, do) from error


def check_room(path: Path, needed: int, what: str, do: str = "") -> None:
    """Raises DiskFullError where fewer than `needed` bytes are free; `what` they are for, such as '70 faces'."""
    if needed > _free_and_all(path)[0]:
        raise disk_full(path, needed, do, what)


def disk_full(path: Path, needed: int | None = None, do: str = "", what: str = "") -> DiskFullError:
    """The error that says which disk has no room, for how much."""
    free, total = _free_and_all(path)
    if needed is None:
        (has,), allowed = sizes(free), "room for all that is written"
    else:
        has, wanted = sizes(free, needed)
        allowed = wanted + (f" for {what}" if what else "")
    found = f"{has} free on the disk at {_mount_of(path)}, which has {sizes(total)[0]}"
    return DiskFullError(error_text(str(path), found, allowed, f"make room there{f', or {do}' if do else ''}"))


def named(error: OSError) -> OSError | DiskFullError:
    """The error itself; a full disk of which it does not say which it is as one that says what it can be."""
    if error.errno not in _FULL:
        return error
    if error.filename is not None:
        return disk_full(Path(os.fsdecode(error.filename)))
    found = "a full disk: that of what the output is written to, or the one of temporary files"
    return DiskFullError(error_text("", found, "room for all that is written", "make room there, or set TMPDIR"))


def sizes(*counts: int) -> tuple[str, ...]:
    """Bytes as text, all in the largest unit that tells different counts apart: `1.2 GB`, `63 MB` beside `64 MB`."""
    for unit, name, digits in _UNITS:
        shown = tuple(f"{count / unit:,.{digits}f} {name}" for count in counts)
        if max(counts) >= unit and len(set(shown)) == len(set(counts)):
            return shown
    return tuple(f"{count:,} bytes" for count in counts)


def _is_full(error: BaseException, path: Path) -> bool:
    """Whether this error, or one it came from, says that a disk is full: torch wraps that of the system in its own."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, OSError) and chain.errno in _FULL:
            return True
        code = getattr(chain, "sqlite_errorcode", 0) & 0xFF  # the primary of an extended code
        if code == sqlite3.SQLITE_FULL:
            return True
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _free_and_all(path)[0] < _NO_ROOM_BYTES:
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _free_and_all(path: Path) -> tuple[int, int]:
    """Bytes that this user may still write, and those of the whole disk."""
    disk = os.statvfs(existing(path))
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize


def existing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that there is."""
    resolved = path.resolve()
    return next(place for place in (resolved, *resolved.parents) if place.exists())


def _mount_of(path: Path) -> Path:
    place = existing(path)
    return next(each for each in (place, *place.parents) if each.is_mount())
