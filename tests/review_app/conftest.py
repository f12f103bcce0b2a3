"""A small workspace with a round in review; every test gets a copy of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from review_app import database, settings
from review_app.auth import passwords
from review_app.settings import AppSettings
from scn_core.store.people.people import Role
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, Visitor, person
from tests.review_workspace import add_round, copy_workspace, draw_workspace
from tests.templates import template

SECRET = b"a secret of thirty-two bytes, no"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is hashed and checked in microseconds, not in a tenth of a second; test_passwords.py has real ones."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys_hash.cache_clear()


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Drawn faces, no round."""
    with template(tmp_path_factory, "drawn", lambda folder: draw_workspace(folder / "ws")) as folder:
        return copy_workspace(Workspace(folder / "ws"), tmp_path_factory.mktemp("drawn") / "ws")


@pytest.fixture(scope="session")
def in_review(drawn: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Round 1 is in review; copy it."""
    workspace = copy_workspace(drawn, tmp_path_factory.mktemp("in_review") / "ws")
    add_round(workspace)
    return workspace


@pytest.fixture
def workspace(in_review: Workspace, tmp_path: Path) -> Workspace:
    """A copy of its own, with round 1 in review."""
    return copy_workspace(in_review, tmp_path / "ws")


@pytest.fixture
def empty(drawn: Workspace, tmp_path: Path) -> Workspace:
    """A copy of its own, without a round."""
    return copy_workspace(drawn, tmp_path / "empty")


@pytest.fixture
def use_workspace() -> Iterator[Callable[[Workspace], AppSettings]]:
    """use_workspace(workspace) makes it the one this process serves; its connections are closed with the test."""

    def use(workspace: Workspace) -> AppSettings:
        chosen = AppSettings(workspace, SECRET)
        settings.use(chosen)
        return chosen

    yield use
    database.close()


@pytest.fixture
def visitor(
    workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings], monkeypatch: pytest.MonkeyPatch
) -> NewVisitor:
    """visitor('ann', 'lead') signs in at the app on `workspace`; visitor(None) does not."""
    use_workspace(workspace)

    def new(name: str | None = "ann", role: Role = "annotator") -> Visitor:
        return Visitor(monkeypatch, None if name is None else person(name, role))

    return new
