"""/openapi.json: valid, complete, and what the routes really take and answer."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

import review_app
from review_app import database
from review_app.api.bodies import AlikeBody, BackupBody, DecisionsBody, ExportBody, LeaseBody, PageBody, TilesBody
from review_app.api.openapi import ABOUT, BODIES, OPERATIONS, described, openapi
from review_app.auth import access_tokens
from review_app.auth.access_tokens import access_token_hash, new_access_token
from review_app.http.error_codes import CODES
from review_app.http.errors import ApiError
from review_app.http.json_body import Fields
from review_app.routes import all_routes
from review_app.settings import AppSettings
from scn_core.store.people.people import add_person
from scn_core.store.people.tokens import add_token
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import Visitor, keep

UUID = "12345678-1234-1234-1234-123456789abc"


@pytest.fixture
def ann(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Visitor:
    return Visitor(use_workspace(workspace)).sign_in("ann")


def test_it_is_openapi_and_anybody_may_read_it(ann: Visitor) -> None:
    answer = Visitor(ann.settings).get("/openapi.json")
    said = answer.json()
    OpenAPIV31SpecValidator(said).validate()
    assert said["servers"] == [{"url": "/"}]
    assert list(OpenAPIV31SpecValidator(said | {"info": {"title": "no version"}}).iter_errors())


def test_every_route_is_in_it_and_no_other() -> None:
    told = {(each.method.upper(), each.path) for each in OPERATIONS}
    routes = [route for route in all_routes() if isinstance(route, Route)]
    pages = ("/login", "/logout", "/grid/", "/openapi.json")
    there = {
        (method, route.path)
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
        if not route.path.startswith(pages)
    }
    assert told == there
    assert len(
        {operation["operationId"] for path in openapi()["paths"].values() for operation in path.values()}
    ) == len(told)


def test_every_field_is_described_and_nothing_else() -> None:
    def names(schema: dict[str, Any]) -> set[str]:
        found = schema.get("properties", {})
        return set(found).union(*map(names, [*found.values(), *([schema["items"]] if "items" in schema else [])]))

    fields = set[str]().union(*map(names, BODIES.values()))
    assert fields - {"label"} == set(ABOUT)
    for schema in BODIES.values():
        assert names(described(schema)) == names(schema)


_GOOD: dict[str, tuple[Callable[[Fields], object], dict[str, Any]]] = {
    "/api/page": (PageBody.read, {"round": 1, "limit": 5, "filter": {}, "have": [1], "cursor": None, "leave_out": [1]}),
    "/api/tiles": (TilesBody.read, {"round": 1, "samples": [1]}),
    "/api/alike": (AlikeBody.read, {"round": 1, "sample": 1, "pair": True, "limit": 5}),
    "/api/lease": (LeaseBody.read, {"renew": [1], "release": []}),
    "/api/export": (ExportBody.read, {"format": "csv", "pseudonyms": False}),
    "/api/backup": (BackupBody.read, {"pictures": False, "keep": 7}),
}
_FILTER = {
    "state": "open", "given": 1, "proposed": None, "unproposed": False, "label": 0, "doubt": "all", "alpha_from": 0.5,
    "alpha_to": 1, "flagged": False, "reviewer": "ann", "order": "alpha", "grouped": True,
}  # fmt: skip
_DECISION = {
    "id": UUID, "round": 1, "sample": 1, "action": "keep", "label": 2, "undoes": None, "bulk": UUID, "before": None,
    "blind": True, "ms": 7, "shown": {"alpha": 0.5},
}  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10_000, 2**63, 0.5, 1.5, "", "x", "open", "keep", "alpha", UUID, UUID.upper(), [], [0],
    [1], ["x"], [None], {}, {"x": 1}, "y" * 3_000, [1] * 3_000,
)  # fmt: skip


def _agree(path: str, read: Callable[[Fields], object], body: dict[str, Any]) -> bool:
    """Whether both take the body; AssertionError where they do not agree."""
    try:
        read(Fields(body, ""))
        taken = True
    except ApiError:
        taken = False
    assert Draft202012Validator(BODIES[path]).is_valid(body) == taken, body
    return taken


def _changed(body: dict[str, Any]) -> list[dict[str, Any]]:
    fields = [body | {name: value} for name in (*body, "unknown") for value in _VALUES]
    return [body, *fields, *({key: body[key] for key in body if key != name} for name in body)]


@pytest.mark.parametrize("path", list(_GOOD))
def test_the_schemas_take_what_the_routes_take(path: str) -> None:
    read, body = _GOOD[path]
    taken = [_agree(path, read, each) for each in _changed(body)]
    assert 3 < sum(taken) < len(taken) - 20


def test_so_do_those_of_filters_and_decisions() -> None:
    page = {"round": 1, "limit": 1}
    taken = [_agree("/api/page", PageBody.read, page | {"filter": each}) for each in _changed(_FILTER)]
    assert 20 < sum(taken) < len(taken) - 100
    for decision in _changed(_DECISION):
        _agree("/api/decisions", DecisionsBody.read, {"decisions": [decision]})
    wrong: tuple[Any, ...] = ([], [_DECISION] * 501, [7], None, {})
    for decisions in wrong:
        assert not _agree("/api/decisions", DecisionsBody.read, {"decisions": decisions})


def holds(name: str, answer: Any) -> None:
    Draft202012Validator({**openapi(), "$ref": f"#/components/schemas/{name}"}).validate(answer)


def test_real_answers_are_as_described(ann: Visitor) -> None:
    page = ann.post("/api/page", {"round": 1, "limit": 60}, Accept="application/json").json()
    holds("Page", page)
    tile = next(tile for tile in page["items"] if not tile["blind"])
    holds("Recorded", ann.decide(keep(tile), keep(tile, label=99)).json())
    holds("Page", ann.post("/api/tiles", {"round": 1, "samples": [tile["sample"]]}, Accept="application/json").json())
    holds("Lease", ann.post("/api/lease", {"renew": [page["items"][1]["item"]]}).json())
    for name, path in {
        "History": "/api/history?round=1", "Sample": f"/api/sample/{tile['sample']}?round=1", "Classes": "/api/classes",
        "Rounds": "/api/rounds", "Token": "/api/token", "Health": "/health", "Ready": "/ready",
    }.items():  # fmt: skip
        holds(name, ann.get(path).json())
    holds("Error", ann.get("/api/sample/1?round=x").json())
    for sample in range(1, 200):
        answer = ann.get(f"/api/sample/{sample}?round=1")
        holds("Sample" if answer.status_code == 200 else "Error", answer.json())


def refusals() -> Iterator[tuple[str, int | None, str]]:
    """File, status and code of every error in the code; status None: not written out."""
    for path in sorted(Path(review_app.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ApiError":
                status, code = node.args[:2]
                assert isinstance(code, ast.Constant), f"{path}: a code that is not written out"
                number = status.value if isinstance(status, ast.Constant) else None
                yield path.name, number if isinstance(number, int) else None, str(code.value)


def test_every_code_is_in_the_table_with_its_status() -> None:
    found = list(refusals())
    assert [each for each in found if each[1] not in (None, CODES.get(each[2], (0,))[0])] == []
    assert {code for _, _, code in found} == set(CODES)


def test_errors_are_those_that_are_described(ann: Visitor, workspace: Workspace) -> None:
    stranger = Visitor(ann.settings)
    asked = {
        "/api/page": [ann.post("/api/page", {"round": 9, "limit": 1}), ann.post("/api/page", b"{"),
                      ann.post("/api/page", {"round": 1, "limit": 1, "filter": {"state": "all"}, "cursor": "x"})],
        "/api/decisions": [stranger.post("/api/decisions", {"decisions": []}),
                           ann.post("/api/decisions", b"", Origin=""),
                           ann.post("/api/decisions", b"x" * 9_000_000)],
        "/api/sample/{id}": [ann.get("/api/sample/9999999?round=1"), ann.get("/api/sample/1?round=8")],
        "/api/export/{name}": [ann.get("/api/export/x.csv"), stranger.get("/api/export/x.csv")],
        "/health": [ann.get("/health", Host="elsewhere.example")],
    }  # fmt: skip
    for path, answers in asked.items():
        (operation,) = openapi()["paths"][path].values()
        for answer in answers:
            response = operation["responses"][str(answer.status_code)]
            schema = response["content"]["application/json"]["schema"]
            Draft202012Validator({**openapi(), **schema}).validate(answer.json())
            assert answer.json()["code"] in response["description"]


@pytest.mark.parametrize("number", ["0", "-1", "007", "999999999", "9999999999", "x", "\u0663", ""])
def test_any_number_in_an_address_is_answered_as_described(ann: Visitor, number: str) -> None:
    """Clients made from the description know no other code."""
    for each in OPERATIONS:
        numbers = [name for name in ("id", "round") if f"{{{name}}}" in each.path or name in each.query]
        for wrong in numbers:
            said = {name: number if name == wrong else "1" for name in numbers}
            path = each.path.replace("{id}", said.get("id", "")) + f"?round={said.get('round', '')}"
            answer = ann.get(path)
            response = openapi()["paths"][each.path]["get"]["responses"][str(answer.status_code)]
            assert answer.status_code == 200 or answer.json()["code"] in response["description"], path


def test_a_client_made_from_the_description_gets_a_page_as_json(ann: Visitor, workspace: Workspace) -> None:
    """It says Accept: */*, as OpenAPI has no way to say which of two media types is asked for."""
    access_tokens.forget_attempts()  # of other tests of this process
    token = new_access_token()
    database.call_write(
        add_token, database.call_write(add_person, "eve", "annotator").id, access_token_hash(token), "a script"
    )
    script = {"Authorization": f"Bearer {token}", "Origin": ""}
    (first, packed) = openapi()["paths"]["/api/page"]["post"]["responses"]["200"]["content"]
    for accept, media in {"*/*": first, packed: packed, first: first}.items():
        answer = ann.post("/api/tiles", {"round": 1, "samples": [1]}, Accept=accept, **script)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert ann.post("/api/tiles", {"round": 1, "samples": [1]}).headers["content-type"] == packed  # the grid


def test_a_page_as_json_is_the_packed_one_without_pictures(ann: Visitor) -> None:
    where = {"state": "all", "order": "alpha"}
    packed = ann.page(limit=5, filter=where)
    body = {"round": 1, "limit": 5, "filter": where}
    plain = ann.post("/api/page", body, Accept="application/json").json()
    without = [{name: tile[name] for name in tile if name not in ("thumb", "missing")} for tile in packed.tiles]
    assert plain == packed.header | {"items": without}
    seen: list[int] = []
    cursor = None
    while True:
        page = ann.post("/api/page", body | {"cursor": cursor, "limit": 200}, Accept="application/json").json()
        seen += [tile["sample"] for tile in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) > 50


def test_classes_and_rounds(ann: Visitor) -> None:
    names = [each["name"] for each in ann.get("/api/classes").json()["classes"]]
    assert len(names) > 2
    assert ann.get("/api/rounds").json() == {"rounds": [{"id": 1, "state": "review"}], "in_review": [1]}
    for path in ("/api/classes", "/api/rounds"):
        assert Visitor(ann.settings).get(path).status_code == 401
