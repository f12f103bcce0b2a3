"""Whether answers can be stored: said to anybody, and true."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database
from starlette.requests import Request

from review_app import database
from review_app.api import readiness
from review_app.database import Limits
from review_app.http.errors import NotReady, api_error_of
from review_app.http.log import ThreadLog
from review_app.settings import AppSettings
from scn_core.store.people.people import ensure_person
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_app.visitor import Visitor


@pytest.fixture
def stranger(
    workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings], monkeypatch: pytest.MonkeyPatch
) -> Visitor:
    monkeypatch.setattr(database, "LIMITS", Limits(lock_s=0.05))
    monkeypatch.setattr(readiness, "LOOK_EVERY_S", 0)
    return Visitor(use_workspace(workspace))


def why_not(stranger: Visitor) -> str:
    answer = stranger.get("/ready")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "not_ready", "5")
    return str(answer.json()["error"]).removeprefix("answers cannot be stored now: ")


def test_it_is_ready_and_then_it_is_not_while_another_program_writes(stranger: Visitor, workspace: Workspace) -> None:
    assert stranger.get("/ready").json() == {"ready": True}
    with AnotherWriter(workspace):
        assert why_not(stranger) == "another program is writing to the database, or it cannot be written to"
        assert stranger.get("/health").status_code == 200
    assert stranger.get("/ready").status_code == 200


def test_a_database_that_was_moved_or_replaced_is_noticed(stranger: Visitor, workspace: Workspace) -> None:
    assert stranger.get("/ready").status_code == 200
    file, aside = workspace.database_file, workspace.path / "aside.db"
    file.rename(aside)
    assert why_not(stranger).startswith("the database was moved away or replaced")
    shutil.copy(aside, file)
    assert why_not(stranger).startswith("the database was moved away or replaced")
    aside.replace(file)
    assert stranger.get("/ready").status_code == 200


def test_the_log_has_once_why_answers_are_not_stored_and_that_they_are_again(
    stranger: Visitor, workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ThreadLog()

    def look(times: int) -> str:
        for _ in range(times):
            asyncio.run(readiness.say_trouble(log))
        return capsys.readouterr().err

    assert look(2) == ""
    file, aside = workspace.database_file, workspace.path / "aside.db"
    file.rename(aside)
    said = f"{workspace.path}: answers cannot be stored now: the database was moved away or replaced"
    assert look(2).count(said) == 1
    aside.rename(file)
    assert look(2) == f"{workspace.path}: answers are stored again\n"
    monkeypatch.setattr(readiness, "LEAST_BYTES", 2**70)
    full = look(2)
    assert full.count("answers cannot be stored now") == full.count(" free on the disk at ") == 1


def alone(workspace: Workspace) -> list[str]:
    """Names of people in review.db without its -wal."""
    with closing(sqlite3.connect(f"{workspace.database_file.as_uri()}?immutable=1", uri=True)) as db:
        return [name for (name,) in db.execute("SELECT name FROM person ORDER BY id")]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_deleted_wal_loses_nothing_and_is_noticed(stranger: Visitor, workspace: Workspace, replaced: bool) -> None:
    """SQLite would go on writing into the file without a name, and a kill would lose all that was acknowledged."""
    wal = Path(f"{workspace.database_file}-wal")

    def add_while_it_goes(db: Database) -> None:
        ensure_person(db, "last")
        wal.unlink()
        if replaced:
            wal.touch()

    database.call_write(ensure_person, "first")
    assert "first" not in alone(workspace)
    database.call_write(add_while_it_goes)
    assert alone(workspace)[-2:] == ["first", "last"]
    with pytest.raises(NotReady) as refused:
        database.call_write(ensure_person, "refused")
    said = api_error_of(refused.value)
    assert said is not None
    assert (said.status, said.code) == (503, "not_ready")
    assert why_not(stranger).startswith("review.db-wal was deleted or replaced while the server runs; stop the server")
    assert stranger.get("/health").status_code == 200
    database.close()
    assert stranger.get("/ready").status_code == 200
    assert alone(workspace)[-2:] == ["first", "last"]


def test_what_was_acknowledged_before_the_wal_was_deleted_is_saved(stranger: Visitor, workspace: Workspace) -> None:
    database.call_write(ensure_person, "first")
    Path(f"{workspace.database_file}-wal").unlink()
    assert stranger.get("/ready").status_code == 503
    assert alone(workspace)[-1] == "first"


def test_a_wal_deleted_before_the_server_wrote_anything_is_noticed(stranger: Visitor, workspace: Workspace) -> None:
    """A command wrote while the server only read: whoever opens the database then would find another file."""
    database.call(lambda db: db.execute("SELECT count(*) FROM person").fetchone())
    with workspace.database() as db:
        ensure_person(db, "first")
    Path(f"{workspace.database_file}-wal").unlink()
    for _ in range(2):
        assert why_not(stranger).startswith("review.db-wal was deleted or replaced while the server runs")
        with pytest.raises(NotReady):
            database.call_write(ensure_person, "refused")
    database.close()
    assert alone(workspace)[-1] == "first"


def test_a_wal_deleted_after_a_defect_closed_the_writer_is_noticed(stranger: Visitor, workspace: Workspace) -> None:
    database.call(lambda db: db.execute("SELECT count(*) FROM person").fetchone())
    with pytest.raises(ZeroDivisionError):
        database.call_write(lambda db: 1 // 0)
    Path(f"{workspace.database_file}-wal").unlink()
    assert why_not(stranger).startswith("review.db-wal was deleted or replaced while the server runs")


def test_a_full_disk_is_noticed(stranger: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LEAST_BYTES", 2**62)  # more than any disk has
    assert why_not(stranger) == "the disk is full"


def test_whoever_asks_at_once_gets_one_answer(stranger: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LOOK_EVERY_S", 3600)
    done: list[str] = []
    database.call_write(lambda db: db.conn.set_trace_callback(done.append))

    async def asked() -> None:
        assert await asyncio.gather(*(readiness.ready(Request({"type": "http"})) for _ in range(50)))

    asyncio.run(asked())
    assert sum(statement.startswith("BEGIN") for statement in done) == 1
