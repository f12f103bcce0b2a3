"""One sign-in for several workspaces: what a password is checked against, and how often."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from review_app.auth import sessions as auth
from review_app.auth.passwords import hash_password, is_password
from review_app.auth.tokens import is_hub_token, make_hub_token
from review_app.hub import accounts
from review_app.hub.accounts import (
    MOST_CHECKS,
    Account,
    Guesses,
    Known,
    accounts_of,
    cookie_for,
    memberships,
    new_token,
    right_accounts,
    sign_in,
    sign_out,
    token_of,
)
from review_app.hub.workspaces import Workspaces
from review_app.settings import current
from scn_core.store.people.people import find_person, set_active, set_password_hash
from scn_core.store.people.sessions import session_person
from scn_core.workspace.folder import Workspace
from tests.review_app.hub.conftest import add_people
from tests.review_app.visitor import PASSWORD, contents


@pytest.fixture
def looked_at(workspaces: Workspaces) -> Workspaces:
    asyncio.run(workspaces.look())
    return workspaces


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The hashes that passwords were checked against."""
    seen: list[str | None] = []

    def check(hashed: str | None, password: str) -> bool:
        seen.append(hashed)
        return is_password(hashed, password)

    monkeypatch.setattr(accounts, "is_password", check)
    return seen


def places(found: list[Account]) -> list[str]:
    return [account.workspace.name for account in found]


def test_a_name_is_looked_for_everywhere_whatever_its_case(looked_at: Workspaces) -> None:
    found, checks = accounts_of(looked_at.all, " ANN ")
    assert [(each.workspace.name, each.person.role) for each in found] == [("faces", "lead"), ("more", "annotator")]
    assert checks == 2
    assert accounts_of(looked_at.all, "nobody") == ([], 2)


def test_a_wrong_password_takes_as_many_checks_for_a_name_that_nobody_has(
    looked_at: Workspaces, checked: list[str | None]
) -> None:
    for name in ("ann", "bob", "nobody"):
        checked.clear()
        assert right_accounts(*accounts_of(looked_at.all, name), "wrong horse battery").right == []
        assert len(checked) == 2


def test_one_hash_is_checked_once_however_many_workspaces_have_it(
    looked_at: Workspaces, checked: list[str | None]
) -> None:
    found, _ = accounts_of(looked_at.all, "ann")
    hashed = hash_password(PASSWORD)
    same = [Account(account.workspace, account.person, hashed) for account in found] * 20
    assert len(right_accounts(same, 1, PASSWORD).right) == len(same)
    assert checked == [hashed]


def test_a_stranger_gets_no_more_checks_than_the_bound(looked_at: Workspaces, checked: list[str | None]) -> None:
    found, _ = accounts_of(looked_at.all, "ann")
    many = [Account(found[0].workspace, found[0].person, hash_password(f"{PASSWORD} {n}")) for n in range(30)]
    assert right_accounts(many, MOST_CHECKS, "wrong horse battery").right == []
    assert len(checked) == MOST_CHECKS


def give_ann_another_password(path: Path) -> None:
    with Workspace(path).database() as db:
        ann = find_person(db, "ann")
        assert ann is not None
        set_password_hash(db, ann.id, hash_password("another horse battery"))


def test_with_another_password_one_comes_in_where_it_is_right(
    looked_at: Workspaces, folder: Path, checked: list[str | None]
) -> None:
    give_ann_another_password(folder / "more")
    assert places(right_accounts(*accounts_of(looked_at.all, "ann"), PASSWORD).right) == ["faces"]
    assert places(right_accounts(*accounts_of(looked_at.all, "ann"), "another horse battery").right) == ["more"]


def test_who_is_right_in_one_workspace_cannot_guess_at_the_others(
    looked_at: Workspaces, folder: Path, checked: list[str | None]
) -> None:
    """A lead of `faces` can set ann's password there; wrong ones for `more` are counted all the same."""
    give_ann_another_password(folder / "more")
    now = [0.0]
    guesses = Guesses(clock=lambda: now[0])

    def sign_in_as_ann(password: str, address: str = "203.0.113.9") -> tuple[list[str], bool]:
        """Where that is right, and whether the hash of `more` was tried."""
        found, checks = accounts_of(looked_at.all, "ann")
        checked.clear()
        done = right_accounts(found, checks, password, guesses.closed(found, address))
        guesses.note(done, address)
        assert len(checked) == 2
        return places(done.right), found[1].hashed in checked

    for _ in range(5):
        assert sign_in_as_ann(PASSWORD) == (["faces"], True)
    assert sign_in_as_ann(PASSWORD) == (["faces"], False)
    assert sign_in_as_ann("another horse battery") == ([], False)
    assert sign_in_as_ann("another horse battery", "203.0.113.10") == (["more"], True)
    now[0] += 60
    assert sign_in_as_ann("another horse battery") == (["more"], True)
    for _ in range(12):  # whose passwords differ, twice an hour
        now[0] += 1800
        assert sign_in_as_ann(PASSWORD) == (["faces"], True)
        assert sign_in_as_ann("another horse battery") == (["more"], True)


