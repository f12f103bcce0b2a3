"""Who is let in at the hub, who is not, and what the answers tell."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from review_app.auth.access_tokens import access_token_hash, new_access_token
from review_app.auth.passwords import hash_password
from review_app.cli import serve
from review_app.hub.app import Hub
from review_app.hub.serve import serve_hub
from review_app.hub.workspaces import HubWorkspace, Workspaces, command_for, environment_for
from review_app.server_lock import only_server
from review_app.settings import current
from scn_core.errors import UsageError, WorkspaceError
from scn_core.store.people.people import find_person, set_active, set_password_hash
from scn_core.store.people.tokens import add_token
from scn_core.workspace.folder import Workspace
from tests.review_app.hub.conftest import HTML, Visitor, add_people
from tests.review_app.visitor import BASE, PASSWORD


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
    assert 'href="/login?again=1"' in page


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


def test_an_access_token_of_one_workspace_is_no_guess_at_another(opened: tuple[Hub, Workspaces], folder: Path) -> None:
    """Once its own has let it in, and whether there is such another workspace or not."""
    hub, workspaces = opened
    token = new_access_token()
    with Workspace(folder / "faces").database() as db:
        ann = find_person(db, "ann")
        assert ann is not None
        add_token(db, ann.id, access_token_hash(token), "script")

    def codes(name: str, address: str) -> set[str]:
        access = {"Authorization": f"Bearer {token}"}
        client = Visitor(hub, address).client
        return {client.get(f"/{name}/api/rounds", headers=access).json()["code"] for _ in range(7)}

    for number, name in enumerate(("more", "nothing")):
        assert codes(name, f"203.0.113.{number}") == {"access_token_wrong", "too_many"}
    assert asyncio.run(hub._known.has_access(workspaces.all[0], token))
    for number, name in enumerate(("more", "nothing"), 2):
        assert codes(name, f"203.0.113.{number}") == {"access_token_wrong"}


def test_a_token_at_an_address_without_a_workspace_is_told_of_the_address(opened: tuple[Hub, Workspaces]) -> None:
    """In the same words as one that is wrong for a workspace there is."""
    client = Visitor(opened[0]).client
    access = {"Authorization": "Bearer scn_made_up"}
    told = {client.get(path, headers=access).json()["error"] for path in ("/api/rounds", "/faces/api/rounds")}
    assert len(told) == 1
    assert "tokens and an address of its own: that of the server, then the workspace's name" in told.pop()


def test_other_hosts_are_refused_for_workspaces_too(opened: tuple[Hub, Workspaces]) -> None:
    visitor = Visitor(opened[0])
    visitor.sign_in("ann")
    for path in ("/", "/faces/"):
        answer = visitor.client.get(path, headers={"Host": "evil.test"})
        assert (answer.status_code, answer.json()["code"]) == (400, "wrong_host")


def test_the_command_lines_of_processes_name_no_workspace(
    opened: tuple[Hub, Workspaces], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = opened[1].all[0].settings
    words = command_for(settings)(7)
    assert not [word for word in words if "faces" in word]
    for name, value in environment_for(settings).items():
        monkeypatch.setenv(name, value)
    options = serve.make_context("serve", words[words.index("serve") + 1 :]).params
    assert (options["workspace"], options["base_path"]) == (settings.workspace.path, "/faces")
    assert (options["behind_hub"], options["auth"]) == (7, "password")


def test_the_doors_of_a_hub_are_as_narrow_as_those_of_a_workspace(folder: Path) -> None:
    from review_app.hub.serve import hub_settings

    with pytest.raises(UsageError, match=r"--host: found 0\.0\.0\.0 with --auth none"):
        hub_settings(folder, host="0.0.0.0", port=1, auth="none", allow_hosts=(), base_path="", trusted_proxies=())
    assert not (folder / "secret.key").exists()


def test_a_folder_has_one_hub(opened: tuple[Hub, Workspaces], folder: Path) -> None:
    with only_server(Workspace(folder)) as started:
        started("http://127.0.0.1:8501/")
        with pytest.raises(WorkspaceError, match=r"workspaces is served already at http://127\.0\.0\.1:8501/"):
            serve_hub(replace(current(), port=0))
