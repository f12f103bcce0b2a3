"""Every route against everything a hostile or broken client sends: a clear 4xx, and nothing is changed by it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import itsdangerous
import pytest

from review_app import database
from review_app.auth import login
from review_app.auth.tokens import TOKEN_S
from review_app.settings import AppSettings
from scn_core.store.people.people import find_person, set_active
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import Visitor, contents, keep, rows

Use = Callable[[Workspace], AppSettings]
NOBODY = str(uuid.UUID(int=7))


class Call(NamedTuple):
    """A request that would work, and that would change something where it is a POST."""

    method: str
    path: str
    body: dict[str, Any] | None = None


class Scene(NamedTuple):
    """Ann has decided one face and holds others; bob is here too."""

    ann: Visitor
    bob: Visitor
    workspace: Workspace
    decided: dict[str, Any]
    tiles: list[dict[str, Any]]
    """Ann's, all open."""

    def calls(self) -> list[Call]:
        tile = self.tiles[0]
        return [
            Call("POST", "/api/page", {"round": 1, "filter": {}, "limit": 5}),
            Call("POST", "/api/tiles", {"round": 1, "samples": [1]}),
            Call("POST", "/api/alike", {"round": 1, "sample": tile["sample"], "limit": 5}),
            Call("POST", "/api/lease", {"renew": [], "release": [tile["item"]]}),
            Call("POST", "/api/decisions", {"decisions": [keep(tile)]}),
            Call("GET", "/api/history?round=1"),
            Call("GET", "/api/sample/1?round=1"),
            Call("POST", "/api/export", {"format": "csv"}),
            Call("GET", "/api/export/csv-r1-d1.csv"),
            Call("POST", "/api/backup", {"keep": 3}),
            Call("GET", "/api/backup/review-before-m0009_updates.db"),
            Call("GET", "/api/classes"),
            Call("GET", "/api/rounds"),
            Call("GET", "/metrics"),
            Call("GET", "/api/token"),
            Call("GET", "/face/1"),
            Call("GET", "/thumb/1"),
        ]

    def changes(self) -> list[Call]:
        return [call for call in self.calls() if call.method == "POST"]


@pytest.fixture
def scene(workspace: Workspace, use_workspace: Use) -> Scene:
    login.forget_attempts()
    settings = use_workspace(workspace)
    workspace.exports.mkdir()
    (workspace.exports / "csv-r1-d1.csv").write_text("path,label\n")
    workspace.backups.mkdir()
    (workspace.backups / "review-before-m0009_updates.db").write_text("a copy")
    ann, bob = Visitor(settings).sign_in("ann"), Visitor(settings).sign_in("bob")
    first, *tiles = [tile for tile in ann.page(limit=12).tiles if not tile["blind"]]
    decided = keep(first)
    assert ann.decide(decided).json()["refused"] == []
    return Scene(ann, bob, workspace, decided, tiles)


def refused(visitor: Visitor, call: Call, status: int, code: str, **headers: str) -> None:
    answer = (
        visitor.get(call.path, **headers) if call.method == "GET" else visitor.post(call.path, call.body, **headers)
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code), (call.path, answer.text)
    assert len(answer.json()["error"]) > 20


def test_the_calls_work_when_nothing_is_wrong(scene: Scene) -> None:
    """So that none of the refusals below is for another reason."""
    for call in scene.calls():
        answer = scene.ann.get(call.path) if call.method == "GET" else scene.ann.post(call.path, call.body)
        assert answer.status_code == 200, (call.path, answer.text)


@pytest.fixture
def unchanged(scene: Scene) -> Iterator[Scene]:
    """The scene; after the test every row of every table is as it was."""
    before = contents(scene.workspace)
    yield scene
    assert contents(scene.workspace) == before


