from __future__ import annotations

from dataclasses import replace

import pytest
from sqlite_utils import Database

from scn_core.records import Decision
from scn_core.store.decisions.record import record_each
from scn_core.store.decisions.undo import Unit, my_decisions, undo_units
from scn_core.store.rounds.states import close_round
from tests.scn_core.store.review_model import decide, undo

ANN = 1


def say(db: Database, *decisions: Decision) -> None:
    assert record_each(db, decisions) == []


def names(units: list[Unit]) -> list[list[int]]:
    return [[d.sample_id for d in unit.decisions] for unit in units]


def test_undo_goes_back_unit_by_unit_and_redo_forward_again(review: Database) -> None:
    bulk = [decide(i, "accept", bulk="b") for i in (2, 3, 4)]
    one, flag = decide(1, "keep"), decide(5, "flag")
    say(review, one, *bulk, decide(9, "unsure", "bob"), flag)
    units = undo_units(review, 1, ANN)
    assert names(units.undo) == [[5], [4, 3, 2], [1]]
    assert [unit.bulk for unit in units.undo] == [None, "b", None]
    assert units.redo == []
    back = [undo(flag), *(undo(d) for d in bulk)]
    say(review, *back)
    units = undo_units(review, 1, ANN)
    assert names(units.undo) == [[1]]
    assert [(unit.bulk, sorted(unit.redo_of)) for unit in units.redo] == [
        ("b", sorted(each.id for each in back[1:])),
        (None, [back[0].id]),
    ]
    forward = [undo(each) for each in back[1:]]
    say(review, *forward)
    units = undo_units(review, 1, ANN)
    assert (names(units.undo), names(units.redo)) == ([[4, 3, 2], [1]], [[5]])
    say(review, *(undo(d) for d in bulk))  # once more, named as in the unit
    assert names(undo_units(review, 1, ANN).undo) == [[1]]


def test_a_new_answer_ends_redo(review: Database) -> None:
    first = decide(1, "keep")
    say(review, first, undo(first), decide(2, "flag"))
    assert undo_units(review, 1, ANN).redo == []
    assert names(undo_units(review, 1, ANN).undo) == [[2]]


def test_a_long_bulk_is_one_whole_unit_whatever_the_limit(review: Database) -> None:
    rows = [decide(1 + i % 10, "flag", bulk="long") for i in range(30)]
    say(review, *rows[:20], decide(1, "unsure"), *rows[20:])
    (unit,) = undo_units(review, 1, ANN, limit=1).undo
    assert len(unit.decisions) == 30


def test_my_decisions_page_by_page(review: Database) -> None:
    rows = [decide(i, "keep") for i in range(1, 8)]
    note = decide(8, "note", text="blurred")
    say(review, *rows, note, undo(rows[2]), decide(1, "unsure", "bob"))
    first, before = my_decisions(review, ANN, round_id=1, limit=5)
    second, end = my_decisions(review, ANN, round_id=1, before=before, limit=5)
    assert [row.decision for row in first + second] == [note, *rows[::-1]]
    assert end is None
    assert {row.decision.sample_id for row in first + second if not row.live} == {3}
    assert (first[0].key, first[0].given_label, first[0].decision.text) == ("train/8.jpg#1", 1, "blurred")
    assert all(row.changeable for row in first)
    close_round(review, 1)
    assert not any(row.changeable for row in my_decisions(review, ANN, round_id=1)[0])
    assert my_decisions(review, ANN, round_id=2) == ([], None)


@pytest.mark.parametrize("person", ["bob", "ANN"])
def test_what_others_did_is_not_mine(review: Database, person: str) -> None:
    say(review, replace(decide(1, "keep"), person=person))
    assert bool(undo_units(review, 1, ANN).undo) == (person == "ANN")


def test_the_grid_takes_no_adjudication_back(review: Database) -> None:
    own, ruling = decide(1, "keep", "bob"), decide(1, "unsure", "bob", adjudicates=True)
    say(review, own, ruling)
    assert names(undo_units(review, 1, 2).undo) == [[1]]
    assert undo_units(review, 1, 2).undo[0].decisions == [own]
    say(review, undo(ruling))
    assert undo_units(review, 1, 2).redo == []