def test_a_session_of_one_workspace_says_nothing_of_that_of_another(looked_at: Workspaces, folder: Path) -> None:
    token = new_token()
    right, _ = accounts_of(looked_at.all, "ann")
    assert places(sign_in(right, token)) == ["faces", "more"]
    faces, more = looked_at.all
    assert [(each.workspace, each.person.role) for each in memberships(looked_at.all, token).found] == [
        (faces, "lead"), (more, "annotator"),
    ]  # fmt: skip
    with Workspace(folder / "more").database() as db:
        assert session_person(db, auth.session_hash(cookie_for(token, more))) is not None
        assert session_person(db, auth.session_hash(cookie_for(token, faces))) is None
    stored = "\n".join(contents(Workspace(folder / "more")))
    assert token not in stored
    assert cookie_for(token, more) not in stored


def test_a_token_that_is_made_up_or_too_old_asks_no_database(looked_at: Workspaces) -> None:
    name = current().cookie
    token = new_token()
    assert token_of({name: token}) == token
    assert [token_of({name: wrong}) for wrong in ("", "x" * 43, f"{token}x", "x" * 300)] == [None] * 4
    assert token_of({name: make_hub_token(b"of another hub" * 3, "nonce")}) is None
    assert not is_hub_token(current().secret, token, -1)


def test_signing_out_ends_every_session_and_nobody_elses(looked_at: Workspaces) -> None:
    mine, other = new_token(), new_token()
    for token in (mine, other):
        sign_in(accounts_of(looked_at.all, "ann")[0], token)
    sign_out(looked_at.all, mine)
    assert memberships(looked_at.all, mine).found == []
    assert len(memberships(looked_at.all, other).found) == 2


def test_who_is_deactivated_in_one_workspace_stays_in_the_other(looked_at: Workspaces, folder: Path) -> None:
    token = new_token()
    sign_in(accounts_of(looked_at.all, "ann")[0], token)
    with Workspace(folder / "more").database() as db:
        ann = find_person(db, "ann")
        assert ann is not None
        set_active(db, ann.id, False)
    assert [each.workspace.name for each in memberships(looked_at.all, token).found] == ["faces"]
    assert places(accounts_of(looked_at.all, "ann")[0]) == ["faces"]


def test_what_is_known_is_asked_again_after_a_while(looked_at: Workspaces) -> None:
    now = [0.0]
    known, token = Known(lambda: now[0]), new_token()
    sign_in(accounts_of(looked_at.all, "ann")[0], token)

    async def test() -> list[list[str]]:
        found = [sorted(await known.places(looked_at.all, token))]
        sign_out(looked_at.all, token)
        found.append(sorted(await known.places(looked_at.all, token)))
        now[0] += accounts.KNOWN_FOR_S
        found.append(sorted(await known.places(looked_at.all, token)))
        return found

    assert asyncio.run(test()) == [["faces", "more"], ["faces", "more"], []]


def test_what_a_workspace_could_not_say_is_not_remembered(looked_at: Workspaces, folder: Path) -> None:
    known, token = Known(), new_token()
    sign_in(accounts_of(looked_at.all, "ann")[0], token)
    file, away = folder / "more" / "review.db", folder / "elsewhere.db"

    async def test() -> list[list[str]]:
        file.rename(away)
        found = [sorted(await known.places(looked_at.all, token))]
        away.rename(file)
        return [*found, sorted(await known.places(looked_at.all, token))]

    assert asyncio.run(test()) == [["faces"], ["faces", "more"]]


def test_a_workspace_that_cannot_be_read_keeps_nobody_from_the_others(looked_at: Workspaces, folder: Path) -> None:
    add_people(Workspace(folder / "faces"), cleo="annotator")
    (folder / "more" / "review.db").rename(folder / "elsewhere.db")
    found, _ = accounts_of(looked_at.all, "ann")
    assert places(found) == ["faces"]
    assert "no such file" in str(looked_at.all[1].faults[0])  # which the next look at the folder says
