"""A round that ends under somebody: what they gave is safe, no key is lost in silence, and one click goes on."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlite_utils import Database

from scn_core.store.rounds.states import finish_round, start_round
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served
from tests.review_workspace import plausible_scores


def next_round(db: Database, *, close: bool) -> None:
    """What a trainer that ends now does to the database."""
    number = start_round(db, {"epochs": 8}, code_version="1", parent=1)
    scores = plausible_scores(db, proposals=30, low=10, seed=4)
    finish_round(db, number, scores, {"val_accuracy": 0.9}, audit=4, close_earlier=close)


def test_the_next_key_says_that_a_new_round_has_begun(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    desk.press("u", "e")
    desk.stored(2)
    desk.saved()
    with served.workspace.database() as db:
        next_round(db, close=True)
    desk.press("u")
    expect(desk.panel.get_by_role("heading", name="Round 2 has begun")).to_be_visible()
    expect(desk.panel).to_contain_text(
        "All answers saved before that are safe. 1 answer that you gave reached the server after its end"
    )
    expect(desk.message).not_to_contain_text("somebody else")
    desk.press("u", "x")
    expect(desk.message).to_contain_text("answers are no longer taken")
    expect(page.get_by_text("Round 2 is in review now. All answers saved in round 1 are safe.")).to_be_visible()
    desk.panel.get_by_role("link", name="go to round 2").click()
    desk.ready().press("u")
    rows = desk.stored(3)
    assert [row.round for row in rows] == [1, 1, 2]


def test_without_a_key_it_is_said_too(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    desk.press("u")
    desk.stored(1)
    with served.workspace.database() as db:
        next_round(db, close=True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # a beat, without waiting for it
    expect(desk.panel).to_contain_text("Round 1 ended while you were here. All answers saved before that are safe.")
    desk.press("PageUp")
    desk.until(desk.samples, "the earlier page, which can still be looked at")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_load_state("networkidle")
    assert desk.samples()


def test_a_round_that_stays_open_takes_answers_beside_the_new_one(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    with served.workspace.database() as db:
        next_round(db, close=False)
    expect(page.get_by_text("Rounds 1 and 2 are both in review; people get the faces of round 2.")).to_be_visible()
    grid = page.locator(".app")
    fits = "g => g.getBoundingClientRect().bottom <= innerHeight"
    desk.until(lambda: grid.evaluate(fits), "the grid to fit, which the line above moves")
    desk.press("u")
    assert [row.round for row in desk.stored(1)] == [1]
    page.get_by_role("link", name="Go to round 2").click()
    desk.until(lambda: "round=2" in page.url, "the address of round 2")
    desk.until(lambda: desk.tiles() and desk.page.locator(".app .grid .tile[data-current]").count(), "its faces")
    desk.ready().press("e")
    assert [row.round for row in desk.stored(2)] == [1, 2]
