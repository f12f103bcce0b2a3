"""The worker threads: one connection each, thrown away after trouble, one writer for all."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import pytest
import streamlit as st
from sqlite_utils import Database

from review_app import damage_check, database, settings
from review_app.damage_check import DamageKeeper
from review_app.database import Limits
from review_app.http.errors import TooSlow, api_error_of
from review_app.queries import faces, labels, quality, rounds, team, workspace_state
from review_app.settings import AppSettings
from scn_core.errors import WorkspaceError
from scn_core.exchange.export.write import ExportOptions
from scn_core.store.connection import transaction
from scn_core.store.people.people import Person, ensure_person, find_person, people
from scn_core.store.rounds.states import latest_finished_round
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_app.browserless import NewVisitor, words
from tests.review_app.visitor import Visitor

T = TypeVar("T")
PATIENCE_S = 60
Use = Callable[[Workspace], AppSettings]


@pytest.fixture(autouse=True)
def _served(workspace: Workspace, use_workspace: Use) -> None:
    use_workspace(workspace)


def _where(db: Database) -> tuple[int, int]:
    return threading.get_ident(), id(db.conn)


def test_each_connection_stays_with_its_thread() -> None:
    async def many() -> list[tuple[int, int]]:
        return await asyncio.gather(*(database.run(_where) for _ in range(200)))

    seen = set(asyncio.run(many()))
    assert 1 <= len(seen) <= database.READERS
    assert len({thread for thread, _ in seen}) == len({connection for _, connection in seen}) == len(seen)
    assert threading.get_ident() not in {thread for thread, _ in seen}


def test_writers_come_one_after_another_in_order() -> None:
    order: list[int] = []

    def write(db: Database, number: int) -> tuple[int, int]:
        with transaction(db):
            order.append(number)
        return _where(db)

    async def many() -> list[tuple[int, int]]:
        return await asyncio.gather(*(database.run_write(write, number) for number in range(100)))

    assert len(set(asyncio.run(many()))) == 1
    assert order == list(range(100))


def test_what_waits_for_the_writer_together_is_written_together() -> None:
    calls: list[list[str]] = []

    def note(db: Database, names: Sequence[str]) -> list[str | Exception]:
        calls.append(list(names))
        return [WorkspaceError(f"no {name}") if name == "bad" else name.upper() for name in names]

    def other(db: Database, names: Sequence[str]) -> list[str | Exception]:
        return note(db, names)

    async def many() -> list[object]:
        free = threading.Event()
        writer = database._submit("write", lambda db: free.wait(60))
        asked = [asyncio.create_task(database.run_write_joined(note, name)) for name in ("a", "bad", "b", "gone")]
        await asyncio.sleep(0)  # all of them are in the queue
        asked[-1].cancel()
        asked += [asyncio.create_task(database.run_write_joined(other, "c"))]
        asked += [asyncio.create_task(database.run_write_joined(note, name)) for name in ("d", "e")]
        await asyncio.sleep(0)
        alone = asyncio.create_task(database.run_write(lambda db: calls.append(["alone"])))
        await asyncio.sleep(0)
        asked += [asyncio.create_task(database.run_write_joined(note, "f"))]
        await asyncio.sleep(0)
        free.set()
        found = await asyncio.gather(*asked, return_exceptions=True)
        await alone
        assert writer.result()
        return list(found)

    a, bad, b, gone, *rest = asyncio.run(many())
    assert calls == [["a", "bad", "b"], ["c"], ["d", "e"], ["alone"], ["f"]]
    assert (a, b, rest) == ("A", "B", ["C", "D", "E", "F"])
    assert isinstance(bad, WorkspaceError)
    assert isinstance(gone, asyncio.CancelledError)


def test_where_what_is_written_together_fails_everybody_hears_of_it() -> None:
    def fail(db: Database, names: Sequence[str]) -> list[str | Exception]:
        raise ZeroDivisionError

    async def many() -> list[object]:
        return await asyncio.gather(*(database.run_write_joined(fail, n) for n in "abc"), return_exceptions=True)

    assert [type(each) for each in asyncio.run(many())] == [ZeroDivisionError] * 3
    database.call_write(ensure_person, "whole")  # with another connection


def test_pages_and_routes_see_each_others_writes() -> None:
    async def add() -> Person:
        return await database.run_write(ensure_person, "ann", "lead")

    added = asyncio.run(add())
    assert database.call(find_person, "ANN") == added
    database.call_write(ensure_person, "bob")
    assert [person.name for person in database.call(people)] == ["ann", "bob"]


def test_a_refusal_of_ours_keeps_the_connection() -> None:
    def refuse(db: Database) -> None:
        raise WorkspaceError("no")

    before = database.call_write(_where)
    with pytest.raises(WorkspaceError, match="no"):
        database.call_write(refuse)
    assert database.call_write(_where) == before


def test_after_anything_else_there_is_another_connection() -> None:
    """A transaction left open would hold the lock for ever, and hide every later write."""

    def leave_open(db: Database) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO person (name, role) VALUES ('half', 'lead')")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.call_write(leave_open)
    database.call_write(ensure_person, "whole")
    assert [person.name for person in database.call(people)] == ["whole"]


def test_a_fault_of_sqlite_is_told_in_plain_words(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LIMITS", Limits(lock_s=0.05))
    with AnotherWriter(workspace), pytest.raises(WorkspaceError, match="another program has been writing to it"):
        database.call_write(ensure_person, "x")
    database.call_write(ensure_person, "ann")


def test_what_waited_in_the_queue_does_not_wait_for_the_lock_as_long_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LIMITS", Limits(lock_s=0.1))
    done = threading.Event()
    database._submit("write", lambda db: done.wait(60))
    behind = database._submit("write", lambda db: db.execute("PRAGMA busy_timeout").fetchone()[0])
    time.sleep(0.1)
    done.set()
    assert behind.result() == 0
    monkeypatch.setattr(database, "LIMITS", Limits(lock_s=60))
    assert 0 < database.call_write(lambda db: db.execute("PRAGMA busy_timeout").fetchone()[0]) <= 60_000


def test_closing_finishes_what_was_handed_in(workspace: Workspace) -> None:
    for number in range(50):
        database._submit("write", ensure_person, f"person {number}")
    database.close()
    assert len(database.call(people)) == 50
    assert not [t for t in threading.enumerate() if t.name.startswith("write ") and not t.is_alive()]


# Slow reads


class Held:
    """Reads that stop in the middle of a statement until they are let go."""

    def __init__(self) -> None:
        self.go, self.begun = threading.Event(), threading.Semaphore(0)

    def read(self, db: Database) -> int:
        db.conn.create_function("hold", 0, self._hold)
        return len(db.execute("SELECT key, hold() FROM sample").fetchall())

    def _hold(self) -> int:
        self.begun.release()
        self.go.wait()
        return 1


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def held() -> Iterator[Held]:
    """What it holds ends with the test."""
    holding = Held()
    yield holding
    holding.go.set()


def in_time(read: Callable[[], T]) -> T:
    """The result, or a failure where it waits for something that is held."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(read).result(timeout=PATIENCE_S)
    finally:
        pool.shutdown(wait=False)


