"""What the pages write, when the database or another tab is in the way."""

from __future__ import annotations

import pytest

from review_app import database
from review_app.database import Limits
from scn_core.store.decisions.record import history
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_app.browserless import NewVisitor, words


def test_a_locked_database_is_told_and_the_button_works_afterwards(
    visitor: NewVisitor, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LIMITS", Limits(lock_s=0.1))
    ann = visitor()
    app = ann.open("sample", sample="5")
    app.button(key="rv-say-unsure").click()
    with AnotherWriter(workspace):
        app = ann.run()
    assert "That was not stored" in words(app)
    assert "another program has been writing to it" in words(app)
    assert database.call(history, 5) == []
    app.button(key="rv-say-unsure").click()
    app = ann.run()
    assert [row.decision.action for row in database.call(history, 5)] == ["unsure"]
    assert "That was not stored" not in words(app)