@pytest.mark.parametrize("cookie", [None, "", "made-up", "x" * 5000, "'; DROP TABLE session; --"])
def test_without_a_session(unchanged: Scene, cookie: str | None) -> None:
    stranger = Visitor(unchanged.ann.settings)
    stranger.token = unchanged.ann.token
    headers = {} if cookie is None else {"Cookie": f"{stranger.settings.cookie}={cookie}"}
    for call in unchanged.calls():
        refused(stranger, call, 401, "no_session", **headers)


@pytest.mark.parametrize("body", [b"{", b'{"round": 1, "x": "' + b"x" * 2_000_000 + b'"}'])
def test_a_stranger_s_body_is_neither_read_nor_parsed(unchanged: Scene, body: bytes) -> None:
    """Else the answer would be what is wrong with it."""
    stranger = Visitor(unchanged.ann.settings)
    for call in unchanged.changes():
        unchanged.ann.token = "made-up"
        codes = [visitor.post(call.path, body).json()["code"] for visitor in (stranger, unchanged.ann)]
        assert codes == ["no_session", "token_wrong"]


def test_with_the_session_of_a_person_who_may_not_sign_in_any_more(scene: Scene) -> None:
    ann = database.call(find_person, "ann")
    assert ann is not None
    database.call(set_active, ann.id, False)
    before = contents(scene.workspace)
    for call in scene.calls():
        refused(scene.ann, call, 401, "no_session")
    assert contents(scene.workspace) == before


def test_without_a_token_or_with_another(unchanged: Scene) -> None:
    for token in ("", "made-up", unchanged.bob.token, unchanged.ann.token[:-2] + "xx", "x" * 5000):
        unchanged.ann.token = token
        for call in unchanged.changes():
            refused(unchanged.ann, call, 401, "token_wrong")


def test_with_the_token_of_an_earlier_session_of_the_same_person(scene: Scene) -> None:
    token = scene.ann.token
    scene.ann.sign_in("ann")
    scene.ann.token = token
    before = contents(scene.workspace)
    for call in scene.changes():
        refused(scene.ann, call, 401, "token_wrong")
    assert contents(scene.workspace) == before


def test_with_an_old_token(unchanged: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    real = itsdangerous.TimestampSigner.get_timestamp
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda signer: real(signer) + TOKEN_S + 5)
    for call in unchanged.changes():
        refused(unchanged.ann, call, 401, "token_expired")
    unchanged.ann.token = unchanged.ann.get("/api/token").json()["token"]
    assert unchanged.ann.post("/api/tiles", {"round": 1, "samples": [1]}).status_code == 200


def test_from_elsewhere(unchanged: Scene) -> None:
    for call in unchanged.changes():
        refused(unchanged.ann, call, 403, "wrong_origin", Origin="http://evil.test")
        refused(unchanged.ann, call, 403, "wrong_origin", Origin="")
    for call in unchanged.calls():
        refused(unchanged.ann, call, 400, "wrong_host", Host="evil.test")


def test_a_form_of_another_site_could_not_even_say_json(unchanged: Scene) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        for call in unchanged.changes():
            refused(unchanged.ann, call, 415, "not_json", **{"Content-Type": kind})


def test_huge_bodies(unchanged: Scene) -> None:
    for call in unchanged.changes():
        answer = unchanged.ann.post(call.path, b'{"round": 1, "x": "' + b"x" * 1_000_001 + b'"}')
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_huge_body_that_does_not_say_how_long_it_is(unchanged: Scene) -> None:
    taken = []

    def parts() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b"x" * 100_000

    answer = unchanged.ann.client.post(
        "/api/decisions",
        content=parts(),
        headers={
            "Origin": "http://127.0.0.1:8501",
            "Content-Type": "application/json",
            "X-Review-Token": unchanged.ann.token,
        },
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff", b"\xef\xbb\xbf{}", b'{"round": NaN}',
        b'{"round": 1, "round": 1}', b"[" * 50_000, b'{"round": ' + b"1" * 10_000 + b"}",
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"{}{}", b"\0",
    ],
)  # fmt: skip
def test_what_is_no_json_object(unchanged: Scene, body: bytes) -> None:
    for call in unchanged.changes():
        answer = unchanged.ann.post(call.path, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), call.path


