"""Files and folders that the server may not use: every route and page says which, and what can be done."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from review_app.cli import cli
from review_app.http.errors import api_error_of
from review_app.settings import AppSettings
from scn_core.errors import WorkspaceError
from scn_core.permissions import OF_A_SERVER
from scn_core.store.people.people import add_person
from scn_core.workspace.folder import Workspace
from tests.review_app import browserless
from tests.review_app.browserless import NewVisitor, words
from tests.review_app.visitor import STREAMLIT, Visitor, keep
from tests.review_workspace import copy_workspace

NOBODY = 65534


@pytest.fixture
def elsewhere(in_review: Workspace) -> Iterator[Workspace]:
    """A workspace in a folder that everybody may enter, as those of the tests are open to their owner alone."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield copy_workspace(in_review, folder / "ws")
    shutil.rmtree(folder)


@contextmanager
def closed(workspace: Workspace, *places: Path) -> Iterator[None]:
    """This process may not use these files and folders of the workspace, all else it may; root is another user
    meanwhile."""
    is_root = os.geteuid() == 0
    if is_root:
        for path in (workspace.path, *workspace.path.rglob("*")):
            os.chown(path, NOBODY, -1)
    for place in places:
        if is_root:
            os.chown(place, 0, -1)
        place.chmod(0)
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for place in places:
            place.chmod(0o700)


@pytest.fixture
def lead(elsewhere: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Visitor:
    with elsewhere.database() as db:
        add_person(db, "ann", "lead")
    for folder, name in ((elsewhere.exports, "csv-r1-d1.csv"), (elsewhere.backups, "review-before-m0009_updates.db")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("path,label\n")
    return Visitor(use_workspace(elsewhere)).sign_in("ann")


@pytest.mark.parametrize("words", [("person", "list"), ("token", "list"), ("hooks", "list"), ("serve",)])
def test_commands_say_who_owns_a_folder_that_may_not_be_entered(elsewhere: Workspace, words: tuple[str, ...]) -> None:
    """click says of it no more than that it is not readable."""
    with closed(elsewhere, elsewhere.path), pytest.raises(WorkspaceError) as refused:
        cli.main([*words, str(elsewhere.path)], standalone_mode=False)
    assert f"{elsewhere.path}: found a folder of user" in str(refused.value)
    assert "allowed: one that this user may read; " in str(refused.value)


def test_routes_name_the_file_and_what_to_do_and_the_log_has_a_line_for_each(
    lead: Visitor, elsewhere: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    tile, made = lead.page(limit=1).tiles[0], lead.post("/api/export", {"format": "csv"}).json()
    exports = elsewhere.exports
    caplog.clear()
    with closed(elsewhere, elsewhere.settings_file, elsewhere.backups, exports / "csv-r1-d1.csv", exports):
        answers = {
            elsewhere.settings_file: [
                lead.get("/face/1"), lead.get("/thumb/1"), lead.decide(keep(tile)),
                lead.post("/api/tiles", {"round": 1, "samples": [1]}),
            ],
            exports / made["name"]: [lead.get(f"/api/export/{made['name']}")],
            elsewhere.backups: [lead.get("/api/backup/review-before-m0009_updates.db")],
        }  # fmt: skip
    with closed(elsewhere, exports / "csv-r1-d1.csv"):
        answers[exports / "csv-r1-d1.csv"] = [lead.get("/api/export/csv-r1-d1.csv")]
    for place, given in answers.items():
        for answer in given:
            assert (answer.status_code, answer.json()["code"]) == (500, "files"), answer.text
            assert f"{place}: found " in answer.json()["error"]
            assert answer.json()["error"].endswith(OF_A_SERVER)
    lines = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(lines) == sum(map(len, answers.values()))
    assert not any(record.exc_info for record in lines)
    assert lead.decide(keep(tile)).json()["refused"] == []


def test_a_workspace_that_is_closed_while_it_is_served(lead: Visitor, elsewhere: Workspace) -> None:
    tile = lead.page(limit=1).tiles[0]
    with closed(elsewhere, elsewhere.path):
        for answer in (lead.decide(keep(tile)), lead.get("/face/1")):
            assert (answer.status_code, answer.json()["code"]) == (500, "files")
            assert f"found {elsewhere.path}, a folder of user " in answer.json()["error"]
        assert lead.get("/ready").json()["code"] == "not_ready"
        assert lead.get("/", Accept="text/html").text == STREAMLIT  # which says it
    assert lead.decide(keep(tile)).json()["refused"] == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EIO, "Input/output error", "/srv/ws/workspace.toml"), "files"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), None),
        (TimeoutError(), None),
    ],
)
def test_what_the_system_says_of_files_and_of_connections(error: OSError, code: str | None) -> None:
    refusal = api_error_of(error)
    assert (None if refusal is None else refusal.code) == code


def test_pages_say_it_too(visitor: NewVisitor, workspace: Workspace) -> None:
    ann: browserless.Visitor = visitor("ann", "lead")
    in_the_way = workspace.path / "restoring" / "moves.json"
    in_the_way.mkdir(parents=True)
    app = ann.open("rounds")
    assert not app.exception
    assert "The workspace did not answer" in words(app)
    assert f"Is a directory: '{in_the_way}'" in words(app)
