"""The hub in this process, up to where a workspace's process would be asked: pages, the folder."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from review_app.auth.passwords import hash_password
from review_app.hub.app import Hub
from review_app.hub.child import Child, ChildLimits
from review_app.hub.pages import why_not_ready
from review_app.hub.workspaces import Workspaces
from review_app.settings import AppSettings, use
from scn_core.store.people.people import find_person, set_password_hash
from scn_core.store.rounds.states import start_round
from scn_core.workspace.folder import Workspace, workspaces_in
from tests.review_app.hub.conftest import HTML, Start, Visitor, add_people, open_hub
from tests.review_app.visitor import BASE, PASSWORD
from tests.review_workspace import copy_workspace

ANSWERS = """
import socket, sys
with socket.socket(fileno=int(sys.argv[1])) as listener, listener.accept()[0] as asked:
    asked.recv(1000)
    asked.sendall(b"HTTP/1.1 {}\\r\\n\\r\\n")
    asked.recv(1000)
"""


def test_the_list_names_what_one_has_an_account_in_with_role_and_standing(opened: tuple[Hub, Workspaces]) -> None:
    ann, bob = Visitor(opened[0]), Visitor(opened[0])
    assert ann.sign_in("ann") == 303
    assert ann.listed() == ["faces", "more"]
    assert "lead; round 1, in review; 82 faces to review" in ann.page()
    assert '<progress aria-label="Answered" value="0" max="82">' in ann.page()
    assert "annotator; no round yet" in ann.page()
    assert bob.sign_in("bob") == 303
    more = opened[1].find("more")
    assert more is not None
    with more.database() as db:
        start_round(db, {}, code_version="test")
        assert "round 1, running<" in bob.page()
        db.execute("UPDATE round SET heartbeat_at = '2020-01-01T00:00:00.000Z'")
    assert "; round 1, its trainer has stopped without a word" in bob.page()
    assert bob.listed() == ["more"]
    assert "faces</a>" not in bob.page()


def test_who_opens_a_page_is_led_to_sign_in_and_back(opened: tuple[Hub, Workspaces]) -> None:
    visitor = Visitor(opened[0])
    answer = visitor.client.get("/more/labels?x=1", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/more/labels%3Fx%3D1")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    form = visitor.client.get(answer.headers["location"], headers=HTML).text
    assert 'name="next" value="/more/labels?x=1"' in form
    assert visitor.sign_in("ann", target="//evil.test") == 303
    again = visitor.client.get("/login?next=/more/", headers=HTML)
    assert (again.status_code, again.headers["location"]) == (303, "/more/")


def test_a_workspaces_own_pages_for_signing_in_and_out_lead_to_those_of_the_hub(opened: tuple[Hub, Workspaces]) -> None:
    visitor = Visitor(opened[0])
    visitor.sign_in("ann")
    for asked, target in (("/faces/login", "/login?next=/faces/"), ("/faces/logout", "/logout")):
        answer = visitor.client.get(asked, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, target)
        assert visitor.client.post(asked, headers={"Origin": BASE}).status_code == 405


def test_signing_out_is_signing_out_everywhere(opened: tuple[Hub, Workspaces]) -> None:
    visitor = Visitor(opened[0])
    visitor.sign_in("ann")
    stolen = dict(visitor.client.cookies)
    assert "You are signed in as ann." in visitor.client.get("/logout").text
    assert visitor.client.post("/logout", headers={"Origin": "http://evil.test"}).status_code == 403
    assert visitor.listed() == ["faces", "more"]
    assert visitor.client.post("/logout", headers={"Origin": BASE}).headers["location"] == "/login"
    for name, value in stolen.items():
        visitor.client.cookies.set(name, value)
    assert visitor.listed() == []
    assert visitor.client.get("/faces/api/token").json()["code"] == "no_session"


def test_who_is_added_to_a_workspace_signs_in_again_and_stays_in_the_others(
    opened: tuple[Hub, Workspaces], folder: Path
) -> None:
    visitor, before = Visitor(opened[0]), Visitor(opened[0])
    visitor.sign_in("bob")
    before.client.cookies.update(visitor.client.cookies)
    add_people(Workspace(folder / "faces"), "another horse battery", bob="annotator")
    assert visitor.listed() == ["more"]
    assert 'href="/login?again=1"' in visitor.page()
    assert 'value="bob"' in visitor.client.get("/login?again=1", headers=HTML).text
    with Workspace(folder / "more").database() as db:
        ends = "SELECT expires_at FROM session"
        until = db.execute(ends).fetchall()
        assert visitor.sign_in("bob", "another horse battery") == 303
        assert visitor.listed() == ["faces", "more"]
        assert before.listed() == []
        assert db.execute(ends).fetchall() == until
        assert visitor.sign_in("ann") == 303
        who = "SELECT name FROM session JOIN person ON person.id = person_id"
        assert db.execute(who).fetchall() == [("ann",)]  # nobody else goes on in a browser that ann has now


def test_without_accounts_all_are_listed_and_nobody_signs_in_here(start: Start, tmp_path: Path) -> None:
    hub, _ = open_hub(start, "none", tmp_path)
    visitor = Visitor(hub)
    assert visitor.listed() == ["faces", "more"]
    assert "82 faces to review" in visitor.page()
    assert visitor.sign_in("ann") == 400
    assert visitor.client.get("/nothing/").status_code == 404


def test_with_openid_strangers_see_links_alone(folder: Path, start: Start, tmp_path: Path) -> None:
    for name in ("faces", "more"):
        keys = ["redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url"]
        lines = "\n".join(f'{key} = "https://id.example.org"' for key in keys)
        (folder / name / "secrets.toml").write_text(f"[auth]\n{lines}\n", encoding="utf-8")
    visitor = Visitor(open_hub(start, "oidc", tmp_path)[0])
    assert visitor.listed() == ["faces", "more"]
    assert "to review" not in visitor.page()


def test_below_a_base_path_all_addresses_are_below_it(start: Start, tmp_path: Path) -> None:
    settings = replace(start("password"), base_path="/review")
    use(settings)
    workspaces = Workspaces(settings, tmp_path)
    asyncio.run(workspaces.look())
    assert workspaces.all[0].settings.base_path == "/review/faces"
    assert workspaces.all[0].settings.hub_url == "/review/"
    client = TestClient(Hub(settings, workspaces), BASE, follow_redirects=False)
    moved = [client.get(path, headers=HTML).headers["location"] for path in ("/review", "/review/faces/?round=1")]
    assert moved == ["/review/", "/review/login?next=/review/faces/%3Fround%3D1"]
    form = {"name": "bob", "password": PASSWORD}
    answer = client.post("/review/login", data=form, headers={"Origin": BASE})
    assert (answer.status_code, answer.headers["location"]) == (303, "/review/")
    assert "Path=/review;" in answer.headers["set-cookie"]
    assert '<a href="/review/more/">' in client.get("/review/", headers=HTML).text
    assert client.get("/faces/", headers=HTML).status_code == 404


def test_health_counts_and_names_nobody(opened: tuple[Hub, Workspaces]) -> None:
    visitor = Visitor(opened[0])
    assert visitor.client.get("/health").json() == {
        "ok": True, "workspaces": {"running": 0, "asleep": 2, "failed": 0, "not_served": 0},
    }  # fmt: skip
    assert visitor.client.get("/ready").json() == {"ready": True}


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import sys; sys.exit(3)", "its server ended"),
        (ANSWERS.format("503 Service Unavailable"), "answers cannot be stored"),
        (ANSWERS.format("200 OK"), None),
        (ANSWERS.format("?"), "its server does not answer"),
    ],
)
def test_a_workspace_that_is_not_ready_says_why(
    opened: tuple[Hub, Workspaces], tmp_path: Path, program: str, told: str | None
) -> None:
    def command(descriptor: int) -> list[str]:
        return [sys.executable, "-I", "-S", "-c", program, str(descriptor)]

    async def ask() -> str | None:
        child = Child("faces", command, tmp_path, ChildLimits(first_wait_s=1000, longest_wait_s=1000))
        workspace = replace(opened[1].all[0], child=child)
        assert await why_not_ready(workspace) is None  # asleep
        await child.address()
        while told == "its server ended" and child.state != "failed":
            await asyncio.sleep(0.01)
        try:
            return await why_not_ready(workspace)
        finally:
            await child.stop()

    assert asyncio.run(ask()) == told


def test_a_workspace_that_appears_is_listed_and_one_that_is_gone_is_not(
    opened: tuple[Hub, Workspaces], folder: Path, drawn: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor = Visitor(opened[0])
    visitor.sign_in("ann")
    assert capsys.readouterr().err == ""
    add_people(copy_workspace(drawn, folder / "third"), ann="annotator")
    shutil.rmtree(folder / "more")
    assert visitor.listed() == ["faces"]
    assert visitor.sign_in("ann") == 303
    assert visitor.listed() == ["faces", "third"]
    said = capsys.readouterr().err
    assert said == "not served any more: more: it is not in the folder\nserved from now on: third\n"


def test_a_workspace_with_webhooks_is_awake_without_a_visitor(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its process posts what a command or a training has to tell."""

    def tiny(settings: AppSettings) -> Callable[[int], list[str]]:
        program = "import sys; sys.stdin.read()"
        return lambda descriptor: [sys.executable, "-I", "-S", "-c", program]

    monkeypatch.setattr("review_app.hub.workspaces.command_for", tiny)
    table = '[[hooks]]\nname = "ci"\nurl = "https://ci.example.org"\nsecret_in_clear = true\n'
    with (folder / "more" / "workspace.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n{table}secret = "whsec_{"QUJD" * 12}"\n')

    async def states() -> list[str]:
        settings = start("password")
        workspaces = Workspaces(settings, tmp_path)
        hub = Hub(settings, workspaces)
        await hub.tend()
        try:
            return [each.child.state for each in workspaces.all]
        finally:
            await asyncio.gather(*(each.child.stop() for each in workspaces.all))

    assert asyncio.run(states()) == ["asleep", "running"]


def test_another_password_ends_the_session_there_alone(opened: tuple[Hub, Workspaces], folder: Path) -> None:
    visitor = Visitor(opened[0])
    visitor.sign_in("ann")
    with Workspace(folder / "more").database() as db:
        ann = find_person(db, "ann")
        assert ann is not None
        set_password_hash(db, ann.id, hash_password("another horse battery"))
    assert visitor.listed() == ["faces"]


def test_a_folder_of_workspaces_is_told_from_a_workspace(folder: Path, tmp_path: Path) -> None:
    assert [path.name for path in workspaces_in(folder)] == ["faces", "more"]
    assert workspaces_in(folder / "faces") == workspaces_in(tmp_path / "nothing") == []