@pytest.mark.parametrize("value", ["1", 1.5, True, [], {}, -1, 2**63, 10**30, "x" * 10_000])
def test_wrong_types_and_ranges(unchanged: Scene, value: object) -> None:
    for call in unchanged.changes():
        assert call.body is not None
        for name in call.body:
            if (name, value) in (("filter", {}), ("renew", []), ("release", []), ("samples", [])):
                continue
            answer = unchanged.ann.post(call.path, call.body | {name: value})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), (call.path, name)
            assert answer.json()["at"].startswith(name) or value == 10**30  # no number at all, wherever it stands


def test_fields_nobody_knows(unchanged: Scene) -> None:
    for call in unchanged.changes():
        assert call.body is not None
        for name in ("person", "admin", "__class__", "sql", ""):
            refused(unchanged.ann, call._replace(body=call.body | {name: "bob"}), 400, "bad_request")


def test_a_batch_with_one_broken_decision_is_refused_whole(unchanged: Scene) -> None:
    good, bad = keep(unchanged.tiles[0]), keep(unchanged.tiles[1], label="happy")
    answer = unchanged.ann.decide(good, bad)
    assert (answer.status_code, answer.json()["at"]) == (400, "decisions[1].label")


def test_ids_that_are_not_there(unchanged: Scene) -> None:
    """Each decision is refused by name; the request itself is in order."""
    tile = unchanged.tiles[0]
    for wrong in (
        keep(tile, sample=99_999), keep(tile, sample=2**62), keep(tile, round=9),
        keep(tile, label=(tile["given"] + 1) % 7), keep(tile, action="relabel", label=9_999),
        keep(tile, action="relabel", label=None),
        keep(tile, action="accept", label=tile["given"]), keep(tile, action="unsure"), keep(tile, action="skip"),
        keep(tile, action="undo", label=None), keep(tile, action="undo", label=None, undoes=NOBODY),
        keep(tile, undoes=NOBODY),
    ):  # fmt: skip
        answer = unchanged.ann.decide(wrong)
        assert answer.status_code == 200, answer.text
        assert answer.json()["saved"] == []
        assert [refusal["id"] for refusal in answer.json()["refused"]] == [wrong["id"]], wrong
    for path in ("/face/99999", "/thumb/99999", "/api/sample/99999?round=1"):
        refused(unchanged.ann, Call("GET", path), 404, "not_found")
    refused(unchanged.ann, Call("POST", "/api/page", {"round": 99, "limit": 1}), 404, "no_round")
    assert unchanged.ann.post("/api/tiles", {"round": 1, "samples": [99_999]}).content.count(b'"items":[]') == 1
    assert unchanged.ann.post("/api/lease", {"renew": [99_999], "release": [88_888]}).json()["held"] == []


@pytest.mark.parametrize(
    "query",
    ["", "?round=", "?round=x", "?round=1&round=2", "?round=1.0", "?round=-1", "?round=" + "9" * 50, "?round=%D9%A1"],
)
def test_a_round_is_one_number(unchanged: Scene, query: str) -> None:
    refused(unchanged.ann, Call("GET", f"/api/history{query}"), 400, "bad_request")
    refused(unchanged.ann, Call("GET", f"/api/sample/1{query}"), 400, "bad_request")


def test_undoing_what_somebody_else_decided(unchanged: Scene) -> None:
    undo = unchanged.decided | {"id": NOBODY, "action": "undo", "label": None, "undoes": unchanged.decided["id"]}
    answer = unchanged.bob.decide(undo)
    assert (answer.status_code, answer.json()["saved"]) == (200, [])
    assert "allowed: an earlier decision of bob" in answer.json()["refused"][0]["error"]
    units = unchanged.bob.get("/api/history?round=1").json()
    assert units == {"undo": [], "redo": []}


