"""Reading in, taking in decisions and writing out, killed at any instant: whole, and done again, complete."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from scn_core.store.projections import check
from scn_core.workspace.folder import Workspace
from tests.faults.doomed import killed, whole
from tests.scn_core.conftest import Run


def rows(workspace: Workspace, sql: str) -> list[tuple[object, ...]]:
    with workspace.database(read_only=True) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found: list[tuple[object, ...]] = db.execute(sql).fetchall()
        return found


def test_init(workspace: Workspace, tmp_path: Path, run: Run, instant: float) -> None:
    images = Path(workspace.settings().root)
    command = ["init", "--dataset", "csv", "--csv", images / "labels.csv", "--root", images]
    complete, path = tmp_path / "complete", tmp_path / "killed"
    seconds = whole(*command, complete)
    killed(instant * seconds, *command, path)
    if Workspace(path).settings_file.exists():
        assert run("status", path).code == 0
    else:
        again = run(*command, path)
        assert again.code == 0, again.err
    samples = "SELECT * FROM sample ORDER BY id"
    assert rows(Workspace(path), samples) == rows(Workspace(complete), samples) != []


def test_update(workspace: Workspace, tmp_path: Path, run: Run, instant: float) -> None:
    images, table = Path(workspace.settings().root), tmp_path / "labels.csv"
    head, *lines = (images / "labels.csv").read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([head, *lines[:80]]), encoding="utf-8")
    ws = Workspace(tmp_path / "grown")
    assert run("init", ws.path, "--dataset", "csv", "--csv", table, "--root", images).code == 0
    table.write_text("\n".join([head, *lines[10:]]).replace(",happy", ",sad"), encoding="utf-8")
    complete = Workspace(shutil.copytree(ws.path, tmp_path / "complete"))
    samples = "SELECT id, key, given_label, vanished_in FROM sample ORDER BY id"
    versions = "SELECT sample_id, label FROM given_version ORDER BY 1"
    before = rows(ws, samples)
    seconds = whole("update", complete.path)
    killed(instant * seconds, "update", ws.path)
    state = rows(ws, samples), rows(ws, versions)
    after = rows(complete, samples), rows(complete, versions)
    assert state in ((before, []), after)
    assert run("update", ws.path).code == 0
    assert (rows(ws, samples), rows(ws, versions)) == after
    assert after[1]


def test_import_decisions(reviewed: Workspace, tmp_path: Path, run: Run, instant: float) -> None:
    names = [row[0] for row in rows(reviewed, "SELECT name FROM class ORDER BY number")]
    asked = rows(reviewed, "SELECT DISTINCT path, start_label FROM sample JOIN score ON sample_id = sample.id")
    file = tmp_path / "decisions.csv"
    with file.open("w", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(["path", "label", "person"])
        table.writerows([path, names[(int(str(label)) + 1) % len(names)], "ann"] for path, label in asked)
    complete = Workspace(shutil.copytree(reviewed.path, tmp_path / "complete"))
    seconds = whole("import-decisions", complete.path, file)
    killed(instant * seconds, "import-decisions", reviewed.path, file)
    log = "SELECT sample_id, action, label FROM decision ORDER BY seq"
    taken = rows(reviewed, log)
    assert taken == rows(complete, log)[: len(taken)]
    again = run("import-decisions", reviewed.path, file)
    assert again.code == 0, again.err
    assert rows(reviewed, log) == rows(complete, log) != []
    counts = "SELECT kind, action, n FROM queue_count WHERE n > 0 ORDER BY 1, 2, given_label, proposed_label, alpha_bin"
    assert rows(reviewed, counts) == rows(complete, counts)
    with reviewed.database() as db:
        assert check(db) == []


def test_export_over_an_older_one(reviewed: Workspace, tmp_path: Path, run: Run, instant: float) -> None:
    out = tmp_path / "out" / "labels.csv"
    out.parent.mkdir()
    command = ["export", reviewed.path, "--out", out]
    assert run(*command, "--changed").code == 0
    older = out.read_bytes()
    copy = tmp_path / "whole.csv"
    seconds = whole("export", reviewed.path, "--out", copy)
    newer = copy.read_bytes()
    assert older != newer
    killed(instant * seconds, *command)
    assert out.read_bytes() in (older, newer)
    assert run(*command).code == 0
    assert out.read_bytes() == newer
