"""Behind a real proxy under TLS, as docs/administration.md has it: at the root, at a sub-path, and what goes wrong."""

from __future__ import annotations

import http.client
import json
import re
import shlex
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from review_app.auth.access_tokens import access_token_hash, new_access_token
from scn_core.store.people.people import add_person
from scn_core.store.people.tokens import add_token
from scn_core.workspace.folder import Workspace
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.desk import Desk
from tests.browser.forks import Forks
from tests.browser.profiles import Profiles
from tests.browser.proxy import HOST, at_sub_path, block, caddy, nginx, replaced
from tests.browser.server import PATIENCE_S, Served
from tests.review_workspace import copy_workspace

DEPLOY = Path(__file__).parents[2] / "deploy"
OPTIONS = ("--base-path", "/review", "--trusted-proxy", "127.0.0.1", "--allow-host", HOST)


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """A request over TLS to the proxy, under the name and port that people see."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with closing(http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)) as connection:
        connection.request(method, path, body, {"Host": f"{HOST}:{port}"} | headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


@pytest.fixture(scope="module")
def behind(in_review: Workspace, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that only a proxy is to ask; lea is a lead."""
    workspace = copy_workspace(in_review, tmp_path_factory.mktemp("behind") / "ws")
    with workspace.database() as db:
        add_person(db, "lea", "lead")
    served = Served(workspace, *OPTIONS, forks=forks)
    yield served
    served.kill()