def test_a_session_is_checked_while_slow_reads_are_held(workspace: Workspace, held: Held) -> None:
    """As many as there are threads of all kinds, and more in the queue behind them."""
    ann = Visitor(settings.current()).sign_in("ann")
    slow = [database._submit("slow", held.read) for _ in range(database.READERS + database.SLOW_READERS + 5)]
    for _ in range(database.SLOW_READERS):
        assert held.begun.acquire(timeout=PATIENCE_S)
    answer = in_time(lambda: ann.get("/api/token"))
    assert (answer.status_code, answer.json()["person"]) == (200, 1)
    assert in_time(lambda: ann.page(limit=3).tiles)
    assert not any(each.done() for each in slow)
    held.go.set()
    assert {each.result(timeout=PATIENCE_S) for each in slow} == {120}


def test_a_read_that_takes_too_long_is_stopped_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LIMITS", Limits(quick_s=0.2, slow_s=0.3))

    def endless(db: Database) -> object:
        return db.execute(ENDLESS).fetchone()

    for call, limit in ((database.call, "0.2"), (database.call_slow, "0.3")):
        with pytest.raises(TooSlow, match=f"took longer than {limit} s and was stopped; try again later, ask for less"):
            call(endless)
    refusal = api_error_of(TooSlow("took longer"))
    assert refusal is not None
    assert (refusal.status, refusal.code, refusal.retry_after_s) == (503, "too_slow", 5)


