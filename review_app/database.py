"""Worker threads that each own one connection to review.db: nothing else in the app opens it.

One thread takes all writes in the order they came: writers of this process never wait for a lock they hold against
each other, which SQLite would have them do in naps. Answers that wait for it together are written together: one commit,
on the disk before any of them is acknowledged. Readers never wait for it (WAL). Reads that may take long (exports,
searches, figures over a whole round) have threads of their own, so that the check of a session never waits for one.
Every read has a time limit. A write is never stopped, but it waits for another program's lock only briefly, counted
from when it was asked for: those behind it in the queue do not wait one after the other. A connection belongs to its
thread for life; after an exception that is not a refusal of ours it is thrown away, and the next job opens another.
No write is acknowledged that went into a review.db-wal which was deleted: see `wal_watch`.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from sqlite_utils import Database

from review_app.http.errors import NotReady, TooSlow
from review_app.http.log import say
from review_app.http.metrics import DATABASE_WAIT_SECONDS
from review_app.settings import current
from review_app.wal_watch import GONE, LOOK_EVERY_S, WalWatch
from scn_core.errors import ScnError
from scn_core.permissions import OF_A_SERVER, refusals_in_our_words
from scn_core.store.connection import checkpoint, open_database
from scn_core.store.events import What, keep_event
from scn_core.store.sqlite_errors import plain_errors

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")
Lane = Literal["write", "quick", "slow"]
"""Which threads take a job."""

READERS, SLOW_READERS = 4, 3
MOST_TOGETHER = 32
"""Writes in one transaction."""
_OPENING_S = 10
"""How long a thread waits for the others of its lane to open theirs."""
_LOOK_EVERY = 200_000
"""Instructions of SQLite's machine, some milliseconds, between two looks at the clock."""


MOVED = (
    "the database was moved away or replaced; it is still open in this server alone, which makes a backup of it that "
    "its log names; before the server is restarted, see that there is one, or make it on the page Team; then restore "
    "that"
)


@dataclass(frozen=True)
class Limits:
    """Seconds from when a read or write was asked for; waiting for a thread counts."""

    quick_s: float = 15
    """Less than the 20 s after which the grid gives a request up, so that it hears why."""
    slow_s: float = 300
    lock_s: float = 2
    """How long a write waits for another program that writes. The grid keeps what was refused, and sends it again."""


LIMITS = Limits()


