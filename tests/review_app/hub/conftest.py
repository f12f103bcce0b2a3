"""A folder with two workspaces, `faces` and `more`, and the hub's app on it, in this process."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from review_app import settings
from review_app.auth import login
from review_app.auth.passwords import hash_password
from review_app.hub.app import Hub
from review_app.hub.serve import hub_settings
from review_app.hub.workspaces import Workspaces
from review_app.settings import AppSettings, AuthMode
from scn_core.store.people.people import Role, add_person
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import BASE, PASSWORD
from tests.review_workspace import copy_workspace

Start = Callable[[AuthMode], AppSettings]
HTML = {"Accept": "text/html"}


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
def folder(in_review: Workspace, drawn: Workspace, tmp_path: Path) -> Path:
    """`faces` is in review, `more` has no round. Ann leads `faces` and annotates `more`, with two hashes of one
    password; bob leads `more`."""
    found = tmp_path / "workspaces"
    found.mkdir()
    add_people(copy_workspace(in_review, found / "faces"), ann="lead")
    add_people(copy_workspace(drawn, found / "more"), ann="annotator", bob="lead")
    return found


def add_people(workspace: Workspace, password: str = PASSWORD, **roles: Role) -> None:
    with workspace.database() as db:
        for name, role in roles.items():
            add_person(db, name, role, hash_password(password))


@pytest.fixture
def use_hub(folder: Path) -> Iterator[Start]:
    """use_hub('password'): the settings of a hub on the folder, which are those of this process then."""

    def start(auth: AuthMode) -> AppSettings:
        found = hub_settings(
            folder, host="127.0.0.1", port=8501, auth=auth, allow_hosts=(), base_path="", trusted_proxies=()
        )
        settings.use(found)
        return found

    login.forget_attempts()
    yield start
    login.forget_attempts()


@pytest.fixture
def workspaces(use_hub: Start, tmp_path: Path) -> Workspaces:
    """Those of the folder, with accounts; none is looked at yet."""
    return Workspaces(use_hub("password"), tmp_path)


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
