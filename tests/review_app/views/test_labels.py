from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from review_app import database
from review_app.database import Limits
from review_app.settings import AppSettings
from review_app.views.wording import in_words_of_pages
from scn_core.config import ReviewSettings
from scn_core.records import Decision
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import effective_labels, history, record_decisions
from scn_core.store.events import events
from scn_core.store.rounds.states import close_round
from scn_core.store.scores import scores
from scn_core.workspace.backup.make import backups_in
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, markup, person, words
from tests.review_app.visitor import Visitor as Client

Use = Callable[[Workspace], AppSettings]


def accept(workspace: Workspace, count: int, name: str = "bob") -> list[int]:
    """Somebody accepts the first proposals; the faces."""
    person(name)
    with workspace.database() as db:
        found = scores(db, 1)
        faces = [(int(i), int(p)) for i, p in zip(found.sample_id, found.proposed_label, strict=True) if p >= 0][:count]
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, name, "accept", label) for face, label in faces])
    return [face for face, _ in faces]


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_it_is_for_leads(visitor: NewVisitor) -> None:
    app = visitor("bob").open("labels")
    assert "This page is for leads" in words(app)
    assert not app.button


def test_counts_follow_the_decisions_and_the_filter(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    accept(workspace, 3)
    app = ann.open("labels")
    assert metrics(app) == {"Faces": "120", "Changed": "3", "Excluded": "0"}
    assert "accepted" in markup(app)
    app.checkbox(key="rv-labels-changed").check()
    assert metrics(ann.run())["Faces"] == "3"
    app.selectbox(key="rv-labels-split").select("val")
    assert metrics(ann.run()) == {"Faces": "0", "Changed": "0", "Excluded": "0"}
    assert app.button(key="rv-labels-make").disabled
    assert "no label is changed" in words(app)


def test_a_file_is_made_once_and_downloaded_from_disk(
    visitor: NewVisitor, workspace: Workspace, use_workspace: Use
) -> None:
    ann = visitor("ann", "lead")
    accept(workspace, 3, name="bob <b>")
    app = ann.open("labels")
    assert not workspace.exports.exists()
    app.checkbox(key="rv-labels-pseudonyms").check()  # just before the click: the page is not drawn anew
    app.button(key="rv-labels-make").click()
    ann.run()
    (file,) = workspace.exports.glob("csv-r1-d3-*.csv")
    assert "The labels are written" in words(app)
    address = f"/api/export/{file.name}"
    assert f'href="{address}"' in markup(app)
    assert "pseudonyms" in words(app)
    client = Client(use_workspace(workspace)).sign_in("ann")
    answer = client.get(address)
    assert answer.content == file.read_bytes()
    assert answer.headers["content-disposition"] == f'attachment; filename="{file.name}"'
    said = json.loads(client.get(f"{address}.manifest.json").content)
    assert (said["rows"], said["changed"]) == (120, 3)
    made = file.stat()
    ann.run()
    assert file.stat() == made
    accept(workspace, 4)
    assert "r1-d3, older" in words(ann.run())


def test_others_get_no_file(visitor: NewVisitor, workspace: Workspace, use_workspace: Use) -> None:
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    app.button(key="rv-labels-make").click()
    ann.run()
    (file,) = workspace.exports.glob("*.csv")
    settings = use_workspace(workspace)
    bob = Client(settings).sign_in("bob")
    assert bob.get(f"/api/export/{file.name}").status_code == 403
    assert Client(settings).get(f"/api/export/{file.name}").status_code == 401
    lead = Client(settings).sign_in("ann")
    (workspace.exports / "notes.txt").write_text("mine")
    for name in ("notes.txt", "csv-r1-d0.csv.part", "csv-r9-d9.csv", f"csv-r1-d{'1' * 300}.csv", ""):
        assert lead.get(f"/api/export/{name}").status_code == 404, name
    for name in ("../review.db", "..", ".", "%2e%2e/review.db", "..\\review.db"):
        assert lead.get_raw(f"/api/export/{name}")[0] == 404, name


def test_who_is_no_lead_any_more_makes_no_file(visitor: NewVisitor, workspace: Workspace) -> None:
    """The button was drawn while they were."""
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    database.call_write(lambda db: db.execute("UPDATE person SET role = 'annotator'"))
    app.button(key="rv-labels-make").click()
    ann.run()
    assert not workspace.exports.exists()


def test_a_format_that_can_hold_no_face_is_not_offered_and_one_that_lacks_some_says_why(
    visitor: NewVisitor, workspace: Workspace
) -> None:
    ann = visitor("ann", "lead")
    assert "RAF-DB list" not in ann.open("labels").selectbox(key="rv-labels-format").options
    with workspace.database() as db:
        db.execute(
            "UPDATE sample SET path = 'train_1.jpg' WHERE id = (SELECT max(id) FROM sample WHERE split = 'train')"
        )
    app = ann.open("labels")
    app.selectbox(key="rv-labels-format").select("raf-db")
    ann.run()
    app.button(key="rv-labels-make").click()
    said = words(ann.run())
    assert "Format RAF-DB list: found faces/" in said
    assert "--" not in said
    assert not list(workspace.exports.glob("*"))


def test_messages_speak_of_what_is_on_the_page() -> None:
    for text, worded in {
        "--out: found the folder x, which is not as an export left it; allowed: a new name, as it is never replaced":
            "Found the folder x, which is not as an export left it; it is not replaced: move it away, then try again",
        "a.csv: found columns x; allowed: a header; or say which with --path-column and --label-column":
            "a.csv: found columns x; allowed: a header",
        "--annotator: found 'x'": "Of Label Studio: whose its accounts are: found 'x'",
        "--image-size: found 0": "Image size: found 0",
        "say where they are: python -m scn_core relocate ws --root DIR":
            "say where they are: python -m scn_core relocate ws --root DIR",
    }.items():  # fmt: skip
        assert in_words_of_pages(text) == worded


def test_a_folder_of_pictures_is_made_on_the_server(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    app.selectbox(key="rv-labels-format").select("class-folders")
    ann.run()
    app.checkbox(key="rv-labels-copies").check()
    app.button(key="rv-labels-make").click()
    ann.run()
    (manifest,) = workspace.exports.glob("*.manifest.json")
    made = json.loads(manifest.read_text())
    assert (made["options"]["copies"], made["rows"]) == (True, 120)
    assert f"exports/{made['file']}" in markup(app)
    assert f'href="/api/export/{made["file"]}"' not in markup(app)
    assert len(list((workspace.exports / made["file"]).glob("*/*/*.jpg"))) == 120
    app.selectbox(key="rv-labels-format").select("label-studio")
    ann.run()
    app.text_input(key="rv-labels-prefix").set_value("https://faces.example/")
    app.button(key="rv-labels-make").click()
    ann.run()
    (manifest,) = workspace.exports.glob("label-studio-*.manifest.json")
    tasks = json.loads((workspace.exports / json.loads(manifest.read_text())["file"]).read_text())
    assert len(tasks) == 120
    assert all(task["data"]["image"].startswith("https://faces.example/") for task in tasks)


def test_a_folder_that_cannot_be_made_is_not_logged_as_made(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    app.selectbox(key="rv-labels-format").select("class-folders")
    ann.run()
    with workspace.database() as db, transaction(db):
        db.execute("UPDATE sample SET path = 'gone.jpg' WHERE id = 1")
    app.button(key="rv-labels-make").click()
    assert "no such picture" in words(ann.run())
    with workspace.database(read_only=True) as db:
        assert "labels exported" not in [event.what for event in events(db)]


def upload(app: AppTest, text: str, name: str = "in.csv") -> None:
    app.file_uploader(key="rv-labels-upload").upload(name, text.encode(), "text/csv")


def rows_of(workspace: Workspace, faces: list[int], label: str) -> str:
    with workspace.database(read_only=True) as db:
        keys = dict(db.execute("SELECT id, key FROM sample").fetchall())
    return "path,label\n" + "".join(f"{keys[face]},{label}\n" for face in faces)


def training_faces(workspace: Workspace) -> list[int]:
    with workspace.database(read_only=True) as db:
        return [int(i) for i in scores(db, 1).sample_id[:3]]


def test_an_upload_is_looked_at_then_taken(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    faces = training_faces(workspace)
    upload(app, rows_of(workspace, faces, "disgust"))
    ann.run()
    with workspace.database(read_only=True) as db:
        assert db["decision"].count == 0
        before = effective_labels(db).label.tolist()
    button = app.button(key="rv-labels-take")
    assert button.label == "Take 3 decisions into round 1"
    button.click()
    ann.run()
    assert "3 new decisions taken." in words(app)
    assert "known from an earlier import" not in words(app)
    after = words(ann.run())
    assert "There is nothing new in this file." in after
    assert "rows known from an earlier import" in after
    assert [(each.cause, each.decisions) for each in backups_in(workspace.backups)] == [("import", 0)]
    with workspace.database(read_only=True) as db:
        names, now = workspace.settings().classes, effective_labels(db)
        assert {names[now.label[face - 1]] for face in faces} == {"disgust"}
        assert {name for (name,) in db.execute("SELECT name FROM person")} == {"ann"}
        (shown,) = {text for (text,) in db.execute("SELECT shown FROM decision")}
        (lead,) = {number for (number,) in db.execute("SELECT person_id FROM decision")}
        assert json.loads(shown).keys() == {"imported", "import", "by"}
        assert json.loads(shown)["by"] == lead
        assert [row.who for row in history(db, faces[0])] == ["ann (imported by ann)"]
        newest = events(db)[0]
    assert (newest.by, newest.words) == ("ann", "decisions imported, round 1, decisions 3")
    (back,) = [each for each in app.button if str(each.key).startswith("rv-labels-undo-")]
    back.click()
    ann.run()
    assert "3 answers of in.csv taken back." in words(app)
    assert "Take 3 decisions into round 1" in [each.label for each in app.button]
    with workspace.database(read_only=True) as db:
        assert effective_labels(db).label.tolist() == before
        assert (events(db)[0].by, events(db)[0].words) == ("ann", "import taken back, round 1, decisions 3")


def test_problems_of_an_upload_are_listed_and_nothing_can_be_taken(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    upload(app, rows_of(workspace, training_faces(workspace), "disgust") + "nowhere<i>.jpg,happy\n")
    ann.run()
    assert "1 of 4 rows cannot be taken" in words(app)
    assert "nowhere&lt;i&gt;.jpg" in markup(app)
    assert "rv-labels-take" not in [button.key for button in app.button]
    upload(app, "a;b\n1;2\n")
    assert "in.csv: found columns a, b; allowed: a header with path or key" in words(ann.run())


def test_who_is_no_lead_any_more_takes_nothing(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    upload(app, rows_of(workspace, training_faces(workspace), "disgust"))
    ann.run()
    database.call_write(lambda db: db.execute("UPDATE person SET role = 'annotator'"))
    app.button(key="rv-labels-take").click()
    ann.run()
    with workspace.database(read_only=True) as db:
        assert db["decision"].count == 0


def test_taking_looks_at_the_rows_among_the_slow_reads(
    visitor: NewVisitor, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's answers wait for it: with no time for slow reads, nothing is looked at and nothing taken."""
    ann = visitor("ann", "lead")
    app = ann.open("labels")
    upload(app, rows_of(workspace, training_faces(workspace), "disgust"))
    ann.run()
    database.close()
    monkeypatch.setattr(database, "LIMITS", Limits(slow_s=0))
    app.button(key="rv-labels-take").click()
    ann.run()
    with workspace.database(read_only=True) as db:
        assert db["decision"].count == 0


def test_without_a_round_in_review_there_is_nowhere_to_take_them(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    with workspace.database() as db:
        close_round(db, 1)
    app = ann.open("labels")
    assert "none is" in words(app)
    assert not app.file_uploader


@pytest.mark.parametrize("readings", [1, 2])
def test_settling_is_asked_where_several_people_read(readings: int, visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    with workspace.database() as db:
        rules = json.dumps(ReviewSettings(readings=readings).as_dict())
        db.execute("UPDATE round SET review = ?", (rules,))
    app = ann.open("labels")
    keys = [box.key for box in app.checkbox]
    assert ("rv-labels-adjudicate" in keys) == (readings > 1)


def test_the_page_says_what_the_import_took(visitor: NewVisitor, workspace: Workspace) -> None:
    ann = visitor("ann", "lead")
    with workspace.database() as db:
        db.execute(
            "INSERT INTO problem (file, line, found, allowed, kept, reason, rows) "
            "VALUES ('l.csv', 2, 'x', 'y', 0, 'no label', 3)"
        )
        db.execute("INSERT INTO vote VALUES (1, '', 0, '', 7), (1, '', 1, '', 3), (2, '', 1, '', 10)")
        db.conn.commit()
    said = words(ann.open("labels"))
    assert "seen: 123 rows and files = 120 faces taken + 3 left out" in said
    assert "3 no label" in said
    assert "votes: 20 labels on 2 faces, 1 unanimous" in said
