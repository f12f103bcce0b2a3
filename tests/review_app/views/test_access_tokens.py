"""The pages on access tokens: people make and revoke their own, leads revoke anybody's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from review_app import database, settings
from review_app.auth.access_tokens import access_token_hash
from review_app.auth.passwords import hash_password, is_password
from scn_core.store.people.people import password_hash, set_password_hash
from scn_core.store.people.sessions import start_session
from scn_core.store.people.tokens import add_token, token_person, tokens
from tests.review_app.browserless import NewVisitor, Visitor, person, words


def make(visitor: Visitor, label: str, days: int) -> str:
    """The token that the page shows."""
    visitor.app.text_input(key="rv-token-label").set_value(label)
    visitor.app.radio(key="rv-token-days").set_value(days)
    visitor.app.button(key="rv-token-go").set_value(True)
    visitor.run()
    (code,) = visitor.app.code
    return str(code.value)


@pytest.mark.parametrize("days", [30, 0])
def test_people_make_their_own_see_it_once_and_revoke_it(visitor: NewVisitor, days: int) -> None:
    ann = visitor("ann")
    assert "There are no access tokens" in words(ann.open("access_tokens"))
    token = make(ann, "<b>nightly</b>", days)
    assert database.call(token_person, access_token_hash(token)) == ann.person
    (stored,) = database.call(tokens)
    assert (stored.label, stored.expires_at is None) == ("<b>nightly</b>", days == 0)
    assert "<b>nightly</b>" in words(ann.app)
    ann.app.button(key="rv-token-done").set_value(True)
    assert token not in words(ann.run())
    ann.app.button(key=f"rv-token-revoke-{stored.id}").set_value(True)
    assert f"Revoke token {stored.id}: <b>nightly</b>?" in words(ann.run())
    ann.app.button(key="rv-token-revoke-not").set_value(True)
    assert "cannot be brought back" not in words(ann.run())
    assert database.call(tokens) == [stored]
    ann.app.button(key=f"rv-token-revoke-{stored.id}").set_value(True)
    ann.run()
    ann.app.button(key=f"rv-token-revoke-now-{stored.id}").set_value(True)
    assert "There are no access tokens" in words(ann.run())
    assert database.call(token_person, access_token_hash(token)) is None


def test_what_is_for_nothing_is_refused_and_no_token_is_shown(visitor: NewVisitor) -> None:
    ann = visitor("ann")
    ann.open("access_tokens")
    ann.app.button(key="rv-token-go").set_value(True)
    assert "label: found 0 characters" in words(ann.run())
    assert not ann.app.code
    assert database.call(tokens) == []


def test_people_see_only_their_own_and_leads_everybodys(visitor: NewVisitor) -> None:
    lea, ann = visitor("lea", "lead"), visitor("ann")
    ben = person("ben")
    theirs = database.call_write(add_token, ben.id, "h", "of ben")
    assert "of ben" not in words(ann.open("access_tokens"))
    assert "of ben" not in words(lea.open("access_tokens"))
    lea.open("team")
    assert "of ben" in words(lea.app)
    lea.app.button(key=f"rv-token-revoke-{theirs.id}").set_value(True)
    lea.run()
    lea.app.button(key=f"rv-token-revoke-now-{theirs.id}").set_value(True)
    said = words(lea.run())
    assert "an access token of ben was revoked" in said
    assert database.call(tokens) == []


def change(visitor: Visitor, old: str, new: str, again: str | None = None) -> str:
    """What the page says then."""
    for key, value in (("old", old), ("new", new), ("again", new if again is None else again)):
        visitor.app.text_input(key=f"rv-own-{key}").set_value(value)
    visitor.app.button(key="rv-own-go").set_value(True)
    said = words(visitor.run())
    assert not any(visitor.app.text_input(key=f"rv-own-{key}").value for key in ("old", "new", "again"))
    return said


def test_people_change_their_own_password_and_stay_signed_in_here_alone(visitor: NewVisitor) -> None:
    old, new = "correct horse battery", "another horse battery"
    assert "Change your password" not in words(visitor("ann").open("access_tokens"))
    settings.use(replace(settings.current(), auth="password"))
    number = person("ann").id
    database.call_write(set_password_hash, number, hash_password(old))
    ann = visitor("ann")
    database.call_write(start_session, number, "elsewhere", 1)
    database.call_write(add_token, number, "h", "of ann")
    ann.open("access_tokens")
    before = database.call(password_hash, number)
    assert "found two different new passwords" in change(ann, old, new, new + "x")
    assert "password: found 5 characters; allowed: 10 to 200" in change(ann, old, "short")
    assert "that is not your password now" in change(ann, "not the old one", new)
    assert database.call(password_hash, number) == before
    assert "Your password is changed" in change(ann, old, new)
    hashed = database.call(password_hash, number)
    assert is_password(hashed, new)
    left = database.call(
        lambda db: db.execute("SELECT token_hash FROM session WHERE person_id = ?", (number,)).fetchall()
    )
    assert len(left) == 1
    assert left[0] != ("elsewhere",)
    assert database.call(tokens) == []
    for _ in range(4):
        assert "that is not your password now" in change(ann, old, new)
    assert "wrong 5 times within an hour" in change(ann, new, old)
    assert database.call(password_hash, number) == hashed
