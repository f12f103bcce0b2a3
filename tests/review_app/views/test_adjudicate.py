"""The page Adjudicate: faces that two reviewers answered differently, settled by a lead."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from review_app import database
from review_app.settings import AppSettings
from review_app.views import adjudicate_face
from scn_core.config import ReviewSettings
from scn_core.records import Action, Decision
from scn_core.store.decisions.adjudication import outcome_in
from scn_core.store.decisions.outcomes import Outcome
from scn_core.store.decisions.record import history, record_decisions
from scn_core.store.people.people import set_role
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, Visitor, markup, person, words
from tests.review_workspace import add_round, copy_workspace

Face = tuple[int, int, int]


@pytest.fixture(scope="session")
def read_twice(drawn: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Round 1 is in review with two readings; copy it."""
    workspace = copy_workspace(drawn, tmp_path_factory.mktemp("read_twice") / "ws")
    add_round(workspace, review=ReviewSettings(readings=2))
    return workspace


@pytest.fixture
def workspace(read_twice: Workspace, tmp_path: Path) -> Workspace:
    """A copy of its own."""
    return copy_workspace(read_twice, tmp_path / "ws")


@pytest.fixture
def lead(visitor: NewVisitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """lea, who here decides in no time; ann and *bob* are the readers."""
    monkeypatch.setattr(adjudicate_face, "TOO_SOON_MS", 0)
    visitor("ann"), visitor("*bob*")
    return visitor("lea", "lead")


def proposed_faces(*, audit: bool = False) -> list[Face]:
    """Sample, given and proposed label of faces with a proposal, the audit ones or the others."""
    sql = (
        "SELECT c.sample_id, c.start_label, c.proposed_label FROM score c WHERE c.proposed_label IS NOT NULL AND "
        "EXISTS (SELECT 1 FROM queue_item q WHERE q.sample_id = c.sample_id AND q.kind = 'audit') = ? ORDER BY 1"
    )
    return database.call(lambda db: db.execute(sql, (audit,)).fetchall())


def say(name: str, face: int, action: Action, label: int | None = None, **more: Any) -> str:
    decision = Decision(str(uuid.uuid4()), 1, face, name, action, label, **more)
    database.call_write(record_decisions, [decision])
    return decision.id


def differ(*faces: Face) -> None:
    """ann keeps, bob accepts."""
    for face, given, proposed in faces:
        say("ann", face, "keep", given)
        say("*bob*", face, "accept", proposed)


def outcome(face: int) -> Outcome:
    found = database.call(outcome_in, 1, face)
    assert found is not None
    return found


def press(visitor: Visitor, key: str) -> AppTest:
    """The button with this shortcut."""
    next(b for b in visitor.app.button if b.proto.shortcut == key).click()
    return visitor.run()


def shown(app: AppTest) -> int | None:
    """The face on screen."""
    large = [element.proto.body for element in app.main.get("html") if "rv-face" in element.proto.body]
    return int(large[0].split("/face/")[1].split('"')[0]) if large else None


def test_one_after_the_other_by_every_key(lead: Visitor) -> None:
    faces = proposed_faces()[:6]
    differ(*faces)
    lead.open("adjudicate")
    other = next(label for label in range(7) if label not in faces[5][1:])
    wanted = [
        ("a", "accept", faces[0][2]),
        ("x", "keep", faces[1][1]),
        ("u", "unsure", None),
        ("e", "exclude", None),
        (str(faces[4][1] + 1), "keep", faces[4][1]),
        (str(other + 1), "relabel", other),
    ]
    for face, (key, action, label) in zip(faces, wanted, strict=True):
        assert shown(lead.app) == face[0]
        press(lead, key)
        found = outcome(face[0])
        assert (found.state, found.action, found.label, found.adjudicated) == ("decided", action, label, True)
    assert shown(lead.app) is None
    assert "No conflict in round 1 now" in words(lead.app)
    metrics = {metric.label: metric.value for metric in lead.app.metric}
    assert metrics == {"In conflict": "0", "Wait for more readings": "0", "Decided": "6"}
    said = [row.decision for row in database.call(history, faces[0][0]) if row.decision.adjudicates]
    assert [(d.person, d.blind, d.milliseconds is not None) for d in said] == [("lea", False, True)]


def test_copies_in_conflict_are_settled_together(lead: Visitor) -> None:
    faces = proposed_faces()[:3]
    differ(*faces[:2])
    numbers = ", ".join(str(face) for face, *_ in faces)
    lead.open()
    database.call_write(lambda db: db.execute(f"UPDATE picture SET pixels = x'00' WHERE sample_id IN ({numbers})"))
    assert "Settles 1 copy in conflict too" in words(lead.open("adjudicate"))
    press(lead, "e")
    assert {outcome(face).action for face, *_ in faces[:2]} == {"exclude"}
    assert not database.call(history, faces[2][0])  # of which nobody said anything
    assert shown(press(lead, "z")) == faces[0][0], "not its copy"
    assert {outcome(face).state for face, *_ in faces[:2]} == {"conflict"}


def test_who_said_what_is_shown_letter_by_letter(lead: Visitor) -> None:
    (face,) = proposed_faces()[:1]
    differ(face)
    say("*bob*", face[0], "note", text="<b>a tear</b>")
    app = lead.open("adjudicate")
    said = words(app)
    assert "ann" in said
    assert "*bob*" in said
    assert ", kept" in said
    assert ", accepted" in said
    assert "&lt;b&gt;a tear" in markup(app)
    assert "<b>a tear" not in markup(app)
    assert "You are one of the reviewers" not in said


def test_a_lead_who_read_the_face_is_told(lead: Visitor) -> None:
    (face, given, _), *_ = proposed_faces()
    say("ann", face, "keep", given)
    say("lea", face, "exclude")
    assert "You are one of the reviewers of this face." in words(lead.open("adjudicate"))


def test_of_a_face_drawn_at_random_the_network_says_nothing(lead: Visitor) -> None:
    face = proposed_faces(audit=True)[0]
    differ(face)
    app = lead.open("adjudicate")
    assert shown(app) == face[0]
    assert "Proposed label" not in words(app)
    assert "Alpha" not in words(app)
    assert not app.get("plotly_chart")
    assert not [b for b in app.button if b.proto.shortcut == "a" or "proposed" in b.label]
    press(lead, str(face[2] + 1))
    said = next(row.decision for row in database.call(history, face[0]) if row.decision.adjudicates)
    assert (said.action, said.label, said.blind, "alpha" in said.shown) == ("relabel", face[2], True, False)


def test_a_key_held_down_settles_the_first_face_alone(lead: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjudicate_face, "TOO_SOON_MS", 60_000)
    first, second = proposed_faces()[:2]
    differ(first, second)
    lead.open("adjudicate")
    assert shown(press(lead, "e")) == first[0]
    assert outcome(first[0]).state == "conflict"


def test_undo_shows_the_face_again(lead: Visitor) -> None:
    first, second = proposed_faces()[:2]
    differ(first, second)
    lead.open("adjudicate")
    press(lead, "u")
    press(lead, "x")
    assert shown(press(lead, "z")) == second[0]
    assert outcome(second[0]).state == "conflict"
    assert shown(press(lead, "z")) == first[0]
    assert outcome(first[0]).state == "conflict"
    next(b for b in lead.app.button if b.label == "Bring back").click()  # the newest in the list
    lead.run()
    assert outcome(second[0]).action == "keep"
    assert outcome(first[0]).state == "conflict"


def test_undo_in_haste_takes_back_the_newest_answer_not_the_one_on_the_page(lead: Visitor) -> None:
    first, second, _ = (found := proposed_faces()[:3])
    differ(*found)
    lead.open("adjudicate")
    press(lead, "u")
    say("lea", second[0], "keep", second[1], adjudicates=True)  # stored, and the page is not yet drawn anew
    assert shown(press(lead, "z")) == second[0]
    assert outcome(first[0]).action == "unsure"


def test_faces_put_off_come_back(lead: Visitor) -> None:
    first, second = proposed_faces()[:2]
    differ(first, second)
    lead.open("adjudicate")
    assert shown(press(lead, "s")) == second[0]
    app = press(lead, "s")
    assert shown(app) is None
    assert "still in conflict: 2." in words(app)
    app.button(key="rv-adj-again").click()
    assert shown(lead.run()) == first[0]


def test_what_changed_meanwhile_is_not_settled_unseen(lead: Visitor) -> None:
    first, second = proposed_faces()[:2]
    differ(first, second)
    lead.open("adjudicate")
    say("*bob*", first[0], "keep", first[1])  # they agree now
    app = press(lead, "e")
    assert "answered or settled since it was shown" in words(app)
    assert outcome(first[0]).action == "keep"
    assert shown(app) == second[0]


def test_another_lead_settles_it_anew(lead: Visitor, visitor: NewVisitor) -> None:
    (face,) = proposed_faces()[:1]
    differ(face)
    lead.open("adjudicate")
    press(lead, "u")
    leo = visitor("leo", "lead")
    app = leo.open("adjudicate", sample=str(face[0]))
    assert "Settled by lea" in words(app)
    assert not [b for b in app.button if b.label in ("Take back", "Undo the last")]
    press(leo, "x")
    assert outcome(face[0]).action == "keep"
    assert "replaced by a newer one" in words(leo.app)


def test_a_lead_no_more_settles_nothing(lead: Visitor) -> None:
    (face,) = proposed_faces()[:1]
    differ(face)
    lead.open("adjudicate")
    database.call_write(set_role, person("lea").id, "annotator")
    assert "lea is annotator; allowed: a lead" in words(press(lead, "e"))
    assert outcome(face[0]).state == "conflict"


def test_annotators_see_nothing_of_it(visitor: NewVisitor) -> None:
    app = visitor("ann").open("adjudicate")
    assert "This page is for leads" in words(app)
    assert not app.button


@pytest.mark.parametrize("asked", ["99999", "²"])
def test_an_address_that_names_no_conflict_shows_the_next(lead: Visitor, asked: str) -> None:
    (face,) = proposed_faces()[:1]
    differ(face)
    assert shown(lead.open("adjudicate", sample=asked, after=asked, before=asked)) in (face[0], None)


def test_nothing_to_settle(lead: Visitor) -> None:
    face, given, _ = proposed_faces()[0]
    say("ann", face, "keep", given)
    said = words(lead.open("adjudicate"))
    assert "wait for more readings: 1." in said
    database.call_write(close_round, 1)
    assert "No round is in review" in words(lead.open("adjudicate"))


def test_conflicts_that_a_round_was_closed_with_are_settled_in_the_next(lead: Visitor, workspace: Workspace) -> None:
    asked, left = proposed_faces()[:2]
    differ(asked, left)
    lead.open("adjudicate")
    database.call_write(close_round, 1)
    app = lead.open("adjudicate")
    assert "2 faces in conflict when their round was closed keep the label of before. Start another round" in words(app)
    add_round(workspace, proposals=90)  # with one reading
    gone = f"DELETE FROM queue_item WHERE round_id = 2 AND sample_id = {left[0]}"
    database.call_write(lambda db: db.execute(gone))
    app = lead.open("adjudicate")
    assert (shown(app), metric(app, "In conflict in closed rounds")) == (left[0], "1")
    assert "Round 1 was closed with this conflict. What you choose is an answer of round 2" in words(app)
    press(lead, "e")
    found = database.call(outcome_in, 2, left[0])
    assert found is not None
    assert (found.action, found.adjudicated, outcome(left[0]).state) == ("exclude", True, "conflict")
    assert "No conflict in round 2 now" in words(lead.app)
    assert shown(press(lead, "z")) == left[0]


def metric(app: AppTest, label: str) -> str:
    return next(metric.value for metric in app.metric if metric.label == label)


def test_with_one_reading_the_page_says_where_the_setting_is(
    drawn: Workspace, tmp_path: Path, use_workspace: Callable[[Workspace], AppSettings], visitor: NewVisitor
) -> None:
    once = copy_workspace(drawn, tmp_path / "once")
    add_round(once)
    visitor(None)  # at the workspace of the other tests
    use_workspace(once)
    assert "Each face of round 1 is read once" in words(visitor("lea", "lead").open("adjudicate"))
