from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.people.people import set_active, set_password_hash
from scn_core.store.people.sessions import end_session, session_person, start_session


def test_a_session_belongs_to_a_person_until_it_ends(db: Database) -> None:
    start_session(db, 1, "hash", 8)
    person = session_person(db, "hash")
    assert person is not None
    assert person.name == "ann"
    assert session_person(db, "other") is None
    end_session(db, "hash")
    end_session(db, "hash")
    assert session_person(db, "hash") is None


def test_a_session_runs_out_and_is_forgotten(db: Database) -> None:
    start_session(db, 1, "old", 8)
    db.execute("UPDATE session SET expires_at = '2001-01-01T00:00:00.000Z'")
    assert session_person(db, "old") is None
    start_session(db, 1, "new", 0.5)
    assert [row["token_hash"] for row in db["session"].rows] == ["new"]


def test_a_session_of_a_clock_that_was_ahead_lasts_no_longer_than_others(db: Database) -> None:
    start_session(db, 1, "ahead", 8)
    db.execute("UPDATE session SET expires_at = '2090-01-01T00:00:00.000Z'")
    start_session(db, 1, "now", 8)
    assert session_person(db, "ahead") is not None
    ahead, now = (datetime.fromisoformat(row["expires_at"]) for row in db["session"].rows)
    assert abs(ahead - now) < timedelta(minutes=1)


def test_who_is_not_active_has_no_session(db: Database) -> None:
    start_session(db, 2, "hash", 8)
    set_active(db, 2, False)
    assert session_person(db, "hash") is None


@pytest.mark.parametrize("ends", ["a new password", "being deactivated"])
def test_all_sessions_of_a_person_end(db: Database, ends: str) -> None:
    for name in ("a", "b"):
        start_session(db, 1, name, 8)
    start_session(db, 2, "c", 8)
    if ends == "a new password":
        set_password_hash(db, 1, "h")
    else:
        set_active(db, 1, False)
        set_active(db, 1, True)
    assert [session_person(db, name) is None for name in "abc"] == [True, True, False]


def test_ones_own_new_password_leaves_the_session_that_set_it(db: Database) -> None:
    for name in ("here", "elsewhere"):
        start_session(db, 2, name, 8)
    set_password_hash(db, 2, "h", by=2, spare="here")
    assert session_person(db, "here") is not None
    assert session_person(db, "elsewhere") is None


def test_nobodys_session_is_refused(db: Database) -> None:
    with pytest.raises(WorkspaceError, match="session of person 99"):
        start_session(db, 99, "hash", 8)
