"""What stands on the page Review while there is nothing to review: each state says what to do next."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database
from streamlit.testing.v1 import AppTest

from review_app import database
from review_app.settings import AppSettings
from scn_core.records import Decision, EpochReport, QueueFilter
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import set_role
from scn_core.store.queue.counts import queue_counts
from scn_core.store.rounds import states as rounds
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, Visitor, grid, markup, person, words
from tests.review_workspace import add_round

Use = Callable[[Workspace], AppSettings]


def change(workspace: Workspace, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Something that happens elsewhere, such as in a trainer."""
    with workspace.database() as db:
        return function(db, *args, **kwargs)


def report(epoch: int) -> EpochReport:
    val = 0.25 if epoch == 1 else None  # not every epoch validates
    return EpochReport(epoch, 2 - epoch / 10, 1, 0, 0.3, 0.7, 0.4, 0.6, 0.1, 0.15, val, 0, 100, 60)


def answer_all(db: Database) -> None:
    faces = db.execute("SELECT DISTINCT sample_id, given_label FROM queue_item").fetchall()
    record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, "ann", "keep", given) for face, given in faces])


@pytest.fixture
def at(use_workspace: Use, monkeypatch: pytest.MonkeyPatch) -> Callable[[Workspace], Visitor]:
    def sign_in(workspace: Workspace) -> Visitor:
        use_workspace(workspace)
        return Visitor(monkeypatch, person("ann"))

    return sign_in


def test_before_any_round(at: Callable[[Workspace], Visitor], empty: Workspace) -> None:
    ann = at(empty)
    app = ann.open()
    assert "No round yet" in words(app)
    assert "Ask a lead to start one." in words(app)
    assert page_links(app) == []
    assert grid(app) == []
    assert "No round yet" in words(ann.open("my_work"))
    database.call_write(set_role, person("ann").id, "lead")
    assert page_links(ann.open()) == ["Start a round"]


def test_a_round_in_training_is_followed(at: Callable[[Workspace], Visitor], empty: Workspace) -> None:
    number = change(empty, rounds.start_round, {"epochs": 30}, code_version="1")
    ann = at(empty)
    assert "The first epoch has not ended yet" in words(ann.open())
    for epoch in (1, 2):
        change(empty, rounds.record_epoch, number, report(epoch))
    app = ann.run()
    assert "Round 1 is training" in words(app)
    assert "epoch 2 of 30" in app.get("progress")[0].proto.text
    assert [(metric.label, metric.value) for metric in app.metric] == [
        ("Loss", "1.800"), ("Accuracy", "30.0%"), ("Validation", "25.0%"), ("Faces per second", "100"),
        ("Time left", "28 min"),
    ]  # fmt: skip
    assert len(app.get("plotly_chart")) == 1
    assert grid(app) == []


def test_the_round_before_is_reviewed_meanwhile(visitor: NewVisitor, workspace: Workspace) -> None:
    number = change(workspace, rounds.start_round, {"epochs": 30}, code_version="1", parent=1)
    change(workspace, rounds.record_epoch, number, report(1))
    app = visitor().open()
    assert "Round 2 is training: epoch 1 of 30." in words(app)
    assert '"round": 1' in grid(app)[0].proto.json
    app = visitor().open(round="2")
    assert "Round 2 is training" in words(app)
    assert page_links(app) == ["Round 1: review"]


def test_when_training_ends_its_page_becomes_the_grid(visitor: NewVisitor, workspace: Workspace) -> None:
    number = change(workspace, rounds.start_round, {"epochs": 3}, code_version="1")
    ann = visitor()
    assert grid(ann.open(round=str(number))) == []
    change(workspace, rounds.fail_round, number, "no face could be read; *correct* <b>the</b> data set")
    app = ann.run()
    assert f"Round {number} failed" in words(app)
    assert "no face could be read; *correct* <b>the</b> data set" in words(app)
    assert "<b>the" not in markup(app)
    assert "Ask a lead to resume it." in words(app)
    assert page_links(visitor("lea", "lead").open(round=str(number))) == ["Resume it", "Round 1: review"]


def test_a_cancelled_round(at: Callable[[Workspace], Visitor], empty: Workspace) -> None:
    change(empty, rounds.cancel_round, change(empty, rounds.start_round, {}, code_version="1"))
    assert "Round 1 was cancelled" in words(at(empty).open())


def test_a_trainer_that_is_no_more(at: Callable[[Workspace], Visitor], empty: Workspace) -> None:
    change(empty, rounds.start_round, {}, code_version="1")
    with empty.database() as db, transaction(db):
        db.execute("UPDATE round SET heartbeat_at = '2020-01-01T00:00:00.000Z'")
    app = at(empty).open()
    assert "Round 1 has stopped without a word" in words(app)
    assert "2020-01-01 00:00 UTC" in words(app)
    assert "It can go on from its last checkpoint" in words(app)


def test_two_rounds_in_review(visitor: NewVisitor, workspace: Workspace) -> None:
    add_round(workspace, seed=1)
    ann = visitor()
    told = words(ann.open(round="1"))
    assert "Rounds 1 and 2 are both in review; people get the faces of round 2." in told
    assert "is in review now" not in told
    assert "in review" not in words(ann.open(round="2"))


def test_no_such_round(visitor: NewVisitor) -> None:
    app = visitor().open(round="7")
    assert "There is no round 7" in words(app)
    assert page_links(app) == ["Round 1: review"]
    assert grid(app) == []


def test_everything_answered(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    app = ann.open()
    assert "is answered" not in words(app)
    change(workspace, answer_all)
    app = ann.run()
    assert "Every face of round 1 is answered" in words(app)
    assert "Ask a lead to start it and take out the labels." in words(app)
    assert len(grid(app)) == 1, "undo is done from the grid"
    assert page_links(visitor("lea", "lead").open()) == ["Start the next round", "Take out the labels"]


def test_an_empty_filter(visitor: NewVisitor) -> None:
    app = visitor().open(state="exclude")
    faces = database.call(queue_counts, 1, person("ann").id, QueueFilter()).matching
    assert f"No face matches this filter; the round has {faces} to review" in words(app)
    assert len(grid(app)) == 1
    app.button(key="rv-clear-here").click().run()
    assert app.query_params == {}
    assert "No face matches" not in words(app)


def test_a_closed_round_is_for_looking_only(visitor: NewVisitor, workspace: Workspace) -> None:
    change(workspace, rounds.close_round, 1)
    app = visitor().open()
    assert "Round 1 is closed" in words(app)
    assert '"state": "all"' in grid(app)[0].proto.json


def test_a_database_that_does_not_answer(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    ann.open()
    away = workspace.database_file.with_name("away.db")
    database.close()
    workspace.database_file.rename(away)
    app = ann.run()
    assert "The workspace did not answer" in words(app)
    assert "review.db: found no such file" in words(app)
    assert not app.exception
    away.rename(workspace.database_file)
    app.button(key="rv-retry").click()
    assert grid(ann.run())


def page_links(app: AppTest) -> list[str]:
    return [element.proto.label for element in app.get("page_link")]
