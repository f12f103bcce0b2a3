"""The page Samples: everything known about a face, and answering it from there."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database
from streamlit.testing.v1 import AppTest

from review_app import database
from scn_core.erase import erase
from scn_core.records import Decision, QueueFilter
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import RecordedDecision, history, record_decisions
from scn_core.store.queue.leases import claim_items
from scn_core.store.reports.one_face import face_scores
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_root
from scn_core.workspace.update import update
from scn_core.workspace.withdraw import withdraw
from tests.review_app.browserless import NewVisitor, markup, person, words
from tests.review_workspace import add_round


def one(sql: str) -> Any:
    return database.call(lambda db: db.execute(sql).fetchone())


def proposal() -> tuple[int, str, int, int]:
    """A face with a proposal that is not drawn at random: number, key, given and proposed class."""
    return one(  # type: ignore[no-any-return]
        "SELECT s.id, s.key, s.given_label, q.proposed_label FROM queue_item q JOIN sample s ON s.id = q.sample_id "
        "WHERE q.kind = 'proposal' AND NOT EXISTS (SELECT 1 FROM queue_item WHERE sample_id = s.id AND kind = 'audit')"
    )


PLAIN = (
    "SELECT DISTINCT sample_id FROM queue_item WHERE kind = 'proposal' AND sample_id NOT IN "
    "(SELECT sample_id FROM queue_item WHERE kind = 'audit') ORDER BY 1 LIMIT 3"
)
"""Faces with a proposal that are not drawn at random."""


def audit() -> int:
    return int(one("SELECT sample_id FROM queue_item WHERE kind = 'audit'")[0])


def stored(face: int) -> list[RecordedDecision]:
    return database.call(history, face)


def charts(app: AppTest) -> list[str]:
    return [element.proto.alt for element in app.get("plotly_chart")]


@pytest.mark.parametrize("by", ["key", "number"])
def test_everything_known(by: str, visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    face, key, given, proposed = proposal()
    app = ann.open("sample", sample=key if by == "key" else str(face))
    names = workspace.settings().classes
    score = database.call(face_scores, face)[0]
    assert {metric.label: metric.value for metric in app.metric} == {
        "Alpha": f"{score.alpha:.2f}", "Margin": f"{score.margin:.2f}", "Suspicion": f"{score.suspicion:.2f}",
    }  # fmt: skip
    read = words(app)
    assert f'src="/face/{face}"' in markup(app)
    for part in (
        key,
        names[given],
        f"proposed: {names[proposed]}",
        "proposal, to review",
        "held by nobody",
        "nothing decided",
    ):
        assert part in read
    assert charts(app) == ["Class probabilities in round 1", "Alpha and margin over the epochs of round 1"]
    assert '<img src="/thumb/' in markup(app)
    assert "Nobody has said anything about this face yet." in read


def test_votes_that_the_data_set_came_with(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    shown, hidden, names = proposal()[0], audit(), workspace.settings().classes

    def vote(db: Database) -> None:
        with transaction(db):
            for face in (shown, hidden):
                rows = [(face, "bob", 1, ""), (face, "cy", 1, ""), (face, "dan", 0, ""), (face, "eve", None, "<NF>")]
                db.conn.executemany("INSERT INTO vote VALUES (?, ?, ?, ?, 1)", rows)

    assert "Votes" not in words(ann.open("sample", sample=str(shown)))
    database.call_write(vote)
    table = re.sub("</?span[^>]*>", "", markup(ann.open("sample", sample=str(shown))))
    cells = [(names[1], 2, "50%"), (names[0], 1, "25%"), ("&lt;NF&gt;", 1, "25%")]
    for name, count, share in cells:
        assert f"<td>{name}</td><td>{count}</td><td>{share}</td>" in table
    assert "Votes" not in words(ann.open("sample", sample=str(hidden))), "they would sway an unbiased answer"


def test_rounds_are_looked_at_one_by_one(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    database.call_write(close_round, 1)
    add_round(workspace, seed=7, audit=0)
    face = proposal()[0]
    app = ann.open("sample", sample=str(face))
    assert charts(app)[0] == "Class probabilities in round 2"
    app.selectbox(key="rv-sample-round").set_value(1)
    app = ann.run()
    assert charts(app)[0] == "Class probabilities in round 1"
    assert app.metric[0].value == f"{database.call(face_scores, face)[1].alpha:.2f}"


def test_who_holds_it_and_who_said_what(visitor: NewVisitor) -> None:
    ann = visitor()
    face = proposal()[0]
    bob = person("<i>bob</i>")
    items = database.call_write(claim_items, 1, bob.id, QueueFilter(), limit=100).items
    assert face in [item.sample_id for item in items]
    note = Decision(str(uuid.uuid4()), 1, face, bob.name, "note", text="**no** <b>idea</b>")
    database.call_write(record_decisions, [note])
    app = ann.open("sample", sample=str(face))
    read = words(app)
    assert "held until" in read
    assert "&lt;i&gt;bob" in markup(app)
    assert "<b>idea" not in markup(app)


SAID = [
    ("accept", "accept", "proposed"),
    ("keep", "keep", "given"),
    ("unsure", "unsure", None),
    ("exclude", "exclude", None),
    ("flag", "flag", None),
]


@pytest.mark.parametrize(("button", "action", "label"), SAID)
def test_answering(button: str, action: str, label: str | None, visitor: NewVisitor) -> None:
    ann = visitor()
    face, _, given, proposed = proposal()
    app = ann.open("sample", sample=str(face))
    app.button(key=f"rv-say-{button}").click()
    app = ann.run()
    (row,) = stored(face)
    said = row.decision
    assert (said.action, said.person, said.round, said.blind) == (action, "ann", 1, False)
    assert said.label == {"proposed": proposed, "given": given, None: None}[label]
    shown = json.loads(said.shown)
    assert (shown["page"], shown["proposed"]) == ("samples", proposed)
    next(b for b in app.button if b.label == "Take back").click()
    app = ann.run()
    assert [row.live for row in stored(face)] == [False, False]
    assert not [b for b in app.button if b.label == "Take back"]
    assert "rv-gone" in markup(app)


def test_an_answer_settles_the_copies_that_nobody_else_answered(visitor: NewVisitor) -> None:
    ann = visitor()
    faces = [row[0] for row in database.call(lambda db: db.execute(PLAIN).fetchall())]
    theirs = Decision(str(uuid.uuid4()), 1, faces[2], person("bob").name, "exclude")

    def change(db: Database) -> None:
        db.execute(f"UPDATE picture SET pixels = x'00' WHERE sample_id IN ({', '.join(map(str, faces))})")
        record_decisions(db, [theirs])

    database.call_write(change)
    app = ann.open("sample", sample=str(faces[0]))
    assert "settles the copies too, but for those that somebody else answered" in words(app)
    assert f'href="/sample?sample={faces[1]}"' in markup(app) or f"sample={faces[1]}" in markup(app)
    app.button(key="rv-say-unsure").click()
    app = ann.run()
    assert [[row.decision.action for row in stored(face)] for face in faces] == [["unsure"], ["unsure"], ["exclude"]]
    next(b for b in app.button if b.label == "Take back").click()
    ann.run()
    assert [[row.live for row in stored(face)] for face in faces] == [[False] * 2, [False] * 2, [True]]


def test_relabel_and_note(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    face = proposal()[0]
    app = ann.open("sample", sample=str(face))
    app.selectbox(key="rv-label").set_value(6)
    app.button(key="rv-say-relabel").click()
    app = ann.run()
    app.text_input(key="rv-note").set_value("  a note ")
    app.button(key="rv-say-note").click()
    app = ann.run()
    app.button(key="rv-say-note").click()  # nothing written: nothing stored
    ann.run()
    assert [(r.decision.action, r.decision.label, r.decision.text) for r in stored(face)] == [
        ("relabel", 6, None), ("note", None, "a note"),
    ]  # fmt: skip
    assert f"{workspace.settings().classes[6]} (relabelled by ann, round 1" in words(app)


def test_a_face_drawn_at_random_shows_nothing_before_the_answer(visitor: NewVisitor) -> None:
    ann = visitor()
    face = audit()
    given = int(one(f"SELECT given_label FROM sample WHERE id = {face}")[0])
    other = Decision(str(uuid.uuid4()), 1, face, person("bob").name, "note", text="surely sad")
    database.call_write(record_decisions, [other])
    app = ann.open("sample", sample=str(face))
    assert "answer first" in words(app)
    assert (len(app.metric), charts(app)) == (0, [])
    assert not [b for b in app.button if b.label == "Accept"]
    assert "surely sad" not in words(app)
    app.button(key="rv-say-keep").click()
    app = ann.run()
    said = stored(face)[-1].decision
    assert (said.action, said.label, said.blind) == ("keep", given, True)
    assert json.loads(said.shown) == {"page": "samples"}
    assert len(app.metric) == 3
    assert "surely sad" in words(app)


def test_an_answer_of_another_tab_is_refused_with_the_reason(visitor: NewVisitor) -> None:
    ann = visitor()
    face = proposal()[0]
    app = ann.open("sample", sample=str(face))
    database.call_write(close_round, 1)
    app.button(key="rv-say-unsure").click()
    app = ann.run()
    assert stored(face) == []
    assert "That was not stored" in words(app)
    assert "No round is in review" in words(app)


def test_faces_for_measuring_are_not_answered(visitor: NewVisitor) -> None:
    ann = visitor()
    face = int(one("SELECT id FROM sample WHERE split = 'val'")[0])
    app = ann.open("sample", sample=str(face))
    assert "Only training faces are answered; this one is for val." in words(app)
    assert "No round has scored this face" in words(app)
    assert len(app.button) == 0


def test_searching(visitor: NewVisitor) -> None:
    ann = visitor()
    app = ann.open("sample")
    assert "Which face?" in words(app)
    app.text_input(key="rv-search").set_value(" faces/0001 ")
    app = ann.run()
    assert app.query_params == {"find": "faces/0001"}
    assert "10 faces" in words(app)
    assert 'href="/samples?sample=' in markup(app)
    app.text_input(key="rv-search").set_value("")
    assert ann.run().query_params == {}


def test_a_number_that_is_a_part_of_keys_too_opens_no_face_by_itself(visitor: NewVisitor) -> None:
    """File names hold numbers: 12 may mean the face of that number or such a name, 0012 means a name alone."""
    ann, sql = visitor(), "SELECT id FROM sample WHERE id = 12 OR key LIKE '%12%' ORDER BY id <> 12, key"
    app = ann.open("sample", find="12")
    assert re.findall(r"/samples\?sample=(\d+)", markup(app)) == [
        str(face) for (face,) in database.call(lambda db: db.execute(sql).fetchall())
    ]
    assert "number 12\n" in words(app)
    key = str(one("SELECT key FROM sample WHERE id = 12")[0])
    assert f"Key\n{key}\n" in words(ann.open("sample", find=key)), "nothing else is meant"
    assert f"Key\n{key}\n" in words(ann.open("sample", sample="12")), "a link names the face"
    assert "Nothing is called '0000012'" in words(ann.open("sample", find="0000012"))


@pytest.mark.parametrize("text", ["nowhere", "9" * 30, "-1", "%", "<script>", "²"])
def test_no_such_face(text: str, visitor: NewVisitor) -> None:
    app = visitor().open("sample", sample=text)
    assert not app.exception
    assert f"Nothing is called {text!r}" in words(app)
    assert "<script>" not in markup(app)


def test_other_peoples_answers_wait_for_the_second_reading(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor()
    face = proposal()[0]
    copied = "round_id, sample_id, kind, priority, alpha, margin, given_label, proposed_label"
    sql = f"INSERT INTO queue_item (slot, {copied}) SELECT 1, {copied} FROM queue_item WHERE sample_id = ?"
    with workspace.database() as db, transaction(db):
        db.execute(sql, (face,))
    bobs = Decision(str(uuid.uuid4()), 1, face, person("bob").name, "relabel", 6)
    database.call_write(record_decisions, [bobs])
    app = ann.open("sample", sample=str(face))
    assert "bob" not in words(app)
    app.button(key="rv-say-keep").click()
    app = ann.run()
    assert "relabelled" in words(app)
    assert "bob" in words(app)


def test_a_session_that_has_ended_stores_nothing(visitor: NewVisitor) -> None:
    ann = visitor()
    face = proposal()[0]
    app = ann.open("sample", sample=str(face))
    app.button(key="rv-say-unsure").click()
    ann.lose_session()
    app = ann.run()
    assert stored(face) == []
    assert "Sign in to review" in words(app)


def test_a_picture_that_is_not_there(visitor: NewVisitor, workspace: Workspace) -> None:
    with workspace.database() as db, transaction(db):
        db.execute("UPDATE sample SET path = 'faces/gone.jpg' WHERE id = 3")
    ann = visitor()
    app = ann.open("sample", sample="3")
    assert "No picture" in words(app)
    assert "Nobody can see this face, so it is given no label" in words(app)
    assert {str(button.key) for button in app.button if str(button.key).startswith("rv-say-")} == {
        "rv-say-exclude", "rv-say-flag", "rv-say-note",
    }  # fmt: skip
    assert "gone.jpg" in words(app)
    assert "/face/3" not in markup(app)
    app.button(key="rv-say-exclude").click()
    assert "not stored" not in words(ann.run())


def test_versions_of_the_given_label_and_what_an_answer_saw(visitor: NewVisitor, workspace: Workspace) -> None:
    face, key, given, _ = proposal()
    ann = visitor()
    names = workspace.settings().classes
    table = Path(workspace.settings().root) / "labels.csv"
    with workspace.database() as db:
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, "ann", "keep", given)])
    other = names[(given + 1) % len(names)]
    lines = table.read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith(key))
    column = lines[0].split(",").index("label")
    cells = lines[place].split(",")
    lines[place] = ",".join([*cells[:column], other, *cells[column + 1 :]])
    own = workspace.path / "images"
    shutil.copytree(table.parent, own)
    (own / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    change_root(workspace.settings_file, "images")
    assert update(workspace).changes.answered == 1
    read = words(ann.open("sample", sample=str(face)))
    assert f"{other} ({names[given]} until the update of" in read
    assert f"the given label was {names[given]} then" in read


def test_a_face_that_was_taken_out(visitor: NewVisitor, workspace: Workspace) -> None:
    face, key, *_ = proposal()
    withdraw(workspace, [key])
    app = visitor().open("sample", sample=str(face))
    assert "This face was taken out on" in words(app)
    assert f"/face/{face}" not in markup(app)
    assert not [button for button in app.button if button.key and button.key.startswith("rv-say")]


def test_a_face_that_was_erased(visitor: NewVisitor, workspace: Workspace) -> None:
    face, key, *_ = proposal()
    erase(workspace, [key])
    app = visitor().open("sample", sample=f"erased/{face}")
    assert "No such face" in words(app)
    app = visitor().open("sample", sample=str(face))
    assert f"erased/{face}" not in words(app) + markup(app)


@pytest.mark.parametrize("page", ["sample", "review", "rounds"])
def test_the_folder_of_the_pictures_is_gone(page: str, visitor: NewVisitor, workspace: Workspace) -> None:
    change_root(workspace.settings_file, "/nowhere/unmounted")
    app = visitor("ann", "lead").open(page)
    assert "There is no folder /nowhere/unmounted." in words(app)
    assert any(f"relocate {workspace.path} --root DIR" in each.value for each in app.code)
