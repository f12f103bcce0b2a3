"""The worker threads: one connection each, thrown away after trouble, one writer for all."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable

import pytest
from sqlite_utils import Database

from review_app import database
from review_app.settings import AppSettings
from scn_core.errors import WorkspaceError
from scn_core.store.connection import transaction
from scn_core.store.people import Person, ensure_person, find_person, people
from scn_core.workspace import Workspace

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


def test_a_fault_of_sqlite_is_told_in_plain_words(workspace: Workspace) -> None:
    blocker = sqlite3.connect(workspace.database_file, isolation_level=None)
    database.call_write(lambda db: db.execute("PRAGMA busy_timeout = 50"))
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(WorkspaceError, match="another program has been writing to it"):
            database.call_write(lambda db: db.execute("INSERT INTO person (name, role) VALUES ('x', 'lead')"))
    finally:
        blocker.close()
    database.call_write(ensure_person, "ann")


def test_closing_finishes_what_was_handed_in(workspace: Workspace) -> None:
    for number in range(50):
        database._submit(True, ensure_person, f"person {number}")
    database.close()
    assert len(database.call(people)) == 50
    assert not [t for t in threading.enumerate() if t.name.startswith("writer") and not t.is_alive()]
