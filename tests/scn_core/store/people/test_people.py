from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.people import people
from scn_core.store.people.people import ensure_person
from scn_core.store.reports.activity import ChangeEvent, activity
from tests.scn_core.store.blank import blank_database


def test_a_person_is_added_once_and_keeps_the_role(empty: Database) -> None:
    ann = ensure_person(empty, " Ann ", "annotator")
    assert (ann.name, ann.role) == ("Ann", "annotator")
    assert ensure_person(empty, "ANN", "lead") == ann
    assert empty["person"].count == 1


@pytest.mark.parametrize(("name", "role"), [("  ", "lead"), ("ann", "owner")])
def test_a_blank_name_and_an_unknown_role_are_refused(empty: Database, name: str, role: str) -> None:
    with pytest.raises(WorkspaceError, match=r"name is not blank|role is annotator or lead"):
        ensure_person(empty, name, role)  # type: ignore[arg-type]


def test_people_are_found_by_name_and_number_and_listed(db: Database) -> None:
    ann = people.find_person(db, " ANN ")
    assert ann == people.Person(1, "ann", "annotator")
    assert people.get_person(db, 2) == people.Person(2, "bob", "lead")
    assert people.find_person(db, "eve") is people.get_person(db, 9) is None
    assert [person.name for person in people.people(db)] == ["ann", "bob"]


def test_a_new_person_has_a_name_of_their_own(db: Database) -> None:
    eve = people.add_person(db, " Eve ", "annotator", "$argon2id$x")
    assert (eve.name, eve.role, eve.active) == ("Eve", "annotator", True)
    assert people.password_hash(db, eve.id) == "$argon2id$x"
    assert "argon2" not in repr(people.people(db))
    for name, role, told in (("EVE", "lead", "is taken"), (" ", "lead", "not blank"), ("dan", "boss", "role is")):
        with pytest.raises(WorkspaceError, match=told):
            people.add_person(db, name, role)  # type: ignore[arg-type]


def test_role_password_and_activity_change(db: Database) -> None:
    people.set_role(db, 1, "lead")
    people.set_password_hash(db, 1, "h")
    people.set_active(db, 1, False)
    assert people.get_person(db, 1) == people.Person(1, "ann", "lead", active=False)
    assert people.password_hash(db, 1) == "h"
    people.set_password_hash(db, 1, None)
    assert people.password_hash(db, 1) is people.password_hash(db, 2) is people.password_hash(db, 9) is None
    with pytest.raises(WorkspaceError, match="found person 9"):
        people.set_active(db, 9, True)
    with pytest.raises(WorkspaceError, match="role is annotator or lead"):
        people.set_role(db, 1, "boss")  # type: ignore[arg-type]


def changes(db: Database) -> list[tuple[Any, ...]]:
    """By whom, whom, what, role; the oldest first."""
    found = [event for event in activity(db, 1, kind="people")[0] if isinstance(event, ChangeEvent)]
    return [(event.by, event.person, event.what, event.role) for event in reversed(found)]


def test_every_change_is_kept_and_says_who_made_it(db: Database) -> None:
    eve = people.add_person(db, "eve", "annotator", by=2)
    people.set_password_hash(db, eve.id, "h", by=2)
    people.set_role(db, eve.id, "lead", by=2)
    people.set_active(db, 1, False, by=eve.id)
    people.set_active(db, 1, True)
    with pytest.raises(WorkspaceError):
        people.set_role(db, 9, "lead", by=2)
    assert changes(db) == [
        (None, "ann", "added", "annotator"),
        (None, "bob", "added", "lead"),
        ("bob", "eve", "added", "annotator"),
        ("bob", "eve", "password", None),
        ("bob", "eve", "role", "lead"),
        ("eve", "ann", "deactivated", None),
        (None, "ann", "activated", None),
    ]
    for sql in ("DELETE FROM person_change", "UPDATE person_change SET by_id = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(sql)
        db.rollback()


@pytest.mark.parametrize("by", [1, 3, 9])
def test_who_is_no_active_lead_changes_nobody(db: Database, by: int) -> None:
    gus = people.add_person(db, "gus", "lead")
    people.set_active(db, gus.id, False)
    before = list(db.conn.iterdump())
    for change in (
        lambda: people.add_person(db, "eve", "lead", by=by),
        lambda: people.set_role(db, by, "lead", by=by),
        lambda: people.set_role(db, 2, "annotator", by=by),
        lambda: people.set_password_hash(db, 2, "h", by=by),
        lambda: people.set_active(db, 2, False, by=by),
    ):
        with pytest.raises(WorkspaceError, match=r"found (ann, annotator|gus, lead, not active|person 9); allowed: an"):
            change()
    assert list(db.conn.iterdump()) == before


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.sampled_from(["lead", "annotator", True, False])),
        max_size=25,
    )
)
def test_whatever_leads_do_one_of_them_stays(steps: list[tuple[int, int, str | bool]]) -> None:
    with blank_database() as db:
        for name, role in (("a", "lead"), ("b", "lead"), ("c", "annotator"), ("d", "lead")):
            people.add_person(db, name, role)  # type: ignore[arg-type]
        for by, whom, change in steps:
            before = {each.id: each for each in people.people(db)}
            may = before[by].role == "lead" and before[by].active and by != whom
            try:
                if isinstance(change, bool):
                    people.set_active(db, whom, change, by=by)
                else:
                    people.set_role(db, whom, change, by=by)  # type: ignore[arg-type]
            except WorkspaceError:
                assert not may
                assert {each.id: each for each in people.people(db)} == before
            else:
                assert may
            assert any(each.role == "lead" and each.active for each in people.people(db))
