"""What labels follow from is sealed by whatever changes it, and damage that no statement made is found."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.check import require_sound
from scn_core.store.connection import snapshot, transaction
from scn_core.store.decisions.record import record_each
from scn_core.store.people.people import ensure_person
from scn_core.store.seals import broken_seals, seal_all, unsealed
from scn_core.store.sqlite_errors import database_path
from tests.scn_core.store.review_model import decide

DAMAGE = {
    "class": ("UPDATE class SET name = 'harpy' WHERE number = 0", "table class"),
    "sample": ("UPDATE sample SET path = 'x' WHERE id = 3", "table sample"),
    "sample, conflicts ignored": ("UPDATE OR IGNORE sample SET path = 'x' WHERE id = 3", "table sample"),
    "sample left out": ("UPDATE sample SET vanished_in = 1 WHERE id = 3", "table sample"),
    "person": ("UPDATE person SET name = 'anm' WHERE name = 'ann'", "row 1 of table person"),
    "round": ("UPDATE round SET state = 'closed'", "row 1 of table round"),
    "score": ("UPDATE score SET alpha = alpha + 0.125 WHERE sample_id = 4", "round 1 of table score"),
    "score of nobody": ("UPDATE score SET proposed_label = NULL WHERE sample_id = 4", "round 1 of table score"),
    "vote": ("INSERT INTO vote VALUES (1, '', 0, '', 3)", "table vote"),
    "spelling": ("INSERT INTO spelling VALUES (0, 'Happy', 3)", "table spelling"),
    "change": ("INSERT INTO data_change (kind, seq, balance) VALUES ('update', 0, '{}')", "table data_change"),
    "version": ("INSERT INTO given_version VALUES (1, 1, 2)", "table given_version"),
    "schema": ("DROP VIEW suspicious", "the schema"),
}
"""A statement that changes a row, and the part it is in."""


def damage(db: Database, statement: str) -> None:
    """The change without the triggers that a flipped bit does not call either."""
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name GLOB 'unseal_*'")]
    kept = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE name GLOB 'unseal_*'")]
    db.execute("PRAGMA foreign_keys = OFF")
    db.conn.executescript("".join(f"DROP TRIGGER {name};" for name in names))
    db.execute(statement)
    db.conn.executescript("".join(f"{sql};" for sql in kept))


@pytest.mark.parametrize("name", DAMAGE)
def test_what_no_statement_of_ours_changed_is_found(review: Database, name: str) -> None:
    assert broken_seals(review) == []
    statement, part = DAMAGE[name]
    damage(review, statement)
    assert broken_seals(review) == [f"{part} is not as it was written"]
    with (
        snapshot(review),
        pytest.raises(
            WorkspaceError, match=rf"damaged \({part} is not as .*check .*; put a backup back with: .* restore BACKUP "
        ),
    ):
        require_sound(review)


@pytest.mark.parametrize("name", [name for name in DAMAGE if name != "schema"])
def test_a_change_is_sealed_with_its_transaction(review: Database, name: str) -> None:
    statement, _ = DAMAGE[name]
    before = review.execute("SELECT * FROM seal").fetchall()
    review.execute("PRAGMA foreign_keys = OFF")
    with transaction(review):
        review.execute(statement)
    assert unsealed(review) == broken_seals(review) == []
    assert review.execute("SELECT * FROM seal").fetchall() != before


def test_another_program_leaves_a_part_unsealed_and_our_next_transaction_seals_it(review: Database) -> None:
    with closing(sqlite3.connect(database_path(review))) as other, other:
        other.execute("UPDATE sample SET path = 'x' WHERE id = 3")
    assert (unsealed(review), broken_seals(review)) == (["table sample"], [])
    ensure_person(review, "cho")
    assert (unsealed(review), broken_seals(review)) == ([], [])


def test_a_view_that_somebody_adds_does_no_harm(review: Database) -> None:
    review.execute("CREATE VIEW mine AS SELECT * FROM effective_label")
    assert broken_seals(review) == []


def test_a_seal_that_is_missing_is_found(review: Database) -> None:
    review.execute("DELETE FROM seal WHERE subject IN ('round', 'score')")
    assert broken_seals(review) == [
        "row 1 of table round is not as it was written", "round 1 of table score is not as it was written"
    ]  # fmt: skip


def test_sealing_all_again_changes_nothing(review: Database) -> None:
    before = review.execute("SELECT * FROM seal").fetchall()
    with transaction(review):
        seal_all(review)
    assert review.execute("SELECT * FROM seal").fetchall() == before


def test_outcomes_that_do_not_follow_from_the_answers_are_found_with_the_way_to_mend_them(review: Database) -> None:
    record_each(review, [decide(1, "keep"), decide(2, "exclude")])
    review.execute("UPDATE outcome SET label = 2 WHERE sample_id = 1")
    with snapshot(review), pytest.raises(WorkspaceError, match=r"face 1 in round 1.*; make them anew with: .*--repair"):
        require_sound(review)


def test_an_index_that_lacks_a_row_is_found(review: Database) -> None:
    """As the people who answered a face are looked up in it."""
    row = review.execute("SELECT * FROM sqlite_master WHERE name = 'decision_of_sample'").fetchone()
    review.execute("PRAGMA writable_schema = ON")
    review.execute("DELETE FROM sqlite_master WHERE name = 'decision_of_sample'")
    review.execute("PRAGMA writable_schema = RESET")
    record_each(review, [decide(1, "keep")])  # not put into the index
    review.execute("PRAGMA writable_schema = ON")
    review.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
    review.execute("PRAGMA writable_schema = RESET")
    with snapshot(review), pytest.raises(WorkspaceError, match=r"table decision: .*decision_of_sample"):
        require_sound(review)
