"""Below a sub-path: every address, redirect and cookie stays within it, and nothing leads out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from review_app import settings
from review_app.auth.login import safe_target
from review_app.server import prepare
from review_app.settings import AppSettings
from scn_core.errors import UsageError
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import BASE, STREAMLIT, Visitor

HTML = {"Accept": "text/html"}


@pytest.fixture
def visitor(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Visitor:
    chosen = replace(use_workspace(workspace), base_path="/review")
    settings.use(chosen)
    return Visitor(chosen)


def test_pages_and_routes_are_below_it_and_nowhere_else(visitor: Visitor) -> None:
    assert visitor.get("/review/health").status_code == 200
    for path in ("/health", "/", "/reviewer/health", "/api/token", "/login", "/%2freview/health"):
        assert (visitor.get(path).status_code, visitor.get(path).json()["code"]) == (404, "not_found"), path
    first = visitor.get("/review?round=1")
    assert (first.status_code, first.headers["location"]) == (308, "/review/?round=1")
    assert "pages begin at /review/" in visitor.get("/", **HTML).text
    page = visitor.get("/review/login")
    assert 'action="/review/login"' in page.text
    assert 'href="/review/login/page.css"' in page.text
    assert visitor.get("/review/login/page.css").status_code == 200


def test_signing_in_and_out_stays_below_it(visitor: Visitor) -> None:
    sent = visitor.get("/review/samples?q=a", **HTML)
    assert sent.headers["location"] == "/review/login?next=/review/samples%3Fq%3Da"
    entered = visitor.client.post(
        "/review/login", data={"name": "ann", "next": "/review/samples?q=a"}, headers={"Origin": BASE}
    )
    assert entered.headers["location"] == "/review/samples?q=a"
    assert "; Path=/review; " in entered.headers["set-cookie"]
    assert visitor.get("/review/", **HTML).text == STREAMLIT
    assert visitor.get("/review/api/token").status_code == 200
    left = visitor.client.post("/review/logout", headers={"Origin": BASE})
    assert left.headers["location"] == "/review/login"
    assert visitor.get("/review/_stcore/metrics").status_code == 404
    assert visitor.client.put("/review/_stcore/upload_file/a/b", headers={"Origin": BASE}).json()["code"] == "role"
    assert visitor.client.post("/review/", headers={"Origin": BASE}).json()["code"] == "method"


@pytest.mark.parametrize(
    "target",
    [
        "/", "/samples", "//evil.test", "/review", "/reviewer/", "/review//evil.test", "/review/\\evil.test", "https://evil.test",
        "/review/login", "/review/logout", "/../review/", "/review@evil.test/", "/review/\r\nx", "/review.evil.test/",
        "/review/../other", "/review/a/%2E./..", "/review/../..//evil.test",
    ],
)  # fmt: skip
def test_one_goes_on_below_it_only(visitor: Visitor, target: str) -> None:
    assert safe_target(target) == "/review/"
    assert safe_target("/review/a..b?c=/../d") == "/review/a..b?c=/../d"


@pytest.mark.parametrize(
    ("said", "base"), [("", ""), ("/", ""), ("review", "/review"), ("/review/", "/review"), ("/a/b-c", "/a/b-c")]
)
def test_a_base_path_may_be_said_in_several_ways(workspace: Workspace, said: str, base: str) -> None:
    assert prepare(workspace.path, base_path=said).base_path == base


@pytest.mark.parametrize(
    "said", ["//evil.test//x", "/a//b", "/../x", "/a/..", "/.", "/a b", "/a?b", "/<b>", "https://x/y", "/a\\b", "/é"]
)
def test_what_is_no_path_is_refused(workspace: Workspace, said: str) -> None:
    with pytest.raises(UsageError, match="--base-path: found"):
        prepare(workspace.path, base_path=said)


@pytest.mark.parametrize("said", ["https://review.example.org", "review.example.org:8443", "a/b", "*", ""])
def test_a_host_with_more_than_a_name_is_refused_when_it_starts(workspace: Workspace, said: str) -> None:
    with pytest.raises(UsageError, match="--allow-host: found"):
        prepare(workspace.path, allow_hosts=(said,))
    assert prepare(workspace.path, allow_hosts=("Review.example.org", "fd00::1")).hosts >= {
        "review.example.org",
        "fd00::1",
    }
