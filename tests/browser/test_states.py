"""What the pages say where there is nothing to answer, or something is wrong; and that no text becomes markup."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, TimeoutError, expect

from scn_core.records import EpochReport
from scn_core.store.rounds import states as rounds
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, focused, sign_in
from tests.browser.server import Served
from tests.review_workspace import add_round, copy_workspace

Serve = Callable[..., Served]
REPORT = EpochReport(1, 2.5, 2.0, 0.5, 0.3, 0.71, 0.42, 0.6, 0.123, 0.15, 0.4, 0, 1234.5, 8.1)
SLOW_MS = 400
"""Of a network on which a page comes before the answers sent just ahead of it are stored."""
EVIL = '<img src=x onerror="window.evil=1">'


def sees(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible()


def sees_after_reload(page: Page, text: str) -> None:
    """Pages may show what was so a few seconds ago, so the reload may have to be a second one."""
    for _ in range(10):
        page.reload()
        with suppress(TimeoutError):
            page.get_by_text(text).first.wait_for(timeout=3000)
            return
    sees(page, text)


def slowly(route: Route) -> None:
    route.request.frame.page.wait_for_timeout(SLOW_MS)
    route.continue_()


def test_from_no_round_to_a_closed_one(drawn: Workspace, tmp_path: Path, serve: Serve, new_page: NewPage) -> None:
    workspace = copy_workspace(drawn, tmp_path / "ws")
    served, page = serve(workspace), new_page()
    sign_in(page, served, "ann")
    sees(page, "No round yet")
    sees(page, "Start a round")
    with workspace.database() as db:
        number = rounds.start_round(db, {"epochs": 3}, code_version="test")
        sees_after_reload(page, "Round 1 is training")
        rounds.record_epoch(db, number, REPORT)
        sees(page, "epoch 1 of 3")  # by itself
        rounds.fail_round(db, number, "the disk is full")
        sees(page, "the disk is full")
        sees(page, "Resume it")
    add_round(workspace)
    sees_after_reload(page, "round 2, review")
    desk = Desk(page, served, "ann").ready()
    desk.press("u")
    desk.stored(1)
    with workspace.database() as db:
        rounds.close_round(db, 2)
    page.goto(f"{served.url}/?round=2")
    sees_after_reload(page, "Round 2 is closed")
    desk.ready().press("e")
    desk.until(lambda: desk.message.inner_text() != "", "a word on the key")
    assert len(desk.decisions()) == 1
    page.goto(f"{served.url}/?round=99")
    sees(page, "There is no round 99")
    sees_after_reload(page, "Round 2: closed")


def test_a_finished_queue_says_what_comes_next(served: Served, new_page: NewPage) -> None:
    page = new_page()
    page.route("**/api/decisions", slowly)
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    while desk.tiles():
        desk.keep_all()
        before = desk.samples()
        desk.press("PageDown")
        desk.until(lambda: desk.panel_says() or desk.samples() not in ([], before), "a page or the end")  # noqa: B023
    expect(desk.panel).to_contain_text("All done")
    desk.saved()
    sees_after_reload(page, "Every face of round 1 is answered")
    sees(page, "Start the next round")
    desk.until(lambda: focused(page) == "app", "the grid beneath to have the keyboard")
    desk.press("z")
    desk.until(lambda: sum(row.live for row in desk.decisions()) < len(desk.decisions()), "the last one taken back")


def test_a_locked_database_loses_nothing(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    with closing(sqlite3.connect(served.workspace.database_file, isolation_level=None)) as db:
        db.execute("PRAGMA busy_timeout = 30000")
        db.execute("BEGIN IMMEDIATE")
        desk.press("u", "e")
        expect(desk.pill).to_have_text("server trouble: 2 kept here")
        db.execute("ROLLBACK")
    desk.stored(2)
    desk.saved()


def test_a_page_opens_while_another_program_writes(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    with AnotherWriter(served.workspace):
        page.reload()
        expect(desk.panel).to_contain_text("another program is writing to the database")
        expect(desk.panel).to_contain_text("It tries again by itself.")
    desk.ready()


@pytest.fixture
def hostile(in_review: Workspace, tmp_path: Path, serve: Serve) -> Served:
    """Markup for class names, one picture missing, one no picture."""
    workspace = copy_workspace(in_review, tmp_path / "ws", images=True)
    with closing(sqlite3.connect(workspace.database_file)) as db, db:
        db.execute("UPDATE class SET name = number || ? ", (EVIL,))
        first, second = (path for (path,) in db.execute(
            "SELECT path FROM queue_item JOIN sample ON sample.id = sample_id ORDER BY priority DESC LIMIT 2"
        ))  # fmt: skip
    (workspace.path / "images" / first).unlink()
    (workspace.path / "images" / second).write_bytes(b"<svg onload='alert(1)'/>")
    return serve(workspace)


def test_markup_in_names_and_notes_stays_text(hostile: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, hostile, f"ann {EVIL}")
    desk = Desk(page, hostile, f"ann {EVIL}").ready()
    assert EVIL in desk.current().label
    desk.press("n")
    page.get_by_role("dialog", name="note on face").get_by_role("textbox").fill(EVIL)
    desk.press("Enter", "e")
    desk.stored(2)
    sample = desk.decisions()[0].sample
    desk.go_to(sample).press("Enter")
    expect(page.get_by_role("dialog", name="one face")).to_contain_text(EVIL)
    for path, text in (("my-work", EVIL), (f"samples?sample={sample}", EVIL), ("leases", EVIL)):
        page.goto(f"{hostile.url}/{path}")
        sees(page, text)
    assert page.evaluate("window.evil") is None


def test_a_face_that_nobody_can_see_is_excluded_or_left(hostile: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, hostile, "ann")
    desk = Desk(page, hostile, "ann").ready()
    missing = [tile.sample for tile in desk.tiles() if "picture missing" in tile.label]
    assert len(missing) == 2
    desk.go_to(missing[0]).press("x")
    expect(page.locator(".app .foot .message")).to_contain_text("Nobody can see this face")
    desk.press("e")
    assert [(row.sample, row.action) for row in desk.stored(1)] == [(missing[0], "exclude")]
    desk.press("Shift+X")
    expect(page.locator(".app .foot .message")).to_contain_text("1 that nobody can see stays open")