class _Deadline:
    """Ends a read that takes too long, SQLite asks it now and then; or a write's wait for another program."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._at = time.monotonic() + limit_s

    def passed(self) -> bool:
        return time.monotonic() >= self._at

    def left_ms(self) -> int:
        """Until then; 0 where the time is up."""
        return max(0, round((self._at - time.monotonic()) * 1000))

    def refuse(self, cause: BaseException | None = None) -> None:
        """Raises TooSlow where the time is up."""
        if self.passed():
            raise TooSlow(
                f"a read of the database took longer than {self._limit_s:g} s and was stopped; try again later, ask "
                "for less with a filter, or use the command line, where nothing is stopped"
            ) from cause


@dataclass(frozen=True)
class _Job:
    """What a thread is to do, and where the result goes."""

    future: Future[Any]
    work: Callable[..., Any]
    deadline: _Deadline
    asked: float
    item: Any = None
    joined: bool = False
    """`work` takes the items of all such jobs that wait, and returns a result for each."""


class _Workers:
    """Threads that take jobs from one queue."""

    def __init__(self, path: Path, lane: Lane, threads: int, limit_s: float, watch: WalWatch) -> None:
        self._path = path
        self._limit_s = limit_s
        self._watch = watch
        self._wal = watch if lane == "write" else None
        self._waited = DATABASE_WAIT_SECONDS.labels(lane)
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._behind: list[_Job | None] = []
        """What the one writer has taken from the queue, and does next."""
        self._threads = [threading.Thread(target=self._work, name=f"{lane} {i}", daemon=True) for i in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[..., Any], item: Any = None, *, joined: bool = False) -> Future[Any]:
        job = _Job(Future(), work, _Deadline(self._limit_s), time.monotonic(), item, joined)
        self._jobs.put(job)
        return job.future

    def open_all(self) -> list[Future[Any]]:
        """Have every thread open its connection; the futures are done once all have."""
        all_here = threading.Barrier(len(self._threads))
        return [self.submit(lambda db: all_here.wait(_OPENING_S)) for _ in self._threads]

    def close(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        db: Database | None = None
        while (first := self._next(db)) is not None:
            jobs = self._with_joined(first)
            for job in jobs:
                self._waited.observe(time.monotonic() - job.asked)
            jobs = [job for job in jobs if job.future.set_running_or_notify_cancel()]
            if not jobs:
                continue
            try:
                with refusals_in_our_words(OF_A_SERVER):
                    db = db or self._open()
                    results = self._done(db, jobs)
            except BaseException as error:
                if db is not None and not _leaves_it_sound(error):
                    with suppress(Exception):  # it is of no use any more either way
                        self._watch.closing(db)
                        db.close()
                    db = None
                for job in jobs:
                    job.future.set_exception(error)
                continue
            for job, result in zip(jobs, results, strict=True):
                if job.joined and isinstance(result, Exception):
                    job.future.set_exception(result)
                else:
                    job.future.set_result(result)
        if db is not None:
            db.close()

    def _with_joined(self, first: _Job) -> list[_Job]:
        """The job, and those right behind it that are done together with it."""
        jobs = [first]
        while first.joined and not self._behind and len(jobs) < MOST_TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is not None and job.joined and job.work is first.work:
                jobs.append(job)
            else:
                self._behind.append(job)
        return jobs

    def _next(self, db: Database | None) -> _Job | None:
        if self._wal is None:
            return self._jobs.get()
        if self._behind:
            return self._behind.pop()
        while True:
            with suppress(Empty):
                return self._jobs.get(timeout=LOOK_EVERY_S)
            if db is not None:
                self._wal.saved(db)

    def _open(self) -> Database:
        if self._wal is not None:
            self._wal.require()
        db = open_database(self._path)
        self._watch.opened()
        return db

    def _done(self, db: Database, jobs: list[_Job]) -> Sequence[Any]:
        job = jobs[0]
        if self._wal is not None:
            db.execute(f"PRAGMA busy_timeout = {job.deadline.left_ms()}")
            try:
                self._wal.require()
            except NotReady:
                checkpoint(db)
                raise
            with plain_errors(self._path):
                results = job.work(db, [each.item for each in jobs]) if job.joined else [job.work(db)]
            if not self._wal.saved(db):
                raise NotReady(GONE)
            return results
        job.deadline.refuse()
        db.conn.set_progress_handler(job.deadline.passed, _LOOK_EVERY)
        try:
            with plain_errors(self._path):
                return [job.work(db)]
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                job.deadline.refuse(error)
            raise


class Pool:
    """The writer and the readers of one database."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.file = _file_at(path)
        watch = WalWatch(path)
        self._workers: dict[Lane, _Workers] = {
            "write": _Workers(path, "write", 1, limits.lock_s, watch),
            "quick": _Workers(path, "quick", READERS, limits.quick_s, watch),
            "slow": _Workers(path, "slow", SLOW_READERS, limits.slow_s, watch),
        }

    def submit(self, lane: Lane, job: Callable[[Database], T]) -> Future[T]:
        """Hand a job to a thread of this lane."""
        return self._workers[lane].submit(job)

    def open_all(self) -> list[Future[Any]]:
        """As `_Workers.open_all`, of all lanes."""
        return [future for workers in self._workers.values() for future in workers.open_all()]

    def join(self, job: Callable[[Database, Sequence[Any]], Sequence[Any]], item: Any) -> Future[Any]:
        """Hand an item to the writer, for a job that takes all of them that wait."""
        return self._workers["write"].submit(job, item, joined=True)

    def close(self) -> None:
        """Finish what was handed in, then close every connection."""
        for workers in self._workers.values():
            workers.close()


_pools: dict[Path, Pool] = {}
_lock = threading.Lock()


