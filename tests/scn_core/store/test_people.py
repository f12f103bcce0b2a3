from __future__ import annotations

import pytest
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store import people
from scn_core.store.people import ensure_person


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
