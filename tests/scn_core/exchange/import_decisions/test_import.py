from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.config import ReviewSettings
from scn_core.errors import DataError, WorkspaceError
from scn_core.exchange.import_decisions import import_plan
from scn_core.exchange.import_decisions.import_plan import content_id, pieces, plan_import, take_import, take_piece
from scn_core.records import Box, Decision, Manifest, Sample
from scn_core.store.connection import open_database
from scn_core.store.decisions.record import effective_labels, history, record_decisions
from scn_core.store.people.people import add_person, find_person
from scn_core.store.rounds.states import close_round
from scn_core.store.sqlite_errors import database_path
from tests.scn_core.exchange.export.labelled import add_round, begin, decide, toy_manifest
from tests.scn_core.exchange.import_decisions.elsewhere import LAST, NAMES, RISKY, contents, log, take, write
from tests.templates import new_database


def test_actions_and_labels_become_decisions(db: Database, tmp_path: Path) -> None:
    file = write(
        tmp_path,
        ["Path", "ACTION", "label", "person", "note", "mood"],
        ["a.png", "accept", "", "ann", "", "good"],
        [RISKY, "", "sad", "ann", "", ""],
        ["+1.png", "", "sadness", "bob", "clearly", ""],
        ["-1.png", "relabel", "sad", "ann", "", ""],
        ["@sum.png", "unsure", "", "ann", "", ""],
        [LAST, "exclude", "", "ANN", "", ""],
    )
    plan = plan_import(db, file)
    assert (plan.problems, plan.rows, plan.new_people, plan.unread) == ((), 6, ("ann", "bob"), ("mood",))
    assert [(change.given_label, change.label, change.count) for change in plan.changes] == [(0, 1, 2)]
    assert log(db) == []
    assert take_import(db, plan) == 7
    assert log(db) == [
        (1, "ann", "accept", 1, None),
        (2, "ann", "keep", 1, None),
        (3, "bob", "accept", 1, None),
        (3, "bob", "note", None, "clearly"),
        (4, "ann", "relabel", 1, None),
        (5, "ann", "unsure", None, None),
        (8, "ann", "exclude", None, None),
    ]
    person = find_person(db, "bob")
    assert person is not None
    assert person.role == "annotator"
    assert json.loads(history(db, 1)[0].decision.shown) == {"imported": "in.csv", "import": content_id(file)}


def test_taken_twice_it_changes_nothing(db: Database, tmp_path: Path) -> None:
    """Not even where somebody took a decision of it back, or another round is in review."""
    file = write(tmp_path, ["path", "label", "note"], ["a.png", "sad", "look"], [RISKY, "happy", ""])
    assert take(db, file, person="ann").known == 0
    before = contents(db)
    again = take(db, file, person="ann")
    assert (again.known, again.decisions) == (2, ())
    assert contents(db) == before
    (undone, _) = history(db, 1)
    decide(db, 1, "undo", undoes=undone.decision.id)
    close_round(db, 1)
    add_round(db, toy_manifest(tmp_path))
    before = contents(db)
    assert take(db, file, person="Ann").known == 2
    assert contents(db) == before


def test_every_problem_is_listed_by_line_and_nothing_is_taken(db: Database, tmp_path: Path) -> None:
    file = write(
        tmp_path,
        ["path", "action", "label", "person", "note"],
        ["a.png", "accept", "", "ann", ""],
        ["gone.png", "keep", "", "ann", ""],
        ["b.png", "keep", "", "ann", ""],
        [RISKY, "agree", "", "ann", ""],
        [RISKY, "", "angry", "ann", ""],
        [RISKY, "", "", "ann", ""],
        [RISKY, "relabel", "", "ann", ""],
        [RISKY, "keep", "happy", "ann", ""],
        [RISKY, "unsure", "happy", "ann", ""],
        [LAST, "accept", "", "ann", ""],
        ["+1.png", "keep", "", "", ""],
        ["+1.png", "keep", "", "x" * 81, ""],
        ["", "keep", "", "ann", ""],
        ["+1.png", "keep", "", "ann", "n" * 2001],
        ["a.png", "keep", "", "Ann", ""],
        ["a.png", "keep"],
        ["-1.png", "keep", "", "ann", "two, cells", "more"],
    )
    before = contents(db)
    plan = plan_import(db, file)
    found = {problem.line: (problem.found, problem.allowed) for problem in plan.problems}
    assert found == {
        3: ("gone.png, which is no face of this workspace", "paths and keys as an export has them"),
        4: ("b.png, which is in split val", "training faces; others are not reviewed"),
        5: ("action 'agree'", "accept, keep, relabel, unsure, exclude"),
        6: ("label 'angry'", "happy, sad"),
        7: ("neither an action nor a label", "one of them"),
        8: ("relabel without a label", "happy, sad"),
        9: ("keep with label happy", "sad, or no label"),
        10: ("unsure with label happy", "no label"),
        11: ("accept of a face without a proposal", "keep, relabel, unsure, exclude"),
        12: ("no person", "a name in column person, or one for the whole file (--person)"),
        13: ("a name of 81 characters", "1 to 80 printable ones"),
        14: ("neither a path nor a key", "one of them"),
        15: ("a note of 2,001 characters", "at most 2,000"),
        16: ("a.png of ann a second time, first in line 2", "one row a face and person"),
        17: ("2 cells", "5, as in the header"),
        18: ("6 cells", "5, as in the header"),
    }
    with pytest.raises(DataError, match=r"in\.csv, line 3: found gone\.png, .*, and 15 more; nothing was taken"):
        take_import(db, plan)
    assert contents(db) == before


