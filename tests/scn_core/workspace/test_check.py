"""`check`: a line for each check, what is wrong by name, an exit code; --repair makes anew what is derived."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scn_core.store.decisions.record import record_each
from scn_core.store.people.people import ensure_person
from scn_core.workspace.check import CHECKS
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round
from tests.scn_core.conftest import Run
from tests.scn_core.store.review_model import decide


@pytest.fixture
def answered(workspace: Workspace) -> Workspace:
    """A round in review, with two answers."""
    add_round(workspace, proposals=6, low=2, audit=0)
    with workspace.database() as db:
        ensure_person(db, "ann")
        faces = [face for (face,) in db.execute("SELECT DISTINCT sample_id FROM queue_item LIMIT 2")]
        assert record_each(db, [decide(face, "unsure") for face in faces]) == []
    return workspace


def change(workspace: Workspace, *statements: str) -> None:
    """As another program would, or a disk: no rule keeps it from anything."""
    with closing(sqlite3.connect(workspace.database_file, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def checks(run: Run, workspace: Workspace, *options: str) -> tuple[int, dict[str, list[str]]]:
    """Exit code, and what is wrong by the name of the check."""
    done = run("check", workspace.path, "--json", *options)
    made = json.loads(done.out)
    assert made["ok"] == (done.code == 0) == all(check["ok"] for check in made["checks"])
    return done.code, {check["name"]: check["found"] for check in made["checks"] if not check["ok"]}


def test_a_sound_workspace_has_a_line_for_each_check(answered: Workspace, run: Run) -> None:
    before = answered.database_file.read_bytes()
    done = run("check", answered.path)
    assert done.code == 0, done
    assert [line[:13].strip() for line in done.out.splitlines()] == list(CHECKS)
    assert "2 decisions, newest hash" in done.out
    assert "ok: 4 files" in done.out
    assert answered.database_file.read_bytes() == before


def test_the_quick_check_is_of_what_labels_follow_from_alone(answered: Workspace, run: Run) -> None:
    done = run("check", answered.path, "--quick")
    assert (done.code, done.out.split(":")[0]) == (0, "quick        ok")
    assert "what no label follows from was not looked at" in done.out, "so ok of a file that is damaged there"
    assert checks(run, answered, "--quick") == (0, {})
    assert "it alone" in run("check", answered.path, "--quick", "--repair").err
    change(answered, "DELETE FROM outcome WHERE sample_id = (SELECT min(sample_id) FROM outcome)")
    assert "found outcomes that do not follow from the answers" in run("check", answered.path, "--quick").err
    code, wrong = checks(run, answered, "--quick")
    assert code == 1
    assert "found outcomes that do not follow from the answers" in wrong["quick"][0]


def test_what_is_derived_is_repaired_and_nothing_else(answered: Workspace, run: Run) -> None:
    change(answered, "DELETE FROM outcome WHERE sample_id = (SELECT min(sample_id) FROM outcome)")
    code, wrong = checks(run, answered)
    assert code == 1
    assert set(wrong) == {"derived", "labels"}
    repaired = run("check", answered.path, "--repair")
    assert repaired.code == 0, repaired
    assert "repaired: derived tables were made anew from the log of decisions: 1 difference" in repaired.out
    assert run("check", answered.path, "--repair").out.endswith("nothing to repair\n")


@pytest.mark.parametrize(
    ("statements", "name", "found"),
    [
        (["DROP TRIGGER decision_no_update", "UPDATE decision SET action = 'exclude' WHERE seq = 2"],
         "history", "decision 2 or its hash is not as it was written"),
        (["DROP TRIGGER unseal_score_update", "UPDATE score SET alpha = 0.5"],
         "content", "round 1 of table score is not as it was written"),
    ],
)  # fmt: skip
def test_what_was_written_once_is_not_made_up_by_a_repair(
    answered: Workspace, run: Run, statements: list[str], name: str, found: str
) -> None:
    change(answered, *statements)
    code, wrong = checks(run, answered)
    assert (code, found in wrong[name]) == (1, True), wrong
    before = answered.database_file.read_bytes()
    refused = run("check", answered.path, "--repair")
    assert refused.code == 1
    assert "nothing was repaired" in refused.err
    assert "restore BACKUP" in refused.err
    assert answered.database_file.read_bytes() == before


def test_rows_that_refer_to_nothing_and_triggers_that_are_gone_are_named(answered: Workspace, run: Run) -> None:
    change(answered, "DROP TRIGGER person_change_no_delete", "INSERT INTO reference VALUES (999, 1)")
    _, wrong = checks(run, answered)
    assert wrong["references"] == ["table reference, row 999: refers to no row of table sample"]
    assert wrong["schema"] == ["trigger person_change_no_delete is missing"]
    assert wrong["content"] == ["the schema is not as it was written"]


def test_files_of_a_round_are_compared_with_how_it_left_them(answered: Workspace, run: Run) -> None:
    folder = answered.round_folder(1)
    (folder / "neighbours.npy").unlink()
    with (folder / "dynamics.npy").open("r+b") as file:
        file.seek(200)
        file.write(b"?")
    _, wrong = checks(run, answered)
    assert wrong == {
        "round files": [
            f"{folder / 'dynamics.npy'} is not as the round left it",
            f"{folder / 'neighbours.npy'}: No such file or directory",
        ]
    }


def test_an_export_knows_the_decisions_it_was_made_from(answered: Workspace, run: Run, tmp_path: Path) -> None:
    out, manifest = tmp_path / "labels.csv", tmp_path / "labels.csv.manifest.json"
    assert run("export", answered.path, "--out", out).code == 0
    with answered.database() as db:
        face = db.execute("SELECT max(sample_id) FROM queue_item").fetchone()[0]
        record_each(db, [decide(face, "exclude")])
    assert checks(run, answered, "--manifest", str(manifest)) == (0, {})
    made = json.loads(manifest.read_text(encoding="utf-8"))
    assert made["history"]["seq"] == 2
    manifest.write_text(json.dumps(made | {"history": {"seq": 2, "hash": "0" * 64}}), encoding="utf-8")
    code, wrong = checks(run, answered, "--manifest", str(manifest))
    assert code == 1
    assert wrong == {"manifest": ["the first 2 decisions are not those that the export was made from"]}
    manifest.write_text(json.dumps(made | {"history": None}), encoding="utf-8")
    assert "found a manifest of a version that kept no hash" in run("check", answered.path, "--manifest", manifest).err


def test_no_round_begins_on_damaged_labels(answered: Workspace, run: Run, tmp_path: Path) -> None:
    change(answered, "DROP TRIGGER unseal_sample_update", "UPDATE sample SET path = 'x' WHERE id = 1")
    for command in (["train", answered.path], ["round", "pack", answered.path, "--out", tmp_path / "job.zip"],
                    ["update", answered.path], ["export", answered.path, "--out", "-"]):  # fmt: skip
        refused = run(*command)
        assert refused.code == 1
        assert "the file is damaged (" in refused.err
        assert "Traceback" not in refused.err
    with answered.database(read_only=True) as db:
        assert db.execute("SELECT count(*) FROM round").fetchone() == (1,)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_indexes_are_made_anew(answered: Workspace, run: Run, seed: int) -> None:
    """Bytes changed in entries of three indexes, seeds 0 to 3: the rows that they point to are whole."""
    chance = random.Random(seed)
    with closing(sqlite3.connect(answered.database_file)) as db:
        (size,) = db.execute("PRAGMA page_size").fetchone()
        sql = (
            "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('queue_item', 'score', 'outcome')"
        )
        pages = [page for (page,) in db.execute(f"{sql} ORDER BY name")]
    rows = contents(answered)
    content = bytearray(answered.database_file.read_bytes())
    filled = [page for page in ((each - 1) * size for each in pages) if content[page + 3 : page + 5] != b"\0\0"]
    for page in chance.sample(filled, 3):
        header = 12 if content[page] == 2 else 8  # an inner page, or a leaf
        cells = int.from_bytes(content[page + 3 : page + 5], "big")
        pointer = page + header + 2 * chance.randrange(cells)
        cell = page + int.from_bytes(content[pointer : pointer + 2], "big")
        end = min(cell + 8, page + size)
        content[cell:end] = chance.randbytes(end - cell)
    answered.database_file.write_bytes(content)
    assert run("check", answered.path).code == 1
    done = run("check", answered.path, "--repair")
    assert done.code == 0, done
    assert "repaired: all indexes were made anew" in done.out
    assert contents(answered) == rows


def contents(workspace: Workspace) -> list[str]:
    """The schema, and every row that is not derived."""
    derived = re.compile(r'INSERT INTO "(queue_count|answer_count|sqlite_)')
    with closing(sqlite3.connect(workspace.database_file)) as db:
        return sorted(line for line in db.iterdump() if not derived.match(line))