@pytest.fixture(scope="module")
def at_root(in_review: Workspace, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the options of the unit, but that people sign in with their names alone."""
    unit = (DEPLOY / "scn-review.service").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=.+ serve workspaces/main --auth password (.+)$", unit, re.MULTILINE)
    workspace = copy_workspace(in_review, tmp_path_factory.mktemp("at_root") / "ws")
    served = Served(workspace, *shlex.split(command), forks=forks)
    yield served
    served.kill()


@pytest.fixture(scope="module", params=[nginx, caddy])
def proxy(request: pytest.FixtureRequest, behind: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a proxy before the server."""
    with request.param(tmp_path_factory.mktemp("proxy"), behind.port) as port:
        yield port


@pytest.fixture(scope="module")
def trusting_profiles(browser: Browser) -> Profiles:
    """Browser profiles that take the proxy's certificate."""
    return Profiles(browser, PATIENCE_S, any_certificate=True)


@pytest.fixture
def trusting(trusting_profiles: Profiles) -> Iterator[Page]:
    """A page of one of them."""
    with trusting_profiles.lend() as profile:
        yield profile.page


def test_the_grid_works_at_a_sub_path_under_tls(proxy: int, behind: Served, trusting: Page) -> None:
    page = trusting
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    name = f"ann {proxy}"
    page.goto(f"https://127.0.0.1:{proxy}/review")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Sign in").click()
    desk = Desk(page, behind, name).ready()
    assert page.url == f"https://127.0.0.1:{proxy}/review/"
    desk.press("u")
    desk.stored(1)
    desk.saved().press("Enter")
    large = page.locator(".app dialog img[src*='/review/face/']")
    desk.until(lambda: large.evaluate("picture => picture.naturalWidth > 0"), "the large picture")
    desk.press("Escape")
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"].startswith("scn_session"))
    assert (cookie["path"], cookie["secure"], cookie["httpOnly"]) == ("/review", True, True)
    assert sockets[0].startswith(f"wss://127.0.0.1:{proxy}/review/_stcore/stream")
    page.get_by_role("link", name="My work").click()
    expect(page.locator(".rv-row img").first).to_be_visible()
    desk.until(lambda: page.locator(".rv-row img").first.evaluate("e => e.naturalWidth > 0"), "a small picture")
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    elsewhere = [url for url in asked if not url.startswith((f"https://127.0.0.1:{proxy}/review", "data:", "blob:"))]
    assert elsewhere == []


def test_a_file_larger_than_a_proxy_takes_unasked_is_uploaded(proxy: int, trusting: Page) -> None:
    page = trusting
    page.goto(f"https://127.0.0.1:{proxy}/review/login?next=/review/labels")
    page.get_by_label("Your name").fill("lea")
    page.get_by_role("button", name="Sign in").click()
    content = b"key,label\n" + b"faces/%b/no-such-face.jpg,happy\n" % (b"x" * 200) * 6_000  # more than a megabyte
    page.set_input_files("input[type=file]", {"name": "labels.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.get_by_text("no-such-face.jpg").first).to_be_visible()


def test_scripts_and_redirects_come_through(proxy: int, behind: Served) -> None:
    health = ask(proxy, "GET", "/review/health")
    assert json.loads(health.body)["ok"]
    moved = ask(proxy, "GET", "/review")
    assert (moved.status, moved.headers["Location"]) == (308, "/review/")
    sent = ask(proxy, "GET", "/review/my-work?round=1", Accept="text/html")
    assert (sent.status, sent.headers["Location"]) == (303, "/review/login?next=/review/my-work%3Fround%3D1")
    origin = f"https://{HOST}:{proxy}"
    entered = ask(proxy, "POST", "/review/login", b"name=cho&next=//evil.test", Origin=origin)
    assert (entered.status, entered.headers["Location"]) == (303, "/review/")
    assert "; Path=/review; " in entered.headers["Set-Cookie"]
    assert entered.headers["Set-Cookie"].endswith("; Secure")
    token = new_access_token()
    with behind.workspace.database() as db:
        dan = add_person(db, f"dan {proxy}", "annotator")
        add_token(db, dan.id, access_token_hash(token), "x")
    found = ask(proxy, "GET", "/review/api/classes", Authorization=f"Bearer {token}")
    assert len(json.loads(found.body)["classes"]) > 2
    assert json.loads(ask(proxy, "GET", "/review/openapi.json").body)["servers"] == [{"url": "/review"}]


@pytest.mark.parametrize(("name", "proxy_at"), [("nginx", nginx), ("caddy", caddy)])
def test_the_first_blocks_show_at_the_root_what_the_unit_serves(
    name: str, proxy_at: Callable[..., AbstractContextManager[int]], at_root: Served, tmp_path: Path
) -> None:
    with proxy_at(tmp_path, at_root.port, block(name)) as port:
        sent = ask(port, "GET", "/", Accept="text/html")
        assert (sent.status, sent.headers["Location"]) == (303, "/login?next=/")
        entered = ask(port, "POST", "/login", b"name=ida&next=/my-work", Origin=f"https://{HOST}:{port}")
        assert (entered.status, entered.headers["Location"]) == (303, "/my-work")
        assert "; Path=/; " in entered.headers["Set-Cookie"]
        assert entered.headers["Set-Cookie"].endswith("; Secure")


def test_what_the_host_shows_beside_a_sub_path_is_not_an_empty_page(behind: Served, tmp_path: Path) -> None:
    with caddy(tmp_path, behind.port) as port:
        assert ask(port, "GET", "/").status == 404


def test_a_proxy_that_passes_no_host_on_gets_a_page_that_says_so(
    behind: Served, tmp_path: Path, trusting: Page
) -> None:
    text = re.sub(r" *proxy_set_header (X-Forwarded-)?Host .*\n", "", at_sub_path("nginx"))
    with nginx(tmp_path, behind.port, text) as port:
        page = trusting
        page.goto(f"https://127.0.0.1:{port}/review/")
        page.get_by_label("Your name").fill("eve")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("proxy_set_header Host $http_host")
        expect(page.get_by_role("alert")).to_contain_text(f"https://127.0.0.1:{port}")
        said = ask(port, "POST", "/review/login", b"name=eve", Origin=f"https://{HOST}:{port}")
        assert json.loads(said.body)["code"] == "wrong_origin", "JSON for programs"


def test_a_proxy_that_lets_no_websocket_through_gets_a_sentence_in_place_of_a_grey_page(
    behind: Served, tmp_path: Path, trusting: Page
) -> None:
    text = re.sub(r" *proxy_set_header (Upgrade|Connection) .*\n", "", at_sub_path("nginx"))
    with nginx(tmp_path, behind.port, text) as port:
        page = trusting
        page.goto(f"https://127.0.0.1:{port}/review/")
        page.get_by_label("Your name").fill("hal")
        page.get_by_role("button", name="Sign in").click()
        told = page.get_by_role("alert").filter(has_text="This page cannot connect")
        expect(told).to_contain_text("proxy_set_header Upgrade $http_upgrade;")
        expect(told).to_contain_text("Caddy")


def test_a_port_that_goes_without_saying_and_one_that_does_not(behind: Served, tmp_path: Path) -> None:
    """nginx's $host has no port: the origin of port 443 has none either, but of any other port it has."""
    text = replaced(at_sub_path("nginx"), ("Host $http_host", "Host $host"))
    with nginx(tmp_path, behind.port, text) as port:
        for origin, status in ((f"https://{HOST}", 303), (f"https://{HOST}:{port}", 403)):
            assert ask(port, "POST", "/review/login", b"name=fay", Origin=origin).status == status


def test_a_browser_without_cookies_is_told(behind: Served, browser: Browser, tmp_path: Path) -> None:
    profile = tmp_path / "Default"
    profile.mkdir()
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Preferences").write_text(json.dumps(blocked))
    context = browser.browser_type.launch_persistent_context(
        str(tmp_path), executable_path=find_chromium(), args=list(FLAGS)
    )
    page = context.new_page()
    page.goto(f"{behind.url}/")
    page.get_by_label("Your name").fill("gus")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This browser keeps no cookies")
    context.close()
    assert behind.rows("SELECT name FROM person WHERE name = 'gus'") == []
