"""Cells of confusion matrices against the labels that were written, and what of them nobody may know yet."""

from __future__ import annotations

import numpy as np
import pytest
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.errors import WorkspaceError
from scn_core.records import IntArray, QueueFilter
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import record_decisions
from scn_core.store.decisions.visibility import open_audit
from scn_core.store.opinions import add_source, insert_opinions
from scn_core.store.queue.browse import page_items
from scn_core.store.queue.cells import EXCLUDED, NO_PROPOSAL, UNSURE, Cell, Comparison, cell_text, read_cell
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.withdraw import withdraw_faces
from scn_core.store.reports.confusion import cell_faces, compare, comparisons, count_cell
from scn_core.store.rounds.states import finish_round, start_round
from tests.scn_core.store.conftest import MakeScores
from tests.scn_core.store.review_model import decide, undo

ANN, BOB = 1, 2
GIVEN: IntArray = np.arange(10) % 3
"""Of samples 1 to 10."""
PROPOSED = np.where(np.arange(10) < 7, (GIVEN + 1) % 3, -1)


@pytest.fixture
def twice(db: Database, make_scores: MakeScores) -> Database:
    """Round 1: two readings, ann the first and bob the second; the last three faces have no proposal, two are audit
    faces."""
    scores = make_scores(proposed=PROPOSED.tolist(), low=[True] * 10)
    number = start_round(db, {}, code_version="1")
    finish_round(db, number, scores, {}, audit=2, seed=0, review=ReviewSettings(readings=2))
    return db


