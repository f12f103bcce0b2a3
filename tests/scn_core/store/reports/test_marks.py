"""Flags and notes of rounds in review and of closed ones are counted as the grid lists them."""

from __future__ import annotations

from dataclasses import replace

from sqlite_utils import Database

from scn_core.records import QueueFilter
from scn_core.store.decisions.record import record_each
from scn_core.store.queue.browse import page_items
from scn_core.store.reports.marks import FLAGGED, NOTED, marked_faces
from scn_core.store.rounds.states import close_round
from tests.scn_core.store.review_model import decide, undo

ANN, BOB = 1, 2


def listed(db: Database, where: QueueFilter) -> list[int]:
    return sorted(item.sample_id for item in page_items(db, 1, BOB, where)[0])


def test_faces_with_a_flag_or_a_note_whatever_their_state(review: Database) -> None:
    assert marked_faces(review, BOB) == []
    taken_back = decide(4, "flag")
    said = [decide(2, "flag"), decide(3, "flag"), decide(3, "keep"), taken_back, undo(taken_back)]
    assert record_each(review, said) == []
    note = decide(5, "note", text="blurred?")
    assert record_each(review, [note]) == []
    (found,) = marked_faces(review, BOB)
    assert (found.round, found.flagged, found.noted) == (1, 2, 1)
    assert (listed(review, FLAGGED), listed(review, NOTED)) == ([2, 3], [5])
    assert not found.closed
    close_round(review, 1)
    assert marked_faces(review, BOB) == [replace(found, closed=True)], "they still ask a lead to look"
