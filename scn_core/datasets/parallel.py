"""Doing the same to many items on all cores, results in order. The only place that starts a pool."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from scn_core.datasets.processes import Processes

T = TypeVar("T")
R = TypeVar("R")

BY_THREADS = 1024
"""Items that are worth no process: one takes as long to start as to open about so many small pictures."""

TOO_FEW = 2
"""Cores on which processes, which cost two fifths more CPU time, gain nothing over threads."""


def in_order(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    batch: int = 32,
    leave: int = 0,
    processes: bool = False,
    threads: int | None = None,
    stop: Callable[[], None] | None = None,
) -> Iterator[R]:
    """`function` of every item, in the order of the items, computed by a thread per core.

    Items are drawn as they are needed, at most two batches a thread ahead of what was taken, so a stream of any
    length needs the same memory. A batch is one task: handing single small pictures over costs as much as decoding.

    Args:
        function: called in several threads at once.
        items: any number of them.
        batch: so many are one task.
        leave: so many cores are left to others, where there are more than that.
        processes: from item 1,025 on in a process per core, where there are three or more: threads that open small
            pictures wait for Python's one interpreter lock. See `Processes.each` for what it asks of the function.
        threads: so many for what mostly waits, whatever cores there are.
        stop: called where no more results are wanted, before tasks that are at work are waited for.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = threads or max(1, cores - leave)
    source, drawn = iter(items), 0
    waiting: deque[Future[list[R]]] = deque()
    with Processes() as others, ThreadPoolExecutor(workers, thread_name_prefix="faces") as pool:
        try:
            while part := list(islice(source, batch)):
                elsewhere = processes and workers > TOO_FEW and drawn >= BY_THREADS
                waiting.append(pool.submit(others.each if elsewhere else _each, function, part))
                drawn += len(part)
                if len(waiting) > 2 * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        except BaseException:  # an error, Ctrl-C, or nobody asks any more
            for each in waiting:
                each.cancel()
            if stop is not None:
                stop()
            raise


def _each(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    return [function(item) for item in items]
