"""The people with their numbers, and the list of what everybody did."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import Action, Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.decisions.visibility import seen_history
from scn_core.store.people import people
from scn_core.store.people.people import Person
from scn_core.store.people.sessions import start_session
from scn_core.store.queue.browse import items_of
from scn_core.store.reports.activity import (
    ACTIVITY_KINDS,
    ActivityKind,
    ChangeEvent,
    Event,
    Place,
    SaidEvent,
    activity,
    members,
)
from scn_core.store.rounds.states import close_round, finish_round, start_round
from tests.scn_core.store.blank import blank_database
from tests.scn_core.store.conftest import MakeScores

ANN, BOB = 1, 2


def say(db: Database, name: str, face: int, action: Action, label: int | None = None, **more: str | bool) -> str:
    made = str(uuid.uuid4())
    record_decisions(db, [Decision(made, 1, face, name, action, label, **more)])  # type: ignore[arg-type]
    return made


def listed(db: Database, viewer: int = BOB, **asked: object) -> list[Event]:
    """Everything, read in pages of two."""
    found: list[Event] = []
    before: Place | None = None
    for _ in range(100):
        page, before = activity(db, viewer, before=before, limit=2, **asked)  # type: ignore[arg-type]
        assert len(page) <= 2
        found += page
        if before is None:
            return found
    raise AssertionError("the list does not end")


def test_who_is_here_and_how_much_they_did(review: Database) -> None:
    people.add_person(review, "aaron", "annotator", "h")
    people.set_active(review, 3, False)
    first = say(review, "ann", 1, "keep", 0)
    say(review, "ann", 2, "exclude")
    say(review, "ann", 1, "undo", undoes=first)
    say(review, "ann", 3, "unsure")
    start_session(review, BOB, "s", 1)
    ann, bob, aaron = members(review)
    assert (ann.person.name, ann.today, ann.total, ann.has_password) == ("ann", 2, 2, False)
    assert (bob.person.name, bob.today, bob.total) == ("bob", 0, 0)
    assert (aaron.person.name, aaron.person.active, aaron.has_password, aaron.seen_at) == ("aaron", False, True, None)
    stamps = review.execute("SELECT max(decided_at), (SELECT created_at FROM session) FROM decision").fetchone()
    assert (ann.seen_at, bob.seen_at) == stamps


def test_undos_say_what_they_are_about(review: Database) -> None:
    first = say(review, "ann", 1, "keep", 0)
    back = say(review, "ann", 1, "undo", undoes=first)
    again = say(review, "ann", 1, "undo", undoes=back)
    rows = [event for event in listed(review) if isinstance(event, SaidEvent)]
    assert [(row.decision.id, row.stands, row.about.id) for row in rows] == [
        (again, False, first),
        (back, True, first),
        (first, True, first),
    ]
    assert rows[0].key == "train/1.jpg#1"


def test_the_kinds_share_the_list(review: Database) -> None:
    say(review, "ann", 1, "keep", 0)
    say(review, "ann", 2, "note", text="hm")
    flag = say(review, "ann", 3, "flag")
    say(review, "ann", 3, "undo", undoes=flag)
    say(review, "bob", 4, "unsure", adjudicates=True)
    people.set_role(review, ANN, "lead", by=BOB)
    by_kind: dict[ActivityKind, list[Event]] = {kind: listed(review, kind=kind) for kind in ACTIVITY_KINDS}
    assert [len(by_kind[kind]) for kind in ACTIVITY_KINDS] == [8, 1, 1, 1, 2, 3]
    assert sorted(map(repr, by_kind.pop("all"))) == sorted(repr(event) for each in by_kind.values() for event in each)


def test_of_one_person(review: Database) -> None:
    say(review, "ann", 1, "keep", 0)
    say(review, "bob", 2, "unsure")
    people.set_role(review, ANN, "lead", by=BOB)
    of_ann, of_bob = (listed(review, person_id=number) for number in (ANN, BOB))
    for name, events in (("ann", of_ann), ("bob", of_bob)):
        said = [event.decision.person for event in events if isinstance(event, SaidEvent)]
        changed = [(event.person, event.what) for event in events if isinstance(event, ChangeEvent)]
        assert said == [name]
        assert changed == [("ann", "role"), (name, "added")]  # of themself, or by them


@settings(max_examples=80, deadline=None)
@given(
    stamps=st.lists(st.tuples(st.sampled_from(["decision", "person_change"]), st.integers(0, 9)), max_size=14),
    limit=st.integers(1, 5),
)
def test_pages_hold_each_row_once_whatever_the_clock_says(stamps: list[tuple[str, int]], limit: int) -> None:
    with blank_database() as db:
        db.executescript(BARE)
        for number, (table, at) in enumerate(stamps):
            db.execute(ROWS[table], {"id": str(number), "at": f"2026-01-01T00:00:0{at}.000Z"})
        pages: list[list[Event]] = []
        before: Place | None = None
        while not pages or before is not None:
            page, before = activity(db, BOB, before=before, limit=limit)
            pages.append(page)
    seen = [event for page in pages for event in page]
    for kind, table in ((SaidEvent, "decision"), (ChangeEvent, "person_change")):
        wanted = [f"2026-01-01T00:00:0{at}.000Z" for name, at in reversed(stamps) if name == table]
        assert [event.at for event in seen if isinstance(event, kind)] == wanted
    if [at for _, at in stamps] == sorted({at for _, at in stamps}):
        assert [event.at for event in seen] == sorted((event.at for event in seen), reverse=True)
    assert all(len(page) == limit for page in pages[:-1])


BARE = """
INSERT INTO class VALUES (0, 'happy');
INSERT INTO sample (id, key, path, split, given_label) VALUES (1, 'a', 'a', 'train', 0);
INSERT INTO round (id, state, config, code_version) VALUES (1, 'review', '{}', '1');
INSERT INTO person (name, role) VALUES ('ann', 'annotator'), ('bob', 'lead');
"""
ROWS = {
    "decision": "INSERT INTO decision (id, round_id, sample_id, person_id, action, shown, blind, decided_at) "
    "VALUES (:id, 1, 1, 1, 'unsure', '{}', 0, :at)",
    "person_change": "INSERT INTO person_change (person_id, what, changed_at) VALUES (1, 'password', :at)",
}


@pytest.mark.parametrize("readings", [1, 2])
def test_what_a_reader_may_not_see_yet_is_hidden(db: Database, make_scores: MakeScores, readings: int) -> None:
    rules = ReviewSettings(readings=readings)
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, audit=3, seed=3, review=rules)
    audit = {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")}
    for face in range(1, 11):
        say(db, "ann", face, "note", text="hm")
    assert hidden_faces(db, BOB) == (set(range(1, 11)) if readings == 2 else audit)
    for face in range(1, 11):
        say(db, "ann", face, "unsure")
    assert hidden_faces(db, BOB) == (set(range(1, 11)) if readings == 2 else set())
    assert hidden_faces(db, ANN) == set()
    say(db, "bob", 1, "keep", 0)  # the second of two readings: they differ
    assert hidden_faces(db, BOB) == (set(range(2, 11)) if readings == 2 else set())
    close_round(db, 1)
    assert hidden_faces(db, BOB) == set()


def test_an_audit_face_hides_what_was_said_in_earlier_rounds_too(db: Database, make_scores: MakeScores) -> None:
    for audit in (0, 3):
        number = start_round(db, {}, code_version="1")
        finish_round(db, number, make_scores(), {}, audit=audit, seed=3)
        if not audit:
            for face in range(1, 11):
                say(db, "ann", face, "keep", (face - 1) % 3)
            close_round(db, number)
            assert hidden_faces(db, BOB) == set()
    drawn = {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")}
    assert len(drawn) == 3
    assert [hidden_faces(db, viewer) for viewer in (ANN, BOB)] == [set(), drawn]
    for viewer in (Person(ANN, "ann", "lead"), Person(BOB, "bob", "lead")):
        for face in range(1, 11):
            items = items_of(db, 2, viewer.id, [face])
            seen = seen_history(db, face, viewer, items[0] if items else None)
            assert (seen == []) == (face in hidden_faces(db, viewer.id))
    close_round(db, 2)
    assert hidden_faces(db, BOB) == set()


def test_ones_own_answer_is_hidden_while_it_is_asked_for_again(review: Database) -> None:
    for name in ("ann", "bob"):
        say(review, name, 4, "unsure")
        say(review, name, 5, "unsure")
    review.execute(
        "INSERT INTO queue_item (round_id, sample_id, slot, kind, priority, alpha, margin, given_label, listed, "
        "reader) SELECT round_id, sample_id, 2, 'repeat', priority, alpha, margin, given_label, 0, 2 "
        "FROM queue_item WHERE sample_id = 4"
    )
    assert [hidden_faces(review, viewer) for viewer in (ANN, BOB)] == [set(), {4}]
    say(review, "bob", 4, "keep", 0)
    assert hidden_faces(review, BOB) == set()


def hidden_faces(db: Database, viewer: int) -> set[int]:
    return {
        event.decision.sample_id
        for event in activity(db, viewer, limit=100)[0]
        if isinstance(event, SaidEvent) and event.hidden
    }


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "SEARCH d USING INTEGER PRIMARY KEY"),
        ({"person_id": ANN}, "decision_of_person"),
        ({"kind": "adjudications"}, "decision_adjudications"),
    ],
)
def test_no_list_is_sorted_as_a_whole(review: Database, asked: dict[str, Any], index: str) -> None:
    said: list[str] = []
    review.conn.set_trace_callback(said.append)
    activity(review, BOB, **asked)
    review.conn.set_trace_callback(None)
    plans = [" ".join(row[3] for row in review.execute(f"EXPLAIN QUERY PLAN {sql}")) for sql in said]
    (plan,) = [plan for plan in plans if "SCAN d" in plan or "SEARCH d" in plan]
    assert index in plan
    assert "TEMP B-TREE" not in plan
