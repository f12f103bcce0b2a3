"""Access tokens: scripts come in as a person, with no cookie and no Origin, and with no more rights than the person."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx2 as httpx
import pytest
from sqlite_utils import Database

from review_app import database, settings
from review_app.auth import access_tokens
from review_app.auth.access_tokens import access_token_hash, forget_attempts, new_access_token
from review_app.auth.passwords import hash_password
from review_app.settings import AUTH_MODES, AppSettings
from scn_core.store.people.people import Person, Role, add_person, set_active, set_password_hash
from scn_core.store.people.tokens import add_token, revoke_token, tokens
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import PASSWORD, Visitor, contents, keep, rows

Use = Callable[[Workspace], AppSettings]


@pytest.fixture(autouse=True)
def _no_attempts() -> Iterator[None]:
    access_tokens.forget_attempts()
    yield
    access_tokens.forget_attempts()


@pytest.fixture
def given(workspace: Workspace, use_workspace: Use) -> AppSettings:
    return use_workspace(workspace)


class Script:
    """A program that knows a token and nothing else."""

    def __init__(self, given: AppSettings, token: str, *, address: str = "127.0.0.1") -> None:
        self.visitor = Visitor(given, address=address)
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> httpx.Response:
        return self.visitor.get(path, **self.headers)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.visitor.post(path, body, **({"Origin": ""} | self.headers | headers))


def new_person(name: str, role: Role = "annotator") -> Person:
    return database.call_write(add_person, name, role)


def token_of(person: Person, **more: Any) -> str:
    token = new_access_token()
    database.call_write(add_token, person.id, access_token_hash(token), "a script", **more)
    return token


@pytest.mark.parametrize("mode", AUTH_MODES)
def test_a_token_is_enough_in_every_mode(given: AppSettings, workspace: Workspace, mode: settings.AuthMode) -> None:
    given = replace(given, auth=mode)
    settings.use(given)
    script = Script(given, token_of(new_person("ann")))
    (tile, *_) = script.post("/api/page", {"round": 1, "limit": 3}).json()["items"]
    answer = script.post("/api/decisions", {"decisions": [keep(tile)]})
    assert answer.json()["refused"] == []
    by = rows(workspace, "SELECT p.name FROM decision d JOIN person p ON p.id = d.person_id")
    assert by == [("ann",)]
    assert "set-cookie" not in answer.headers
    for path in ("/api/history?round=1", f"/face/{tile['sample']}", "/thumb/1", "/api/sample/1?round=1"):
        assert script.get(path).status_code == 200
    assert rows(workspace, "SELECT used_at IS NOT NULL FROM access_token") == [(1,)]


def test_rights_are_those_of_the_person(given: AppSettings, workspace: Workspace) -> None:
    workspace.exports.mkdir()
    (workspace.exports / "csv-r1-d1.csv").write_text("path,label\n")
    people = new_person("ann"), new_person("lea", "lead")
    found = [Script(given, token_of(each)).get("/api/export/csv-r1-d1.csv").status_code for each in people]
    assert found == [403, 200]


def _revoke(db: Database, person: Person) -> None:
    revoke_token(db, tokens(db, person.id)[0].id)


def _deactivate(db: Database, person: Person) -> None:
    set_active(db, person.id, False)


def _let_it_end(db: Database, person: Person) -> None:
    db.execute("UPDATE access_token SET expires_at = '2020-01-01T00:00:00.000Z'")


def _new_password(db: Database, person: Person) -> None:
    set_password_hash(db, person.id, hash_password(PASSWORD))


@pytest.mark.parametrize("stop", [_revoke, _deactivate, _let_it_end, _new_password])
def test_it_stops_for_good(given: AppSettings, workspace: Workspace, stop: Callable[[Database, Person], None]) -> None:
    ann = new_person("ann")
    script = Script(given, token_of(ann, days=1))
    assert script.get("/api/history?round=1").status_code == 200
    with workspace.database() as db:
        stop(db, ann)
    assert script.get("/api/history?round=1").status_code == 401
    with workspace.database() as db:
        set_active(db, ann.id, True)
    assert script.get("/api/history?round=1").json()["code"] == "access_token_wrong"


def test_a_cookie_beside_a_wrong_token_is_not_looked_at(given: AppSettings, workspace: Workspace) -> None:
    """Otherwise the header alone would do away with the Origin that keeps other sites out."""
    ann = Visitor(given).sign_in("ann")
    before = contents(workspace)
    for header in (
        "Bearer x",
        "bearer",
        "Bearer  ",
        "Bearer " + "x" * 9_000,
    ):
        access_tokens.forget_attempts()
        answer = ann.post("/api/lease", {}, Origin="", Authorization=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "access_token_wrong"), header
        assert answer.headers["www-authenticate"] == "Bearer"
    for header in ("Basic YW5uOng=", "Token x", "Bearerx y"):
        answer = ann.post("/api/lease", {}, Origin="", Authorization=header)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin"), header
    assert ann.post("/api/lease", {}, Authorization="Basic YW5uOng=").status_code == 200, "a proxy's own sign-in"
    assert contents(workspace) == before


def test_a_token_opens_the_api_alone_and_no_page_of_another_site(given: AppSettings) -> None:
    token = token_of(new_person("ann", "lead"))
    script = Script(given, token)
    assert script.post("/api/lease", {}, Origin="http://evil.test").json()["code"] == "wrong_origin"
    for path in ("/login", "/logout"):
        assert script.post(path, b"name=eve").json()["code"] == "wrong_origin"
    upload = script.visitor.client.put("/_stcore/upload_file/a/b", content=b"x", headers=script.headers)
    assert upload.status_code == 403
    assert script.visitor.get("/", Accept="text/html", **script.headers).status_code == 303
    assert script.get("/api/token").json()["code"] == "wrong_way"
    for query in ("access_token", "token", "authorization"):
        assert Visitor(given).get(f"/api/history?round=1&{query}={token}").status_code == 401


def test_guessing_is_slowed_down_but_not_for_tokens_that_were_right(given: AppSettings) -> None:
    ann = new_person("ann")
    known, unknown = token_of(ann), token_of(ann)

    def ask(token: str, address: str = "127.0.0.1") -> int:
        return Script(given, token, address=address).get("/api/history?round=1").status_code

    assert ask(known) == 200
    assert [ask(new_access_token()) for _ in range(7)] == [401] * 5 + [429] * 2
    assert (ask(known), ask(unknown), ask(unknown, "198.51.100.7")) == (200, 429, 200)
    forget_attempts()  # as a server that is started anew
    assert [ask(new_access_token()) for _ in range(6)] == [401] * 5 + [429]
    assert (ask(known), ask(token_of(ann))) == (200, 429)
    answer = Script(given, new_access_token()).get("/api/history?round=1")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_nothing_but_its_hash_is_kept_or_logged(
    given: AppSettings, workspace: Workspace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    token = token_of(new_person("ann"))
    script = Script(given, token)
    assert script.get("/api/history?round=1").status_code == 200

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("review_app.api.pages.items_of", broken)
    assert script.post("/api/tiles", {"round": 1, "samples": [1]}).status_code == 500
    assert "ZeroDivisionError" in caplog.text
    assert token not in caplog.text
    assert token not in "\n".join(contents(workspace))
