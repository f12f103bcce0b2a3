"""A disk that loses, at a power cut, what it was not asked to keep: SQLite's own file layer, watched from below.

SQLite reaches files through a table of functions, which stays the real one; the three that change a file or have the
disk keep it (write, truncate, sync) are noted here first. A cut keeps every file as it was when it was last synced.
Of what was written since, a disk may have any part: each write is there, missing, or torn between two sectors of 512
bytes, as chance has it. That files exist under their names is taken for granted.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any

_SECTOR = 512
_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))


class _Vfs(ctypes.Structure):
    """The first fields of sqlite3_vfs; see sqlite3.h."""

    _fields_ = (
        ("iVersion", c_int), ("szOsFile", c_int), ("mxPathname", c_int), ("pNext", c_void_p), ("zName", c_char_p),
        ("pAppData", c_void_p), ("xOpen", c_void_p),
    )  # fmt: skip


class _Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("iVersion", c_int), ("xClose", c_void_p), ("xRead", c_void_p), ("xWrite", c_void_p), ("xTruncate", c_void_p),
        ("xSync", c_void_p), ("others", c_void_p * 13),
    )  # fmt: skip


class _File:
    """What the disk has of a file for certain, and what has been done to it since, oldest first."""

    def __init__(self, content: bytes) -> None:
        self.kept = bytearray(content)
        self.since: list[tuple[int, bytes] | int] = []
        """(offset, bytes written), or the length it was cut to."""

    def sync(self) -> None:
        for change in self.since:
            _apply(self.kept, change)
        self.since.clear()

    def after_a_cut(self, chance: random.Random) -> bytes:
        found = bytearray(self.kept)
        for change in self.since:
            fate = chance.random()
            if fate < 1 / 3:
                continue
            if fate < 1 / 2 and not isinstance(change, int):
                offset, data = change
                change = offset, data[: chance.randrange(0, len(data) + 1, _SECTOR)]
            _apply(found, change)
        return bytes(found)


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    offset, data = change
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


class Disk:
    """The files below a folder as the disk has them, from when this was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files = {path: _File(path.read_bytes()) for path in self._folder.rglob("*") if path.is_file()}
        self.events = 0
        """Writes, truncations and syncs so far."""
        self.syncs = 0
        self.on_event: Callable[[], None] = lambda: None
        """Called before each of them."""
        self.lock = threading.RLock()
        """Held meanwhile, as several threads may write."""

    def cut(self, folder: Path, chance: random.Random, *, databases_alone: bool = False) -> None:
        """Writes into a folder what the disk has, were the power to fail now."""
        with self.lock:
            for path, file in self._files.items():
                database = path.suffix == ".db" or path.name.endswith(".db-wal")
                if database or not (databases_alone or path.name.endswith("-shm")):  # -shm: SQLite makes it again
                    copy = folder / path.relative_to(self._folder)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(file.after_a_cut(chance))

    def opened(self, path: Path) -> _File | None:
        """The file, if it lies in the folder; one that is new, or was removed meanwhile, is empty."""
        if self._folder not in path.parents:
            return None
        if path not in self._files or not path.exists() or path.stat().st_size == 0:
            self._files[path] = _File(b"")
        return self._files[path]

    def noted(self, file: _File, change: tuple[int, bytes] | int | None) -> None:
        """`change` is about to happen; None: a sync."""
        with self.lock:
            self.on_event()
            self.events += 1
            if change is None:
                self.syncs += 1
                file.sync()
            else:
                file.since.append(change)


@contextmanager
def watched_disk(folder: Path) -> Iterator[Disk]:
    """Every connection opened within is watched, those to files in the folder; close them within too."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    disk, open_file, tables = Disk(folder), vfs.xOpen, _Tables()
    tables.disk = disk
    really_open = _OPEN(open_file)

    def opening(this: int, name: int | None, file: int, flags: int, out: Any) -> int:
        done: int = really_open(this, name, file, flags, out)  # the address itself: SQLite keeps it
        found = disk.opened(Path(ctypes.string_at(name).decode())) if done == 0 and name else None
        if found is not None:
            tables.watch(file, found)
        return done

    hook = _OPEN(opening)
    vfs.xOpen = ctypes.cast(hook, c_void_p).value
    try:
        yield disk
    finally:
        vfs.xOpen = open_file


class _Tables:
    """A table of functions of its own for every open file. Kept for good: SQLite may call them until it closes."""

    disk: Disk
    _alive: list[Any] = []  # noqa: RUF012

    def watch(self, address: int, file: _File) -> None:
        place = c_void_p.from_address(address)  # the first field of sqlite3_file
        real = _Methods.from_address(place.value or 0)
        write, truncate, sync = _WRITE(real.xWrite), _TRUNCATE(real.xTruncate), _SYNC(real.xSync)

        def on_write(this: int, data: int, length: int, offset: int) -> int:
            self.disk.noted(file, (offset, ctypes.string_at(data, length)))
            return int(write(this, data, length, offset))

        def on_truncate(this: int, length: int) -> int:
            self.disk.noted(file, length)
            return int(truncate(this, length))

        def on_sync(this: int, flags: int) -> int:
            done = int(sync(this, flags))
            self.disk.noted(file, None)
            return done

        hooks = _WRITE(on_write), _TRUNCATE(on_truncate), _SYNC(on_sync)
        ours = _Methods.from_buffer_copy(real)
        ours.xWrite, ours.xTruncate, ours.xSync = (ctypes.cast(hook, c_void_p).value for hook in hooks)
        place.value = ctypes.addressof(ours)
        self._alive.append((ours, hooks))
