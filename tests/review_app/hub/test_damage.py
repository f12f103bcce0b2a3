"""Workspaces that cannot be served: the others are, and it is said once."""

from __future__ import annotations

import asyncio
import shlex
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from html import escape
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from sqlite_utils import Database

from review_app.hub.app import Hub
from review_app.hub.workspaces import Workspaces
from review_app.settings import AppSettings
from scn_core.cli.main import cli
from scn_core.errors import WorkspaceError
from scn_core.store.connection import open_database
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace
from tests.review_app.hub.conftest import HTML, Start, Visitor, add_people, open_hub
from tests.review_app.visitor import BASE, PASSWORD
from tests.review_workspace import copy_workspace

HOLDS = """
import socket, sqlite3, sys
db = sqlite3.connect(sys.argv[2])
db.execute("SELECT count(*) FROM person").fetchone()
with socket.socket(fileno=int(sys.argv[1])) as listener, listener.accept()[0] as asked:
    asked.sendall(b"o")
    with listener.accept()[0] as browser:
        browser.recv(10000)
        words = b"its process was asked"
        browser.sendall(b"HTTP/1.1 503 Service Unavailable\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(words), words))
        sys.stdin.read()
"""


def test_what_cannot_be_served_is_said_once_and_served_once_it_can(
    opened: tuple[Hub, Workspaces], folder: Path, drawn: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    _, workspaces = opened
    empty = copy_workspace(drawn, folder / "nobody")
    for name in ("with space", "login"):
        copy_workspace(drawn, folder / name)
    capsys.readouterr()
    for _ in range(2):
        asyncio.run(workspaces.look())
    said = capsys.readouterr().err
    assert said.count("not served") == 3
    assert "not served: nobody: --auth password: found nobody who could sign in" in said
    assert "found the folder name 'with space'; allowed: letters, digits, dots and dashes" in said
    assert [each.name for each in workspaces.all] == ["faces", "more"]
    add_people(empty, cleo="lead")
    asyncio.run(workspaces.look())
    assert [each.name for each in workspaces.all] == ["faces", "more", "nobody"]
    assert sorted(workspaces.problems) == ["login", "with space"]


def test_a_folder_that_cannot_be_looked_into_takes_no_other_away(
    opened: tuple[Hub, Workspaces], folder: Path, drawn: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """What root meets too: a name that the system cannot look up, and a secret that cannot be read."""
    _, workspaces = opened
    (folder / "third").symlink_to("x" * 300)
    add_people(copy_workspace(drawn, folder / "fourth"), cleo="lead")
    (folder / "fourth" / "secret.key").symlink_to("x" * 300)
    for _ in range(2):
        asyncio.run(workspaces.look())
    said = capsys.readouterr().err
    assert [each.name for each in workspaces.all] == ["faces", "more"]
    assert sorted(workspaces.problems) == ["fourth", "third"]
    assert said.count("not served: third: ") == said.count("not served: fourth: ") == 1
    assert "Traceback" not in said


def test_workspaces_go_on_where_their_folder_cannot_be_read(
    opened: tuple[Hub, Workspaces], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, workspaces = opened
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("x" * 300)
    for _ in range(2):
        asyncio.run(workspaces.look())
    assert [each.name for each in workspaces.all] == ["faces", "more"]
    assert capsys.readouterr().err.count("workspaces that come or go are not seen") == 1


@pytest.mark.parametrize("part", ["file", "person"])
def test_a_damaged_workspace_is_let_go_of_and_restored_while_the_others_are_served(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, part: str,
) -> None:  # fmt: skip
    """Ann leads `faces`, bob annotates there, cleo there alone. Its process has the database open, as a server has."""
    monkeypatch.setattr("review_app.hub.workspaces.command_for", holding_the_database)
    faces = Workspace(folder / "faces")
    add_people(faces, bob="annotator", cleo="annotator")
    with faces.database() as db:
        made = make_backup(faces, db)
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'person'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    hub, workspaces = open_hub(start, "password", tmp_path)
    ann, bob = Visitor(hub), Visitor(hub)
    assert (ann.sign_in("ann"), bob.sign_in("bob")) == (303, 303)
    child = workspaces.all[0].child

    async def damage() -> None:
        reader, writer = await asyncio.open_unix_connection(await child.address())
        try:
            assert await reader.readexactly(1) == b"o"
            with faces.database_file.open("r+b") as file:
                file.seek(0 if part == "file" else (root - 1) * size)
                file.write(b"\xff" * size)
            with pytest.raises(WorkspaceError, match="another program has open"):
                restore(made, faces, force=True)
            capsys.readouterr()
            await workspaces.look()
            assert child.state == "asleep"
        finally:
            writer.close()
            await child.stop()

    asyncio.run(damage())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspaces, "_open", lambda path: pytest.fail("it is looked into again"))
        page = ann.page()
        assert '<li><a href="/more/">' in page
        assert "<li>faces<br>" in page
        assert "lead; cannot be served now: " in page
        assert escape("the file is damaged (") in page
        assert "annotator; cannot be served now; its leads see why" in bob.page()
        assert "faces" not in Visitor(hub).page()
        assert ann.client.get("/faces/", headers=HTML).status_code == 404
        assert ann.sign_in("ann", target="/faces/") == 303
        form = {"name": "cleo", "password": PASSWORD}
        answer = Visitor(hub).client.post("/login", data=form, headers={"Origin": BASE})
        assert answer.status_code == 401
        assert "do not belong together in any workspace that is served; 1 workspace cannot be now" in answer.text
    said = capsys.readouterr().err + caplog.text
    assert said.count("the file is damaged") == said.count("review.db: ") == said.count("not served") == 1
    words = shlex.split(said.partition("go on: ")[2])
    restoring = words[words.index("restore") :]
    assert restoring == ["restore", str(made), str(faces.path), "--force"]
    done = CliRunner().invoke(cli, restoring)
    assert done.exit_code == 0, done.output
    assert ann.sign_in("ann") == 303
    assert ann.listed() == ["faces", "more"]


def test_a_full_disk_is_no_damage_and_is_told(
    opened: tuple[Hub, Workspaces], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite says the same of a database that may not grow as of a disk that is full."""
    hub, workspaces = opened
    for name in ("faces", "more"):
        with closing(sqlite3.connect(folder / name / "review.db")) as db:
            db.execute("CREATE TABLE filler (x)")

    def opened_when_full(path: Path) -> Database:
        db = open_database(path)
        grow = "INSERT INTO filler VALUES (zeroblob(1000000))"
        db.execute(f"CREATE TEMP TRIGGER grows BEFORE INSERT ON main.session BEGIN {grow}; END")
        db.execute("PRAGMA max_page_count = 1")  # SQLite takes what there is
        return db

    with monkeypatch.context() as patch:
        patch.setattr("review_app.hub.workspaces.open_database", opened_when_full)
        form = {"name": "ann", "password": PASSWORD}
        answer = Visitor(hub).client.post("/login", data=form, headers={"Origin": BASE})
        assert (answer.status_code, "The disk of the server is full" in answer.text) == (507, True)
        asyncio.run(workspaces.look())
    assert workspaces.problems == {}
    assert "not served" not in capsys.readouterr().err
    ann = Visitor(hub)
    assert (ann.sign_in("ann"), ann.listed()) == (303, ["faces", "more"])


def test_a_process_goes_on_while_it_has_the_last_copy_of_a_deleted_database(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.hub.workspaces.command_for", holding_the_database)
    hub, workspaces = open_hub(start, "password", tmp_path)
    file = Workspace(folder / "faces").database_file
    with Workspace(folder / "faces").database() as db:
        made = make_backup(Workspace(folder / "faces"), db)
    child = workspaces.all[0].child

    async def delete() -> list[str]:
        reader, writer = await asyncio.open_unix_connection(await child.address())
        try:
            assert await reader.readexactly(1) == b"o"
            file.unlink()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(child, "stop_if_idle", lambda: pytest.fail("it is stopped after an hour"))
                await hub.tend()
            states: list[str] = [child.state]
            restore(made, Workspace(folder / "faces"))
            await workspaces.look()
            return [*states, child.state, *workspaces.problems]
        finally:
            writer.close()
            await child.stop()

    assert asyncio.run(delete()) == ["running", "asleep"]
    file.unlink()
    asyncio.run(workspaces.look())
    assert f"restore {made} {folder / 'faces'}" in workspaces.problems["faces"]
    assert Visitor(hub).client.get("/ready").status_code == 200
    Workspace(folder / "more").database_file.unlink()
    asyncio.run(workspaces.look())
    monkeypatch.setattr("review_app.hub.pages.LOOK_EVERY_S", 0.0)
    assert "2 workspaces: none can be served" in Visitor(hub).client.get("/ready").json()["error"]


def test_a_workspace_that_cannot_be_entered_while_it_is_served_takes_no_other_away(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("review_app.hub.workspaces.command_for", holding_the_database)
    monkeypatch.setattr("review_app.hub.accounts.KNOWN_FOR_S", 0)
    hub, workspaces = open_hub(start, "password", tmp_path)
    add_people(Workspace(folder / "faces"), cleo="annotator")
    ann = Visitor(hub)
    ann.sign_in("ann")
    child = workspaces.all[0].child

    async def let_in(path: str, visitor: Visitor) -> tuple[int, str]:
        transport = httpx.ASGITransport(hub, client=("203.0.113.9", 50000))
        async with httpx.AsyncClient(
            transport=transport, base_url=BASE, cookies=dict(visitor.client.cookies)
        ) as browser:
            answer = await browser.get(path)
            return answer.status_code, answer.text

    async def close() -> None:
        reader, writer = await asyncio.open_unix_connection(await child.address())
        try:
            assert await reader.readexactly(1) == b"o"
            (folder / "faces").rename(folder.with_name("aside"))
            (folder / "faces").symlink_to("x" * 300)
            bob = Visitor(hub)
            assert (bob.sign_in("bob"), bob.listed()) == (303, ["more"])  # before the next look
            for _ in range(2):
                await hub.tend()
            assert child.state == "running"
            assert '<a href="/faces/">faces</a><br><span class="hint">lead; cannot be served now: ' in ann.page()
            assert await let_in("/faces/", ann) == (HTTPStatus.SERVICE_UNAVAILABLE, "its process was asked")
            for who, path in ((bob, "/faces/"), (ann, "/nothing/"), (Visitor(hub), "/faces/")):
                assert (await let_in(path, who))[0] == HTTPStatus.UNAUTHORIZED
            assert Visitor(hub).sign_in("cleo") == 401
            health = bob.client.get("/health").json()["workspaces"]
            assert health == {"running": 0, "asleep": 1, "failed": 0, "not_served": 1}
            (folder / "faces").unlink()
            folder.with_name("aside").rename(folder / "faces")
            await hub.tend()
            assert ann.listed() == ["faces", "more"]
            assert child.state == "running"
        finally:
            writer.close()
            await child.stop()

    asyncio.run(close())
    said = capsys.readouterr().err
    assert (said.count("not served: faces: "), said.count("served from now on: faces")) == (1, 1)
    assert "Traceback" not in said


def holding_the_database(settings: AppSettings) -> Callable[[int], list[str]]:
    file = str(settings.workspace.database_file)
    return lambda descriptor: [sys.executable, "-I", "-S", "-c", HOLDS, str(descriptor), file]
