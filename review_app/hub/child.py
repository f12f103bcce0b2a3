"""The process that serves one workspace behind the hub: started at the first request, again each time it has ended by
itself, and stopped with the hub or when nobody has asked for long.

It is `python -m review_app serve --behind-hub FD`, with the workspace in its environment: FD is a socket that the hub
has made in a folder that only its own user may enter, so nobody else can ask the process, and connections wait in it
until the process takes them. Its standard input is a pipe of the hub: however the hub ends, the process sees the end of
that and stops.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from review_app.http.errors import ApiError
from review_app.http.log import say

ChildState = Literal["asleep", "running", "failed"]

_BACKLOG = 1024
_numbers = count(1)


@dataclass(frozen=True)
class ChildLimits:
    """Seconds."""

    first_wait_s: float = 1
    """Between a failure and the next start; each failure in a row doubles it."""
    longest_wait_s: float = 60
    sound_s: float = 60
    """A process that ran for so long has not failed in a row with the one before."""
    idle_s: float = 3600
    """Without a request or an open page."""
    stop_s: float = 9.3
    """From SIGTERM to SIGKILL; the process itself sees to it that it has ended after 9."""


class Child:
    """One workspace's process. For one event loop."""

    def __init__(
        self,
        name: str,
        command: Callable[[int], Sequence[str]],
        sockets: Path,
        limits: ChildLimits = ChildLimits(),
        clock: Callable[[], float] = time.monotonic,
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`command`: what is run, given the number of the file descriptor; `sockets`: the folder for its socket.
        `environment`: what it is told besides, which other users of the machine do not see, as they do the command."""
        self._environment = environment
        self._name, self._command, self._sockets, self._limits, self._clock = name, command, sockets, limits, clock
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._address: Path | None = None
        self._began = self._start_at = 0.0
        self._stopping = False
        self._in_use = 0
        self._used_at = clock()

    @property
    def state(self) -> ChildState:
        """`failed`: it ended by itself, and is about to be started again."""
        if self._process is not None:
            return "running"
        return "asleep" if self._supervisor is None or self._supervisor.done() else "failed"

    @property
    def is_new(self) -> bool:
        """Whether its process may be still starting."""
        return self._process is not None and self._clock() - self._began < self._limits.sound_s

    @property
    def pid(self) -> int | None:
        """Of the process; None where there is none."""
        return None if self._process is None else self._process.pid

    @contextmanager
    def used(self) -> Iterator[None]:
        """It is not idle within."""
        self._in_use += 1
        try:
            yield
        finally:
            self._in_use -= 1
            self._used_at = self._clock()

    async def address(self) -> Path:
        """The socket to connect to; starts the process where it is asleep. Raises ApiError while there is none."""
        async with self._lock:
            if self._stopping:
                raise ApiError(503, "stopping", "the server is stopping; try again in a moment", retry_after_s=5)
            if self.state == "asleep":
                self._used_at = self._clock()
                self._process = await self._start()
                self._supervisor = asyncio.create_task(self._supervise(self._process))
            if self._address is None:
                seconds = max(1, math.ceil(self._start_at - self._clock()))
                raise ApiError(
                    503,
                    "not_ready",
                    f"this workspace cannot be served now; it is tried again in {seconds} s, and the log of the server "
                    "says what is wrong",
                    retry_after_s=seconds,
                )
            return self._address

    def begin_stop(self) -> None:
        """SIGTERM; it is not started again, until `stop` has returned."""
        self._stopping = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    async def stop(self, *, for_good: bool = False) -> None:
        """Ends the process and waits for that, with SIGKILL in the end. `for_good`: it is never started again."""
        self.begin_stop()
        if self._supervisor is not None:
            if self._process is None:
                self._supervisor.cancel()
            elif not (await asyncio.wait({self._supervisor}, timeout=self._limits.stop_s))[0]:
                with suppress(ProcessLookupError):
                    self._process.kill()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        self._stopping = for_good

    async def stop_if_idle(self) -> None:
        """Ends a process that nobody has asked for long; who asks meanwhile waits for the next one."""
        async with self._lock:
            if self._process is not None and not self._in_use and self._idle_s() >= self._limits.idle_s:
                await self.stop()

    def _idle_s(self) -> float:
        return self._clock() - self._used_at

    async def _start(self) -> asyncio.subprocess.Process:
        address = self._sockets / str(next(_numbers))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(address))
            listener.listen(_BACKLOG)
            process = await asyncio.create_subprocess_exec(
                *self._command(listener.fileno()),
                stdin=subprocess.PIPE,
                env={**os.environ, **self._environment},
                pass_fds=(listener.fileno(),),
                start_new_session=True,  # Ctrl-C in the terminal is for the hub, which passes it on
            )
        # The socket is now the process's alone: when it ends, who waits in it is told at once.
        self._address, self._began = address, self._clock()
        return process

    async def _supervise(self, process: asyncio.subprocess.Process) -> None:
        """Starts it anew each time it ends by itself."""
        failures = 0
        while True:
            code = await process.wait()
            if self._address is not None:
                self._address.unlink(missing_ok=True)
            self._process = self._address = None
            if process.stdin is not None:
                process.stdin.close()
            if self._stopping:
                return
            failures = 1 if self._clock() - self._began >= self._limits.sound_s else failures + 1
            wait = min(self._limits.longest_wait_s, self._limits.first_wait_s * 2.0 ** min(failures - 1, 30))
            ended = f"workspace {self._name}: its server ended with code {code}; started again in {wait:g} s"
            say("workspace ended", ended, level=logging.ERROR)
            self._start_at = self._clock() + wait
            await asyncio.sleep(wait)
            self._process = process = await self._start()
