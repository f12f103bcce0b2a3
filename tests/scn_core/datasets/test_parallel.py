from __future__ import annotations

import fcntl
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from scn_core.datasets.images import BIG_PICTURES
from scn_core.datasets.parallel import BY_THREADS, in_order
from scn_core.datasets.processes import Processes
from scn_core.errors import DataError
from tests.scn_core.conftest import PATIENCE_S, REPOSITORY

KILLED = """
import os, signal
from scn_core.datasets.processes import Processes
Processes().each(abs, [1])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2}, raising=False)


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item < 4 else 0)
        return item * item

    assert list(in_order(slow_first, range(300), batch=4)) == [item * item for item in range(300)]


def test_items_are_drawn_only_a_little_ahead() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for item in range(100_000):
            drawn += 1
            yield item

    results = in_order(lambda item: item, items(), batch=4)
    assert next(results) == 0
    assert drawn <= 4 * (2 * 1024 + 1), "bounded by the cores, not by the items"
    results.close()  # type: ignore[attr-defined]


def test_an_error_reaches_the_caller_and_the_threads_end() -> None:
    def fail(item: int) -> int:
        if item == 50:
            raise ValueError("fifty")
        return item

    with pytest.raises(ValueError, match="fifty"):
        list(in_order(fail, range(1000)))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("faces")]


@pytest.mark.usefixtures("three_cores")
def test_many_items_go_to_processes_and_come_back_in_order() -> None:
    """`operator.neg` of a number; of a thousand more of them by processes of their own."""
    count = BY_THREADS + 1000
    assert list(in_order(operator.neg, range(count), processes=True)) == [-item for item in range(count)]
    groups = list(in_order(os.getpgid, [0] * count, processes=True))
    assert set(groups[:BY_THREADS]) == {os.getpgid(0)}
    assert 1 <= len(set(groups[BY_THREADS:]) - {os.getpgid(0)}) <= 3
    assert os.getpgid(0) not in groups[BY_THREADS:]


@pytest.mark.usefixtures("three_cores")
def test_an_error_in_a_process_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="'ten'"):
        list(in_order(int, ["1"] * BY_THREADS + ["ten"], processes=True))


def test_a_process_that_is_killed_is_said_to_be() -> None:
    with Processes() as processes, pytest.raises(DataError, match=r"exit code -9; it may have been killed for want of"):
        processes.each(signal.raise_signal, [0, signal.SIGKILL])


def test_signals_to_the_program_leave_its_processes_alone() -> None:
    """A stopped program waits for what they are at, and ends them itself."""
    with Processes() as processes:
        assert processes.each(signal.raise_signal, [signal.SIGINT, signal.SIGTERM]) == [None, None]


def test_processes_end_with_a_program_that_is_killed() -> None:
    """Standard error is at its end once nobody holds it any more."""
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=REPOSITORY, capture_output=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")


def test_large_pictures_are_opened_one_at_a_time_by_all_processes() -> None:
    lock = partial(fcntl.lockf, BIG_PICTURES.share())
    with Processes() as processes:
        with BIG_PICTURES, pytest.raises(BlockingIOError):
            processes.each(lock, [fcntl.LOCK_EX | fcntl.LOCK_NB])
        assert processes.each(lock, [fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_UN]) == [None, None]
