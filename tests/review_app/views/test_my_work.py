"""The page My work: what one person said, changeable until the round is closed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from review_app import database
from review_app.views import my_work
from scn_core.records import Action, Decision
from scn_core.store.decisions.record import history, record_decisions
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, markup, person, words
from tests.review_workspace import add_round

Say = Callable[..., str]


@pytest.fixture
def say() -> Say:
    """say('keep', 0) answers a training face as ann; returns the decision's id."""

    def record(action: Action, face: int, *, name: str = "ann", text: str | None = None, round_id: int = 1) -> str:
        person(name)
        item = database.call(training_faces)[face]
        label = item[1] if action in ("keep", "relabel") else None
        decision = Decision(str(uuid.uuid4()), round_id, item[0], name, action, label, text=text)
        database.call_write(record_decisions, [decision])
        return decision.id

    return record


def training_faces(db: Any) -> list[tuple[int, int]]:
    return list(db.execute("SELECT id, given_label FROM sample WHERE split = 'train' ORDER BY id"))


def rows(app: AppTest) -> list[str]:
    """The faces listed, as read."""
    return [text for element in app.main.get("html") if "rv-row" in (text := element.proto.body)]


def live(decision_id: str) -> bool:
    face = database.call(
        lambda db: db.execute("SELECT sample_id FROM decision WHERE id = ?", (decision_id,)).fetchone()
    )
    return next(row.live for row in database.call(history, face[0]) if row.decision.id == decision_id)


def test_nothing_yet(visitor: NewVisitor) -> None:
    app = visitor().open("my_work")
    assert "Nothing of yours in round 1" in words(app)
    assert {metric.label: metric.value for metric in app.metric} == {
        "Faces today": "0", "Faces answered in round 1": "0", "Per minute": "–", "Faces to review": str(open_items()),
        "Time left": "–",
    }  # fmt: skip


def open_items() -> int:
    return int(
        database.call(
            lambda db: db.execute("SELECT count(DISTINCT sample_id) FROM queue_item WHERE action IS NULL").fetchone()[0]
        )
    )


def test_own_answers_newest_first(visitor: NewVisitor, say: Say) -> None:
    ann = visitor()
    say("keep", 0)
    say("unsure", 1, name="bob")
    say("exclude", 2)
    app = ann.open("my_work")
    listed = rows(app)
    faces = database.call(training_faces)
    assert [f"/thumb/{faces[2][0]}" in listed[0], f"/thumb/{faces[0][0]}" in listed[1]] == [True, True]
    assert len(listed) == 2
    assert ": excluded" in listed[0]
    assert ", kept" in listed[1]
    assert {metric.label: metric.value for metric in app.metric}["Faces answered in round 1"] == "2"


def test_a_replaced_answer_is_shown_as_one_and_counts_no_more(visitor: NewVisitor, say: Say) -> None:
    ann = visitor()
    say("keep", 0)
    newer = say("unsure", 0)
    app = ann.open("my_work")
    assert {metric.label: metric.value for metric in app.metric}["Faces answered in round 1"] == "1"
    assert ["replaced by a newer answer" in row for row in rows(app)] == [False, True]
    assert [button.label for button in app.button].count("Take back") == 1
    face = database.call(training_faces)[0][0]
    database.call_write(record_decisions, [Decision(str(uuid.uuid4()), 1, face, "ann", "undo", undoes=newer)])
    assert not any("replaced" in row for row in rows(ann.run())), "the older one stands again"


def test_take_back_and_bring_back(visitor: NewVisitor, say: Say) -> None:
    ann = visitor()
    answer = say("exclude", 2)
    app = ann.open("my_work")
    for word, stands in (("Take back", False), ("Bring back", True), ("Take back", False), ("Bring back", True)):
        (button,) = [b for b in app.button if b.label == word]
        button.click()
        app = ann.run()
        assert live(answer) == stands
        assert ("rv-gone" in rows(app)[0]) != stands
    assert len(rows(app)) == 1


def test_taking_back_what_another_tab_took_back_changes_nothing(visitor: NewVisitor, say: Say) -> None:
    ann = visitor()
    answer = say("exclude", 2)
    app = ann.open("my_work")
    face = database.call(training_faces)[2][0]
    database.call_write(record_decisions, [Decision(str(uuid.uuid4()), 1, face, "ann", "undo", undoes=answer)])
    next(b for b in app.button if b.label == "Take back").click()
    app = ann.run()
    assert not live(answer)
    assert "not stored" not in words(app)


def test_a_closed_round_cannot_be_changed(visitor: NewVisitor, say: Say) -> None:
    ann = visitor()
    answer = say("exclude", 2)
    app = ann.open("my_work")
    button = next(b for b in app.button if b.label == "Take back")
    database.call_write(close_round, 1)
    button.click()  # drawn before
    app = ann.run()
    assert live(answer)
    assert "That was not stored" in words(app)
    assert "closed" in words(app)
    assert [b.label for b in app.button] == []
    assert "That was not stored" not in words(ann.run())


def test_pages_of_many(visitor: NewVisitor, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = visitor()
    for face in range(my_work.PAGE + 2):
        say("keep", face)
    app = ann.open("my_work")
    first = rows(app)
    app.button(key="rv-older").click()
    app = ann.run()
    second = rows(app)
    assert (len(first), len(second)) == (my_work.PAGE, 2)
    assert not set(first) & set(second)
    assert "before" in app.query_params
    assert not [b for b in app.button if b.key == "rv-older"]
    app.button(key="rv-newest").click()
    assert rows(ann.run()) == first


def test_a_number_that_is_none_shows_the_newest(visitor: NewVisitor, say: Say) -> None:
    say("keep", 0)
    assert len(rows(visitor().open("my_work", before="x' OR 1", round="²"))) == 1


def test_other_rounds_can_be_chosen(visitor: NewVisitor, say: Say, workspace: Workspace) -> None:
    say("exclude", 0)
    database.call_write(close_round, 1)
    add_round(workspace, seed=1)
    say("keep", 1, round_id=2)
    ann = visitor()
    app = ann.open("my_work")
    assert ", kept" in rows(app)[0]
    app.selectbox(key="rv-my-round").set_value(1)
    app = ann.run()
    assert app.query_params == {"round": "1"}
    assert "excluded" in rows(app)[0]


def test_words_of_others_stay_words(visitor: NewVisitor, say: Say) -> None:
    say("note", 0, text='<img src=x onerror="alert(1)"> **bold**')
    app = visitor().open("my_work")
    assert "<img src=x" not in markup(app)
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; **bold**" in rows(app)[0]


def test_each_row_leads_to_its_face(visitor: NewVisitor, say: Say) -> None:
    say("keep", 3)
    (link,) = visitor().open("my_work").get("page_link")
    assert link.proto.label == "Change"
    assert link.proto.query_string == f"sample={database.call(training_faces)[3][0]}"
