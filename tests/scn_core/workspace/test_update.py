"""`update`: what becomes of faces, labels, decisions and figures when the data set is read again."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError, WorkspaceError
from scn_core.exchange.export.manifest import manifest_file, read_manifest
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.exchange.import_decisions.import_plan import plan_import
from scn_core.records import Decision
from scn_core.review.reference_labels import reference_labels
from scn_core.rounds.inputs import faces_now
from scn_core.rounds.pack.job import data_set_hash
from scn_core.store.current_labels import LabelFilter, iter_labels, label_counts, revision
from scn_core.store.decisions.record import effective_labels, history, record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.projections import check
from scn_core.store.queue.undecided import undecided_faces
from scn_core.store.reports.one_face import face_label
from scn_core.store.rounds.faces import queued_samples
from scn_core.store.samples import StoredSample, find_sample, iter_samples, samples_among
from scn_core.store.updates import face_origin
from scn_core.store.votes import import_balance
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.relocate import relocate
from scn_core.workspace.status import status_of
from scn_core.workspace.update import update
from tests.review_workspace import add_round
from tests.scn_core.conftest import Run
from tests.scn_core.exchange.export.layouts import picture
from tests.scn_core.workspace.listed_faces import copy_with_list, workspace_of_list

ROWS = {f"{number:02}.png": ("happy", "sad", "angry")[number % 3] for number in range(30)}


def write_table(folder: Path, rows: dict[str, str]) -> None:
    (folder / "labels.csv").write_text(
        "path,label\n" + "".join(f"{path},{label}\n" for path, label in rows.items()), encoding="utf-8"
    )


@pytest.fixture(scope="module")
def _table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("update")
    (folder / "data").mkdir()
    write_table(folder / "data", ROWS)
    workspace_of_list(folder, ROWS)
    return folder


@pytest.fixture
def ws(_table: Path, tmp_path: Path) -> Workspace:
    """30 faces of three classes, made from data/labels.csv beside the workspace."""
    return copy_with_list(_table, tmp_path)


def data(ws: Workspace) -> Path:
    return ws.path.with_name("data")


def number_of(db: Database, key: str) -> int:
    found = find_sample(db, key)
    assert found is not None
    return found.id


def answer(db: Database, key: str, action: str, label: int | None = None, person: str = "ann") -> None:
    ensure_person(db, person)
    record_decisions(db, [Decision(str(uuid.uuid4()), 1, number_of(db, key), person, action, label)])  # type: ignore[arg-type]


def names(db: Database) -> dict[str, int]:
    return {name: number for number, name in db.execute("SELECT number, name FROM class")}


def grow(ws: Workspace) -> dict[str, str]:
    """Two faces more, one with another label, one gone from the list, one whose picture is gone."""
    rows = ROWS | {"30.png": "happy", "31.png": "sad", "03.png": "sad"}
    del rows["04.png"]
    for path in ("30.png", "31.png"):
        picture(data(ws), path, int(path[:2]))
    (data(ws) / "05.png").unlink()
    write_table(data(ws), rows)
    return rows


def test_the_balance_counts_every_row_and_every_face(ws: Workspace) -> None:
    grow(ws)
    done = update(ws)
    found = done.changes
    assert (found.unchanged, found.new.keys, found.changed.keys) == (27, ("30.png", "31.png"), ("03.png",))
    assert found.vanished.keys == ("04.png", "05.png")
    assert done.left_out == {"no such picture": 1}
    assert (done.seen, done.known) == (31, 30)
    text = done.describe()
    assert "seen: 31 rows and files = 27 unchanged + 2 new + 1 changed + 1 left out\n  1 no such picture\n" in text
    assert "known: 30 faces = 27 unchanged + 1 changed + 2 vanished\n  new: 30.png, 31.png\n" in text
    with ws.database(read_only=True) as db:
        balance = import_balance(db)
        assert balance is not None
        assert (balance.seen, balance.taken, balance.left_out) == (31, 30, {"no such picture": 1})


def test_a_dry_run_says_the_same_and_writes_nothing(ws: Workspace) -> None:
    grow(ws)
    before = ws.database_file.read_bytes()
    told = update(ws, dry_run=True)
    assert "dry run: nothing was written" in told.describe()
    assert ws.database_file.read_bytes() == before
    assert Path(f"{ws.database_file}-wal").stat().st_size == 0  # it only read
    assert update(ws).changes == told.changes


def test_taken_again_it_changes_nothing(ws: Workspace) -> None:
    grow(ws)
    update(ws)
    again = update(ws)
    assert (again.changes.any, again.changes.unchanged) == (False, 30)
    assert "nothing is new; nothing was written" in again.describe()
    with ws.database(read_only=True) as db:
        assert db.execute("SELECT count(*) FROM data_change").fetchone() == (1,)


def test_decisions_stand_and_say_which_given_label_they_saw(ws: Workspace) -> None:
    add_round(ws, proposals=6, low=6, audit=2)
    with ws.database() as db:
        happy, sad = names(db)["happy"], names(db)["sad"]
        answer(db, "03.png", "keep", happy)
        answer(db, "00.png", "keep", happy)
        answer(db, "06.png", "relabel", sad)
    write_table(data(ws), ROWS | {"03.png": "sad", "06.png": "sad", "09.png": "sad"})
    done = update(ws)
    assert done.changes.answered == 2
    assert "people have decided about 2 of the changed faces" in done.describe()
    with ws.database(read_only=True) as db:
        kept, untouched, agreed, open_face = (
            face_label(db, number_of(db, key)) for key in ("03.png", "00.png", "06.png", "09.png")
        )
        assert kept
        assert untouched
        assert agreed
        assert open_face
        assert (kept.label, kept.given_when_decided) == (happy, happy), "what the person saw and meant"
        assert (untouched.label, untouched.given_when_decided) == (happy, None)
        assert (agreed.label, agreed.given_when_decided) == (sad, happy)
        assert (open_face.label, open_face.given_when_decided) == (sad, None), "nobody decided: the newest given label"
        origin = face_origin(db, number_of(db, "03.png"))
        assert [version.label for version in origin.earlier] == [happy]
        stored = find_sample(db, "03.png")
        assert stored
        assert stored.sample.given_label == sad
        assert len(history(db, stored.id)) == 1
        now = effective_labels(db)
        settled = {key: bool(now.settled[number_of(db, key) - 1]) for key in ("03.png", "00.png", "06.png")}
        assert settled == {"03.png": False, "00.png": True, "06.png": True}, "a third label opens the question again"
        assert check(db) == []


def test_an_answer_after_the_update_refers_to_the_label_of_then(ws: Workspace) -> None:
    write_table(data(ws), ROWS | {"03.png": "sad"})
    update(ws)
    add_round(ws, proposals=6, low=6, audit=2)
    with ws.database() as db:
        answer(db, "03.png", "keep", names(db)["sad"])
    write_table(data(ws), ROWS | {"03.png": "angry"})
    update(ws)
    with ws.database(read_only=True) as db:
        found = face_label(db, number_of(db, "03.png"))
        assert found
        assert found.given_when_decided == names(db)["sad"]
        earlier = face_origin(db, number_of(db, "03.png")).earlier
        assert [version.label for version in earlier] == [names(db)["happy"], names(db)["sad"]]


def test_the_queue_s_pictures_are_drawn_after_an_update_and_a_move(ws: Workspace, run: Run) -> None:
    add_round(ws, proposals=6, low=6, audit=2)
    with ws.database(read_only=True) as db:
        queued = list(samples_among(db, queued_samples(db, 1)))
    kept = {stored.id: b"" for stored in queued}
    grow(ws)
    assert run("update", ws.path).code == 0
    with closing(sqlite3.connect(ws.thumbs_file)) as db:
        assert {number for (number,) in db.execute("SELECT sample_id FROM thumb")} <= kept.keys()
        assert db.execute("SELECT count(*) FROM thumb").fetchone()[0] >= len(queued) - 2  # two pictures may be gone
    ws.thumbs_file.unlink()
    data(ws).rename(ws.path.with_name("moved"))
    assert run("relocate", ws.path, "--root", ws.path.with_name("moved"), "--force").code == 0
    assert ws.thumbs_file.exists()


def test_a_round_in_review_does_not_change(ws: Workspace) -> None:
    add_round(ws, proposals=6, low=6, audit=2)

    def figures(db: Database) -> list[object]:
        queue = db.execute("SELECT * FROM queue_item ORDER BY id").fetchall()
        scores = db.execute("SELECT * FROM score ORDER BY sample_id").fetchall()
        counts = db.execute("SELECT * FROM queue_count WHERE n > 0 ORDER BY 1, 2, 3, 4, 5, 6, 7").fetchall()
        return [queue, scores, counts, undecided_faces(db, 1).to_review]

    with ws.database(read_only=True) as db:
        before, stood = figures(db), str(revision(db))
        old_hash = data_set_hash(db)
    grow(ws)
    update(ws)
    with ws.database() as db:
        assert figures(db) == before
        assert check(db) == []
        assert (stood, str(revision(db))) == ("r1-d0", "r1-d0-u1")
        assert data_set_hash(db, 30) == old_hash, "a job packed before comes home"
        answer(db, "03.png", "keep", names(db)["happy"])
        now = faces_now(db)
    keys = {stored.id: stored.sample.key for stored in _samples(ws)}
    trained = {keys[number] for number in now.sample_id.tolist()}
    assert trained == set(ROWS) - {"04.png", "05.png"} | {"30.png", "31.png"}
    assert now.rows.tolist() == [number - 1 for number in now.sample_id.tolist()]


def _samples(ws: Workspace) -> list[StoredSample]:
    with ws.database(read_only=True) as db:
        return list(iter_samples(db))


def test_a_face_that_vanished_comes_back_with_its_decisions(ws: Workspace) -> None:
    add_round(ws, proposals=6, low=6, audit=2)
    with ws.database() as db:
        sad = names(db)["sad"]
        answer(db, "06.png", "relabel", sad)
    write_table(data(ws), {path: label for path, label in ROWS.items() if path != "06.png"})
    update(ws)
    with ws.database(read_only=True) as db:
        assert "06.png" not in {row.key for row in iter_labels(db, LabelFilter(excluded=True))}
        assert label_counts(db, LabelFilter()).vanished == 1
    write_table(data(ws), ROWS)
    done = update(ws)
    assert (done.changes.returned, done.changes.unchanged) == (1, 30)
    with ws.database(read_only=True) as db:
        (row,) = (row for row in iter_labels(db, LabelFilter()) if row.key == "06.png")
        assert (row.label, row.source) == (sad, "relabel")


def test_an_export_has_the_newest_given_labels_and_says_so(ws: Workspace, tmp_path: Path) -> None:
    add_round(ws, proposals=6, low=6, audit=2)
    with ws.database() as db:
        answer(db, "03.png", "keep", names(db)["happy"])
    grow(ws)
    update(ws)
    with ws.database(read_only=True) as db:
        made = export_labels(db, tmp_path / "out.csv", ExportOptions())
    said = json.loads(manifest_file(tmp_path / "out.csv").read_text(encoding="utf-8"))
    assert said["given_labels"] == {"version": "newest", "changed_since_init": 1, "changed_since_decided": 1}
    assert (said["vanished"], said["withdrawn"], said["revision"], said["rows"]) == (2, 0, "r1-d1-u1", 30)
    assert read_manifest(manifest_file(tmp_path / "out.csv")) == made
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    (row,) = (line.split(",") for line in lines if line.startswith("03.png"))
    assert row[:5] == ["03.png", "happy", "train", "sad", "1"]


def test_a_new_class_is_refused_and_nothing_written(ws: Workspace) -> None:
    write_table(data(ws), ROWS | {"00.png": "bored", "03.png": "sad"})
    with pytest.raises(DataError, match=r"found class bored, which the workspace has not; allowed: .*new workspace"):
        update(ws)
    with ws.database(read_only=True) as db:
        assert db.execute("SELECT count(*) FROM given_version").fetchone() == (0,)


def test_a_class_may_lose_its_last_face(ws: Workspace) -> None:
    write_table(data(ws), {path: label for path, label in ROWS.items() if label != "angry"})
    done = update(ws)
    assert (done.changes.unchanged, done.changes.vanished.count) == (20, 10)
    with ws.database(read_only=True) as db:
        assert len(names(db)) == 3


def test_a_picture_moved_to_the_folder_of_another_class_is_the_same_face(tmp_path: Path) -> None:
    root = tmp_path / "faces"
    for number in range(6):
        picture(root, f"{'happy' if number % 2 else 'sad'}/{number}.png", number)
    create_workspace(tmp_path / "ws", "folder", Source(root=root))
    ws = Workspace(tmp_path / "ws")
    add_round(ws, proposals=2, low=2, audit=1)
    with ws.database() as db:
        number = number_of(db, "happy/1.png")
        answer(db, "happy/1.png", "keep", names(db)["happy"])
    (root / "happy/1.png").rename(root / "sad/1.png")
    (root / "happy/3.png").rename(root / "happy/renamed.png")
    done = update(ws)
    assert (done.changes.changed.keys, done.changes.moved, done.changes.new.count) == (("sad/1.png",), 2, 0)
    assert done.changes.vanished.count == 0
    with ws.database(read_only=True) as db:
        assert number_of(db, "sad/1.png") == number
        assert len(history(db, number)) == 1
        assert find_sample(db, "happy/1.png") is None


def test_what_was_exported_before_pictures_moved_comes_back(ws: Workspace, tmp_path: Path) -> None:
    with ws.database() as db:
        add_round(ws, proposals=10, low=5)
        answer(db, "01.png", "keep", names(db)["sad"])
        export_labels(db, tmp_path / "old.csv", ExportOptions())
    (data(ws) / "moved").mkdir()
    for path in ROWS:
        (data(ws) / path).rename(data(ws) / "moved" / path)
    write_table(data(ws), {f"moved/{path}": label for path, label in ROWS.items()})
    assert update(ws).changes.moved == 30
    lines = (tmp_path / "old.csv").read_text(encoding="utf-8").splitlines()
    edited = [lines[0], *(line.replace("02.png,anger", "02.png,happy") for line in lines[1:])]
    (tmp_path / "edited.csv").write_text("\n".join(edited), encoding="utf-8")
    tasks = [{"data": {"image": "/data/local-files/?d=data/03.png"}, "annotations": [{"completed_by": 7, "result": [
        {"type": "choices", "from_name": "label", "value": {"choices": ["sad"]}}]}]}]  # fmt: skip
    (tmp_path / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    (tmp_path / "better.csv").write_text("path,label\n04.png,happy\n", encoding="utf-8")
    with ws.database(read_only=True) as db:
        table = plan_import(db, tmp_path / "edited.csv", person="ann")
        project = plan_import(db, tmp_path / "tasks.json", root=data(ws))
        assert (table.problems, table.unchanged, project.problems) == ((), 29, ())
        assert [d.sample_id for d in table.decisions] == [number_of(db, "moved/02.png")]
        assert [d.sample_id for d in project.decisions] == [number_of(db, "moved/03.png")]
        assert list(reference_labels(db, tmp_path / "better.csv")) == [number_of(db, "moved/04.png")]


def test_the_split_of_a_face_stays_and_another_picture_is_told(tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path, f"{number}.png", number)
    table = tmp_path / "labels.csv"
    table.write_text("path,label,split\n0.png,a,train\n1.png,b,train\n2.png,a,val\n", encoding="utf-8")
    create_workspace(tmp_path / "ws", "csv", Source(csv=table))
    ws = Workspace(tmp_path / "ws")
    table.write_text("path,label,split\n0.png,a,train\n1.png,b,val\n2.png,a,train\n3.png,b,test\n", encoding="utf-8")
    picture(tmp_path, "0.png", 77)
    done = update(ws)
    assert (done.changes.splits, done.changes.pictures) == (2, 1)
    assert "2 in another split now; each stays in the one it was in" in done.describe()
    with ws.database(read_only=True) as db:
        assert [stored.sample.split for stored in iter_samples(db)] == ["train", "train", "val", "test"]


def test_a_picture_that_has_a_second_face_now_keeps_the_first(tmp_path: Path) -> None:
    for number in range(2):
        picture(tmp_path, f"{number}.png", number)
    table = tmp_path / "labels.csv"
    rows = "path,label,left,top,right,bottom\n0.png,a,0,0,8,8\n1.png,b,0,0,8,8\n"
    table.write_text(rows, encoding="utf-8")
    create_workspace(tmp_path / "ws", "csv", Source(csv=table))
    table.write_text(rows + "0.png,b,8,8,16,16\n", encoding="utf-8")
    found = update(Workspace(tmp_path / "ws")).changes
    assert (found.unchanged, found.moved, found.new.keys, found.vanished.count) == (2, 0, ("0.png#3",), 0)


def test_votes_follow_the_newest_reading(tmp_path: Path) -> None:
    for number in range(2):
        picture(tmp_path, f"{number}.png", number)
    table = tmp_path / "labels.csv"
    rows = "path,label,who\n0.png,a,x\n0.png,a,y\n0.png,b,z\n1.png,b,x\n"
    table.write_text(rows, encoding="utf-8")
    create_workspace(tmp_path / "ws", "csv", Source(csv=table, annotator_column="who"))
    ws = Workspace(tmp_path / "ws")
    table.write_text(rows + "0.png,b,v\n0.png,b,w\n", encoding="utf-8")
    done = update(ws)
    assert (done.seen, done.further, done.changes.changed.keys) == (6, 4, ("0.png",))
    with ws.database(read_only=True) as db:
        assert db.execute("SELECT count(*) FROM vote WHERE sample_id = 1").fetchone() == (5,)
    table.write_text(rows + "0.png,b,v\n0.png,b,w\n1.png,b,y\n1.png,,z\n", encoding="utf-8")
    done = update(ws)  # no face has another given label
    assert (done.changes.votes, done.changes.changed.count) == (1, 0)
    assert "  1 with other labels of people than before" in done.describe()
    with ws.database(read_only=True) as db:
        status = status_of(ws, db)
    assert status.balance is not None
    assert (status.balance.further, dict(status.balance.left_out)) == (5, {"no label": 1})
    assert not update(ws).changes.any


def test_a_list_may_have_another_name_and_place(ws: Workspace, tmp_path: Path, run: Run) -> None:
    (tmp_path / "lists").mkdir()
    new = tmp_path / "lists/labels of today.csv"
    (data(ws) / "labels.csv").rename(new)
    asked = run("update", ws.path)
    assert (asked.code, "--csv" in asked.err) == (1, True)
    assert run("relocate", ws.path, "--csv", new).code == 0
    assert "nothing is new" in run("update", ws.path).out
    newest = tmp_path / "lists/of tomorrow.csv"
    write_table(tmp_path / "lists", ROWS | {"03.png": "sad"})
    (tmp_path / "lists/labels.csv").rename(newest)
    settings = ws.settings_file.read_bytes()
    assert update(ws, csv=newest, dry_run=True).changes.changed.count == 1
    assert ws.settings_file.read_bytes() == settings
    said = json.loads(run("update", ws.path, "--csv", newest, "--json").out)
    assert (said["changed"], said["unchanged"]) == ({"count": 1, "keys": ["03.png"]}, 29)
    assert ws.settings().source["csv"] == str(newest)
    assert update(ws).changes.unchanged == 30


def test_a_list_is_said_only_where_there_is_one(ws: Workspace, tmp_path: Path) -> None:
    for word in ("a", "b"):
        picture(tmp_path / "faces", f"{word}/1.png", len(word))
    create_workspace(tmp_path / "folders", "folder", Source(root=tmp_path / "faces"))
    with pytest.raises(UsageError, match="--csv: found a workspace of data set folder; allowed: data set csv"):
        update(Workspace(tmp_path / "folders"), csv=data(ws) / "labels.csv")
    with pytest.raises(UsageError, match="--csv: found no file"):
        update(ws, csv=tmp_path / "gone.csv")


def test_noise_and_a_trainer_at_work_are_refused(ws: Workspace, tmp_path: Path) -> None:
    with ws.training_lock(), pytest.raises(WorkspaceError, match="another trainer is at work"):
        update(ws)
    create_workspace(tmp_path / "noisy", "csv", Source(csv=data(ws) / "labels.csv"), noise="symmetric:0.2")
    with pytest.raises(WorkspaceError, match=r"noise symmetric:0\.2"):
        update(Workspace(tmp_path / "noisy"))


def test_an_error_half_way_changes_nothing(ws: Workspace) -> None:
    grow(ws)
    with ws.database() as db:
        db.execute("CREATE TRIGGER full BEFORE DELETE ON problem BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        db.execute("INSERT INTO problem (file, found, allowed, kept) VALUES ('a', 'b', 'c', 0)")
        before = list(db.conn.iterdump())
    with pytest.raises(Exception, match="disk full"):
        update(ws)
    with ws.database() as db:
        assert list(db.conn.iterdump()) == before


def test_pictures_that_were_moved_are_read_where_they_are_now(ws: Workspace, tmp_path: Path, run: Run) -> None:
    data(ws).rename(tmp_path / "elsewhere")
    asked = run("update", ws.path)
    assert (asked.code, "found no folder" in asked.err, "relocate" in asked.err) == (1, True, True)
    assert run("relocate", ws.path, "--root", tmp_path / "elsewhere").code == 0
    write_table(tmp_path / "elsewhere", ROWS | {"03.png": "sad"})
    said = json.loads(run("update", ws.path, "--json").out)
    assert (said["changed"], said["unchanged"]) == ({"count": 1, "keys": ["03.png"]}, 29)


def test_a_published_data_set_is_found_below_the_folder_it_was_moved_to(tmp_path: Path) -> None:
    basic = tmp_path / "old/basic"
    rows = [(f"train_{number:05}.jpg", 1 + number % 7) for number in range(14)]
    for number, (name, _) in enumerate(rows):
        picture(basic / "Image/aligned", name.replace(".jpg", "_aligned.jpg"), number)
    (basic / "EmoLabel").mkdir()
    label_list = basic / "EmoLabel/list_patition_label.txt"
    label_list.write_text("".join(f"{name} {label}\n" for name, label in rows), encoding="utf-8")
    create_workspace(tmp_path / "ws", "raf-db", Source(root=tmp_path / "old"))
    ws = Workspace(tmp_path / "ws")
    (tmp_path / "old").rename(tmp_path / "new")
    relocate(ws, tmp_path / "new/basic")
    assert update(ws).changes.unchanged == 14


@pytest.mark.parametrize("earlier_version", [False, True])
def test_pictures_unpacked_into_a_workspace_that_was_moved(tmp_path: Path, earlier_version: bool) -> None:
    pixels = " ".join(["7"] * 2304)
    table = tmp_path / "fer/fer2013.csv"
    table.parent.mkdir()
    rows = [f"{number % 7},{number} {pixels[2:]},Training\n" for number in range(14)]
    table.write_text("emotion,pixels,Usage\n" + "".join(rows), encoding="utf-8")
    create_workspace(tmp_path / "ws", "fer2013", Source(root=table.parent))
    if earlier_version:
        file = tmp_path / "ws/workspace.toml"
        text = file.read_text(encoding="utf-8")
        assert text.count('"images"') == 2
        file.write_text(text.replace('"images"', f'"{tmp_path}/ws/images"'), encoding="utf-8")
    (tmp_path / "ws").rename(tmp_path / "moved")
    with table.open("a", encoding="utf-8") as more:
        more.write(rows[0])
    done = update(Workspace(tmp_path / "moved"))
    assert (done.changes.unchanged, done.changes.new.count, done.changes.vanished.count) == (14, 1, 0)
    assert not (tmp_path / "ws").exists()


def test_rows_put_in_between_do_not_give_pictures_the_labels_of_others(tmp_path: Path) -> None:
    table = tmp_path / "fer/fer2013.csv"
    table.parent.mkdir()
    rows = [f"{number % 7},{' '.join([str(number)] * 2304)},Training\n" for number in range(14)]
    table.write_text("emotion,pixels,Usage\n" + "".join(rows), encoding="utf-8")
    create_workspace(tmp_path / "ws", "fer2013", Source(root=table.parent))
    table.write_text("emotion,pixels,Usage\n" + "".join(rows[1:]), encoding="utf-8")
    with pytest.raises(DataError, match=r"line 2: found other pixels than in .*rows as they were, and new ones at the"):
        update(Workspace(tmp_path / "ws"))
