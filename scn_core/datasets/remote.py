"""Pictures elsewhere, as fsspec reaches them: what is there, and a copy of each that is as the one there.

A copy is as long and as old as what it was made from, and so is known to be current; nothing else is kept of it.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Self, TypeVar

from scn_core.datasets.addresses import is_web
from scn_core.datasets.images import MAX_BYTES
from scn_core.datasets.parallel import in_order
from scn_core.datasets.paths import relative_path
from scn_core.datasets.storage import (
    GONE,
    UNFETCHED,
    UNUSABLE,
    RefusedError,
    Stamp,
    Storage,
    Wrong,
    meant_by,
    refusal,
    rejects_credentials,
)
from scn_core.errors import DataError, DiskFullError, UsageError, error_text, masked
from scn_core.files import replaced

T = TypeVar("T")

LISTS = frozenset({".csv", ".tsv", ".txt", ".lst", ".json", ".jsonl", ".npy"})
"""How the names of files end that readers of data sets open themselves."""
_NO_NAME = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY)
_NAMELESS = Wrong("a name that no file here can have", UNFETCHED)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True)
class FetchSettings:
    """How patiently pictures are fetched."""

    at_once: int = 16
    """Pictures that are on their way at the same time."""
    waits_s: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    """Seconds before a further try after each failure that may pass; each is varied by half, at random."""
    timeout_s: float = 120.0
    """For one try, where the storage can be given up on."""
    give_up_after: int = 32
    """Pictures in a row that all tries failed for: then the storage does not answer, and reading ends."""


DEFAULTS = FetchSettings()


class Remote:
    """The folder of pictures at an address, with the folder of their copies; a context manager ends all waiting."""

    def __init__(self, address: str, copies: Path, settings: FetchSettings | None = None) -> None:
        """Raises UsageError where a package is missing, or there is no such kind of storage.

        Args:
            address: of the folder, without secrets.
            copies: made where it is not there.
            settings: None: the defaults.
        """
        self.address = address
        self.copies = copies
        self.settings = settings or DEFAULTS
        self.laid: Path | None = None
        """Where `lay_out` did."""
        self._stop = Event()
        self._failures = _Failures()
        self._storage = Storage(address, self.settings.timeout_s)
        copies.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._stop.set()

    def lay_out(self, folder: Path) -> list[tuple[str, Wrong]]:
        """Fill a folder with a file for each one there, as long and as old, but empty inside; lists are fetched.

        Readers of data sets walk it as they walk any folder. Returns the names of what is not in it, and why: names
        that no file here can have, lists that may not be read. Raises DataError where the folder cannot be listed.
        """
        self.laid, missing, lists = folder, list[tuple[str, Wrong]](), list[str]()
        for relative, stamp in self._listing():
            path = folder / relative
            try:
                if relative_path(relative) != relative:
                    raise OSError
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    file.truncate(stamp.size or 0)
            except (OSError, ValueError) as error:
                if getattr(error, "errno", None) in _NO_ROOM:
                    raise
                missing.append((relative, _NAMELESS))
                continue
            os.utime(path, ns=(0, stamp.modified_ns or 0))
            if path.suffix.lower() in LISTS:
                lists.append(relative)
        laid = in_order(self._lay_list, lists, batch=1, threads=self.settings.at_once, stop=self.stop)
        missing += [(name, wrong) for name, wrong in zip(lists, laid, strict=True) if wrong is not None]
        return missing

    def names(self) -> Iterator[str]:
        """The paths of all files there, a folder after the other. Raises DataError where it cannot be listed."""
        return (name for name, _ in self._listing())

    def fetch(self, relative: str, to: Path | None = None) -> Wrong | None:
        """Have a copy of one picture, unless there is one that is current; or what is wrong with it. For many threads.

        Where the storage does not answer, a copy of before will do. `to`: another place for the copy.

        Raises DataError once so many pictures in a row could not be fetched that the storage seems not to answer, and
        at once where it does not accept who asks.
        """
        target = to or self.copies / relative
        try:
            stamp = self._known(relative) or self._patiently(partial(self._storage.ask, relative))
            if not _is_current(target, stamp):
                self._patiently(partial(self._download, relative, target, stamp))
        except RefusedError as refused:
            self._failures.over()
            return refused.wrong
        except _UnansweredError as error:
            if self._failures.another() >= self.settings.give_up_after:
                raise self._unanswered(error) from error
            if target.is_file():
                return None
            return Wrong(f"could not be fetched ({error})", UNFETCHED)
        self._failures.over()
        return None

    def fetch_list(self, name: str, target: Path) -> Wrong | None:
        """Have the current content of a label list, or what is wrong with it. Raises DataError where nobody answers."""
        try:
            stamp = self._patiently(partial(self._storage.ask, name))
            if not _is_current(target, stamp):
                self._patiently(partial(self._download, name, target, stamp))
        except RefusedError as refused:
            with suppress(OSError):
                target.unlink()  # of an earlier reading
            return Wrong(
                refused.wrong.words.replace("picture", "list"), refused.wrong.reason.replace("picture", "list")
            )
        except _UnansweredError as error:
            raise self._unanswered(error) from error
        return None

    def _lay_list(self, name: str) -> Wrong | None:
        kept, laid = self.copies / name, (self.laid or self.copies) / name
        wrong = self.fetch_list(name, kept)
        if wrong is None:
            shutil.copyfile(kept, laid)
        else:
            laid.unlink()
        return wrong

    def _listing(self) -> Iterator[tuple[str, Stamp]]:
        if is_web(self.address):
            allowed = "a list of pictures (--dataset csv --csv LIST), or storage that lists its folders, such as s3://"
            raise UsageError(error_text("--root", f"{self.address}, which cannot be listed", allowed))
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                entries = self._patiently(partial(self._storage.folder, folder))
            except RefusedError as refused:
                if folder and refused.wrong.reason == GONE:  # since the folder around it was listed
                    continue
                words = refused.wrong.words.replace("picture", "folder")
                raise DataError(error_text(self.address, words, "a folder that may be listed (--root)")) from refused
            except _UnansweredError as error:
                raise self._unanswered(error) from error
            waiting += [name for name, stamp in reversed(entries) if stamp is None]
            yield from ((name, stamp) for name, stamp in entries if stamp is not None)

    def _known(self, name: str) -> Stamp | None:
        if self.laid is None:
            return None
        state = (self.laid / name).stat()
        return Stamp(state.st_size, state.st_mtime_ns or None)

    def _download(self, name: str, target: Path, stamp: Stamp) -> None:
        if (stamp.size or 0) > MAX_BYTES and target.suffix.lower() not in LISTS:
            raise RefusedError(Wrong(f"a file of over {MAX_BYTES:,} bytes", UNUSABLE))
        with _name_or_refusal():
            target.parent.mkdir(parents=True, exist_ok=True)
            with replaced(target, durable=False, needed=stamp.size) as file:
                part = Path(file.name)
                self._storage.get(name, part, None if target.suffix.lower() in LISTS else MAX_BYTES)
                found = part.stat().st_size
                if stamp.size not in (None, found):
                    was, stamp = stamp, self._storage.ask(name)
                    if stamp.size != found:
                        raise ConnectionError(f"{found:,} of {was.size:,} bytes came")
                if stamp.modified_ns is not None:
                    os.utime(part, ns=(stamp.modified_ns, stamp.modified_ns))

    def _patiently(self, call: Callable[[], T]) -> T:
        for wait in (*self.settings.waits_s, None):
            try:
                return call()
            except (RefusedError, DiskFullError):
                raise
            except Exception as error:  # each kind of storage has errors of its own
                meant = meant_by(error)
                words = (masked(" ".join(str(meant).split())) or type(meant).__name__)[:200]
                if rejects_credentials(meant):
                    raise self._rejected(words) from error
                if (wrong := refusal(meant)) is not None:
                    raise RefusedError(wrong) from error
                if wait is None or self._stop.wait(wait * random.uniform(0.5, 1.5)):  # noqa: S311 (no secret)
                    raise _UnansweredError(words) from error
        raise AssertionError  # the last wait is None

    def _rejected(self, words: str) -> DataError:
        return DataError(
            f"{self.address}: found credentials that the storage does not accept ({words}); what was fetched is kept: "
            "renew them, and the same command goes on from there"
        )

    def _unanswered(self, error: Exception) -> DataError:
        return DataError(
            f"{self.address}: found no answer ({error}); what was fetched is kept: once it answers, the same command "
            "goes on from there"
        )


class _UnansweredError(Exception):
    """All tries failed."""


class _Failures:
    """How many in a row, among threads."""

    def __init__(self) -> None:
        self._count, self._lock = 0, Lock()

    def another(self) -> int:
        with self._lock:
            self._count += 1
            return self._count

    def over(self) -> None:
        with self._lock:
            self._count = 0


@contextmanager
def _name_or_refusal() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_NAME:
            raise RefusedError(_NAMELESS) from error
        raise


def _is_current(copied: Path, stamp: Stamp) -> bool:
    try:
        state = copied.stat()
    except (OSError, ValueError):
        return False
    told = stamp.size is not None or stamp.modified_ns is not None
    return told and stamp.modified_ns in (None, state.st_mtime_ns) and stamp.size in (None, state.st_size)
