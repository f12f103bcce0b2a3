"""Before every request: host, origin, method, path, and the headers of every answer."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.file_util import get_static_dir

from review_app.auth.guard import RequestGuard, page_policy
from review_app.http import stopping
from review_app.settings import AppSettings
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import BASE, STREAMLIT, Visitor

Use = Callable[[Workspace], AppSettings]


@pytest.fixture
def visitor(workspace: Workspace, use_workspace: Use) -> Visitor:
    return Visitor(use_workspace(workspace))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8501", "127.0.0.1", "localhost:8501", "LOCALHOST", "localhost.", "[::1]:8501"]
)
def test_it_answers_to_this_machine(visitor: Visitor, host: str) -> None:
    assert visitor.get("/health", Host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.test", "evil.test:8501", "127.0.0.1.evil.test", "localhost@evil.test", "0.0.0.0", "192.168.1.4", "",
        "127.0.0.1:8501, evil.test", "[::2]", "localhost:port", "user:pass@localhost", "localhost/", "127.0.0.1:999999",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/health", "/", "/login", "/api/token", "/static/index.js"])
def test_it_answers_to_no_other_host(visitor: Visitor, host: str, path: str) -> None:
    answer = visitor.get(path, Host=host)
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_host")


def test_a_host_can_be_allowed(workspace: Workspace, use_workspace: Use) -> None:
    use_workspace(workspace)
    settings = AppSettings(workspace, b"1" * 32, "password", "0.0.0.0", 80, ("Review.example.org",))
    visitor = Visitor(settings)
    assert visitor.get("/health", Host="review.example.org").status_code == 200
    assert visitor.get("/health", Host="0.0.0.0").status_code == 400
    assert AppSettings(workspace, b"1" * 32, "password", "10.0.0.5").hosts >= {"10.0.0.5", "localhost"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9999"}, {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:8501.evil.test"}, {"Origin": "http://evil.test@127.0.0.1:8501"}, {"Origin": "http://["},
        {"Origin": ""}, {"Origin": "", "Sec-Fetch-Site": "cross-site"}, {"Origin": "", "Sec-Fetch-Site": "same-site"},
        {"Origin": "", "Sec-Fetch-Site": "none"}, {"Origin": "http://localhost:8501"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/decisions", "/login", "/logout", "/api/lease"])
def test_a_change_from_elsewhere_is_refused(visitor: Visitor, headers: dict[str, str], path: str) -> None:
    answer = visitor.post(path, {}, **headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")


def test_a_page_of_ours_may_leave_out_its_origin_only_when_the_browser_vouches(visitor: Visitor) -> None:
    visitor.sign_in("ann")
    assert visitor.post("/api/lease", {}, Origin="", **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/review", "/_stcore/health", "/media/x"])
def test_streamlits_addresses_are_for_reading(visitor: Visitor, method: str, path: str) -> None:
    answer = visitor.client.request(method, path, headers={"Origin": BASE})
    assert (answer.status_code, answer.json()["code"]) == (405, "method")


@pytest.mark.parametrize(
    "path",
    ["/_stcore/metrics", "/_stcore/agent/mcp", "/_stcore/agent/openapi.json", "/_stcore/upload_file/a/b"],
)
def test_streamlits_other_doors_are_closed(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code == 404
    assert visitor.get("/_stcore/health").text == STREAMLIT


def test_files_are_taken_from_leads_alone(visitor: Visitor) -> None:
    file = "/_stcore/upload_file/session/file"

    def put(**headers: str) -> httpx.Response:
        return visitor.client.put(file, content=b"x", headers={"Origin": BASE, **headers})

    assert (put().status_code, put().json()["code"]) == (403, "role")
    visitor.sign_in("ann")  # the first of all is lead
    assert put().text == "Method Not Allowed"  # by what stands for Streamlit here
    assert put(Origin="http://evil.test").json()["code"] == "wrong_origin"
    assert visitor.post(file, {}).json()["code"] == "method"
    visitor.sign_in("bob")
    assert (put().status_code, put().json()["code"]) == (403, "role")


@pytest.mark.parametrize(
    "path",
    [
        "/grid/x/..%2f..%2fserver.py", "/grid/%2e%2e/%2e%2e/server.py", "/grid/x/__init__.py", "/grid/x/main.js%00",
        "/grid/x", "/grid//main.js", "/grid/x/%5c..%5cserver.py", "/face/%2e%2e%2fsecret.key",
        "/face/1%00.webp", "/face/" + "9" * 5000, "/face/٣", "/face/1e3", "/face/-1", "/face/0", "/face/",
        "/face/99999999999999999999", "/thumb/" + "x" * 400, "/thumb/..%2f", "/api/sample/%00", "/api/",
        "/api/nothing", "/loginx", "/health/x", "/api/page/",
    ],
)  # fmt: skip
def test_tricks_with_paths_find_nothing(visitor: Visitor, path: str) -> None:
    visitor.sign_in("ann")
    answer = visitor.client.get(BASE + path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/face/../secret.key",
        "/face/1/..",
        "/api/../health",
        "/logout/..",
        "/grid/../../server.py",
        "/face/1\0",
        "/grid/a\\b",
    ],
)
def test_nor_do_tricks_that_no_browser_sends(visitor: Visitor, path: str) -> None:
    visitor.sign_in("ann")
    status, body = visitor.get_raw(path)
    assert (status, json.loads(body)["code"]) == (404, "not_found")
    assert visitor.get_raw("/health")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {"Host": "evil.test"}, 400), ("GET", "/login", {"Host": "evil.test"}, 400),
        ("POST", "/login", {"Origin": "http://<b>.test"}, 403), ("POST", "/logout", {}, 403),
        ("POST", "/", {"Origin": BASE}, 405),
        ("GET", "/api/nothing", {}, 404), ("GET", "/api/decisions", {}, 405), ("GET", "/_stcore/metrics", {}, 404),
        ("GET", "/api/export/csv-r1-d1.csv", {}, 401), ("GET", "/face/1", {}, 401), ("GET", "/grid/x/y", {}, 404),
    ],
)  # fmt: skip
def test_a_person_gets_a_page_and_a_program_json(
    visitor: Visitor, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    said = visitor.client.request(method, path, headers=headers).json()
    page = visitor.client.request(method, path, headers={**headers, "Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == status
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert html.unescape(page.text).count(said["error"][1:]) == 1
    assert "<b>" not in page.text


def test_a_port_that_goes_without_saying_may_be_said(visitor: Visitor) -> None:
    for host, origin in (("localhost:80", "http://localhost"), ("localhost", "http://localhost:80")):
        answer = visitor.client.post("/login", data={"name": "ann"}, headers={"Host": host, "Origin": origin})
        assert answer.status_code == 303
    for host, origin in (("localhost:443", "http://localhost"), ("localhost:80", "https://localhost")):
        answer = visitor.client.post("/login", data={"name": "ann"}, headers={"Host": host, "Origin": origin})
        assert answer.json()["code"] == "wrong_origin"


def test_another_method_is_named(visitor: Visitor) -> None:
    answer = visitor.get("/api/decisions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert visitor.client.request("DELETE", "/api/token", headers={"Origin": BASE}).status_code == 405


@pytest.mark.parametrize("path", ["/health", "/login", "/api/token", "/face/1", "/", "/nothing"])
def test_every_answer_is_strict(visitor: Visitor, path: str) -> None:
    headers = visitor.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    scripts = re.findall(r"script-src ([^;]*)", headers["content-security-policy"])
    assert "unsafe" not in "".join(scripts)
    assert (headers.get("cache-control") == "no-store") == (path not in ("/", "/nothing"))


def test_only_streamlits_own_inline_script_runs() -> None:
    page = Path(get_static_dir(), "index.html").read_text(encoding="utf-8")
    assert page_policy(page).count("'sha256-") == page.count("<script>") == 1
    assert page_policy(page) != page_policy(page.replace("<script>", "<script>/**/"))


@pytest.fixture
def socket() -> TestClient:
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    app = Starlette(routes=[WebSocketRoute("/_stcore/stream", echo)])
    app.add_middleware(RequestGuard, hosts={"127.0.0.1", "localhost"}, policy="default-src 'self'")
    return TestClient(app, BASE)


@pytest.mark.parametrize("headers", [{}, {"Origin": BASE}])
def test_the_websocket_passes(socket: TestClient, headers: dict[str, str]) -> None:
    with socket.websocket_connect("/_stcore/stream", headers={"Host": "127.0.0.1:8501"} | headers) as connection:
        assert connection.receive_text() == "hello"


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.test"}, {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}],
)
def test_a_websocket_from_elsewhere_does_not(socket: TestClient, headers: dict[str, str]) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as caught,
        socket.websocket_connect("/_stcore/stream", headers={"Host": "127.0.0.1:8501"} | headers),
    ):
        pass
    assert caught.value.code == 1008


def test_a_server_that_stops_refuses_what_is_new(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_told", False)
    assert visitor.get("/ready").status_code == 200
    stopping.begin()
    calls = visitor.get("/ready"), visitor.get("/"), visitor.get("/_stcore/health"), visitor.post("/api/lease", {})
    for answer in calls:
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "stopping", "5")
    page = visitor.get("/", Accept="text/html")
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert "The server is stopping" in page.text
    assert visitor.get("/health").status_code == 200, "it lives"
