"""The page Samples over several rounds and several readings: what a face was, and what others said."""

from __future__ import annotations

import uuid
from typing import Any

from streamlit.testing.v1 import AppTest

from review_app import database
from scn_core.config import ReviewSettings
from scn_core.records import Action, Decision
from scn_core.store.decisions.record import history, record_each
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, person, words
from tests.review_workspace import add_round


def one(sql: str, *values: object) -> Any:
    return database.call(lambda db: db.execute(sql, values).fetchone())


def say(
    face: int, action: Action, who: str, *, label: int | None = None, round_id: int = 1, text: str | None = None
) -> None:
    decision = Decision(str(uuid.uuid4()), round_id, face, person(who).name, action, label, text=text)
    assert database.call_write(record_each, [decision]) == []


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click()


def cured(workspace: Workspace) -> tuple[int, int, int]:
    """A face that was relabelled in round 1 and is doubted again in round 2: number, label before, label since."""
    face, given, proposed = one("SELECT sample_id, given_label, proposed_label FROM queue_item WHERE kind = 'proposal'")
    new = next(label for label in range(7) if label not in (given, proposed))
    say(face, "relabel", "bob", label=new)
    database.call_write(close_round, 1)
    add_round(workspace, audit=0)
    return face, given, new


def test_a_cured_face_says_what_it_was_and_keeps_what_was_decided(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    face, given, new = cured(workspace)
    names = workspace.settings().classes
    app = ann.open("sample", sample=str(face))
    read = words(app)
    assert f"Label in round 2\nwas {names[given]}, {names[new]} since round 1" in read
    assert f"Given label\n{names[given]}" in read
    assert app.button(key="rv-say-keep").label == "Keep decided label"
    press(app, "rv-say-keep")
    ann.run()
    said = database.call(history, face)[-1].decision
    assert (said.person, said.action, said.label, said.round) == ("ann", "keep", new, 2)


def test_my_work_tells_the_label_of_the_round(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    face, given, new = cured(workspace)
    say(face, "keep", "ann", label=new, round_id=2)
    names = workspace.settings().classes
    read = words(ann.open("my_work"))
    assert f"{names[new]} → {names[new]}, kept" in read
    assert f"{names[given]} →" not in read


def test_an_audit_face_does_not_tell_that_people_changed_its_label(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    face = one("SELECT sample_id FROM queue_item WHERE kind = 'proposal'")[0]
    given = one("SELECT given_label FROM sample WHERE id = ?", face)[0]
    say(face, "relabel", "bob", label=(given + 1) % 7)
    database.call_write(close_round, 1)
    add_round(workspace, audit=1000)
    names = workspace.settings().classes
    app = ann.open("sample", sample=str(face))
    read = words(app)
    assert "bob" not in read
    assert f"Given label\n{names[(given + 1) % 7]}" in read
    assert "since round 1" not in read
    press(app, "rv-say-unsure")
    read = words(ann.run())
    assert "since round 1" in read
    assert "bob" in read


def test_nothing_of_a_reading_is_told_before_all_are_in(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    database.call_write(close_round, 1)
    add_round(workspace, seed=5, audit=0, review=ReviewSettings(readings=3))
    (face,) = one("SELECT sample_id FROM queue_item WHERE round_id = 2 AND kind = 'proposal'")
    say(face, "note", "bob", round_id=2, text="plainly a hat")
    say(face, "exclude", "bob", round_id=2)
    for who in ("eve", "ann"):
        say(face, "exclude", who, round_id=2)
        read = words(ann.open("sample", sample=str(face)))
        if who == "eve":
            assert not [word for word in ("bob", "eve", "plainly", "excluded", "Nobody has said") if word in read]
            assert "shown once all readings are in" in read
    assert "shown once all readings are in" not in read
    assert all(word in read for word in ("bob", "eve", "plainly a hat", "excluded by"))
