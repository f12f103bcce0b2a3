"""From the map to an answer: faces drawn around on the page Explore are a page of the grid, with an address."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from scn_core.store.people.people import ensure_person
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served


def test_faces_drawn_around_on_the_map_are_answered_on_the_grid(served: Served, new_page: NewPage) -> None:
    with served.workspace.database() as db:
        ensure_person(db, "lea", "lead")
    page = new_page()
    sign_in(page, served, "lea", path="/explore")
    chart = page.locator("[data-testid='stPlotlyChart'] .js-plotly-plot .nsewdrag").first
    expect(chart).to_be_visible()
    page.get_by_text("Click a face", exact=True).click()
    expect(page.locator("[data-testid='stPlotlyChart'] .draglayer.cursor-move")).to_have_count(1)
    point = page.locator("[data-testid='stPlotlyChart'] .scatterlayer .point").last
    expect(point).to_be_visible()
    where = point.bounding_box()
    assert where is not None
    page.mouse.move(where["x"] + where["width"] / 2, where["y"] + where["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("link", name="All about this face")).to_be_visible()
    page.get_by_text("Draw around faces", exact=True).click()
    expect(page.get_by_text("Nothing is selected.")).to_be_visible()
    expect(page.locator("[data-testid='stPlotlyChart'] .draglayer.cursor-crosshair")).to_have_count(1)
    box = chart.bounding_box()
    assert box is not None
    left, top, wide, high = box["x"], box["y"], box["width"], box["height"]
    corners = [(0.5, 0.02), (0.98, 0.02), (0.98, 0.98), (0.5, 0.98), (0.5, 0.05)]
    page.mouse.move(left + wide * 0.5, top + high * 0.02)
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(left + wide * x, top + high * y, steps=4)
    page.mouse.up()
    link = page.get_by_role("link", name=re.compile(r"Review [0-9,]+ faces?: "))
    expect(link).to_be_visible()
    assert "area=" in (link.get_attribute("href") or "")
    drawn = link.get_attribute("href")
    page.get_by_role("combobox", name="Coloured by").click()
    page.get_by_role("option", name="State").click()
    expect(page.get_by_role("button", name="Clear the selection")).to_be_visible()
    assert link.get_attribute("href") == drawn, "other colours, the same selection"
    count = int((link.inner_text().split()[1]).replace(",", ""))
    everything = served.rows("SELECT count(DISTINCT sample_id) FROM queue_item WHERE action IS NULL AND listed = 1")
    assert 0 < count < int(str(everything[0][0]))
    link.click()
    desk = Desk(page, served, "lea").ready()
    expect(page.get_by_role("button", name="Filter (2)")).to_be_visible()
    desk.press("x")
    desk.saved()
    (answered,) = served.rows("SELECT sample_id FROM decision WHERE action = 'keep'")
    rows = served.rows(f"SELECT count(*) FROM queue_item WHERE sample_id = {answered[0]} AND action = 'keep'")
    assert rows == [(1,)]

    other = new_page()
    sign_in(other, served, "ann", path=page.url.removeprefix(served.url))
    Desk(other, served, "ann").ready()
    expect(other.get_by_role("button", name="Filter (2)")).to_be_visible()
