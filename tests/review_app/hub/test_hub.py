"""The hub in this process, up to where a workspace's process would be asked: pages, doors, the folder."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlite_utils import Database
from starlette.testclient import TestClient

from review_app.auth.access_tokens import access_token_hash, new_access_token
from review_app.auth.passwords import hash_password
from review_app.hub.app import Hub
from review_app.hub.child import Child, ChildLimits
from review_app.hub.pages import why_not_ready
from review_app.hub.workspaces import HubWorkspace, Workspaces
from review_app.settings import AppSettings, AuthMode, use
from scn_core.cli.main import cli
from scn_core.errors import UsageError, WorkspaceError
from scn_core.store.people.people import find_person, set_active, set_password_hash
from scn_core.store.people.tokens import add_token
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace, workspaces_in
from tests.review_app.hub.conftest import Start, add_people
from tests.review_app.visitor import BASE, PASSWORD
from tests.review_workspace import copy_workspace

HTML = {"Accept": "text/html"}
ANSWERS = """
import socket, sys
with socket.socket(fileno=int(sys.argv[1])) as listener, listener.accept()[0] as asked:
    asked.recv(1000)
    asked.sendall(b"HTTP/1.1 {}\\r\\n\\r\\n")
    asked.recv(1000)
"""
HOLDS = """
import socket, sqlite3, sys
db = sqlite3.connect(sys.argv[2])
db.execute("SELECT count(*) FROM person").fetchone()
with socket.socket(fileno=int(sys.argv[1])) as listener, listener.accept()[0] as asked:
    asked.sendall(b"o")
    sys.stdin.read()
"""


class Visitor:
    """A browser at the hub."""

    def __init__(self, hub: Hub, address: str = "203.0.113.9") -> None:
        self.client = TestClient(hub, BASE, follow_redirects=False, client=(address, 50000))

    def sign_in(self, name: str, password: str = PASSWORD, target: str = "/") -> int:
        answer = self.client.post(
            "/login", data={"name": name, "password": password, "next": target}, headers={"Origin": BASE}
        )
        return answer.status_code

    def listed(self) -> list[str]:
        """The names on the first page."""
        return re.findall(r'<li><a href="/([^"]+)/">', self.page())

    def page(self) -> str:
        answer = self.client.get("/", headers=HTML)
        assert answer.headers["cache-control"] == "no-store"
        return answer.text


@pytest.fixture
def start(use_hub: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    monkeypatch.setattr("review_app.hub.workspaces._LOOK_EVERY_S", 0.0)
    return use_hub


@pytest.fixture
def opened(start: Start, tmp_path: Path) -> tuple[Hub, Workspaces]:
    """A hub with accounts."""
    return open_hub(start, "password", tmp_path)


def open_hub(start: Start, auth: AuthMode, sockets: Path) -> tuple[Hub, Workspaces]:
    settings = start(auth)
    workspaces = Workspaces(settings, sockets)
    asyncio.run(workspaces.look())
    return Hub(settings, workspaces), workspaces


def test_the_list_names_what_one_has_an_account_in_with_role_and_standing(opened: tuple[Hub, Workspaces]) -> None:
    ann, bob = Visitor(opened[0]), Visitor(opened[0])
    assert ann.sign_in("ann") == 303
    assert ann.listed() == ["faces", "more"]
    assert "lead; round 1, in review; 82 faces to review" in ann.page()
    assert '<progress aria-label="Answered" value="0" max="82">' in ann.page()
    assert "annotator; no round yet" in ann.page()
    assert bob.sign_in("bob") == 303
    assert bob.listed() == ["more"]
    assert "faces</a>" not in bob.page()


def test_names_that_there_are_and_names_that_there_are_not_are_answered_alike(
    opened: tuple[Hub, Workspaces],
) -> None:
    """To strangers, and to who has an account in another workspace; no process is started for them."""
    hub, workspaces = opened
    bob = Visitor(hub)
    bob.sign_in("bob")
    for visitor in (Visitor(hub), bob):
        for path in ("", "/", "/login", "/logout", "/labels?x=1", "/api/token", "/health", "/_stcore/health"):
            for headers in (HTML, {}):
                told = []
                for name in ("faces", "nowhere"):
                    answer = visitor.client.get(f"/{name}{path}", headers=headers)
                    told.append((answer.status_code, re.sub(name, "NAME", f"{answer.headers} {answer.text}")))
                assert told[0] == told[1], (path, headers)
        posted = [visitor.client.post(f"/{name}/api/page", json={}).text for name in ("faces", "nowhere")]
        assert posted[0] == posted[1]
        access = {"Authorization": "Bearer scn_made_up"}
        tokens = [visitor.client.get(f"/{name}/api/rounds", headers=access).text for name in ("faces", "nowhere")]
        assert tokens[0] == tokens[1]
    assert [each.child.state for each in workspaces.all] == ["asleep", "asleep"]


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


def test_who_is_signed_in_elsewhere_is_told_so_and_not_sent_round_in_circles(
    opened: tuple[Hub, Workspaces], folder: Path
) -> None:
    """At a workspace where one has no account, at a name that is none, and where the session has ended."""
    hub, _ = opened
    bob, ann = Visitor(hub), Visitor(hub)
    assert (
        bob.client.post(
            "/login", data={"name": "bob", "password": PASSWORD, "next": "/faces/"}, headers={"Origin": BASE}
        ).headers["location"]
        == "/faces/"
    )
    ann.sign_in("ann")
    with Workspace(folder / "more").database() as db:
        found = find_person(db, "ann")
        assert found is not None
        set_active(db, found.id, False)
        set_active(db, found.id, True)
    assert ann.client.get("/more/login", headers=HTML).headers["location"] == "/login?next=/more/"  # its process's way
    told = set()
    for visitor, name in ((bob, "faces"), (bob, "nothing"), (ann, "more"), (ann, "nothing")):
        for path in (f"/login?next=/{name}/", f"/{name}/"):
            visitor.client.follow_redirects = True
            answer = visitor.client.get(path, headers=HTML)
            assert (answer.status_code, answer.url.path) == (404, f"/{name}/")
            told.add(answer.text)
    assert len(told) == 1
    page = told.pop()
    assert "nothing at this address for you" in page
    assert 'href="/"' in page
    assert 'href="/logout"' in page


def test_a_name_is_not_told_by_how_many_databases_are_asked(
    opened: tuple[Hub, Workspaces], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor to who has an account, or an access token, in another workspace."""
    hub, workspaces = opened
    asked: list[str] = []
    real = HubWorkspace.database

    def database(workspace: HubWorkspace) -> AbstractContextManager[Database]:
        asked.append(workspace.name)
        return real(workspace)

    add_people(Workspace(folder / "faces"), cleo="lead")
    cleo, token = Visitor(hub), new_access_token()
    cleo.sign_in("cleo")
    with workspaces.all[0].database() as db:
        person = find_person(db, "cleo")
        assert person is not None
        add_token(db, person.id, access_token_hash(token), "script")
    monkeypatch.setattr(HubWorkspace, "database", database)

    def asks(name: str, headers: dict[str, str]) -> int:
        asked.clear()
        assert cleo.client.get(f"/{name}/api/rounds", headers=headers).status_code in (303, 401, 404)
        return len(asked)

    for headers in (HTML, {}, {"Authorization": f"Bearer {token}"}):
        counts = [(asks("nothing", headers), asks("more", headers)) for _ in range(2)]
        assert all(there == nowhere for there, nowhere in counts[1:]), counts  # the first fills what is remembered


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


