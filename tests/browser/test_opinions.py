"""What other models say: side by side in the zoom, and as a filter."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.desk import Desk, choose
from tests.browser.test_filter import go

AGREED = "SELECT sample_id FROM queue_item WHERE sample_id % 2 = 0 AND sample_id % 10"
DISAGREED = "SELECT sample_id FROM queue_item WHERE (sample_id % 2 = 0 OR sample_id % 3 = 0) AND sample_id % 10"


def test_the_zoom_and_the_filter(desk: Desk) -> None:
    page = desk.page
    for query, sql in (("opinions=disagree", DISAGREED), ("opinions=agree", AGREED)):
        shown = go(desk, query).samples()
        assert shown
        assert set(shown) <= {int(row[0]) for row in desk.served.rows(sql)}  # type: ignore[call-overload]
    desk.press("Enter")
    said = page.locator(".zoombody .opinions")
    expect(said.locator("thead th")).to_have_text(["this round", "first", "second"])
    given = said.locator("tbody tr", has_text="given")
    expect(given.locator("td").nth(1)).not_to_have_text("0.80")
    expect(said.locator("td.likeliest", has_text="0.80").first).to_be_visible()
    desk.press("Escape")
    page.get_by_role("button", name="Filter").first.click()
    choose(page, "Other models", "whatever they say")
    page.wait_for_url(lambda url: "opinions" not in url)
