"""A real Chromium on the real server: what a person does, from the key to the row in the database.

Every test gets people of its own on the shared server, whose queue is long enough for all, or a server of its own on
a small workspace where the test ends the queue, kills the server or closes the round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scn_core.config import ReviewSettings
from scn_core.store.people.people import ensure_person
from scn_core.workspace.folder import Workspace
from tests.browser.chromium import FLAGS, SHORT_VISITS, find_chromium
from tests.browser.desk import Desk, sign_in
from tests.browser.forks import Forks
from tests.browser.profiles import Profiles
from tests.browser.server import PATIENCE_S, Served, reserved_port
from tests.review_workspace import (
    add_opinions,
    add_round,
    copy_workspace,
    draw_workspace,
    measure_pictures,
    repeat_faces,
    repeat_thumbnails,
)
from tests.templates import template

MANY = 6000
"""Faces in the queue of the shared server."""

LEAD = "lead of all"

NewPage = Callable[..., Page]
_numbers = count(1)
expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, SHORT_VISITS])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Drawn faces, no round."""
    with template(tmp_path_factory, "drawn", lambda folder: draw_workspace(folder / "ws")) as folder:
        return copy_workspace(Workspace(folder / "ws"), tmp_path_factory.mktemp("drawn") / "ws")


@pytest.fixture(scope="package")
def in_review(drawn: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A small round in review; copy it."""
    workspace = copy_workspace(drawn, tmp_path_factory.mktemp("in_review") / "ws")
    add_round(workspace)
    return workspace


@pytest.fixture(scope="package")
def forks() -> Iterator[Forks]:
    """Where servers come from."""
    forks = Forks()
    yield forks
    forks.end()


@pytest.fixture(scope="package")
def shared(drawn: Workspace, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that many tests use at once, each with people of its own."""

    def make(folder: Path) -> None:
        workspace = repeat_faces(drawn, folder / "ws", MANY)
        repeat_thumbnails(drawn, workspace)
        # What one test answers changes no other's order. No audit faces: who meets one on the first page is a matter of
        # chance, and answers to many faces leave it open.
        add_round(workspace, proposals=MANY * 3 // 4, low=MANY // 4, audit=0, review=ReviewSettings(learn_every=0))
        add_opinions(workspace)
        measure_pictures(workspace)
        with workspace.database() as db:
            ensure_person(db, LEAD, "lead")

    with template(tmp_path_factory, "shared", make) as folder:
        workspace = copy_workspace(Workspace(folder / "ws"), tmp_path_factory.mktemp("shared") / "ws")
    served = Served(workspace, forks=forks)
    yield served
    served.stop()


@pytest.fixture(scope="package")
def port() -> Iterator[int]:
    """A port that servers use one after another: to the browser their files are the same ones."""
    with reserved_port() as number:
        yield number


@pytest.fixture
def serve(port: int, forks: Forks) -> Iterator[Callable[..., Served]]:
    """serve(workspace, '--auth', 'password') starts a server; it ends with the test."""
    with ExitStack() as ending:

        def start(workspace: Workspace, *options: str) -> Served:
            served = Served(workspace, *options, port=port, forks=forks)
            ending.callback(served.kill)
            return served

        yield start


@pytest.fixture
def served(in_review: Workspace, tmp_path: Path, serve: Callable[..., Served]) -> Served:
    """A server of the test's own on a small round in review."""
    return serve(copy_workspace(in_review, tmp_path / "ws"))


@pytest.fixture(scope="package")
def profiles(browser: Browser) -> Profiles:
    """Browser profiles that tests use one after another."""
    return Profiles(browser, PATIENCE_S)


@pytest.fixture
def new_page(profiles: Profiles) -> Iterator[NewPage]:
    """new_page(width=390) opens a page in a browser profile of its own. At the end no page may have raised an error."""
    with ExitStack() as ending:

        def new(
            *, width: int = 1280, height: int = 800, dark: bool = False, context: BrowserContext | None = None
        ) -> Page:
            page = ending.enter_context(profiles.lend()).page if context is None else context.new_page()
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme="dark" if dark else "light")
            return page

        yield new


@pytest.fixture
def desk(shared: Served, new_page: NewPage) -> Desk:
    """A new person at the grid of the shared server, with a page of faces of their own."""
    page, name = new_page(), f"person {next(_numbers)}"
    sign_in(page, shared, name)
    return Desk(page, shared, name).ready()