def test_wrong_passwords_are_counted_once_for_all_workspaces(opened: tuple[Hub, Workspaces]) -> None:
    guesses = [Visitor(opened[0]).sign_in("ann", "wrong horse battery") for _ in range(6)]
    assert guesses == [401] * 5 + [429]
    assert Visitor(opened[0], "203.0.113.10").sign_in("ann") == 303


def test_signing_in_to_one_workspace_does_not_try_passwords_of_another_without_end(
    opened: tuple[Hub, Workspaces], folder: Path
) -> None:
    with Workspace(folder / "more").database() as db:
        ann = find_person(db, "ann")
        assert ann is not None
        set_password_hash(db, ann.id, hash_password("another horse battery"))
    for _ in range(5):
        assert Visitor(opened[0]).sign_in("ann") == 303
    guess = "another horse battery"
    assert Visitor(opened[0]).sign_in("ann", guess) == 401
    assert Visitor(opened[0], "203.0.113.10").sign_in("ann", guess) == 303


def test_wrong_access_tokens_make_an_address_wait(opened: tuple[Hub, Workspaces]) -> None:
    visitor = Visitor(opened[0])
    headers = {"Authorization": "Bearer scn_made_up"}
    codes = [visitor.client.get("/faces/api/rounds", headers=headers).json()["code"] for _ in range(6)]
    assert codes == ["access_token_wrong"] * 5 + ["too_many"]


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


