"""The process of a workspace is started when it is asked for, again when it fails, and stopped: tiny ones."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from review_app.http.errors import ApiError
from review_app.hub.child import Child, ChildLimits

PATIENCE_S = 60

SERVE = """
import os, signal, socket, sys
with socket.socket(fileno=int(sys.argv[1])) as listener:
    while True:
        with listener.accept()[0] as asked:
            word = asked.recv(10)
            if word == b"fail":
                os._exit(3)
            if word == b"stay":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            asked.sendall(b"%d" % os.getpid())
"""
FAIL = "import sys; sys.exit(3)"
QUICK = ChildLimits(first_wait_s=0.01, longest_wait_s=0.02)
FOREVER = ChildLimits(first_wait_s=1000, longest_wait_s=1000)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def child(folder: Path, program: str = SERVE, limits: ChildLimits = QUICK, clock: Clock | None = None) -> Child:
    def command(descriptor: int) -> list[str]:
        return [sys.executable, "-I", "-S", "-c", program, str(descriptor)]

    return Child("faces", command, folder, limits, clock or Clock())


def run(one: Child, test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(PATIENCE_S):
            try:
                await test()
            finally:
                await one.stop()

    asyncio.run(within())


async def ask(one: Child, word: bytes = b"pid") -> bytes:
    """The process's answer; empty where it ended instead."""
    reader, writer = await asyncio.open_unix_connection(await one.address())
    with closing(writer):
        writer.write(word)
        return await reader.read()


async def until(ask: Callable[[], bool]) -> None:
    while not ask():
        await asyncio.sleep(0.01)


def test_it_is_started_by_the_first_who_asks_and_once(tmp_path: Path) -> None:
    one = child(tmp_path)

    async def test() -> None:
        assert (one.state, one.pid) == ("asleep", None)
        answers = await asyncio.gather(*(ask(one) for _ in range(5)))
        assert set(answers) == {str(one.pid).encode()}
        assert one.state == "running"
        await one.stop()
        assert (one.state, one.pid) == ("asleep", None)
        assert list(tmp_path.iterdir()) == []
        assert await ask(one) == str(one.pid).encode()  # it can be started again

    run(one, test)


def test_it_is_told_by_its_environment_what_its_command_does_not_say(tmp_path: Path) -> None:
    program = SERVE.replace('b"%d" % os.getpid()', 'os.environb[b"TOLD"]')

    def command(descriptor: int) -> list[str]:
        return [sys.executable, "-I", "-S", "-c", program, str(descriptor)]

    one = Child("faces", command, tmp_path, QUICK, environment={"TOLD": "faces"})

    async def test() -> None:
        assert await ask(one) == b"faces"

    run(one, test)


def test_one_that_ends_by_itself_is_started_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one = child(tmp_path)

    async def test() -> None:
        first = await ask(one)
        assert await ask(one, b"fail") == b""
        await until(lambda: one.state == "running" and str(one.pid).encode() != first)
        assert await ask(one) == str(one.pid).encode()

    run(one, test)
    assert capfd.readouterr().err == "workspace faces: its server ended with code 3; started again in 0.01 s\n"


def test_one_that_keeps_failing_is_tried_less_and_less_often(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one = child(tmp_path, FAIL, ChildLimits(first_wait_s=0.01, longest_wait_s=0.04))
    said: list[str] = []

    def tried_five_times() -> bool:
        said.append(capfd.readouterr().err)
        return "".join(said).count("\n") >= 5

    async def test() -> None:
        await one.address()
        await until(tried_five_times)

    run(one, test)
    waits = [line.rpartition("again in ")[2] for line in "".join(said).splitlines()]
    assert waits[:5] == ["0.01 s", "0.02 s", "0.04 s", "0.04 s", "0.04 s"]


def test_who_asks_for_one_that_failed_is_told_when_to_come_back(tmp_path: Path) -> None:
    one = child(tmp_path, FAIL, FOREVER)

    async def test() -> None:
        await one.address()
        await until(lambda: one.state == "failed")
        with pytest.raises(ApiError, match="tried again in 1000 s") as told:
            await one.address()
        assert (told.value.status, told.value.code, told.value.retry_after_s) == (503, "not_ready", 1000)
        await one.stop()
        assert one.state == "asleep"

    run(one, test)


def test_one_that_ignores_sigterm_is_killed_and_none_is_started_after_the_end(tmp_path: Path) -> None:
    one = child(tmp_path, limits=ChildLimits(stop_s=0.05))

    async def test() -> None:
        assert await ask(one, b"stay")
        await one.stop(for_good=True)
        assert one.state == "asleep"
        with pytest.raises(ApiError, match="stopping"):
            await one.address()

    run(one, test)


def test_nobody_for_an_hour_and_it_sleeps_but_not_under_an_open_page(tmp_path: Path) -> None:
    clock = Clock()
    one = child(tmp_path, clock=clock)

    states: list[str] = []

    async def later(seconds: float) -> None:
        clock.now += seconds
        await one.stop_if_idle()
        states.append(one.state)

    async def test() -> None:
        await ask(one)
        with one.used():
            await later(10 * 3600)
        await later(3599)
        await later(1)

    run(one, test)
    assert states == ["running", "running", "asleep"]
