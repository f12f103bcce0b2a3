"""The commands duplicates and pictures, also in a workspace of a version that did not look at pictures."""

from __future__ import annotations

import json

from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Run


def test_an_older_workspace_is_looked_at_first(workspace: Workspace, run: Run) -> None:
    with workspace.database() as db, db.conn:
        before = db.execute("SELECT * FROM picture ORDER BY sample_id").fetchall()
        assert before
        db.execute("DELETE FROM picture")
    found = json.loads(run("pictures", workspace.path, "--json").out)
    assert found["not_looked_at"] == 0
    with workspace.database(read_only=True) as db:
        assert db.execute("SELECT * FROM picture ORDER BY sample_id").fetchall() == before


def test_marks_by_rules_of_an_earlier_version_are_renewed(workspace: Workspace, run: Run) -> None:
    before = json.loads(run("pictures", workspace.path, "--json").out)["counts"]
    with workspace.database() as db, db.conn:
        db.execute("INSERT INTO picture_issue SELECT 'bright', id FROM sample WHERE id <= 3")
    assert json.loads(run("pictures", workspace.path, "--json").out)["counts"] == before


def test_copies_are_named_with_their_labels(workspace: Workspace, run: Run) -> None:
    with workspace.database() as db, db.conn:
        faces = db.execute("SELECT id, key FROM sample WHERE split = 'train' GROUP BY given_label LIMIT 2").fetchall()
        for number, _ in faces:
            db.execute("UPDATE picture SET pixels = x'0000000000000000' WHERE sample_id = ?", (number,))
    text = run("duplicates", workspace.path).out
    (line,) = [
        line for line in text.splitlines() if line.startswith("the same pixel by pixel: 1 group of 2 faces; 1 with")
    ]
    assert line.endswith("different labels, 1 of them not settled; 0 across train and val or test")
    assert all(key in text for _, key in faces)
    found = json.loads(run("duplicates", workspace.path, "--json").out)
    (group,) = [each for each in found["groups"] if each["kind"] == "exact"]
    assert set(group["keys"]) == {key for _, key in faces}
    assert (group["labels_differ"], group["settled"]) == (True, False)