def test_other_hosts_are_refused_for_workspaces_too(opened: tuple[Hub, Workspaces]) -> None:
    visitor = Visitor(opened[0])
    visitor.sign_in("ann")
    for path in ("/", "/faces/"):
        answer = visitor.client.get(path, headers={"Host": "evil.test"})
        assert (answer.status_code, answer.json()["code"]) == (400, "wrong_host")


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
    opened: tuple[Hub, Workspaces], folder: Path, drawn: Workspace
) -> None:
    visitor = Visitor(opened[0])
    visitor.sign_in("ann")
    add_people(copy_workspace(drawn, folder / "third"), ann="annotator")
    shutil.rmtree(folder / "more")
    assert visitor.listed() == ["faces"]
    assert visitor.sign_in("ann") == 303
    assert visitor.listed() == ["faces", "third"]


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


def test_what_cannot_be_served_is_said_once_and_served_once_it_can(
    opened: tuple[Hub, Workspaces], folder: Path, drawn: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    _, workspaces = opened
    empty = copy_workspace(drawn, folder / "nobody")
    for name in ("with space", "login"):
        copy_workspace(drawn, folder / name)
    capsys.readouterr()
    for _ in range(2):
        asyncio.run(workspaces.look())
    said = capsys.readouterr().err
    assert said.count("not served") == 3
    assert "not served: nobody: --auth password: found nobody who could sign in" in said
    assert "found the folder name 'with space'; allowed: letters, digits, dots and dashes" in said
    assert [each.name for each in workspaces.all] == ["faces", "more"]
    add_people(empty, cleo="lead")
    asyncio.run(workspaces.look())
    assert [each.name for each in workspaces.all] == ["faces", "more", "nobody"]
    assert sorted(workspaces.problems) == ["login", "with space"]


@pytest.mark.parametrize("part", ["file", "person"])
def test_a_damaged_workspace_is_let_go_of_and_restored_while_the_others_are_served(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, part: str,
) -> None:  # fmt: skip
    """Ann leads `faces`, bob annotates there. Its process has the database open, as a server has."""
    monkeypatch.setattr("review_app.hub.workspaces.command_for", holding_the_database)
    faces = Workspace(folder / "faces")
    add_people(faces, bob="annotator")
    with faces.database() as db:
        made = make_backup(faces, db)
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'person'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    hub, workspaces = open_hub(start, "password", tmp_path)
    ann, bob = Visitor(hub), Visitor(hub)
    assert (ann.sign_in("ann"), bob.sign_in("bob")) == (303, 303)
    child = workspaces.all[0].child

    async def damage() -> None:
        reader, writer = await asyncio.open_unix_connection(await child.address())
        try:
            assert await reader.readexactly(1) == b"o"
            with faces.database_file.open("r+b") as file:
                file.seek(0 if part == "file" else (root - 1) * size)
                file.write(b"\xff" * size)
            with pytest.raises(WorkspaceError, match="another program has open"):
                restore(made, faces, force=True)
            capsys.readouterr()
            await workspaces.look()
            assert child.state == "asleep"
        finally:
            writer.close()
            await child.stop()

    asyncio.run(damage())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspaces, "_open", lambda path: pytest.fail("it is looked into again"))
        page = ann.page()
        assert '<li><a href="/more/">' in page
        assert "<li>faces<br>" in page
        assert "lead; cannot be served now: " in page
        assert escape("the file is damaged (") in page
        assert "annotator; cannot be served now; its leads see why" in bob.page()
        assert "faces" not in Visitor(hub).page()
        assert ann.client.get("/faces/", headers=HTML).status_code == 404
        assert ann.sign_in("ann", target="/faces/") == 303
    said = capsys.readouterr().err + caplog.text
    assert said.count("the file is damaged") == said.count("review.db: ") == said.count("not served") == 1
    words = shlex.split(said.partition("go on: ")[2])
    restoring = words[words.index("restore") :]
    assert restoring == ["restore", str(made), str(faces.path), "--force"]
    done = CliRunner().invoke(cli, restoring)
    assert done.exit_code == 0, done.output
    assert ann.sign_in("ann") == 303
    assert ann.listed() == ["faces", "more"]


def holding_the_database(settings: AppSettings) -> Callable[[int], list[str]]:
    file = str(settings.workspace.database_file)
    return lambda descriptor: [sys.executable, "-I", "-S", "-c", HOLDS, str(descriptor), file]


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


def test_the_doors_of_a_hub_are_as_narrow_as_those_of_a_workspace(folder: Path) -> None:
    from review_app.hub.serve import hub_settings

    with pytest.raises(UsageError, match=r"--host: found 0\.0\.0\.0 with --auth none"):
        hub_settings(folder, host="0.0.0.0", port=1, auth="none", allow_hosts=(), base_path="", trusted_proxies=())
    assert not (folder / "secret.key").exists()
