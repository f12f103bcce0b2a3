"""The order of the queue is learned anew by a process of its own, and nothing of it is left behind."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from review_app import database, order_worker
from review_app import keeper as beside
from review_app.http.metrics import REGISTRY
from review_app.low_priority import NICENESS
from review_app.order_worker import OrderKeeper
from review_app.settings import AppSettings
from scn_core.cli.threads import usable_cores
from scn_core.config import ReviewSettings
from scn_core.store.queue.learned_order import LearnedOrder, learned_order
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import Visitor, keep
from tests.review_workspace import add_round

PATIENCE_S = 60
"""For processes on a machine that is busy with other things."""
EVERY = 20
SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]

Use = Callable[[Workspace], AppSettings]


class Server:
    """A keeper at work, a person who answers, and what was begun."""

    def __init__(self, ann: Visitor, keeper: OrderKeeper) -> None:
        self.ann, self.keeper = ann, keeper
        self.begun: list[int] = []
        """Process ids."""

    def decide(self, count: int) -> None:
        tiles = self.ann.page(limit=count).tiles
        assert len(tiles) == count
        assert self.ann.decide(*map(keep, tiles)).status_code == 200

    def learned(self) -> LearnedOrder | None:
        return database.call(learned_order, 1)


@pytest.fixture
def here(empty: Workspace) -> Workspace:
    """A round in review whose order is learned after every 20 faces."""
    add_round(empty, review=ReviewSettings(learn_every=EVERY))
    return empty


@pytest.fixture
def server(here: Workspace, use_workspace: Use, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """It looks every 50 ms, without a rest between processes."""
    monkeypatch.setattr(beside, "LOOK_S", 0.05)
    monkeypatch.setattr(beside, "APART_S", 0.0)
    server = Server(Visitor(use_workspace(here)).sign_in("ann"), OrderKeeper(here))
    real = beside._begin

    def begin(command: Sequence[str]) -> beside._Worker:
        worker = real(command)
        server.begun.append(worker.process.pid)
        return worker

    monkeypatch.setattr(beside, "_begin", begin)
    server.keeper.start()
    yield server
    server.keeper.stop()
    assert not [pid for pid in server.begun if there_is(pid)]
    assert not [thread for thread in threading.enumerate() if thread.name == "order keeper"]


def until(ask: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ask():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def looks() -> None:
    """Time for the keeper to look several times."""
    time.sleep(0.5)


def there_is(pid: int) -> bool:
    """Whether there is such a process, if only as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def instead(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setattr(beside, "_command", lambda arguments: command)


def test_the_order_follows_the_answers(server: Server) -> None:
    server.decide(EVERY - 1)
    looks()
    assert (server.begun, server.ann.page().header["learned"]) == ([], None)
    server.decide(3)
    until(server.learned, "an order")
    found = server.learned()
    assert found is not None
    assert found.answers == EVERY + 2
    until(lambda: not there_is(server.begun[0]), "somebody to take note of its end")
    assert server.ann.page().header["learned"] == EVERY + 2
    server.decide(EVERY)
    until(lambda: server.ann.page().header["learned"] == 2 * EVERY + 2, "a newer order")
    assert len(server.begun) == 2


def counted_failures() -> float:
    return REGISTRY.get_sample_value("review_worker_failures_total", {"worker": "order"}) or 0.0


def test_a_failure_is_said_once_and_tried_again_after_new_answers(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    failures = counted_failures()
    with monkeypatch.context() as patch:
        instead(patch, [sys.executable, "-m", "scn_core", "order", str(tmp_path / "gone"), "--round", "1"])
        server.decide(EVERY)
        until(lambda: server.begun and not there_is(server.begun[-1]), "a process to fail")
        looks()
        assert len(server.begun) == 1, "not again for the same answers"
        server.decide(1)
        until(lambda: len(server.begun) == 2 and not there_is(server.begun[-1]), "a second one to fail")
        looks()
    until(lambda: counted_failures() == failures + 2, "both to be counted")
    said = capfd.readouterr().err
    assert re.fullmatch(r"the order of the queue was not learned anew: .*/gone: found no workspace.toml.*\n", said), (
        said
    )
    server.decide(1)
    until(server.learned, "an order")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("command", [SLEEPS, DEAF], ids=["sleeps", "deaf"])
def test_stopping_ends_the_process(server: Server, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    instead(monkeypatch, command)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    server.decide(EVERY)
    until(lambda: server.begun, "a process")
    time.sleep(0.3)  # until it no longer hears
    pid = server.begun[0]
    threads = f"OMP_NUM_THREADS={max(1, usable_cores() - 1)}"
    assert threads in Path(f"/proc/{pid}/environ").read_text().split("\0"), "a processor is left to people"
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == min(19, ours + NICENESS), "a low priority")
    assert os.getpgid(pid) == pid, "a Ctrl-C in the server's terminal is not for it"
    server.keeper.stop()
    until(lambda: not there_is(pid), "its end")


def test_there_are_never_two(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, SLEEPS)
    server.decide(EVERY)
    until(lambda: server.begun, "a process")
    server.decide(EVERY)
    looks()
    assert len(server.begun) == 1


class Clock:
    """Stands still but for what the test says."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def forward(self, seconds: float) -> bool:
        self.now += seconds
        return True


def test_it_rests_between_two(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(beside, "time", clock)
    monkeypatch.setattr(beside, "APART_S", 60.0)
    instead(monkeypatch, [sys.executable, "-c", ""])
    server.decide(EVERY)
    until(lambda: server.begun and not there_is(server.begun[0]), "a process to end")
    server.decide(1)
    looks()
    assert len(server.begun) == 1
    until(lambda: clock.forward(61) and len(server.begun) == 2, "another one")


def test_a_closed_round_is_left_alone(server: Server) -> None:
    database.call_write(close_round, 1)
    looks()
    assert server.begun == []


def test_no_fault_ends_it(server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    said = ""

    def hears(words: str) -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return words in said

    with monkeypatch.context() as patch:
        patch.setattr(order_worker, "due", lambda db, number: 1 / 0)
        until(lambda: hears("ZeroDivisionError"), "the first fault")
        patch.setattr(order_worker, "due", lambda db, number: True)
        instead(patch, ["/no/such/program"])
        server.decide(1)
        until(lambda: hears("/no/such/program"), "the second fault")
        looks()
        hears("")
    assert len(said.splitlines()) == 2
    server.decide(EVERY)
    until(server.learned, "an order")


def test_the_map_of_the_newest_round_is_drawn_once_where_it_kept_features(here: Workspace, use_workspace: Use) -> None:
    use_workspace(here)
    assert order_worker.MapKeeper(here).due() is None, "it has one"
    (here.round_folder(1) / "map.json").unlink()
    keeper = order_worker.MapKeeper(here)
    assert keeper.due() == ["map", str(here.path), "--only-far"], "of a version that marked none"
    assert keeper.due() is None
    (here.round_folder(1) / "map.npy").unlink()
    keeper = order_worker.MapKeeper(here)
    assert keeper.due() == ["map", str(here.path), "--round", "1"]
    assert keeper.due() is None, "not again, whatever became of it"
    (here.round_folder(1) / "features.npy").unlink()
    assert order_worker.MapKeeper(here).due() is None
