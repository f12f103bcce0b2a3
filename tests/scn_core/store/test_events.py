"""Who did what to the workspace: kept, in order, for good, and without a name that could not be erased."""

from __future__ import annotations

import sqlite3

import pytest
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.events import LoggedEvent, events, keep_event
from scn_core.store.people.people import (
    add_person,
    erase_person,
    find_person,
    get_person,
    password_hash,
    rename_person,
    set_active,
)
from scn_core.store.people.sessions import session_person, start_session
from scn_core.store.people.tokens import add_token, tokens
from scn_core.store.rounds.states import cancel_round, close_round, finish_round, start_round
from tests.scn_core.store.conftest import MakeScores


def newest(db: Database) -> LoggedEvent:
    return events(db, limit=1)[0]


def said(db: Database) -> list[tuple[str | None, str]]:
    return [(event.by, event.words) for event in reversed(events(db)) if not event.what.startswith("person: ")]


def test_rounds_say_who_started_and_ended_them(db: Database, make_scores: MakeScores) -> None:
    bob = find_person(db, "bob")
    assert bob is not None
    for _ in range(2):
        number = start_round(db, {}, code_version="1")
        finish_round(db, number, make_scores(), {}, close_earlier=True)
    close_round(db, 2, by=bob.id)
    cancel_round(db, start_round(db, {}, code_version="1"), by=bob.id)
    assert said(db) == [
        (None, "round started, round 1"), (None, "round started, round 2"),
        (None, "round closed, round 1, when round 2 ended"),
        ("bob", "round closed, round 2"), (None, "round started, round 3"), ("bob", "round cancelled, round 3"),
    ]  # fmt: skip
    whose = [event.who for event in reversed(events(db)) if not event.what.startswith("person: ")]
    assert whose == ["trainer", "trainer", "by itself", "bob", "trainer", "bob"], "a page begins trainers too"


def test_what_fails_is_not_said(db: Database) -> None:
    with pytest.raises(WorkspaceError, match="round 9"):
        close_round(db, 9)
    assert said(db) == []


def test_the_log_can_only_grow(db: Database) -> None:
    keep_event(db, "labels exported", {"format": "csv"}, by=None)
    for sql in ("DELETE FROM event", "UPDATE event SET by_id = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(sql)


def test_changes_of_people_stand_in_it_too(db: Database) -> None:
    ann, bob = find_person(db, "ann"), find_person(db, "bob")
    assert ann is not None
    assert bob is not None
    set_active(db, ann.id, False, by=bob.id)
    assert (newest(db).by, newest(db).words) == ("bob", "ann deactivated")


def test_a_start_says_in_words_whether_it_goes_on(db: Database) -> None:
    for resume in (False, True):
        keep_event(db, "training started", {"resume": resume}, by=None)
    assert said(db) == [(None, "training started"), (None, "training resumed")]


def test_a_new_name_is_that_of_all_they_did(db: Database) -> None:
    ann, bob = find_person(db, "ann"), find_person(db, "bob")
    assert ann is not None
    assert bob is not None
    keep_event(db, "labels exported", {"format": "csv"}, by=ann.id)
    rename_person(db, ann.id, " Anna ", by=bob.id)
    assert said(db) == [("Anna", "labels exported, format csv"), ("bob", f"person {ann.id} renamed, now Anna")]
    rename_person(db, ann.id, "ANNA")
    for name, message in (("Bob", "taken"), ("  ", "name")):
        with pytest.raises(WorkspaceError, match=message):
            rename_person(db, ann.id, name)
    with pytest.raises(WorkspaceError, match="allowed: an active lead"):
        rename_person(db, bob.id, "Robert", by=ann.id)


def test_an_erased_person_leaves_no_name_and_no_way_in(db: Database) -> None:
    bob = find_person(db, "bob")
    assert bob is not None
    eve = add_person(db, "Evelyn Example", "lead", "$argon2id$hash")
    start_session(db, eve.id, "hash", 1)
    add_token(db, eve.id, "hash", "eve's script", None)
    number = start_round(db, {}, code_version="1")
    cancel_round(db, number, f"cancelled by {eve.name}", by=eve.id)
    with pytest.raises(WorkspaceError, match="cannot change their own"):
        erase_person(db, bob.id, by=bob.id)
    neutral = erase_person(db, eve.id, by=bob.id)
    gone = get_person(db, eve.id)
    assert gone is not None
    assert (gone.name, gone.role, gone.active) == (neutral, "annotator", False)
    assert session_person(db, "hash") is None
    assert tokens(db, eve.id) == []
    assert password_hash(db, eve.id) is None
    assert not [line for line in db.iterdump() if "Evelyn" in line or "eve's" in line or "argon2id$hash" in line]
    assert (neutral, "round cancelled, round 1") in said(db), "what they did stays"
    assert add_person(db, "Evelyn Example", "annotator").id != eve.id
