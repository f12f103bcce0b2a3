"""Files that stand under their name only when they are whole, whatever ends the program or the machine meanwhile."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import platform
import secrets
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from scn_core.disk import naming_full_disk
from scn_core.errors import WorkspaceError, error_text

PRIVATE = 0o700
"""Mode of a folder with names, faces or hashes of passwords in it, such as a workspace, that only its owner may enter;
a file of them has 0o600."""
_SUFFIX = ".part"
_POLL_S = 0.05
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What the system says of a lock where there are none; SQLite would take the first for a busy database."""
_SYNC_WAITS = platform.system() == "Linux"
"""Elsewhere sync(2) may return before the disk has everything."""
_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, KeyError)
"""What zipfile raises for files that are cut off, changed, encrypted, or of a method it does not know."""


@contextmanager
def replaced(
    path: Path, *, durable: bool = True, needed: int | None = None, private: bool = False
) -> Iterator[BinaryIO]:
    """A new file to write into, which takes the place of `path` when the block ends.

    It lies in the same folder under a name of its own, so several may write the same file at once; the last to end
    wins. Where the block raises, it is removed and `path` stays as it was; a full disk raises DiskFullError. What a
    killed process left of an earlier attempt is removed. The mode is that of the file replaced, or what the umask gives
    a new one.

    Args:
        path: the file; its folder is there.
        durable: wait until the disk has it, so that after a power cut there is the old or the new file. Without, a
            power cut may leave an empty one: for many small files that can be made again.
        needed: bytes that the file takes, where that is known; the error of a full disk says it.
        private: nobody but its owner may read it, whatever the file replaced allowed.
    """
    mode = 0o600 if private else path.stat().st_mode & 0o777 if path.exists() else None
    if durable:
        _remove_abandoned(path)
    with naming_full_disk(path, needed), _beside(path, 0o666 if mode is None else mode | 0o600) as file:
        yield file
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.flush()
        part = Path(file.name)
        if durable:
            put_in_place(part, path)
        else:
            part.replace(path)


@contextmanager
def scratch_file(path: Path) -> Iterator[Path]:
    """An empty file beside `path` for work on the way to it, which only its owner may read; gone after the block.

    `remove_abandoned` removes what a killed process left of one.
    """
    with naming_full_disk(path), _beside(path, 0o600) as file:
        yield Path(file.name)


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """A new folder to fill, which takes the place of `path` when the block ends; what was there is removed.

    It lies beside under a name of its own. Where the block raises, it is removed and `path` stays as it was; what a
    killed process left of an earlier attempt is removed. It holds faces: nobody but its owner may enter a new one; one
    that is replaced hands on its mode.
    """
    _remove_abandoned(path)
    part, lock = _locked_folder(path)
    try:
        yield part
        if path.exists():
            part.chmod(path.stat().st_mode & 0o777)
        sync_tree(part)
        aside = _unfinished(path)
        if path.exists():
            path.rename(aside)
        try:
            part.rename(path)
        except OSError:
            if aside.exists():
                aside.rename(path)
            raise
        sync_folder(path.parent)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        os.close(lock)
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def opened_zip(path: Path, damaged: Callable[[str], Exception]) -> Iterator[zipfile.ZipFile]:
    """A zip file to read within the block; what is wrong with it, `damaged` makes an error of, which is raised."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (*_DAMAGED_ZIP, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # which zipfile's seek before the start raises
            raise
        raise damaged(str(error)) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file by these bytes, or leave it as it was."""
    with replaced(path, needed=len(data)) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """The same with a text, in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def create_private(path: Path, data: bytes) -> None:
    """A file that only its owner may read, whole or not at all; where there is one of that name, that one stays."""
    with naming_full_disk(path, len(data)), _beside(path, 0o600) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(file.name)
        sync_folder(path.parent)


def put_in_place(part: Path, path: Path) -> None:
    """Rename a finished file to `path` in the same folder, once the disk has it; a file of that name is replaced."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in, which a power cut does not take again; no error where it is there."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def make_private_folder(path: Path) -> None:
    """The same for a folder that nobody but its owner may enter; one that is there keeps its mode."""
    make_folder(path.parent)
    path.mkdir(mode=PRIVATE, exist_ok=True)
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Have the disk keep a folder with all that is in it, before it is renamed or said to be whole."""
    if _SYNC_WAITS:
        os.sync()  # at once, however many files
        return
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        elif path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def sync(file: BinaryIO) -> None:
    """Have the disk keep what was written so far."""
    file.flush()
    os.fsync(file.fileno())


def check_locks(folder: Path) -> None:
    """Raises WorkspaceError where the file system of a folder has no locks, without which SQLite loses answers.

    Nothing is found out of a folder that may not be written to, or of a full disk.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            fcntl.lockf(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            found = f"a file system without locks ({error.strerror})"
            allowed = "a local disk: SQLite needs locks to keep answers"
            raise WorkspaceError(error_text(str(folder), found, allowed, "copy the workspace to one")) from error


def locked_now(file: IO[Any], how: int, *, wait_s: float = 0) -> bool:
    """Whether the lock (fcntl.LOCK_EX or LOCK_SH) could be had, at once or within `wait_s` seconds, such as past a look
    of another process; it goes with the file when that is closed by all who have it open."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        else:
            return True


def remove(path: Path) -> None:
    """Remove a file, and what a killed process left of an attempt to replace it. No error where there is none."""
    path.unlink(missing_ok=True)
    _remove_abandoned(path)


def remove_abandoned(folder: Path) -> None:
    """Remove every unfinished file and folder that killed processes left in a folder."""
    _remove_unlocked(folder, "*")


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder; some file systems cannot be asked to."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextmanager
def _beside(path: Path, mode: int) -> Iterator[BinaryIO]:
    """A new file, locked, that is gone after the block unless it was renamed."""
    part = _unfinished(path)
    try:
        with _locked(part, mode) as file:
            yield file
    finally:
        part.unlink(missing_ok=True)


def _locked(part: Path, mode: int) -> BinaryIO:
    """A new file that nobody else takes for abandoned."""
    while True:
        file = open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115 (the caller's)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # removed by another process between its creation and its lock


def _locked_folder(path: Path) -> tuple[Path, int]:
    """The same with a folder for `path`, and what is open while it is locked."""
    while True:
        part = _unfinished(path)
        part.mkdir(mode=PRIVATE)
        with suppress(FileNotFoundError):
            lock = os.open(part, os.O_RDONLY)
            with suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock).st_nlink:
                return part, lock
            os.close(lock)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}{_SUFFIX}")


def _remove_abandoned(path: Path) -> None:
    """Removes unfinished files and folders for `path` that no process is writing any more."""
    _remove_unlocked(path.parent, glob.escape(path.name))


def _remove_unlocked(folder: Path, name: str) -> None:
    for part in folder.glob(f".{name}.{'[0-9a-f]' * 16}{_SUFFIX}"):
        with suppress(OSError):
            opened = os.open(part, os.O_RDONLY)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: somebody is
                if part.is_dir():
                    shutil.rmtree(part)
                else:
                    part.unlink()
            finally:
                os.close(opened)