def test_others_write_between_two_pieces(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_plan, "PIECE", 3)
    add_person(db, "ann", "annotator")
    faces = ["a.png", RISKY, LAST]
    file = write(tmp_path, ["path", "action", "person", "note"], *([face, "unsure", "zoe", "why"] for face in faces))
    plan = plan_import(db, file)
    assert [(len(each.decisions), each.taken, each.of) for each in pieces(plan)] == [(4, 0, 6), (2, 4, 6)]
    for piece in pieces(plan):
        assert take_piece(db, piece) == len(piece.decisions)
        with closing(open_database(database_path(db))) as other:
            other.execute("PRAGMA busy_timeout = 0")
            record_decisions(other, [Decision(str(uuid.uuid4()), 1, 2, "ann", "unsure")])
    assert [name for _, name, *_ in log(db)] == ["zoe"] * 4 + ["ann"] + ["zoe"] * 2 + ["ann"]
    assert not plan_import(db, file).decisions


def test_an_import_that_stops_says_how_far_it_came(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_plan, "PIECE", 1)
    plan = plan_import(
        db, write(tmp_path, ["path", "label", "person"], ["a.png", "sad", "zoe"], [RISKY, "happy", "zoe"])
    )
    first, second = pieces(plan)
    take_piece(db, first)
    close_round(db, 1)
    with pytest.raises(WorkspaceError, match=r"in state closed.*; 1 of 2 decisions are written; do the same again"):
        take_piece(db, second)
    assert len(log(db)) == 1


