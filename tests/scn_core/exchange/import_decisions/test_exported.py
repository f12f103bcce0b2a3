"""A file that `export` wrote comes back, with labels changed by somebody."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from sqlite_utils import Database

from scn_core.exchange.export.formats import FormatName
from scn_core.exchange.export.row_values import COLUMNS
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.exchange.import_decisions.import_plan import plan_import
from scn_core.store.current_labels import LabelFilter
from tests.scn_core.exchange.export.labelled import decide, rows
from tests.scn_core.exchange.import_decisions.elsewhere import LAST, RISKY, contents, log, take, write


def edited(out: Path, **labels: str) -> Path:
    """The exported file with other labels for some paths, saved as a spreadsheet would."""
    found = rows(out)
    for row in found:
        row["label"] = labels.get(row["path"], row["label"])
    return write(out.parent, list(found[0]), *(list(row.values()) for row in found), name="edited.csv")


def test_of_an_exported_file_only_what_was_changed_is_taken(db: Database, tmp_path: Path) -> None:
    decide(db, 1, "accept", 1)
    decide(db, 5, "unsure")
    out = tmp_path / "out.csv"
    export_labels(db, out, ExportOptions(where=LabelFilter(excluded=True)))
    assert plan_import(db, out).unchanged == 10
    file = edited(out, **{"a.png": "happy", f"./{RISKY}": "happy", LAST: "happy"})
    plan = take(db, file, person="ann")
    assert (plan.unchanged, plan.unread) == (7, ())
    assert log(db)[2:] == [
        (1, "ann", "keep", 0, None), (2, "ann", "accept", 0, None), (8, "ann", "relabel", 0, None)
    ]  # fmt: skip
    before = contents(db)
    again = take(db, file, person="ann")
    assert (again.decisions, again.known, again.unchanged) == ((), 3, 7)
    assert contents(db) == before


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_that_pandas_wrote_is_the_file_it_read(db: Database, tmp_path: Path, form: FormatName) -> None:
    """With its times as times, which pandas writes in a form of its own."""
    decide(db, 1, "accept", 1)
    decide(db, 2, "keep", 1)
    out = tmp_path / "out"
    export_labels(db, out, ExportOptions(form))
    if form == "csv":
        table = pd.read_csv(out, parse_dates=["decided_at"])
        table.loc[0, "label"] = "happy"
        table.to_csv(out, index=False)
    else:
        found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        found[0]["label"] = "happy"
        for row in found[:2]:  # as to_json(lines=True) writes it
            row["decided_at"] = round(pd.Timestamp(row["decided_at"]).timestamp() * 1000)
        out.write_text("\n".join(map(json.dumps, found)), encoding="utf-8")
    plan = plan_import(db, out, person="bob")
    assert ([str(p) for p in plan.problems], plan.unchanged) == ([], 9)
    assert [(d.sample_id, d.label) for d in plan.decisions] == [(1, 0)]


def test_a_file_in_the_spelling_of_the_data_set_comes_back(db: Database, tmp_path: Path) -> None:
    db.execute("INSERT INTO spelling VALUES (0, 'Very Happy', 5), (1, '1', 5)")
    out = tmp_path / "out.csv"
    export_labels(db, out, ExportOptions(spelling="dataset"))
    plan = take(db, edited(out, **{"a.png": "1"}), person="ann")
    assert (plan.problems, plan.unchanged, log(db)) == ((), 9, [(1, "ann", "accept", 1, None)])


def test_an_edit_is_no_match_for_what_people_decided_since(db: Database, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    export_labels(db, out, ExportOptions())
    decide(db, 1, "keep", 0)
    decide(db, 2, "accept", 0)
    decide(db, 3, "accept", 1)
    file = edited(out, **{"a.png": "sad", f"./{RISKY}": "happy"})
    plan = plan_import(db, file, person="bob")
    assert [(p.line, p.found) for p in plan.problems] == [
        (2, "sad for a.png, which people decided about since the export (happy)")
    ]
    assert plan.unchanged == 9  # one of them has the label of the file already


def test_an_edit_of_a_face_that_is_not_reviewed_is_a_problem(db: Database, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    export_labels(db, out, ExportOptions())
    plan = plan_import(db, edited(out, **{"b.png": "sad"}), person="ann")
    assert [p.found for p in plan.problems] == ["b.png, which is in split val"]
    assert "source" in COLUMNS


def test_rows_of_faces_that_are_gone_stop_no_others_unless_somebody_edited_them(db: Database, tmp_path: Path) -> None:
    decide(db, 1, "accept", 1)
    out = tmp_path / "out.csv"
    export_labels(db, out, ExportOptions())
    found = rows(edited(out, **{LAST: "happy"}))
    for row in found[:2]:
        row["path"] = row["key"] = f"elsewhere/{row['path'].removeprefix('./')}"
    file = write(tmp_path, list(found[0]), *(list(row.values()) for row in found), name="edited.csv")
    plan = plan_import(db, file, person="ann")
    assert (plan.problems, [d.sample_id for d in plan.decisions]) == ((), [8])
    assert plan.without_effect() == {"as exported": 7, "as exported, of faces that are not here any more": 2}
    found[0]["label"] = "happy"  # sad, as ann decided, until now
    file = write(tmp_path, list(found[0]), *(list(row.values()) for row in found), name="edited.csv")
    (problem,) = plan_import(db, file, person="ann").problems
    assert problem.found == "elsewhere/a.png, which is no face of this workspace"


def test_a_row_that_was_taken_is_no_problem_whatever_came_after(db: Database, tmp_path: Path) -> None:
    """The face then has neither the label nor the moment of the file, as where readings of it differ."""
    out = tmp_path / "out.csv"
    export_labels(db, out, ExportOptions())
    file = edited(out, **{"a.png": "sad", f"./{RISKY}": "happy"})
    assert len(take(db, file, person="ann").decisions) == 2
    decide(db, 1, "keep", 0, "ben")
    again = plan_import(db, file, person="ann")
    assert (again.problems, again.decisions, again.known, again.unchanged) == ((), (), 2, 8)