def test_sending_somebody_elses_decision_again_as_another(unchanged: Scene) -> None:
    for changed in (unchanged.decided, unchanged.decided | {"action": "unsure", "label": None}):
        answer = unchanged.bob.decide(changed)
        assert answer.json()["saved"] == []
        assert "stored already with other content" in answer.json()["refused"][0]["error"]


def test_leases_of_somebody_else_stay_theirs(unchanged: Scene) -> None:
    items = [tile["item"] for tile in unchanged.tiles]
    answer = unchanged.bob.post("/api/lease", {"renew": items, "release": items})
    assert answer.json()["held"] == []


@pytest.mark.parametrize("cursor", ["x", "é", "1,2,3", "'; --", "W10=", "eyJhIjoxfQ==", "x" * 1000, "[[[["])
def test_a_cursor_that_is_none(unchanged: Scene, cursor: str) -> None:
    answer = unchanged.ann.post("/api/page", {"round": 1, "filter": {"state": "all"}, "limit": 5, "cursor": cursor})
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    "where",
    [
        {"alpha_from": 0.33}, {"alpha_from": 0.6, "alpha_to": 0.2}, {"given": 9_000}, {"label": 77}, {"proposed": 500},
        {"order": "suspicion DESC; DROP TABLE decision"}, {"state": "x"}, {"unproposed": True, "proposed": 1},
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be(unchanged: Scene, where: dict[str, object]) -> None:
    for state in ("open", "all"):
        answer = unchanged.ann.post("/api/page", {"round": 1, "filter": {"state": state} | where, "limit": 5})
        if answer.status_code == 200:  # then it is one that matches nothing
            assert b'"items":[]' in answer.content
        else:
            assert (answer.status_code, answer.json()["code"]) in ((400, "bad_request"), (400, "refused")), answer.text


def test_html_is_text_on_its_way_in_and_out(scene: Scene) -> None:
    text = "<script>alert(document.cookie)</script><img src=x onerror=alert(1)>"
    tile = scene.tiles[0]
    assert scene.ann.decide(keep(tile, action="note", label=None, text=text)).json()["refused"] == []
    assert rows(scene.workspace, "SELECT text FROM decision WHERE text IS NOT NULL") == [(text,)]
    answer = scene.bob.get(f"/api/sample/{tile['sample']}?round=1")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["note"] == text
    page = scene.bob.post("/api/tiles", {"round": 1, "samples": [tile["sample"]]})
    assert page.headers["content-type"] == "application/octet-stream"
    assert json.dumps(text).encode() in page.content


def test_html_in_a_class_name_stays_in_json(scene: Scene) -> None:
    with scene.workspace.database() as db:
        db.execute("UPDATE class SET name = '<b>sad</b>' WHERE number = 1")
    for call in scene.calls():
        if call.method == "GET" and call.path.startswith("/api") and not re.search("/(export|backup)/", call.path):
            assert scene.ann.get(call.path).headers["content-type"] == "application/json"


def test_the_log_in_changes_nothing_from_elsewhere(unchanged: Scene) -> None:
    stranger = Visitor(unchanged.ann.settings)
    assert stranger.log_in("http://evil.test", name="eve").status_code == 403
    assert stranger.post("/logout", b"", Origin="http://evil.test").status_code == 403
    assert unchanged.ann.client.post("/logout", headers={"Origin": "http://evil.test"}).status_code == 403
    assert unchanged.ann.get("/api/token").status_code == 200


def test_a_defect_of_ours_tells_nothing_and_the_next_request_works(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("review_app.api.pages.items_of", broken)
    answer = scene.ann.post("/api/tiles", {"round": 1, "samples": [1]})
    assert (answer.status_code, answer.json()["code"]) == (500, "defect")
    assert "secret" not in answer.text
    assert "a secret detail" in caplog.text
    monkeypatch.undo()
    assert scene.ann.post("/api/tiles", {"round": 1, "samples": [1]}).status_code == 200
