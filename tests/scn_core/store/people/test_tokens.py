from __future__ import annotations

import pytest
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.people import people, tokens
from scn_core.store.reports.activity import ChangeEvent, activity

ANN, BOB = 1, 2
"""An annotator and a lead."""


def test_a_token_is_its_persons_until_it_ends(db: Database) -> None:
    made = tokens.add_token(db, ANN, "h", " export ", days=2)
    assert (made.person, made.label, made.used_at, made.expired) == ("ann", "export", None, False)
    assert tokens.token_person(db, "h") == people.get_person(db, ANN)
    assert tokens.token_person(db, "other") is None
    tokens.note_token_use(db, "h")
    assert tokens.tokens(db)[0].used_at is not None
    db.execute("UPDATE access_token SET expires_at = '2020-01-01T00:00:00.000Z'")
    assert tokens.token_person(db, "h") is None
    assert [token.expired for token in tokens.tokens(db, ANN)] == [True]


def test_people_make_their_own_and_leads_revoke_any(db: Database) -> None:
    with pytest.raises(WorkspaceError, match="found ann; allowed: an active person, who asks for themself"):
        tokens.add_token(db, ANN, "h", "x", by=BOB)
    one, two = tokens.add_token(db, ANN, "h", "x", by=ANN), tokens.add_token(db, BOB, "g", "y", by=BOB)
    with pytest.raises(WorkspaceError, match="found ann, annotator; allowed: an active lead"):
        tokens.revoke_token(db, two.id, by=ANN)
    tokens.revoke_token(db, one.id, by=BOB)
    tokens.revoke_token(db, two.id, by=BOB)
    with pytest.raises(WorkspaceError, match="found no access token"):
        tokens.revoke_token(db, two.id)
    events = [event for event in activity(db, BOB, kind="people")[0] if isinstance(event, ChangeEvent)]
    told = [(event.by, event.person, event.what) for event in reversed(events)][2:]
    assert told == [
        ("ann", "ann", "token added"),
        ("bob", "bob", "token added"),
        ("bob", "ann", "token revoked"),
        ("bob", "bob", "token revoked"),
    ]


@pytest.mark.parametrize(
    ("label", "days", "message"),
    [(" ", None, "label: found 0 characters"), ("a\nb", None, "printable"), ("x" * 81, None, "found 81"),
     ("x", 0, "days: found 0; allowed: 1 to 3,650"), ("x", 3651, "days: found 3651")],
)  # fmt: skip
def test_what_cannot_be_a_token_is_refused(db: Database, label: str, days: int | None, message: str) -> None:
    with pytest.raises(WorkspaceError, match=message):
        tokens.add_token(db, ANN, "h", label, days)
    assert tokens.tokens(db) == []


def test_nobody_has_a_token_twice_or_without_being_active_or_any_number(db: Database) -> None:
    for number in range(tokens.MOST_TOKENS):
        tokens.add_token(db, ANN, f"h{number}", "x")
    with pytest.raises(WorkspaceError, match="revoke one"):
        tokens.add_token(db, ANN, "h", "x")
    with pytest.raises(WorkspaceError, match="UNIQUE"):
        tokens.add_token(db, BOB, "h0", "x")
    people.set_active(db, ANN, False)
    assert tokens.tokens(db, ANN) == []
    with pytest.raises(WorkspaceError, match="ann, not active"):
        tokens.add_token(db, ANN, "h", "x")
    with pytest.raises(WorkspaceError, match="found person 99"):
        tokens.add_token(db, 99, "h", "x")
