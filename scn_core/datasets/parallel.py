"""Doing the same to many items on all cores, results in order. The only place that starts a pool."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(function: Callable[[T], R], items: Iterable[T], *, batch: int = 32, leave: int = 0) -> Iterator[R]:
    """`function` of every item, in the order of the items, computed by a thread per core.

    `leave`: so many cores are left to others, where there are more than that.

    Items are drawn as they are needed, at most two batches a thread ahead of what was taken, so a stream of any
    length needs the same memory. A batch is one task: handing single small pictures over costs as much as decoding.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = max(1, cores - leave)
    source = iter(items)
    waiting: deque[Future[list[R]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="faces") as pool:
        while part := list(islice(source, batch)):
            waiting.append(pool.submit(_each, function, part))
            if len(waiting) > 2 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _each(function: Callable[[T], R], items: list[T]) -> list[R]:
    return [function(item) for item in items]
