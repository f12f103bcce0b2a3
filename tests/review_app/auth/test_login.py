"""Signing in and out: by name, by password, by an OpenID provider's word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest

from review_app import database, settings
from review_app.auth import login, openid, passwords
from review_app.auth import sessions as auth
from review_app.auth.passwords import hash_password
from review_app.settings import AppSettings, AuthMode
from scn_core.store.people.people import add_person, ensure_person, find_person, set_active
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import BASE, PASSWORD, STREAMLIT, Visitor, contents, rows

Use = Callable[[Workspace], AppSettings]
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def _no_attempts() -> Iterator[None]:
    login.forget_attempts()
    yield
    login.forget_attempts()


@pytest.fixture
def serve(workspace: Workspace, use_workspace: Use) -> Callable[[AuthMode], Visitor]:
    """serve('password'): a server with bob, a lead, whose password is PASSWORD, and ann@example.org without one."""
    given = use_workspace(workspace)

    def start(mode: AuthMode) -> Visitor:
        chosen = replace(given, auth=mode)
        settings.use(chosen)
        if database.call(find_person, "bob") is None:
            database.call(add_person, "bob", "lead", hash_password(PASSWORD))
            database.call(add_person, "ann@example.org", "annotator")
        return Visitor(chosen)

    return start


# By name


def test_the_first_name_of_all_is_the_lead(empty: Workspace, use_workspace: Use) -> None:
    use_workspace(empty)
    given = settings.current()
    Visitor(given).sign_in("  Ann Oh ")
    Visitor(given).sign_in("bob")
    Visitor(given).sign_in("ANN OH")
    assert rows(empty, "SELECT name, role FROM person ORDER BY id") == [("Ann Oh", "lead"), ("bob", "annotator")]


def test_people_who_came_in_by_an_import_keep_nobody_from_leading(empty: Workspace, use_workspace: Use) -> None:
    use_workspace(empty)
    with empty.database() as db:
        ensure_person(db, "simulated reviewer")
    Visitor(settings.current()).sign_in("ann")
    Visitor(settings.current()).sign_in("bob")
    assert rows(empty, "SELECT role FROM person ORDER BY id") == [("annotator",), ("lead",), ("annotator",)]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb", "a\0b", "\x1b[31m", "a\u202eb"])
def test_what_is_no_name_is_refused(serve: Callable[[AuthMode], Visitor], workspace: Workspace, name: str) -> None:
    visitor = serve("none")
    before = contents(workspace)
    answer = visitor.log_in(name=name)
    assert answer.status_code == 400
    assert "allowed: 1 to 80 printable ones" in answer.text
    assert "set-cookie" not in answer.headers
    assert contents(workspace) == before


def test_who_has_a_password_does_not_come_in_by_name(serve: Callable[[AuthMode], Visitor]) -> None:
    answer = serve("none").log_in(name="Bob")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_name_is_text_and_nothing_else(serve: Callable[[AuthMode], Visitor]) -> None:
    name = "<img src=x onerror=alert(1)>\"'&"
    visitor = serve("none")
    visitor.sign_in(name)
    page = visitor.get("/logout")
    assert page.status_code == 200
    assert "<img" not in page.text
    assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in page.text
    refused = Visitor(visitor.settings).log_in(name="<script>" * 20)
    assert "<script>" not in refused.text


# The cookie, and where one goes


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("none")
    cookie = visitor.log_in(name="ann").headers["set-cookie"]
    assert re.fullmatch(r"scn_session_[0-9a-f]{6}=[\w-]{43}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax", cookie), (
        cookie
    )
    secure = Visitor(visitor.settings, "https://127.0.0.1:8501").log_in("https://127.0.0.1:8501", name="ann")
    assert secure.headers["set-cookie"].endswith("; Secure")


def test_the_database_keeps_no_cookie(serve: Callable[[AuthMode], Visitor], workspace: Workspace) -> None:
    cookie = serve("none").log_in(name="ann").headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert len(rows(workspace, "SELECT * FROM session")) == 1
    assert cookie not in "\n".join(contents(workspace))


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/", "/"), ("/my_work?round=2&alpha=0.20-0.50", "/my_work?round=2&alpha=0.20-0.50"), ("", "/"),
        ("https://evil.test/", "/"), ("//evil.test", "/"), ("/\\evil.test", "/"), ("/a\r\nSet-Cookie: x=1", "/"),
        ("javascript:alert(1)", "/"), ("/login?next=/login", "/"), ("/logout", "/"), ("/" + "x" * 2000, "/"),
    ],
)  # fmt: skip
def test_one_goes_on_within_the_server_only(serve: Callable[[AuthMode], Visitor], asked: str, target: str) -> None:
    visitor = serve("none")
    answer = visitor.log_in(name="ann", next=asked)
    assert (answer.status_code, answer.headers["location"]) == (303, target)
    again = visitor.client.get("/login", params={"next": asked})
    assert (again.status_code, again.headers["location"]) == (303, target)


def test_a_browser_without_a_session_is_led_to_the_log_in(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("none")
    answer = visitor.get("/samples?q=a%20b", **HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/samples%3Fq%3Da%2520b")
    assert visitor.get("/static/x.js").text == STREAMLIT
    visitor.client.cookies.set(visitor.settings.cookie, "made-up")
    assert visitor.get("/", **HTML).status_code == 303
    visitor.client.cookies.clear()
    visitor.sign_in("ann")
    assert visitor.get("/", **HTML).text == STREAMLIT


def test_signing_out_ends_the_session_everywhere(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("none").sign_in("ann")
    cookie = visitor.client.cookies[visitor.settings.cookie]
    assert "signed in as ann" in visitor.get("/logout").text
    answer = visitor.client.post("/logout", headers={"Origin": BASE})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert f"{visitor.settings.cookie}=; Path=/; Max-Age=0" in answer.headers["set-cookie"]
    visitor.client.cookies.set(visitor.settings.cookie, cookie)
    assert visitor.get("/api/token").json()["code"] == "no_session"
    assert visitor.get("/logout").status_code == 401


def test_a_session_ends_after_twelve_hours_and_with_the_person(
    serve: Callable[[AuthMode], Visitor], workspace: Workspace
) -> None:
    visitor = serve("none").sign_in("cho")
    (end,) = rows(workspace, "SELECT (julianday(expires_at) - julianday('now')) * 24 FROM session")[0]
    assert 11.9 < end <= 12.001
    person = database.call(find_person, "cho")
    assert person is not None
    database.call(set_active, person.id, False)
    assert visitor.get("/api/token").status_code == 401
    assert visitor.log_in(name="cho").status_code == 403
    database.call(set_active, person.id, True)
    assert visitor.get("/api/token").status_code == 401
    visitor.sign_in("cho")
    with workspace.database() as db:
        db.execute("UPDATE session SET expires_at = '2020-01-01T00:00:00.000Z'")
    assert visitor.get("/api/token").json()["code"] == "no_session"


def test_a_session_by_name_is_none_where_passwords_are_asked(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("none").sign_in("ann")
    serve("password")
    assert visitor.get("/api/token").status_code == 401
    serve("none")
    assert visitor.get("/api/token").status_code == 200


def test_who_sends_the_form_without_the_cookie_beside_it_keeps_none(
    serve: Callable[[AuthMode], Visitor], workspace: Workspace
) -> None:
    visitor = serve("none")
    form = {"name": "ann", "trial": "1"}
    before = contents(workspace)
    refused = visitor.log_in(**form)
    assert refused.status_code == 400
    assert "This browser keeps no cookies" in refused.text
    assert contents(workspace) == before
    assert visitor.log_in(**form).status_code == 303, "the cookie came with the refusal"
    other = Visitor(visitor.settings)
    assert 'name="trial"' in other.get("/login").text
    assert other.log_in(**form).status_code == 303


# By password


def test_only_name_and_password_together_let_one_in(serve: Callable[[AuthMode], Visitor], workspace: Workspace) -> None:
    visitor = serve("password")
    before = contents(workspace)
    said = set()
    for fields in (
        {"name": "bob", "password": "wrong password"}, {"name": "bob", "password": ""}, {"name": "bob"},
        {"name": "nobody", "password": PASSWORD}, {"name": "ann@example.org", "password": ""},
        {"name": "bob", "password": PASSWORD + "x" * 1000}, {"name": "ann@example.org", "password": PASSWORD},
    ):  # fmt: skip
        answer = visitor.log_in(**fields)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        said.update(re.findall(r'role="alert">(.*?)<', answer.text))
    assert said == {"This name and this password do not belong together."}
    assert contents(workspace) == before
    assert PASSWORD not in visitor.log_in(name="nobody2", password=PASSWORD).text
    visitor.sign_in("BOB", PASSWORD)


def test_an_inactive_person_does_not_come_in(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("password")
    bob = database.call(find_person, "bob")
    assert bob is not None
    database.call(set_active, bob.id, False)
    assert visitor.log_in(name="bob", password=PASSWORD).status_code == 401


def test_attempts_are_limited(
    serve: Callable[[AuthMode], Visitor], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = serve("password")
    for _ in range(5):
        assert visitor.log_in(name="bob", password="wrong password").status_code == 401
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "_HASHER", None)  # what is refused for its number costs no hash
        answer = visitor.log_in(name="Bob", password=PASSWORD)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "set-cookie" not in answer.headers
    assert rows(workspace, "SELECT * FROM session") == []


def test_attempts_with_many_names_are_limited_too(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("password")
    codes = [visitor.log_in(name=f"name {i}", password="wrong password").status_code for i in range(21)]
    assert codes == [401] * 20 + [429]


def test_a_right_password_gives_the_attempts_back(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("password")
    for _ in range(3):
        for _ in range(4):
            visitor.log_in(name="bob", password="wrong password")
        assert visitor.log_in(name="bob", password=PASSWORD).status_code == 303


def test_any_number_of_people_sign_in_behind_one_address(serve: Callable[[AuthMode], Visitor]) -> None:
    settings = serve("password").settings
    for number in range(25):
        database.call(add_person, f"person {number}", "annotator", hash_password(PASSWORD))
    for number in range(25):
        Visitor(settings).sign_in(f"person {number}", PASSWORD)
        Visitor(settings).sign_in("bob", PASSWORD)


def test_strangers_cannot_lock_a_name(serve: Callable[[AuthMode], Visitor]) -> None:
    """From anywhere else its owner signs in at once, in a browser that nobody here knows."""
    settings = serve("password").settings
    for number in range(8):
        stranger = Visitor(settings, address=f"203.0.113.{number}")
        codes = [stranger.log_in(name="bob", password="wrong password").status_code for _ in range(6)]
        assert codes == ([401] * 5 + [429] if number < 4 else [401] + [429] * 5)
    assert Visitor(settings, address="198.51.100.7").log_in(name="bob", password=PASSWORD).status_code == 303


def test_a_known_browser_is_not_slowed_down_by_others_at_its_address(serve: Callable[[AuthMode], Visitor]) -> None:
    settings = serve("password").settings
    known = Visitor(settings).sign_in("bob", PASSWORD)
    known.client.post("/logout", headers={"Origin": BASE})
    for name in ("bob", *(f"name {number}" for number in range(20))):
        while Visitor(settings).log_in(name=name, password="wrong password").status_code == 401:
            pass
    assert Visitor(settings).log_in(name="bob", password=PASSWORD).status_code == 429
    known.sign_in("BOB", PASSWORD)
    codes = [known.log_in(name="bob", password="wrong password").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429], "its own wrong passwords count"


def test_a_browser_is_known_for_its_person_alone_and_by_our_word(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("password")
    database.call(add_person, "cho", "annotator", hash_password(PASSWORD))
    answer = visitor.log_in(name="cho", password=PASSWORD)
    (device,) = (header for header in answer.headers.get_list("set-cookie") if header.startswith("scn_device_"))
    assert device.endswith("; Path=/login; Max-Age=15552000; HttpOnly; SameSite=Strict")
    for value in (device.partition("=")[2].partition(";")[0], "made-up", ""):
        login.forget_attempts()
        other = Visitor(visitor.settings)
        other.client.cookies.set(visitor.settings.device_cookie("bob"), value)
        for _ in range(5):
            assert Visitor(visitor.settings).log_in(name="bob", password="wrong password").status_code == 401
        assert other.log_in(name="bob", password=PASSWORD).status_code == 429


def test_wrong_passwords_sent_at_once_are_all_counted_and_right_ones_never(
    serve: Callable[[AuthMode], Visitor],
) -> None:
    settings = serve("password").settings

    async def at_once(*passwords: str) -> list[int]:
        transport = httpx.ASGITransport(Visitor(settings).client.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE}) as client:
            tries = (client.post("/login", data={"name": "bob", "password": each}) for each in passwords)
            return sorted(answer.status_code for answer in await asyncio.gather(*tries))

    assert asyncio.run(at_once(*[PASSWORD] * 25)) == [303] * 25
    assert asyncio.run(at_once(*(f"wrong password {i}" for i in range(25)))) == [401] * 5 + [429] * 20


def test_a_name_nobody_has_waits_as_others_do(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("password")
    codes = {
        name: [visitor.log_in(name=name, password="wrong password").status_code for _ in range(6)]
        for name in ("bob", "nobody", "ann@example.org")
    }
    assert set(map(tuple, codes.values())) == {(401,) * 5 + (429,)}


@pytest.mark.parametrize("body", [b"\xff\xfe=1", b"name=%ff", b"&".join(b"a%d=1" % i for i in range(11))])
def test_what_is_no_form_is_refused(serve: Callable[[AuthMode], Visitor], body: bytes) -> None:
    visitor = serve("password")
    answer = visitor.client.post("/login", content=body, headers={"Origin": BASE})
    assert answer.status_code == 400


def test_a_huge_form_is_refused(serve: Callable[[AuthMode], Visitor]) -> None:
    answer = serve("password").log_in(name="bob", password="x" * 30_000)
    assert answer.status_code == 413


# By OpenID


def test_a_ticket_lets_a_known_person_in_once(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("oidc")
    path = auth.ticket_path({"email": "Ann@Example.org", "email_verified": True})
    assert path is not None
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert visitor.get("/api/token").status_code == 200
    assert visitor.get(path).status_code == 401


def test_nobody_signs_up_by_ticket(serve: Callable[[AuthMode], Visitor], workspace: Workspace) -> None:
    visitor = serve("oidc")
    before = contents(workspace)
    path = auth.ticket_path({"email": "eve@example.org"})
    assert path is not None
    answer = visitor.get(path)
    assert answer.status_code == 403
    assert "ask a lead to add you" in answer.text
    assert contents(workspace) == before


def test_a_ticket_works_from_our_pages_only(serve: Callable[[AuthMode], Visitor], workspace: Workspace) -> None:
    visitor = serve("oidc")
    before = contents(workspace)
    path = auth.ticket_path({"email": "ann@example.org"})
    assert path is not None
    assert visitor.get(path, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert visitor.get("/login/ticket?t=made-up").status_code == 401
    assert visitor.get("/login/ticket").status_code == 401
    assert visitor.log_in(name="bob", password=PASSWORD).status_code == 400
    serve("password")
    assert visitor.get(path).status_code == 403
    assert contents(workspace) == before


@pytest.mark.parametrize("user", [{}, {"email": None}, {"email": ""}, {"email": "a@b.c", "email_verified": False}])
def test_an_address_nobody_vouches_for_is_no_ticket(
    serve: Callable[[AuthMode], Visitor], user: dict[str, object]
) -> None:
    serve("oidc")
    assert auth.ticket_path(user) is None


@pytest.mark.parametrize(
    ("metadata", "ends"),
    [('{"end_session_endpoint": "https://id.example.org/end"}', True), ("{}", False), ("[]", False), ("no JSON", False),
     (None, False)],
)  # fmt: skip
@pytest.mark.parametrize("table", ["[auth]", "[auth.client_kwargs]\nscope = 'openid'\n[auth.mine]"])
def test_a_provider_signs_people_out_where_its_metadata_says_so(
    tmp_path: Path, metadata: str | None, ends: bool, table: str
) -> None:
    file, secrets = tmp_path / "metadata.json", tmp_path / "secrets.toml"
    if metadata is not None:
        file.write_text(metadata)
    secrets.write_text(f"{table}\nserver_metadata_url = '{file.as_uri()}'\n")
    assert openid.ends_sessions(secrets) is ends


def test_the_pages_need_no_script_and_have_labels(serve: Callable[[AuthMode], Visitor]) -> None:
    visitor = serve("password")
    page = visitor.get("/login")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert re.findall(r'<label for="(\w+)"', page.text) == ["name", "password"]
    assert set(re.findall(r' id="(\w+)"', page.text)) == {"name", "password"}
    style = visitor.get("/login/page.css")
    assert style.headers["content-type"].startswith("text/css")
    assert Path(login.__file__).with_name("login_page.css").read_text(encoding="utf-8") == style.text
