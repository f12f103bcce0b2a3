"""A folder with two workspaces, `faces` and `more`, and the hub's app on it, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from review_app import settings
from review_app.auth import login
from review_app.auth.passwords import hash_password
from review_app.hub.serve import hub_settings
from review_app.hub.workspaces import Workspaces
from review_app.settings import AppSettings, AuthMode
from scn_core.store.people.people import Role, add_person
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import PASSWORD
from tests.review_workspace import copy_workspace

Start = Callable[[AuthMode], AppSettings]


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
