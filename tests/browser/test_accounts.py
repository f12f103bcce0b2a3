"""Signing in with passwords; what annotators and leads see; signing out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from review_app.auth.passwords import hash_password
from scn_core.store.people.people import add_person
from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, fill_in_log_in_page, sign_in
from tests.browser.server import Served
from tests.review_workspace import copy_workspace

PASSWORD = "correct horse battery"


@pytest.fixture
def guarded(in_review: Workspace, tmp_path: Path, serve: Callable[..., Served]) -> Served:
    """With the accounts of lea, a lead, and ann, an annotator."""
    workspace = copy_workspace(in_review, tmp_path / "ws")
    with workspace.database() as db:
        add_person(db, "lea", "lead", hash_password(PASSWORD))
        add_person(db, "ann", "annotator", hash_password(PASSWORD))
    return serve(workspace, "--auth", "password")


def menu(page: Page) -> list[str]:
    expect(page.get_by_role("link", name="My work")).to_be_visible()
    return [text for text in page.locator("nav a, [data-testid='stSidebarNav'] a").all_inner_texts() if text]


def test_only_the_right_password_opens_the_door(guarded: Served, new_page: NewPage) -> None:
    page = new_page()
    fill_in_log_in_page(page, guarded, "ann", "wrong horse battery")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    fill_in_log_in_page(page, guarded, "nobody", PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.goto(guarded.url)
    expect(page.locator(".app .grid .tile")).to_have_count(0)
    fill_in_log_in_page(page, guarded, "ann", PASSWORD)
    desk = Desk(page, guarded, "ann").ready()
    desk.press("u")
    assert [row.person for row in desk.stored(1)] == ["ann"]
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"].startswith("scn_session"))
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert guarded.rows("SELECT name FROM person ORDER BY name") == [("ann",), ("lea",)]


def test_a_lead_sees_and_releases_leases_and_an_annotator_does_not(guarded: Served, new_page: NewPage) -> None:
    ann, lea = new_page(), new_page()
    sign_in(ann, guarded, "ann", PASSWORD)
    Desk(ann, guarded, "ann").ready()
    assert "Leases" not in menu(ann)
    sign_in(lea, guarded, "lea", PASSWORD, path="/my-work")
    assert "Leases" in menu(lea)
    lea.goto(f"{guarded.url}/leases")
    expect(lea.get_by_text("ann: ")).to_be_visible()
    lea.get_by_role("button", name="Release", exact=True).first.click()
    held = "SELECT count(*) FROM queue_item WHERE lease_person = (SELECT id FROM person WHERE name = 'ann')"
    Desk(lea, guarded, "lea").until(lambda: guarded.rows(held) == [(0,)], "ann's leases to go")
    ann.goto(f"{guarded.url}/leases")
    expect(ann.get_by_text("This page is for leads")).to_be_visible()
    expect(ann.get_by_test_id("stSidebarNavLink")).to_have_text(["Review", "My work", "Samples", "Access tokens"])
    expect(ann.get_by_role("button", name="Release")).to_have_count(0)


def test_signing_out_ends_the_session_on_the_server(guarded: Served, new_page: NewPage) -> None:
    """In every tab: pages say so when they are drawn anew next. Nothing of a face is left in the browser's files."""
    page = new_page()
    sign_in(page, guarded, "ann", PASSWORD)
    desk = Desk(page, guarded, "ann").ready()
    face = desk.current().sample
    with page.expect_response(f"**/face/{face}"):
        desk.press("Enter")
    desk.press("Escape")
    cookies = page.context.cookies()
    other = new_page(context=page.context)
    other.goto(guarded.url)
    Desk(other, guarded, "ann").ready()
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    from_cache = (
        "address => fetch(address, {cache: 'only-if-cached', mode: 'same-origin'}).then(a => a.ok, () => false)"
    )
    assert other.evaluate(from_cache, f"/face/{face}") is False
    expect(other.get_by_text("Sign in to review")).to_be_visible()
    expect(other.locator(".app .grid .tile")).to_have_count(0)
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    assert page.request.get(f"{guarded.url}/api/token").status == 401


def test_guessing_is_slowed_down(guarded: Served, new_page: NewPage) -> None:
    page = new_page()
    for attempt in range(8):
        fill_in_log_in_page(page, guarded, "ann", f"guess number {attempt}")
        expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts")
    fill_in_log_in_page(page, guarded, "ann", PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts")
