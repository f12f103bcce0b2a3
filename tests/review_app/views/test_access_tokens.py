"""The pages on access tokens: people make and revoke their own, leads revoke anybody's."""

from __future__ import annotations

import pytest

from review_app import database
from review_app.auth.access_tokens import access_token_hash
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