async def run(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(db, *args)` in a reader's thread, for routes: reads of some milliseconds.

    Raises TooSlow for one that takes or waits longer than `Limits.quick_s`.
    """
    return await asyncio.wrap_future(_submit("quick", function, *args, **kwargs))


async def run_slow(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`run` for reads that grow with the data set. Raises TooSlow for one longer than `Limits.slow_s`."""
    return await asyncio.wrap_future(_submit("slow", function, *args, **kwargs))


async def run_write(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(db, *args)` in the one thread of writers, for routes.

    Raises WorkspaceError where another program has the lock for longer than `Limits.lock_s`.
    A request that is given up does not take it back: what was begun is committed.
    """
    return await asyncio.wrap_future(_submit("write", function, *args, **kwargs))


async def run_write_joined(function: Callable[[Database, Sequence[Item]], Sequence[T | Exception]], item: Item) -> T:
    """`run_write` for what comes often: `function(db, items)` has the items of all callers of this function that wait
    for the writer, at most MOST_TOGETHER, and writes them in one transaction.

    It returns a result for each item in that order; one that is an exception is raised for the caller of that item.
    """
    return await asyncio.wrap_future(_pool().join(function, item))


def call(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(db, *args)` in a reader's thread, for pages: waits for the result, some milliseconds.

    Raises TooSlow for a read that takes or waits longer than `Limits.quick_s`.
    """
    return _submit("quick", function, *args, **kwargs).result()


def call_slow(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`call` for reads that grow with the data set, such as exports: in threads that no request of the grid waits for.

    Raises TooSlow for a read that takes or waits longer than `Limits.slow_s`.
    """
    return _submit("slow", function, *args, **kwargs).result()


def call_write(function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(db, *args)` in the one thread of writers, for pages: waits for the result.

    Raises WorkspaceError where another program has the lock for longer than `Limits.lock_s`.
    """
    return _submit("write", function, *args, **kwargs).result()


async def run_note(what: What, about: Mapping[str, Any], *, by: int) -> None:
    """Keep in the workspace's log what is done already, for routes. Where that cannot be, as on a full disk, nothing
    fails for it: the server's log says so."""
    try:
        await run_write(keep_event, what, about, by=by)
    except ScnError as error:
        _say_not_noted(what, error)


def call_note(what: What, about: Mapping[str, Any], *, by: int) -> None:
    """The same for pages."""
    try:
        call_write(keep_event, what, about, by=by)
    except ScnError as error:
        _say_not_noted(what, error)


def _say_not_noted(what: What, error: ScnError) -> None:
    say("not noted", f"warning: {what}, but the workspace's log does not have it: {error}", level=logging.WARNING)


async def open_all() -> None:
    """Open every connection, some milliseconds each: visitors do not wait for them, and all threads can go on reading
    where review.db is deleted meanwhile, so that it can be saved."""
    await asyncio.gather(*(asyncio.wrap_future(future) for future in _pool().open_all()), return_exceptions=True)


def was_moved() -> bool:
    """Whether review.db is another file than the one that the connections were opened on, or none."""
    with refusals_in_our_words(OF_A_SERVER):
        return _pool().file != _file_at(current().workspace.database_file)


def require_in_place() -> None:
    """Raises NotReady where `was_moved`: what is written now is gone with this process."""
    if was_moved():
        raise NotReady(MOVED)


def close() -> None:
    """Close every connection of this process; the next job opens new ones."""
    with _lock:
        pools = list(_pools.values())
        _pools.clear()
    for pool in pools:
        pool.close()


def _submit(
    lane: Lane, function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> Future[T]:
    return _pool().submit(lane, lambda db: function(db, *args, **kwargs))


def _pool() -> Pool:
    path = current().workspace.database_file
    with _lock, refusals_in_our_words(OF_A_SERVER):
        if path not in _pools:
            _pools[path] = Pool(path, LIMITS)
        return _pools[path]


def _file_at(path: Path) -> tuple[int, int] | None:
    """What tells files apart, whatever their names; None: there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def _leaves_it_sound(error: BaseException) -> bool:
    return isinstance(error, ScnError) and not isinstance(error.__cause__, sqlite3.Error)
