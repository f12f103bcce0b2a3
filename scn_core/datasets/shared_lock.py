"""A lock that several processes can share."""

from __future__ import annotations

import fcntl
import os
import tempfile
from threading import Lock


class SharedLock:
    """A lock of this process's threads and, once it is shared, of the other processes that were handed its file.

    A process that ends, however it ends, gives it back.
    """

    def __init__(self) -> None:
        self._threads, self._sharing = Lock(), Lock()
        self._file: int | None = None

    def share(self) -> int:
        """The descriptor to hand to another process, which passes it to `join`."""
        with self._sharing:
            if self._file is None:
                self._file, path = tempfile.mkstemp()
                os.unlink(path)  # noqa: PTH108 (the file is used without its name)
            return self._file

    def join(self, descriptor: int) -> None:
        """Share the lock of the process that handed this descriptor over."""
        self._file = descriptor

    def __enter__(self) -> None:
        self._threads.acquire()
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        self._threads.release()
