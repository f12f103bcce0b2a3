"""What the pages write, when the database or another tab is in the way."""

from __future__ import annotations

import threading

import pytest

from review_app import database
from scn_core.store import connection, sqlite_errors
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import history
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, words


def test_a_locked_database_is_told_and_the_button_works_afterwards(
    visitor: NewVisitor, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 100)
    monkeypatch.setattr(sqlite_errors, "BUSY_TIMEOUT_MS", 100)
    ann = visitor()
    app = ann.open("sample", sample="5")
    database.close()  # connections wait as long as was said when they were opened
    app.button(key="rv-say-unsure").click()
    locked, ended = threading.Event(), threading.Event()

    def write_long() -> None:
        with workspace.database() as db, transaction(db):
            locked.set()
            ended.wait(60)

    other = threading.Thread(target=write_long)
    other.start()
    try:
        assert locked.wait(60)
        app = ann.run()
    finally:
        ended.set()
        other.join()
    assert "That was not stored" in words(app)
    assert "another program has been writing to it" in words(app)
    assert database.call(history, 5) == []
    app.button(key="rv-say-unsure").click()
    app = ann.run()
    assert [row.decision.action for row in database.call(history, 5)] == ["unsure"]
    assert "That was not stored" not in words(app)