def test_waiting_for_a_thread_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LIMITS", Limits(slow_s=0))
    begun: list[str] = []
    with pytest.raises(TooSlow):
        database.call_slow(lambda db: begun.append("slow"))
    assert begun == []
    assert database.call(people) == []
    database.call_write(ensure_person, "ann")
    assert [person.name for person in database.call(people)] == ["ann"]


def test_after_a_read_was_stopped_the_next_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread has another connection then, and every read a time of its own."""
    monkeypatch.setattr(database, "READERS", 1)
    monkeypatch.setattr(database, "LIMITS", Limits(quick_s=0.2))
    before = database.call(_where)
    with pytest.raises(TooSlow):
        database.call(lambda db: db.execute(ENDLESS).fetchone())
    assert database.call(people) == []
    assert database.call(_where)[0] == before[0]


def test_what_grows_with_the_data_set_is_read_by_the_slow_threads(
    visitor: NewVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their time is up before it begins: what they read is refused, all else works."""
    monkeypatch.setattr(database, "LIMITS", Limits(slow_s=0))
    info = database.call(latest_finished_round)
    assert info is not None
    slow: list[Callable[[], object]] = [
        lambda: faces.search("faces"),
        lambda: rounds.to_train_on(),
        lambda: workspace_state.undecided(info.id),
        lambda: rounds.comparison(info.id, info.id),
        lambda: quality.quality_of(info),
        lambda: quality.bins_of(info.id),
        lambda: quality.doubts_of(info.id),
        lambda: team.everybody(),
        lambda: team.what_people_did(1, person_id=None, kind="all", before=None, limit=5),
        lambda: labels.preview_of(ExportOptions()),
        lambda: labels.plan_of(b"key,label\n", "in.csv", Person(1, "ann", "lead"), adjudicate=False),
    ]
    st.cache_data.clear()
    for read in slow:
        with pytest.raises(TooSlow):
            read()
    assert workspace_state.workspace_state().newest == info
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    assert "The workspace did not answer" in words(app)
    assert "took longer than 0 s and was stopped" in words(app)


@pytest.mark.parametrize("beside", [False, True])
def test_a_damaged_database_is_served_with_a_warning(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    """A large one is checked by a process."""
    monkeypatch.setattr(damage_check, "HERE_BYTES", 0 if beside else 2**40)
    monkeypatch.setattr(damage_check, "CHECK_AFTER_S", 0.0)

    def said() -> str:
        keeper = DamageKeeper(workspace)
        keeper._look()
        if (worker := keeper._worker) is not None:
            worker.process.wait(60)
            keeper._look()
        assert (worker is not None) == beside
        assert keeper.due() is None, "once is enough"
        return capsys.readouterr().err

    assert said() == ""
    with closing(sqlite3.connect(workspace.database_file, isolation_level=None)) as other:
        other.execute("INSERT INTO outcome SELECT id, 1, 'waiting', NULL, NULL, 1, 0, 1, 0 FROM sample LIMIT 1")
    words = said()
    assert words.startswith("warning: ")
    assert "outcomes that do not follow from the answers" in words
    assert "check" in words
    assert words.endswith("; until then answers are stored, but no labels are exported\n")
