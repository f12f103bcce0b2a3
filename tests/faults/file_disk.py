"""A disk that loses, at a power cut, what files and folders it was not asked to keep; databases aside, see `disk`.

Programs reach it through Python's os module and numpy's mapped files. What they ask for is done, and noted here: a file
that is synced keeps its content of then, a folder the names of then. At a cut each folder has, by chance, its names of
now or those of its last sync; each file what was last synced, or by chance its first pages of now, other pages of then
and now mixed, or all of now. A file that was never synced may so be empty under its name; one that was, and that the
program has mapped to write in, keeps its length, as nothing has cut it short.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.faults.disk import Disk, watched_disk

_PAGE = 4096
_DATABASES = (".db", ".db-wal", ".db-shm", ".db-journal")
_STEPS = ("replace", "rename", "unlink", "remove", "mkdir", "rmdir", "link")


class Cut:
    """Power cuts at chosen steps of a program, each a copy of the disk in a folder of its own."""

    def __init__(self, folder: Path, copies: Path, databases: Disk) -> None:
        self._folder, self._copies, self._databases = folder.resolve(), copies, databases
        self._lock = databases.lock
        self._synced: dict[int, bytes] = {}
        """Inode -> content as of its last sync."""
        self._names: dict[int, dict[str, int]] = {}
        """Inode of a folder -> names as of its last sync, with the inode of each."""
        self._folders: dict[int, Path] = {}
        """Inode of a folder -> where it is now, or was last."""
        self._held: dict[int, int] = {}
        """Inode -> what keeps it, and so its number, as long as this is here."""
        self._mapped: set[int] = set()
        """Inodes that the program had mapped at the cut."""
        self.steps = 0
        self.at: set[int] = set()
        """Before which steps there is a cut."""
        self.made: list[Path] = []
        self._copying = False
        self.sync_all()
        databases.on_event = self.step

    def step(self) -> None:
        """Something is about to be changed or synced."""
        with self._lock:
            if self._copying:
                return
            if self.steps in self.at:
                self._copying = True
                self._mapped = _mapped_files()
                chance = random.Random(self.steps)
                copy = self._copies / str(self.steps)
                for place in self._all_folders():
                    self._hold(place)
                self._copy(self._hold(self._folder), copy, chance)
                self._databases.cut(copy, chance, databases_alone=True)
                self.made.append(copy)
                self._copying = False
            self.steps += 1

    def sync(self, opened: int) -> None:
        """What is open is on the disk now."""
        with self._lock:
            path = Path(f"/proc/self/fd/{opened}").readlink()
            if not path.is_dir():
                self.sync_file(Path(f"/proc/self/fd/{opened}"))
            elif path == self._folder or self._folder in path.parents:
                self._names[self._hold(path)] = self._names_now(path)

    def sync_file(self, path: Path) -> None:
        """The content of a file is on the disk now."""
        with self._lock:
            self._hold(path)
            self._synced[path.stat().st_ino] = path.read_bytes()

    def sync_all(self) -> None:
        """Everything is on the disk now."""
        with self._lock:
            for place in self._all_folders():
                self._names[self._hold(place)] = self._names_now(place)
                for path in place.iterdir():
                    if path.is_file() and not path.name.endswith(_DATABASES):
                        self._synced[path.stat().st_ino] = path.read_bytes()

    def close(self) -> None:
        """Lets go of all files."""
        for opened in self._held.values():
            os.close(opened)

    def _all_folders(self) -> list[Path]:
        return [self._folder, *(path for path in self._folder.rglob("*") if path.is_dir())]

    def _hold(self, path: Path) -> int:
        number = path.stat().st_ino
        if number not in self._held:
            self._held[number] = os.open(path, os.O_RDONLY)
        if path.is_dir():
            self._folders[number] = path
        return number

    def _names_now(self, place: Path) -> dict[str, int]:
        return {path.name: self._hold(path) for path in place.iterdir() if not path.name.endswith(_DATABASES)}

    def _copy(self, folder: int, to: Path, chance: random.Random) -> None:
        to.mkdir(parents=True)
        place, then = self._folders[folder], self._names.get(folder, {})
        there = place.is_dir() and place.stat().st_ino == folder
        for name, number in (self._names_now(place) if there and chance.random() < 0.5 else then).items():
            if number in self._folders:
                self._copy(number, to / name, chance)
            else:
                (to / name).write_bytes(self._content(number, chance))

    def _content(self, inode: int, chance: random.Random) -> bytes:
        then = self._synced.get(inode, b"")
        now = os.pread(self._held[inode], 1 << 30, 0)
        if now == then:
            return now
        match chance.randrange(4):
            case 0:
                return now
            case 1 if not (then and inode in self._mapped):
                return now[: _PAGE * chance.randint(0, len(now) // _PAGE)]
            case 2 if len(now) == len(then):
                pages = (chance.choice((now, then))[at : at + _PAGE] for at in range(0, len(now), _PAGE))
                return b"".join(pages)
        return then


def _mapped_files() -> set[int]:
    """Inodes of the files that this process has mapped to write in."""
    maps = (line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines())
    paths = (Path(fields[5]) for fields in maps if fields[1] == "rw-s" and len(fields) == 6)
    return {path.stat().st_ino for path in paths if path.is_file()}


@contextmanager
def power_cuts(folder: Path, copies: Path, *, at: set[int] | None = None) -> Iterator[Cut]:
    """Cuts of what the folder's files go through within the block; databases are to be closed by its end."""
    with watched_disk(folder) as databases, pytest.MonkeyPatch.context() as patched:
        cut = Cut(folder, copies, databases)
        cut.at = at or set()

        def fsync(opened: int, *, really: Callable[[int], None] = os.fsync) -> None:
            cut.step()
            really(opened)
            cut.sync(opened)

        def flush(table: Any, *, really: Callable[[Any], None] = np.memmap.flush) -> None:
            cut.step()
            really(table)
            cut.sync_file(Path(table.filename))

        def sync(*, really: Callable[[], None] = os.sync) -> None:
            cut.step()
            really()
            cut.sync_all()

        patched.setattr(os, "fsync", fsync)
        patched.setattr(os, "sync", sync)
        patched.setattr(np.memmap, "flush", flush)
        for name in _STEPS:
            patched.setattr(os, name, _after_step(cut, getattr(os, name)))
        try:
            yield cut
        finally:
            cut.close()


def _after_step(cut: Cut, really: Callable[..., Any]) -> Callable[..., Any]:
    def done(*arguments: Any, **named: Any) -> Any:
        cut.step()
        return really(*arguments, **named)

    return done


def cut_while(
    work: Callable[[], None], undo: Callable[[], None], folder: Path, copies: Path, count: int,
    capsys: pytest.CaptureFixture[str],
) -> list[Path]:  # fmt: skip
    """Does the work to count its steps, undoes it, and does it again with so many cuts, spread over the steps; the
    copies of the folder."""
    with power_cuts(folder, copies) as counted:
        work()
    undo()
    steps = counted.steps
    count = min(count, steps)
    at = {int((cut + random.Random(cut).random()) * steps / count) for cut in range(count)}
    with power_cuts(folder, copies, at=at) as cuts:
        work()
    assert cuts.made
    with capsys.disabled():
        print(f"{len(cuts.made)} power cuts in {steps} steps")
    return cuts.made
