"""Worker threads that each own one connection to review.db: nothing else in the app opens it.

One thread takes all writes in the order they came: writers of this process never wait for a lock they hold against
each other, which SQLite would have them do in naps. Readers never wait for it (WAL). A connection belongs to its
thread for life; after an exception that is not a refusal of ours it is thrown away, and the next job opens another.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlite_utils import Database

from review_app.settings import current
from scn_core.errors import ScnError
from scn_core.store.connection import open_database
from scn_core.store.faults import plain_errors

P = ParamSpec("P")
T = TypeVar("T")
_Job = tuple["Future[Any]", Callable[[Database], Any]]

READERS = 4


class _Workers:
    """Threads that take jobs from one queue."""

    def __init__(self, path: Path, name: str, threads: int) -> None:
        self._path = path
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"{name} {i}", daemon=True) for i in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Callable[[Database], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._jobs.put((future, job))
        return future

    def close(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        db: Database | None = None
        while (item := self._jobs.get()) is not None:
            future, job = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                db = db or open_database(self._path)
                with plain_errors(self._path):
                    result = job(db)
            except BaseException as error:
                if db is not None and not _leaves_it_sound(error):
                    with suppress(Exception):  # it is of no use any more either way
                        db.close()
                    db = None
                future.set_exception(error)
            else:
                future.set_result(result)
        if db is not None:
            db.close()


class Pool:
    """The writer and the readers of one database."""

    def __init__(self, path: Path, *, readers: int = READERS) -> None:
        self._writer = _Workers(path, "writer", 1)
        self._readers = _Workers(path, "reader", readers)

    def submit(self, write: bool, job: Callable[[Database], T]) -> Future[T]:
        """Hand a job to the writer's or to a reader's thread."""
        return (self._writer if write else self._readers).submit(job)

    def close(self) -> None:
        """Finish what was handed in, then close every connection."""
        self._writer.close()
        self._readers.close()


_pools: dict[Path, Pool] = {}
_lock = threading.Lock()


async def run(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(db, *args)` in a reader's thread, for routes. It may write too, `run_write` is the faster way."""
    return await asyncio.wrap_future(_submit(False, function, *args, **kwargs))


async def run_write(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(db, *args)` in the one thread of writers, for routes.

    A request that is given up does not take it back: what was begun is committed.
    """
    return await asyncio.wrap_future(_submit(True, function, *args, **kwargs))


def call(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(db, *args)` in a reader's thread, for pages: waits for the result."""
    return _submit(False, function, *args, **kwargs).result()


def call_write(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(db, *args)` in the one thread of writers, for pages: waits for the result."""
    return _submit(True, function, *args, **kwargs).result()


def close() -> None:
    """Close every connection of this process; the next job opens new ones."""
    with _lock:
        pools = list(_pools.values())
        _pools.clear()
    for pool in pools:
        pool.close()


def _submit(
    write: bool, function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> Future[T]:
    return _pool().submit(write, lambda db: function(db, *args, **kwargs))


def _pool() -> Pool:
    path = current().workspace.database_file
    with _lock:
        if path not in _pools:
            _pools[path] = Pool(path)
        return _pools[path]


def _leaves_it_sound(error: BaseException) -> bool:
    return isinstance(error, ScnError) and not isinstance(error.__cause__, sqlite3.Error)
