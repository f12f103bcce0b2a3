"""A real Chromium on the real server: what a person does, from the key to the row in the database.

Every test gets people of its own on the shared server, whose queue is long enough for all, or a server of its own on
a small workspace where the test ends the queue, kills the server or closes the round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from scn_core.config import ReviewSettings
from scn_core.store.people.people import ensure_person
from scn_core.workspace.folder import Workspace
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.desk import Desk, sign_in
from tests.browser.server import PATIENCE_S, Served
from tests.review_workspace import add_round, copy_workspace, draw_workspace, repeat_faces

MANY = 6000
"""Faces in the queue of the shared server."""

LEAD = "lead of all"

NewPage = Callable[..., Page]
_numbers = count(1)
expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Drawn faces, no round."""
    return draw_workspace(tmp_path_factory.mktemp("browser") / "drawn")


@pytest.fixture(scope="session")
def in_review(drawn: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A small round in review; copy it."""
    workspace = copy_workspace(drawn, tmp_path_factory.mktemp("in_review") / "ws")
    add_round(workspace)
    return workspace


@pytest.fixture(scope="session")
def shared(drawn: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that many tests use at once, each with people of its own."""
    workspace = repeat_faces(drawn, tmp_path_factory.mktemp("shared") / "ws", MANY)
    # What one test answers changes no other's order. No audit faces: who meets one on the first page is a matter of
    # chance, and answers to many faces leave it open.
    add_round(workspace, proposals=MANY * 3 // 4, low=MANY // 4, audit=0, review=ReviewSettings(learn_every=0))
    with workspace.database() as db:
        ensure_person(db, LEAD, "lead")
    served = Served(workspace)
    yield served
    served.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """serve(workspace, '--auth', 'password') starts a server; it ends with the test."""
    with ExitStack() as ending:

        def start(workspace: Workspace, *options: str) -> Served:
            served = Served(workspace, *options)
            ending.callback(served.kill)
            return served

        yield start


@pytest.fixture
def served(in_review: Workspace, tmp_path: Path, serve: Callable[..., Served]) -> Served:
    """A server of the test's own on a small round in review."""
    return serve(copy_workspace(in_review, tmp_path / "ws"))


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """new_page(width=390) opens a page in a browser profile of its own. At the end no page may have raised an error."""
    faults: list[str] = []
    with ExitStack() as ending:

        def new(
            *, width: int = 1280, height: int = 800, dark: bool = False, context: BrowserContext | None = None
        ) -> Page:
            if context is None:
                colours: Literal["dark", "light"] = "dark" if dark else "light"
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=colours)
                ending.callback(context.close)
            return _watched(context.new_page(), faults)

        yield new
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def workbench(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """One page for many tests, and the errors it raised: its browser profile has Streamlit's files already."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield _watched(context.new_page(), faults), faults
    context.close()


@pytest.fixture
def desk(shared: Served, workbench: tuple[Page, list[str]]) -> Iterator[Desk]:
    """A new person at the grid of the shared server, with a page of faces of their own."""
    page, faults = workbench
    faults.clear()
    page.context.clear_cookies()
    page.goto(f"{shared.url}/login")
    page.evaluate("localStorage.clear()")
    name = f"person {next(_numbers)}"
    sign_in(page, shared, name)
    yield Desk(page, shared, name).ready()
    page.unroute_all()
    page.goto("about:blank")  # lets go of the leases; nothing of this test is at work in the next one
    assert not faults, "\n".join(faults)


def _watched(page: Page, faults: list[str]) -> Page:
    page.set_default_timeout(PATIENCE_S * 1000)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("console", lambda message: faults.extend(_policy_fault(page, message)))
    return page


def _policy_fault(page: Page, message: ConsoleMessage) -> list[str]:
    return [f"{page.url}: {message.text}"] if "Content Security Policy" in message.text else []