def audits(db: Database) -> set[int]:
    return {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")}


def faces(db: Database, of: Comparison, viewer: int = ANN) -> dict[int, tuple[int, int]]:
    """(row, column) of each face, cell by cell; the counts say the same, and the grid shows those of the queue."""
    counts, queued = compare(db, of, viewer), compare(db, of, viewer, queued=True)
    asked_about = {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE listed = 1")}
    found: dict[int, tuple[int, int]] = {}
    for cell, count in counts.items():
        listed, more = cell_faces(db, Cell(of, *cell), viewer)
        assert (len(listed), more) == (count, False)
        assert count_cell(db, Cell(of, *cell), viewer) == (count, queued.get(cell, 0))
        found |= {face.sample_id: cell for face in listed}
        if text := cell_text(Cell(of, *cell)):
            where = QueueFilter(state="all", cell=text)
            shown = {item.sample_id for item in page_items(db, of.round, viewer, where, limit=100)[0]}
            assert shown == {face.sample_id for face in listed} & asked_about
            assert queue_counts(db, of.round, viewer, where).matching == queued.get(cell, 0) == len(shown)
    assert len(found) == sum(counts.values())
    return found


def test_given_against_proposed_tells_nothing_of_audit_faces(twice: Database) -> None:
    found = faces(twice, Comparison("proposed", 1))
    ends = [NO_PROPOSAL if label < 0 else int(label) for label in PROPOSED]
    expected = {face: (int(GIVEN[face - 1]), ends[face - 1]) for face in range(1, 11)}
    assert found == {face: cell for face, cell in expected.items() if face not in audits(twice)}


def test_opinions_on_audit_faces_come_once_these_are_answered(twice: Database) -> None:
    says = np.roll(GIVEN, 1)
    with transaction(twice):
        source = add_source(twice, "clip", "npz", {})
        insert_opinions(twice, source, np.arange(1, 11), np.eye(3, dtype=np.float32)[says], None)
    of = Comparison("opinion", 1, "clip")
    expected = {face: (int(GIVEN[face - 1]), int(says[face - 1])) for face in range(1, 11)}
    drawn = audits(twice)
    assert drawn
    assert faces(twice, of) == {face: cell for face, cell in expected.items() if face not in drawn}
    record_decisions(twice, [decide(face, "keep", name) for face in drawn for name in ("ann", "bob")])
    assert faces(twice, of) == expected
    assert of in comparisons(twice, 1)


def test_two_reviewers_and_what_they_decided(twice: Database) -> None:
    """Faces of which a reading is missing are in no matrix: the lead may be the one who reads them next."""
    a, b, c, d, e, *_ = (face for face in range(1, 11) if face not in audits(twice))
    taken_back = decide(d, "keep", "bob")
    record_decisions(twice, [
        decide(a, "keep", "ann"), decide(a, "keep", "bob"),
        decide(b, "unsure", "ann"), decide(b, "exclude", "bob"),
        decide(c, "relabel", "ann", label=2), decide(c, "relabel", "bob", label=2),
        decide(d, "keep", "ann"), taken_back, undo(taken_back),
        decide(e, "keep", "ann"),
    ])  # fmt: skip
    own = int(GIVEN[a - 1])
    both = {a: (own, own), b: (UNSURE, EXCLUDED), c: (2, 2)}
    assert faces(twice, Comparison("readers", 1, "ann", "bob")) == both
    assert faces(twice, Comparison("readers", 1, "bob", "ann")) == {face: cell[::-1] for face, cell in both.items()}
    assert faces(twice, Comparison("decided", 1)) == {a: (own, own), c: (int(GIVEN[c - 1]), 2)}
    assert Comparison("readers", 1, "ann", "bob") in comparisons(twice, 1)


@pytest.mark.parametrize("name", ["clip", "a,b", "100 %", "%2C", "x" * 200])
def test_a_cell_in_an_address_is_read_as_it_was_written(name: str) -> None:
    for of in (
        Comparison("decided", 7), Comparison("opinion", 7, name), Comparison("readers", 7, name, "bob"),
    ):  # fmt: skip
        cell = Cell(of, 3, EXCLUDED)
        assert read_cell(cell_text(cell) or "", 7) == cell
    assert cell_text(Cell(Comparison("proposed", 7), 3, 1)) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "decided,1", "decided,1,2,x", "opinion,1,2", "readers,1,2,ann", "proposed,1,2", "decided,1,-3",
        "decided,1,٣", "decided,1,2\n", "opinion,1,2," + "x" * 700,
    ],
)  # fmt: skip
def test_what_names_no_cell_is_refused(twice: Database, text: str) -> None:
    assert read_cell(text, 1) is None
    with pytest.raises(WorkspaceError, match="filter: found cell"):
        page_items(twice, 1, ANN, QueueFilter(cell=text), limit=1)


def test_a_cell_comes_page_by_page_without_what_was_taken_out(review: Database) -> None:
    record_decisions(review, [decide(face, "keep") for face in (1, 4, 7, 10)])
    cell = Cell(Comparison("decided", 1), 0, 0)
    first, more = cell_faces(review, cell, ANN, limit=3)
    assert ([face.sample_id for face in first], more) == ([1, 4, 7], True)
    rest, more = cell_faces(review, cell, ANN, after=7, limit=3)
    assert ([(face.sample_id, face.key, face.split) for face in rest], more) == (
        [(10, "train/10.jpg#1", "train")],
        False,
    )
    withdraw_faces(review, ["train/4.jpg#1"])
    assert compare(review, cell.of, ANN) == {(0, 0): 3}


def test_whether_a_face_is_an_open_audit_face_is_looked_up_not_searched_for(twice: Database) -> None:
    """Lists of all faces ask it of each: going through the queue every time took minutes of 100,000 faces."""
    for face, source in (("s.sample_id", "score s"), ("f.sample_id", "outcome f"), ("s.id", "sample s")):
        plan = [row[3] for row in twice.execute(f"EXPLAIN QUERY PLAN SELECT {open_audit(face)} FROM {source}")]
        assert [step for step in plan if " open_item" in step] == [
            "SEARCH open_item USING INDEX queue_reading (round_id=? AND sample_id=?)"
        ]
