"""Every request has an id and, where the log is JSON, one line; no secret is in any line."""

from __future__ import annotations

import io
import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from review_app import database
from review_app.api import samples
from review_app.auth.access_tokens import access_token_hash, forget_attempts, new_access_token
from review_app.auth.passwords import hash_password
from review_app.http import log
from review_app.http.log import JsonLines, say
from review_app.settings import AppSettings
from scn_core.store.people.people import add_person
from scn_core.store.people.tokens import add_token
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import Visitor, rows

PASSWORD = "a very secret password"
Written = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """written() gives the lines so far."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    ours = logging.getLogger("review_app")
    before = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    monkeypatch.setattr(log, "_format", "json")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    ours.removeHandler(handler)
    ours.setLevel(before)


@pytest.fixture
def visitor(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Iterator[Visitor]:
    forget_attempts()
    yield Visitor(use_workspace(workspace))
    forget_attempts()


def test_a_line_says_which_route_how_it_went_and_whose_it_was(
    visitor: Visitor, written: Written, workspace: Workspace
) -> None:
    visitor.sign_in("ann")
    answer = visitor.get("/api/sample/1?round=1", **{"X-Request-ID": "from-a-proxy-1"})
    line = written()[-1]
    assert list(line) == ["time", "level", "event", "logger", "method", "route", "status", "ms", "person", "request_id"]
    assert (line["level"], line["event"], line["method"]) == ("info", "request", "GET")
    assert (line["route"], line["status"], line["request_id"]) == ("/api/sample/{id}", 200, "from-a-proxy-1")
    assert rows(workspace, "SELECT name FROM person WHERE id = ?", line["person"]) == [("ann",)]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert line["ms"] >= 0
    assert answer.headers["x-request-id"] == "from-a-proxy-1"
    say("started", "review app: there")
    assert (written()[-1]["event"], written()[-1]["message"]) == ("started", "review app: there")


@pytest.mark.parametrize("path", ["/health", "/api/nothing", "/api/classes", "/somewhere", "/_stcore/metrics"])
def test_every_answer_has_an_id(visitor: Visitor, path: str) -> None:
    asked = ("", "x" * 65, "a b,cdefgh")
    found = {visitor.get(path, **{"X-Request-ID": each}).headers["x-request-id"] for each in asked}
    assert len(found) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in found)
    refused = visitor.get(path, Host="evil.test")
    assert (refused.status_code, len(refused.headers["x-request-id"])) == (400, 32)


def test_a_mistake_of_ours_can_be_found_by_its_id(
    visitor: Visitor, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "as_person", lambda *args, **kwargs: 1 / 0)
    answer = visitor.get("/api/sample/1?round=1")
    number = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert number in answer.json()["error"]
    mistake, request = written()
    assert mistake["request_id"] == request["request_id"] == number
    assert (mistake["level"], request["status"]) == ("error", 500)
    assert "ZeroDivisionError" in mistake["exception"]


def test_no_secret_is_ever_logged(visitor: Visitor, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    token, wrong = new_access_token(), new_access_token()
    ann = database.call_write(add_person, "anniversary", "annotator", hash_password(PASSWORD))
    database.call_write(add_token, ann.id, access_token_hash(token), "a script")
    visitor.sign_in("somebody else")
    visitor.log_in(name="anniversary", password=PASSWORD)
    visitor.log_in(name="anniversary", password=f"{PASSWORD}, wrong")
    cookies = list(visitor.client.cookies.values())
    ticket = str(uuid.uuid4())
    visitor.get(f"/login?ticket={ticket}", Accept="text/html")
    visitor.get(f"/login/{ticket}?next=/{ticket}")
    visitor.get(f"/somewhere/{ticket}?password={ticket}", Accept="text/html")
    for given in (token, wrong):
        visitor.get("/api/classes", Authorization=f"Bearer {given}")
    visitor.post("/api/lease", {"renew": [ticket]})
    monkeypatch.setattr(samples, "as_person", lambda *args, **kwargs: 1 / 0)
    visitor.get("/api/sample/1?round=1", Authorization=f"Bearer {token}")
    said = json.dumps(written())
    assert len(written()) >= 11
    secrets = [token, wrong, PASSWORD, visitor.token, ticket, "anniversary", *cookies]
    assert len(cookies) >= 1
    assert [secret for secret in secrets if secret in said] == []