def test_a_decision_that_does_not_fit_any_more_takes_nothing(db: Database, tmp_path: Path) -> None:
    file = write(tmp_path, ["path", "label", "person"], ["a.png", "sad", "zoe"], [RISKY, "happy", "zoe"])
    plan = plan_import(db, file)
    close_round(db, 1)
    before = contents(db)
    with pytest.raises(WorkspaceError, match="found round 1 in state closed"):
        take_import(db, plan)
    assert contents(db) == before
    with pytest.raises(WorkspaceError, match="found no round in state review"):
        plan_import(db, file)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([["file", "label"]], "in.csv: found columns file, label; allowed: a header with path or key, and action"),
        ([["path", "person"]], "in.csv: found columns path, person; allowed: a header with path or key, and action"),
        ([["path", "label", "Label"]], "in.csv: found column label 2 times; allowed: once"),
        ([], "in.csv: found an empty file"),
    ],
)
def test_files_that_are_no_such_table_are_refused(
    lines: list[list[str]], message: str, db: Database, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as error:
        plan_import(db, write(tmp_path, *lines))
    assert str(error.value).startswith(message)


def test_a_file_that_is_not_utf8_is_named_as_it_was_sent(db: Database, tmp_path: Path) -> None:
    (tmp_path / "tmp123").write_bytes("path,label\na.png,größe\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"^mine\.csv: found bytes that are not UTF-8"):
        plan_import(db, tmp_path / "tmp123", name="mine.csv")


def test_a_picture_of_several_faces_needs_the_key(tmp_path: Path) -> None:
    samples = [Sample(f"two.png#{n}", "two.png", 0, "train", Box(n, 0, 9 + n, 9)) for n in range(2)]
    samples += [Sample("one.png#0", "one.png", 1, "train", Box(0, 0, 9, 9))]
    db = new_database(tmp_path / "review.db")
    begin(db, Manifest("toy", tmp_path, ClassVocabulary(NAMES), tuple(samples)))
    file = write(tmp_path, ["path", "key", "label"], ["two.png", "", "sad"], ["two.png", "two.png#1", "sad"],
                 ["one.png", "", "happy"])  # fmt: skip
    plan = plan_import(db, file, person="ann")
    assert [(p.line, p.found, p.allowed) for p in plan.problems] == [
        (2, "two.png, which holds 2 faces", "the key of one, such as two.png#0")
    ]
    assert [decision.sample_id for decision in plan.decisions] == [2, 3]
    db.close()


def test_leads_may_settle_what_readers_answered(tmp_path: Path) -> None:
    db = new_database(tmp_path / "review.db")
    begin(db, toy_manifest(tmp_path), review=ReviewSettings(readings=2))
    add_person(db, "lea", "lead")
    decide(db, 1, "keep", 0)
    file = write(tmp_path, ["path", "label", "person"], ["a.png", "sad", "lea"], ["+1.png", "sad", "ann"])
    assert [(p.line, p.found) for p in plan_import(db, file, adjudicate=True).problems] == [(3, "ann, who is no lead")]
    take(db, write(tmp_path, ["path", "label", "person"], ["a.png", "sad", "lea"]), adjudicate=True)
    assert effective_labels(db).label[0] == 1
    db.close()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(st.lists(st.text(max_size=6), max_size=6), max_size=5),
    head=st.lists(st.sampled_from(["path", "key", "action", "label", "person", "note", "x"]), max_size=6),
)
def test_whatever_a_file_holds_it_is_planned_or_refused(
    db: Database, tmp_path: Path, head: list[str], table: list[list[str]]
) -> None:
    before = contents(db)
    try:
        plan = plan_import(db, write(tmp_path, head, *table))
        assert not plan.decisions
        take_import(db, plan)
    except DataError:
        pass
    except sqlite3.Error as error:
        pytest.fail(str(error))
    assert contents(db) == before


_QUOTED = "gr%C3%B6%C3%9Fe/%E6%97%A5%E6%9C%AC.png"


@pytest.mark.parametrize(
    "written",
    [
        "./größe/日本.png",
        "größe\\日本.png",
        "gro\u0308ße//日本.png",
        _QUOTED,
        f"/data/local-files/?d={_QUOTED}",
        "ABSOLUTE",
    ],
)
def test_a_face_is_found_however_its_path_is_written(db: Database, tmp_path: Path, written: str) -> None:
    path = str(tmp_path / LAST) if written == "ABSOLUTE" else written
    plan = plan_import(db, write(tmp_path, ["path", "label"], [path, "happy"]), person="ann", root=tmp_path)
    assert plan.problems == ()
    assert [decision.sample_id for decision in plan.decisions] == [8]


def test_columns_of_other_programs_are_named(db: Database, tmp_path: Path) -> None:
    file = write(tmp_path, ["label", "image", "Choice"], ["odd", "/data/local-files/?d=a.png", "sad"])
    with pytest.raises(DataError, match="--path-column and --label-column"):
        plan_import(db, file, person="ann")  # which of label and choice is it?
    with pytest.raises(DataError, match="--path-column and --label-column"):
        plan_import(db, write(tmp_path, ["photo", "Mood"], ["a.png", "sad"], name="other.csv"), person="ann")
    plan = plan_import(db, file, person="ann", path_column="image", label_column="choice")
    assert [(decision.sample_id, decision.label) for decision in plan.decisions] == [(1, 1)]
    assert plan.unread == ("label, as it was",)


def test_a_huge_line_makes_a_short_message(db: Database, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        plan_import(db, write(tmp_path, [f'{{"id": {n}}}' for n in range(9_000)]))
    assert len(str(caught.value)) < 1_500


def test_semicolons_and_rows_of_bare_separators(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("sep=;\npath;label\n;;\na.png;sad\n;\n", encoding="utf-8")
    plan = plan_import(db, file, person="ann")
    assert (plan.rows, plan.problems, len(plan.decisions)) == (1, (), 1)


@pytest.mark.parametrize("adjudicate", [False, True])
def test_of_several_readings_the_plan_says_which_labels_one_row_changes(
    db: Database, tmp_path: Path, adjudicate: bool
) -> None:
    """Faces that are not in the queue are asked of nobody, so nobody could give a second reading."""
    add_person(db, "lea", "lead")
    file = write(tmp_path, ("path", "label", "person"), ("a.png", "sad", "lea"), (LAST, "happy", "lea"))
    assert plan_import(db, file, adjudicate=adjudicate).at_once == 0, "with one reading every row decides"
    db.execute("""UPDATE round SET review = '{"readings": 2}'""")
    db.execute("DELETE FROM queue_item WHERE sample_id = 8")
    plan = plan_import(db, file, adjudicate=adjudicate)
    assert plan.at_once == plan.as_dict(("happy", "sad"))["at_once"] == (not adjudicate)
    said = "1 of these at once: faces that are not in the queue" in plan.describe(("happy", "sad"), done=False)
    assert said == (not adjudicate)
