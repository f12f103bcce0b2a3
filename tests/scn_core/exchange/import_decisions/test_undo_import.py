"""A whole import is taken back, and taken once more."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.errors import DataError, WorkspaceError
from scn_core.exchange.import_decisions import import_plan
from scn_core.exchange.import_decisions.import_plan import plan_import, take_import
from scn_core.exchange.import_decisions.undo_import import plan_undo_of_file
from scn_core.store.decisions.imports import taken_imports
from scn_core.store.decisions.record import effective_labels, history
from scn_core.store.events import events
from scn_core.store.people.people import add_person
from scn_core.store.projections import check
from scn_core.store.rounds.states import close_round
from tests.scn_core.exchange.export.labelled import decide
from tests.scn_core.exchange.import_decisions.elsewhere import LAST, RISKY, contents, log, take, write

HEAD = ("path", "label", "person", "note")


def labels(db: Database) -> list[int]:
    """Of faces 1 to 8."""
    return [int(label) for label in effective_labels(db).label[:8]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Answers of zoe and bob to faces 1, 2 and 3, the first with a note; another label than the given one."""
    rows = (("a.png", "sad", "zoe", "look"), (RISKY, "happy", "zoe", ""), ("+1.png", "sad", "bob", ""))
    return write(tmp_path, HEAD, *rows)


def test_an_import_is_taken_back_whole_and_what_people_answered_stays(
    db: Database, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_plan, "PIECE", 2)
    given = labels(db)
    decide(db, 4, "accept", 0)
    take(db, write(tmp_path, HEAD, ("-1.png", "sad", "zoe", ""), name="other.csv"))
    take(db, file)
    decide(db, 2, "accept", 0, "ann")  # as the import said
    decide(db, 3, "keep", 0, "bob")  # after all
    (newest, other) = taken_imports(db, 1)
    assert (newest.file, newest.answers, newest.standing, other.file) == ("in.csv", 3, 3, "other.csv")
    plan = plan_undo_of_file(db, file)
    logged = [event.words for event in events(db)]
    assert (plan.answers, take_import(db, plan)) == (3, 4)
    assert [event.words for event in events(db)] == ["import taken back, round 1, decisions 4", *logged]
    wanted = [given[0], 0, given[2], 1, *given[4:]]
    assert labels(db) == wanted
    assert (taken_imports(db, 1)[0].standing, check(db)) == (0, [])
    assert db.execute("SELECT count(*) FROM queue_item WHERE lease_person IS NOT NULL").fetchone() == (0,)
    before = contents(db)
    again = plan_undo_of_file(db, file)
    assert take_import(db, again) == 0
    assert "0 of 3 answers of in.csv taken back\n  3 had been taken back already" in again.describe(done=True)
    assert contents(db) == before


def test_what_is_not_written_is_not_logged(db: Database, file: Path) -> None:
    take(db, file)
    plan, undo = (
        plan_import(db, write(file.parent, HEAD, (LAST, "sad", "zoe", ""), name="b.csv")),
        plan_undo_of_file(db, file),
    )
    close_round(db, 1)
    logged = events(db)
    for each in (plan, undo):
        with pytest.raises(WorkspaceError, match="round 1"):
            take_import(db, each)
    assert events(db) == logged


def test_an_import_that_was_taken_back_can_be_taken_again(db: Database, file: Path) -> None:
    take(db, file)
    after = labels(db)
    for _ in range(2):
        take_import(db, plan_undo_of_file(db, file))
        plan = take(db, file)
        assert (plan.again, plan.known, plan.problems) == (3, 0, ())
        text = plan.describe(("happy", "sad"), done=True)
        assert "round 1: 3 accept, 1 note taken from 3 rows" in text
        assert "3 of these rows once more, as their import had been taken back" in text
        assert (labels(db), check(db)) == (after, [])
    assert [each.live for each in history(db, 1) if each.decision.action == "note"] == [True]
    assert plan_import(db, file).known == 3


def test_what_somebody_took_back_alone_is_not_brought_back(db: Database, file: Path) -> None:
    take(db, file)
    (answer,) = history(db, 2)
    decide(db, 2, "undo", person="zoe", undoes=answer.decision.id)
    take_import(db, plan_undo_of_file(db, file))
    assert (take(db, file).again, labels(db)[:3]) == (2, [1, 1, 1])


def test_answers_that_settled_faces_are_taken_back_too(db: Database, file: Path) -> None:
    given = labels(db)
    for name in ("zoe", "bob"):
        add_person(db, name, "lead")
    decide(db, 1, "keep", 0, "ann")
    take(db, file, adjudicate=True)
    assert labels(db)[:3] == [1, 0, 1]
    take_import(db, plan_undo_of_file(db, file))
    assert (labels(db), check(db)) == (given, [])
    assert take(db, file, adjudicate=True).again == 3
    assert (labels(db)[:3], check(db)) == ([1, 0, 1], [])


def test_what_was_never_imported_or_is_of_an_earlier_round_is_refused(db: Database, file: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"in.csv: found no import of this content in the log"):
        plan_undo_of_file(db, file)
    with pytest.raises(DataError, match=r"gone.csv: found No such file"):
        plan_undo_of_file(db, tmp_path / "gone.csv")
    take(db, file)
    other = write(tmp_path, HEAD, ("a.png", "happy", "zoe", ""), name="other.csv")
    with pytest.raises(WorkspaceError, match=r"other.csv: found no import of this content.*such as in.csv"):
        plan_undo_of_file(db, other)
    close_round(db, 1)
    before = log(db)
    with pytest.raises(WorkspaceError, match=r"an import into round 1, which is in state closed"):
        plan_undo_of_file(db, file)
    assert log(db) == before
