"""`export` and `import-decisions` as a person or a script calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scn_core.records import Decision
from scn_core.store.decisions.record import effective_labels, record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_workspace import add_round, copy_workspace, draw_workspace
from tests.scn_core.conftest import Process, Run


@pytest.fixture(scope="module")
def _in_review(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = draw_workspace(tmp_path_factory.mktemp("labels") / "ws", faces=70)
    add_round(workspace, proposals=20, low=10)
    return workspace


@pytest.fixture
def ws(_in_review: Workspace, tmp_path: Path) -> Workspace:
    """Round 1 is in review; ann accepted one proposal."""
    copy = copy_workspace(_in_review, tmp_path / "ws")
    with copy.database() as db:
        found = scores(db, 1)
        place = int((found.proposed_label >= 0).argmax())
        face, label = int(found.sample_id[place]), int(found.proposed_label[place])
        ensure_person(db, "ann")
        record_decisions(db, [Decision("0" * 36, 1, face, "ann", "accept", label)])
    return copy


def test_a_preview_writes_nothing(run: Run, ws: Workspace, tmp_path: Path) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run("export", ws.path, "--preview")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("revision r1-d1: 70 faces, 1 with a corrected label, 0 excluded\n")
    assert "labels from: 1 accept, 69 given" in done.out
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    said = json.loads(run("export", ws.path, "--preview", "--json", "--changed").out)
    assert (said["rows"], said["changes"][0]["count"], len(said["first"])) == (1, 1, 1)


def test_json_is_the_manifest(run: Run, ws: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = run("export", ws.path, "--out", out, "--format", "jsonl", "--decided", "--pseudonyms", "--json")
    assert json.loads(done.out) == json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    (row,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert row["reviewers"] == ["reviewer-1"]


def test_filters_by_class_and_split(run: Run, ws: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run("export", ws.path, "--out", out, "--class", "angry", "--split", "val").code == 0
    assert {line.split(",")[1] for line in out.read_text().splitlines()[1:]} == {"anger"}
    wrong = run("export", ws.path, "--out", out, "--class", "bored")
    assert (wrong.code, wrong.out) == (2, "")
    assert "--class: found 'bored'; allowed: neutral, happy" in wrong.err
    for place in (("--out", tmp_path / "none.csv"), ("--out", "-"), ("--preview",)):
        wrong = run("export", ws.path, *place, "--round", "9")
        assert (wrong.code, wrong.out) == (1, "")
        assert "found round 9; allowed: 1 to 1" in wrong.err
    assert not (tmp_path / "none.csv").exists()


def test_out_or_preview_is_needed(run: Run, ws: Workspace) -> None:
    done = run("export", ws.path)
    assert done.code == 2
    assert "Missing option '--out'" in done.err


def changed_labels(ws: Workspace, file: Path) -> dict[str, str]:
    """Writes a file to import: the first training faces, called something else. Path -> label."""
    with ws.database(read_only=True) as db:
        sql = "SELECT key FROM sample WHERE split = 'train' AND id NOT IN (SELECT sample_id FROM decision) LIMIT 3"
        keys = [key for (key,) in db.execute(sql)]
    wanted = dict(zip(keys, ("happy", "sad", "fear"), strict=True))
    file.write_text("path,label\n" + "".join(f"{key},{label}\n" for key, label in wanted.items()))
    return wanted


def labels_of(ws: Workspace) -> dict[str, int]:
    with ws.database(read_only=True) as db:
        keys: list[Any] = [key for (key,) in db.execute("SELECT key FROM sample ORDER BY id")]
        return dict(zip(keys, effective_labels(db).label.tolist(), strict=True))


def test_decisions_are_tried_then_taken_then_known(run: Run, ws: Workspace, tmp_path: Path) -> None:
    wanted, before = changed_labels(ws, tmp_path / "in.csv"), labels_of(ws)
    tried = run("import-decisions", ws.path, tmp_path / "in.csv", "--person", "eve", "--dry-run")
    assert (tried.code, tried.err) == (0, "")
    assert "to take from 3 rows" in tried.out
    assert "people to add: eve" in tried.out
    assert labels_of(ws) == before
    done = run("import-decisions", ws.path, tmp_path / "in.csv", "--person", "eve", "--json")
    assert json.loads(done.out)["taken"] == 3
    names = ws.settings().classes
    assert {key: names[label] for key, label in labels_of(ws).items() if key in wanted} == wanted
    again = run("import-decisions", ws.path, tmp_path / "in.csv", "--person", "eve")
    assert again.code == 0
    assert again.out == "round 1: nothing new taken from 3 rows\n  3 rows known from an earlier import\n"
    refused = run("import-decisions", ws.path, tmp_path / "in.csv", "--undo", "--person", "eve")
    assert (refused.code, labels_of(ws) == before) == (2, False)
    back = run("import-decisions", ws.path, tmp_path / "in.csv", "--undo")
    assert (back.code, back.out.splitlines()[0]) == (0, "round 1: 3 of 3 answers of in.csv taken back")
    assert labels_of(ws) == before


@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_problems_are_listed_and_end_with_code_1(run: Run, ws: Workspace, tmp_path: Path, dry: list[str]) -> None:
    changed_labels(ws, tmp_path / "in.csv")
    with (tmp_path / "in.csv").open("a") as file:
        file.write("nowhere.jpg,happy\nfaces/00001.jpg,bored\n")
    before = labels_of(ws)
    done = run("import-decisions", ws.path, tmp_path / "in.csv", "--person", "eve", *dry)
    assert done.code == 1
    assert done.out.splitlines()[0] == "2 of 5 rows cannot be taken, so none is:"
    assert "in.csv, line 5: found nowhere.jpg, which is no face of this workspace" in done.out
    assert labels_of(ws) == before


def test_a_file_that_is_not_there_is_code_1(run: Run, ws: Workspace, tmp_path: Path) -> None:
    done = run("import-decisions", ws.path, tmp_path / "gone.csv")
    assert (done.code, done.out) == (1, "")
    assert "gone.csv: found No such file" in done.err


def test_a_folder_of_pictures_is_made_and_what_is_not_ours_never_replaced(
    run: Run, ws: Workspace, tmp_path: Path
) -> None:
    out, root = tmp_path / "faces", Path(ws.settings().root)
    for options in ([], ["--copies"]):
        done = run("export", ws.path, "--out", out, "--format", "class-folders", *options)
        assert (done.code, done.out) == (0, f"{out}: 70 faces, 1 with a corrected label, 0 excluded\n")
    (out / "mine.txt").write_text("mine")
    refused = {
        out: "not as this command left it; allowed: a new name; it is never replaced",
        root / "new": "in or around the folder of the data set",
        root.parent: "in or around the folder of the data set",
        ws.path / "new": "in or around the folder of the workspace",
        tmp_path / "gone" / "new": "no folder",
        ws.settings_file: "the file",
    }
    for place, reason in refused.items():
        done = run("export", ws.path, "--out", place, "--format", "hugging-face", "--force")
        assert (done.code, done.out) == (2, "")
        assert reason in done.err
    assert (out / "mine.txt").read_text() == "mine"
    (tmp_path / "link").symlink_to(out)
    assert "a link" in run("export", ws.path, "--out", tmp_path / "link", "--format", "hugging-face").err


def test_options_of_one_format_are_refused_with_another(run: Run, ws: Workspace, tmp_path: Path) -> None:
    done = run("export", ws.path, "--out", tmp_path / "out.csv", "--copies")
    assert (done.code, done.out) == (2, "")
    assert "--copies: found format csv; allowed: class-folders, hugging-face" in done.err
    done = run("export", ws.path, "--out", tmp_path / "out.csv", "--image-prefix", "https://faces.example/")
    assert "--image-prefix: found format csv; allowed: label-studio" in done.err
    done = run("export", ws.path, "--out", "-", "--format", "hugging-face")
    assert "--out: found - with format hugging-face, a folder; allowed: the name of a new folder" in done.err


def test_pictures_of_label_studio_lie_where_is_said(run: Run, ws: Workspace, tmp_path: Path) -> None:
    root = Path(ws.settings().root)
    for options, start in (
        ([], f"/data/local-files/?d={root.name}/"),
        (["--image-prefix", "https://faces.example/a?d="], "https://faces.example/a?d="),
    ):
        done = run("export", ws.path, "--out", "-", "--format", "label-studio", *options)
        assert {task["data"]["image"].removeprefix(start) for task in json.loads(done.out)} == set(labels_of(ws))


def test_answers_of_label_studio_are_those_of_the_people_named(run: Run, ws: Workspace, tmp_path: Path) -> None:
    key = next(iter(changed_labels(ws, tmp_path / "in.csv")))
    record = {"key": key, "label": "happy", "annotation_id": 5, "annotator": 3, "lead_time": 1.5}
    (tmp_path / "in.json").write_text(json.dumps([record]))
    done = run("import-decisions", ws.path, tmp_path / "in.json", "--annotator", "3=eve", "--dry-run", "--json")
    assert json.loads(done.out)["new_people"] == ["eve"]
    wrong = run("import-decisions", ws.path, tmp_path / "in.json", "--annotator", "eve")
    assert (wrong.code, wrong.out) == (2, "")
    assert "--annotator: found 'eve'; allowed: ID=NAME, such as 3=ann" in wrong.err


def test_of_many_problems_a_screen_is_listed_and_all_by_a_dry_run(run: Run, ws: Workspace, tmp_path: Path) -> None:
    lines = [f"nowhere-{n}.jpg,happy" for n in range(300)]
    (tmp_path / "in.csv").write_text("\n".join(["path,label", *lines]) + "\n")
    done = run("import-decisions", ws.path, tmp_path / "in.csv", "--person", "eve")
    assert (done.code, len(done.out.splitlines())) == (1, 20)
    assert done.out.endswith("  and 282 more; --dry-run lists all\n")
    tried = run("import-decisions", ws.path, tmp_path / "in.csv", "--person", "eve", "--dry-run")
    assert (tried.code, len(tried.out.splitlines())) == (1, 301)


def test_an_import_waits_for_another_program_that_writes(
    process: Callable[..., Process], ws: Workspace, tmp_path: Path
) -> None:
    with ws.database() as db:
        (key,) = db.execute("SELECT key FROM sample WHERE split = 'train'").fetchone()
    (tmp_path / "in.csv").write_text(f"key,action\n{key},unsure\n")
    with AnotherWriter(ws) as other:
        importing = process("-m", "scn_core", "import-decisions", ws.path, tmp_path / "in.csv", "--person", "eve")
        importing.wait_for_line("waiting for another program that is writing to the database")
        other.release()
        done = importing.end()
    assert (done.code, done.out.splitlines()[0]) == (0, "round 1: 1 unsure taken from 1 row")
