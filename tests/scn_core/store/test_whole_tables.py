"""What a page, an answer or a lease asks never reads a table whole that grows with the faces or the answers.

Plans do not depend on how much a table holds, as nothing gathers statistics: ten faces show it as a million do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlite_utils import Database

from scn_core.records import Decision, QueueFilter, RoundScores
from scn_core.store.decisions.record import record_each
from scn_core.store.decisions.today import faces_today
from scn_core.store.decisions.undo import undo_units
from scn_core.store.decisions.visibility import is_blind, seen_history
from scn_core.store.people.people import Person, find_person
from scn_core.store.pictures import same_pixels
from scn_core.store.queue.browse import items_of, page_items
from scn_core.store.queue.counts import open_left, open_of_pair, skipped_faces
from scn_core.store.queue.learned_order import due
from scn_core.store.queue.leases import claim_faces, claim_items, release_leases, renew_leases
from scn_core.store.queue.pace import faces_checked, pace
from scn_core.store.reports.one_face import face_label, face_scores
from scn_core.store.rounds.states import finish_round, start_round

GROW = ("sample", "score", "queue_item", "decision", "outcome", "picture", "opinion")
FILTERS = {
    "plain": QueueFilter(),
    "grouped": QueueFilter(grouped=True),
    "by alpha": QueueFilter(order="alpha"),
    "of a pair": QueueFilter(given=0, proposed=1, order="margin"),
    "flagged": QueueFilter(flagged=True),
    "with a note": QueueFilter(noted=True),
    "in doubt": QueueFilter(doubt="ambiguous"),
}


@pytest.fixture
def audited(db: Database, make_scores: Callable[..., RoundScores]) -> Database:
    """Two rounds in review, both with audit faces; two of the answers were given."""
    for _ in range(2):
        number = start_round(db, {}, code_version="1")
        finish_round(db, number, make_scores(), {}, audit=3)
    items, _ = page_items(db, 2, 1, QueueFilter(), limit=2)
    record_each(db, [Decision(f"first {i.id}", 2, i.sample_id, "ann", "keep", i.given_label) for i in items])
    return db


def page(db: Database, ann: Person, where: QueueFilter) -> None:
    claim = claim_items(db, 2, ann.id, where, limit=4)
    renew_leases(db, ann.id, [item.id for item in claim.items])
    page_items(db, 2, ann.id, replace(where, state="all"), limit=4)
    skipped_faces(db, 2, ann.id, where)
    open_left(db, 2, ann.id, where)
    if claim.items:
        open_of_pair(db, 2, ann.id, where, claim.items[0].id)
        release_leases(db, ann.id, [item.id for item in claim.items])


def beside_pages(db: Database, ann: Person, where: QueueFilter) -> None:
    pace(db, 2, ann.id)
    faces_today(db, ann.id)
    faces_checked(db, 2, ann.id)
    undo_units(db, 2, ann.id)
    due(db, 2)


def answer(db: Database, ann: Person, where: QueueFilter) -> None:
    (item,) = items_of(db, 2, ann.id, [5])
    said = Decision("said", 2, 5, "ann", "keep", item.given_label, bulk="together")
    undone = Decision("undone", 2, 5, "ann", "undo", None, undoes="said")
    marks = [Decision(mark, 2, 6, "ann", mark) for mark in ("flag", "skip")]
    assert not [x for x in record_each(db, [said, undone, *marks], believed={"said": None}) if x.code != "audit"]


def one_face(db: Database, ann: Person, where: QueueFilter) -> None:
    (item,) = items_of(db, 2, ann.id, [5])
    is_blind(db, 5, None)
    seen_history(db, 5, ann, item)
    face_scores(db, 5)
    face_label(db, 5)
    same_pixels(db, 5)
    claim_faces(db, 2, ann.id, [7, 8, 5], limit=2)


def _whole(db: Database, sql: str) -> Iterator[str]:
    """Tables and indexes of GROW that the program of a statement reads from their beginning to their end."""
    roots = {
        root: (name, table)
        for name, table, root, made in db.execute(
            "SELECT name, tbl_name, rootpage, coalesce(sql, '') FROM sqlite_master"
        )
        if not re.search(r"\bINDEX\b.*\bWHERE\b", made, re.DOTALL)  # partial: of marks, leases or what is gone
    }
    opened = {}
    for _, opcode, p1, p2, p3, *_ in db.execute(f"EXPLAIN {sql}").fetchall():
        if opcode in ("OpenRead", "OpenWrite") and p3 == 0:
            opened[p1] = roots.get(p2, ("", ""))
        elif opcode == "Rewind" and opened.get(p1, ("", ""))[1] in GROW:
            yield "{}, of {}".format(*opened[p1])


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        *(pytest.param(page, where, id=f"page {name}") for name, where in FILTERS.items()),
        *(pytest.param(each, QueueFilter(), id=each.__name__) for each in (beside_pages, answer, one_face)),
    ],
)
def test_no_table_that_grows_is_read_whole(
    audited: Database, asked: Callable[[Database, Person, QueueFilter], None], where: QueueFilter
) -> None:
    ann = find_person(audited, "ann")
    assert ann is not None
    said: list[str] = []
    audited.conn.set_trace_callback(said.append)
    asked(audited, ann, where)
    audited.conn.set_trace_callback(None)
    # The programs of inserts hold checks of foreign keys that are jumped over.
    looked = {sql for sql in said if sql.lstrip().startswith(("SELECT", "WITH", "UPDATE"))}
    assert len(looked) > 4
    assert {sql: found for sql in looked if (found := list(_whole(audited, sql)))} == {}
