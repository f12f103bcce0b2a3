"""Processes that apply a function to batches of items. They end with the process that started them.

Not those of `multiprocessing`, which import the program that was started once more: a script without
`if __name__ == "__main__"` would begin again in each of them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, Self, TypeVar

from scn_core.datasets.images import BIG_PICTURES
from scn_core.errors import DataError

T = TypeVar("T")
R = TypeVar("R")


class Processes:
    """As many processes as threads ask at once, each started when it is first needed; a context manager ends them."""

    def __init__(self) -> None:
        self._idle: list[_Process] = []  # a list's append and pop are safe among threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for process in self._idle:
            process.end()

    def each(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """The function of every item, computed elsewhere; raises what it raises there.

        Function, items and results are pickled, so the function has to belong to a module that can be imported.
        Raises DataError where the process was killed.
        """
        try:
            process = self._idle.pop()
        except IndexError:
            process = _Process()
        try:
            found = process.ask(function, items)
        except BaseException:
            process.end()
            raise
        self._idle.append(process)
        if isinstance(found, Exception):
            raise found
        return found


class _Process:
    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        handed = (theirs.fileno(), BIG_PICTURES.share())
        packages = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own command)
                [sys.executable, "-P", "-m", "scn_core.datasets.processes", *map(str, handed)],
                pass_fds=handed, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for those who started it
                env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)} | one_thread,
            )  # fmt: skip

    def ask(self, function: Callable[[T], R], items: Sequence[T]) -> list[R] | Exception:
        """The answer of the process; an exception that the function raised is returned."""
        try:
            self._connection.send((function, items))
            found: list[R] | Exception = self._connection.recv()
        except (EOFError, ConnectionError) as error:
            code = self._process.wait()
            raise DataError(
                f"a process that opens pictures ended with exit code {code}; it may have been killed for want of "
                "memory, or by a damaged picture; start again, with more free memory"
            ) from error
        return found

    def end(self) -> None:
        """Ends it; it may be at work for another moment."""
        self._connection.close()
        self._process.wait()


def main() -> None:
    """Answers until the process that started this one closes the connection, or ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    connection, lock = map(int, sys.argv[1:])
    BIG_PICTURES.join(lock)
    with Connection(connection) as asked, suppress(EOFError, ConnectionError):
        while True:
            asked.send(_applied(*asked.recv()))


def _applied(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any] | Exception:
    try:
        return [function(item) for item in items]
    except Exception as error:
        return error


if __name__ == "__main__":
    main()
